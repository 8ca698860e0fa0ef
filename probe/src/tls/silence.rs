use std::time::Duration;

use gh_connect_engine::{Cx, Fact, Stop, shown_bytes};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use super::Handshake;
use crate::{
    Endpoint,
    net::{self, Failure, Wire},
    path,
    tcp::Connection,
};

/// What becomes of a fresh connection on which nothing is said, for a second or the time of one attempt. Only asked when
/// a connection ended at the first word: it tells who did not want the connection from who did not want the word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What became of it.
    pub outcome: Quiet,
}

/// What becomes of a connection on which nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quiet {
    /// It stays.
    StaysOpen,
    /// It is torn down.
    TornDown(Failure),
    /// It is closed in good order.
    Closed,
    /// The other side speaks first. No TLS server does.
    Spoke(String),
}

impl Fact for Silence {
    const ID: &'static str = "tls.silence";
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let limit = cx.plan().timeout.value.0.min(LONG_ENOUGH);
        let quiet = async {
            let mut wire: Wire = if cx.plan().route(endpoint.host.as_str(), endpoint.port).is_direct() {
                let address = cx.fact::<Connection>(endpoint).await?.address;
                match net::connect(cx, &endpoint.host, address).await {
                    Ok(socket) => Box::new(socket),
                    Err(failure) if let Some(lack) = failure.lack() => return Err(lack.stop()),
                    // The end of a connection may come with its beginning.
                    Err(failure) => return Ok(Quiet::TornDown(failure)),
                }
            } else {
                path::open(cx, endpoint).await?
            };
            let mut began = [0; super::tap::REMEMBERED];
            Ok(match wire.read(&mut began).await {
                Ok(0) => Quiet::Closed,
                Ok(length) => {
                    Quiet::Spoke(shown_bytes(&began[..length], gh_connect_engine::MOST_OF_A_BYTE * 80))
                }
                Err(error) => Quiet::TornDown(Failure::of(&error)),
            })
        };
        let outcome = tokio::time::timeout(limit, quiet).await.unwrap_or(Ok(Quiet::StaysOpen))?;
        Ok(Self { outcome })
    }
}

/// Whether connections to `endpoint` come about and are torn down before a word is said, so that TLS is not to blame:
/// how they are torn down. `None` for every endpoint of which that is not known, a healthy one for instance, and behind a
/// proxy, whose tunnels are judged by themselves. Stops where the handshake stops.
pub async fn torn_down_unasked(cx: &Cx, endpoint: &Endpoint) -> Result<Option<Failure>, Stop> {
    match cx.fact::<Handshake>(endpoint).await?.ended_at_the_first_word() {
        true => torn_down(cx, endpoint).await,
        false => Ok(None),
    }
}

/// As [`torn_down_unasked`], of an endpoint whose handshake ended at the first word.
pub(super) async fn torn_down(cx: &Cx, endpoint: &Endpoint) -> Result<Option<Failure>, Stop> {
    if !cx.plan().route(endpoint.host.as_str(), endpoint.port).is_direct() {
        return Ok(None);
    }
    Ok(match &cx.fact::<Silence>(endpoint).await?.outcome {
        Quiet::TornDown(failure) => Some(failure.clone()),
        Quiet::Closed => Some(Failure::Reset),
        Quiet::StaysOpen | Quiet::Spoke(_) => None,
    })
}

/// Why there is no verified session on `endpoint`: what stops a handshake before it begins, or else the check that owns
/// what it died of.
pub async fn why_unverified(cx: &Cx, endpoint: &Endpoint) -> Stop {
    match torn_down_unasked(cx, endpoint).await {
        Ok(Some(_)) => Stop::blocked("connect"),
        // Why a handshake could not be measured, roots that cannot be read for instance, is told once, by `tls`.
        Ok(None) | Err(Stop::Trouble(_)) => Stop::blocked("tls"),
        Err(stop) => stop,
    }
}

/// What is torn down for its own sake is torn down by now, even across the world.
const LONG_ENOUGH: Duration = Duration::from_secs(1);
