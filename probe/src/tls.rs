//! TLS handshakes: what a host presents, who trusts it, and what a handshake dies of.

mod chain;
mod end;
mod hello;
mod offer;
mod openssl;
mod session;
mod silence;
mod tap;
mod verdict;

use std::sync::Arc;

use futures::future::{Either, join, join_all, select};
use gh_connect_engine::{Cx, Fact, Stop, shown_bytes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use chain::{Certificate, Chain, MOST_CERTIFICATES, MOST_NAMES, Name, Statement};
pub use end::{End, is_tls};
pub use hello::Hello;
use hello::Witness;
pub use offer::Offer;
pub(crate) use openssl::canonical;
pub use openssl::{Fault, OpenSsl};
pub use session::VerifiedSession;
pub(crate) use session::{Attempt, Shaken};
pub use silence::{Quiet, Silence, torn_down_unasked, why_unverified};
pub(crate) use tap::Tap;
pub use verdict::{Reason, Verdict, Verdicts};

use crate::{
    Endpoint, HostName,
    net::Wire,
    path,
    trust::{OfTheRun, TrustedRoots},
};

/// A handshake as GitHub Connect would begin it: TLS 1.2 or 1.3, a small ClientHello, the server's name in it.
///
/// Parks the [`VerifiedSession`] that it ends in. When the hello is answered by nothing at all, other hellos are tried in
/// the same time: some boxes drop those that are larger, or smaller, than they expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// How it ended.
    pub end: End,
    /// The server name that was sent; `None` for an address, which cannot be sent (RFC 6066 §3).
    pub server_name: Option<String>,
    /// The version that was agreed on, `TLS 1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cipher suite that was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// The group of the key exchange that was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_exchange: Option<String>,
    /// What the other side presented, even when it is bad.
    pub chain: Option<Chain>,
    /// Who trusts it.
    pub verdicts: Option<Verdicts>,
    /// What this machine's clock said.
    pub at: Timestamp,
    /// The length of the ClientHello.
    pub hello_bytes: u64,
    /// How many bytes the other side sent.
    pub received_bytes: u64,
    /// How they began, safe to show, where the handshake failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
    /// What became of other hellos, where this one was not answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// What became of OpenSSL's hello, where this one was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Whole microseconds from the hello on.
    pub took_us: u64,
}

/// What became of another hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Which.
    pub hello: Hello,
    /// Its length.
    pub hello_bytes: u64,
    /// Whether the other side answered it in TLS.
    pub answered: bool,
    /// How it ended.
    pub end: End,
}

impl Handshake {
    /// Whether it ended in a verified session.
    pub fn verified(&self) -> bool {
        self.end == End::Verified
    }

    /// Whether the connection ended at the ClientHello, and not a byte came back.
    pub fn ended_at_the_first_word(&self) -> bool {
        matches!(self.end, End::Reset | End::Closed) && self.received_bytes == 0
    }

    /// What the server's own certificate says, if one came that can be read.
    pub fn leaf(&self) -> Option<&Statement> {
        self.chain.as_ref()?.leaf()
    }

    /// Which certificate OpenSSL finds fault with.
    pub fn fault(&self) -> Option<&Fault> {
        match self.verdicts.as_ref()?.openssl.as_ref()? {
            OpenSsl::Refuses(fault) => Some(fault),
            OpenSsl::Accepts | OpenSsl::Unknown(_) => None,
        }
    }

    fn new(shaken: Shaken, variants: Vec<Variant>, at: Timestamp) -> Self {
        let Shaken { end, server_name, agreed, seen, hello_bytes, received, began, took, session: _ } =
            shaken;
        let (version, cipher, key_exchange) = match agreed {
            Some(agreed) => (Some(agreed.version), Some(agreed.cipher), agreed.key_exchange),
            None => (None, None, None),
        };
        let (chain, verdicts) = seen.unzip();
        let began = (end != End::Verified && !began.is_empty())
            .then(|| shown_bytes(&began, gh_connect_engine::MOST_OF_A_BYTE * began.len()));
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Self {
            end,
            server_name,
            version,
            cipher,
            key_exchange,
            chain,
            verdicts,
            at,
            hello_bytes,
            received_bytes: received,
            began,
            variants,
            offer: None,
            took_us,
        }
    }
}

impl Fact for Handshake {
    const ID: &'static str = "tls.handshake";
    const OWNERS: &'static [&'static str] = &["tls"];
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let (roots, wire) = join(cx.fact::<TrustedRoots>(&OfTheRun), path::open(cx, endpoint)).await;
        let (roots, wire, at) = (roots?, wire?, cx.effects().now());
        let limit = cx.plan().timeout.value.0;
        let deadline = Instant::now() + limit;
        let attempt = Attempt::new(cx, roots, &endpoint.host, Hello::Usual)?;
        let (meter, shaking) = attempt.begin(wire, deadline);
        tokio::pin!(shaking);
        let early = tokio::time::timeout(limit.mul_f64(PATIENCE), &mut shaking).await;
        let (mut shaken, variants) = match early {
            Ok(shaken) if is_cut(&shaken) => {
                // Whose doing it is will be asked next, so both are found out at the same time.
                let (variants, _) =
                    join(try_variants(cx, endpoint, deadline), silence::torn_down(cx, endpoint)).await;
                (shaken, variants)
            }
            Ok(shaken) => (shaken, Vec::new()),
            Err(_) if meter.received() > 0 => (shaking.await, Vec::new()),
            Err(_) => match select(shaking, std::pin::pin!(try_variants(cx, endpoint, deadline))).await {
                Either::Left((shaken, variants)) if is_unanswered(&shaken) => (shaken, variants.await),
                Either::Left((shaken, _)) => (shaken, Vec::new()),
                Either::Right((variants, shaking)) => (shaking.await, variants),
            },
        };
        if let Some(session) = shaken.session.take() {
            cx.park(&parked_as(endpoint), session);
        }
        let offer = match is_refused(&shaken) {
            true => Offer::make(cx, endpoint, deadline).await,
            false => None,
        };
        Ok(Self { offer, ..Self::new(shaken, variants, at) })
    }
}

/// Where a host has a verified session: on its own port or, failing that, on 80. GitHub's text is that the connection
/// "uses HTTPS over ports 443 or 80" (facts §1.3). Port 80 is only asked when 443 has no session, and for a part of the
/// time for one attempt. Stops with what stands in the way on the host's own port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secured {
    /// Where.
    pub endpoint: Endpoint,
}

impl Fact for Secured {
    const ID: &'static str = "tls.secured";
    const OWNERS: &'static [&'static str] = &["tls"];
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let verified = async |endpoint: Endpoint| {
            let handshake = cx.fact::<Handshake>(&endpoint).await;
            handshake.is_ok_and(|handshake| handshake.verified()).then_some(Self { endpoint })
        };
        if let Some(own) = verified(endpoint.clone()).await {
            return Ok(own);
        }
        let on_80 = async {
            match endpoint.port {
                443 => verified(endpoint.on_port(80)).await,
                _ => None,
            }
        };
        let limit = cx.plan().timeout.value.0.mul_f64(PATIENCE);
        match tokio::time::timeout(limit, on_80).await.ok().flatten() {
            Some(secured) => Ok(secured),
            None => Err(why_unverified(cx, endpoint).await),
        }
    }
}

/// The verified session of a [`Handshake`], or a fresh one when it was taken already. Stops with what stands in the way.
pub async fn session(cx: &Cx, endpoint: &Endpoint) -> Result<VerifiedSession, Stop> {
    let handshake = cx.fact::<Handshake>(endpoint).await;
    if !handshake.is_ok_and(|handshake| handshake.verified()) {
        return Err(why_unverified(cx, endpoint).await);
    }
    if let Some(session) = cx.take(&parked_as(endpoint)) {
        return Ok(session);
    }
    let roots = cx.fact::<TrustedRoots>(&OfTheRun).await?;
    let attempt = Attempt::new(cx, roots, &endpoint.host, Hello::Usual)?;
    let wire = path::open(cx, endpoint).await?;
    let (_, shaking) = attempt.begin(wire, Instant::now() + cx.plan().timeout.value.0);
    shaking.await.session.ok_or_else(|| crate::net::gone(endpoint))
}

/// How a client that keeps its connections for several requests shakes hands: as a [`Handshake`] does and by the same roots,
/// with HTTP/2 on offer before HTTP/1.1.
pub async fn client_config(cx: &Cx) -> Result<rustls::ClientConfig, Stop> {
    let roots = cx.fact::<TrustedRoots>(&OfTheRun).await?;
    let config = Hello::Usual.config(Arc::new(Witness::new(cx, roots)));
    let mut config = config.map_err(|error| Stop::Trouble(format!("TLS cannot be set up: {error}")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A verified session with `host` over any byte stream by `deadline`, or why there is none: for a proxy that is spoken to
/// in TLS.
pub(crate) async fn secure(
    cx: &Cx,
    host: &HostName,
    wire: Wire,
    deadline: Instant,
) -> Result<Result<VerifiedSession, Handshake>, Stop> {
    let roots = cx.fact::<TrustedRoots>(&OfTheRun).await?;
    let (_, shaking) = Attempt::new(cx, roots, host, Hello::Usual)?.begin(wire, deadline);
    let mut shaken = shaking.await;
    let session = shaken.session.take();
    Ok(session.ok_or_else(|| Handshake::new(shaken, Vec::new(), cx.effects().now())))
}

/// The handshakes of other hosts of this run, by each of their addresses, as far as they are known within half of the time for one attempt: what one
/// host suffers is clearer when others do not. The run as a whole waits for them anyway.
pub async fn elsewhere(cx: &Cx, endpoint: &Endpoint) -> Vec<(Endpoint, Handshake)> {
    let others = cx.plan().targets.iter().map(Endpoint::from).filter(|other| *other != endpoint.by_any());
    let wait = cx.plan().timeout.value.0 / 2;
    let until = Instant::now() + wait;
    let known = async |endpoint: Endpoint| {
        let handshake = cx.within(until, cx.fact::<Handshake>(&endpoint)).await?.ok()?;
        Some((endpoint, Handshake::clone(&handshake)))
    };
    let of_each = join_all(others.take(MOST_OTHERS).map(async |other| {
        let ways = cx.within(until, path::ways(cx, &other)).await.flatten();
        let further = ways.map(|ways| ways.others).unwrap_or_default();
        join_all(std::iter::once(other).chain(further).map(known)).await
    }));
    of_each.await.into_iter().flatten().flatten().collect()
}

async fn try_variants(cx: &Cx, endpoint: &Endpoint, deadline: Instant) -> Vec<Variant> {
    let tried = join_all([Hello::Smallest, Hello::Large].map(async |hello| {
        let roots = cx.fact::<TrustedRoots>(&OfTheRun).await.ok()?;
        let attempt = Attempt::new(cx, roots, &endpoint.host, hello).ok()?;
        let wire = tokio::time::timeout_at(deadline, path::open(cx, endpoint)).await.ok()?.ok()?;
        let shaken = attempt.begin(wire, deadline).1.await;
        let answered = shaken.received > 0 && shaken.end != End::NotTls;
        Some(Variant { hello, hello_bytes: shaken.hello_bytes, answered, end: shaken.end })
    }));
    tried.await.into_iter().flatten().collect()
}

/// Whether the hello was not answered at all, so that another one may fare better.
fn is_unanswered(shaken: &Shaken) -> bool {
    shaken.received == 0 && shaken.session.is_none()
}

fn is_cut(shaken: &Shaken) -> bool {
    is_unanswered(shaken) && matches!(shaken.end, End::Reset | End::Closed)
}

/// Whether what answers did not like what was offered, so that it may like the offer of OpenSSL.
fn is_refused(shaken: &Shaken) -> bool {
    match &shaken.end {
        End::Alert { code, .. } => REFUSALS.contains(code),
        End::Incompatible(_) => true,
        _ => is_cut(shaken),
    }
}

fn parked_as(endpoint: &Endpoint) -> String {
    format!("tls.session {endpoint}")
}

/// The part of the time for one attempt after which something else is tried beside it, and which that may take.
const PATIENCE: f64 = 0.4;
/// `handshake_failure`, `illegal_parameter`, `protocol_version`, `insufficient_security`, `internal_error` and
/// `missing_extension` (RFC 8446 §6.2).
const REFUSALS: [u8; 6] = [40, 47, 70, 71, 80, 109];
/// Enough to see a pattern in.
const MOST_OTHERS: usize = 8;

#[cfg(test)]
mod tests;
