use gh_connect_engine::{Cx, Fact, Stop};
use gh_connect_probe::{
    Endpoint,
    clock::{Reading, Skew},
    http::{Exchange, Head, Limits, Request, authority, exchange},
    path::{self, Ways},
    tls::{self, Handshake},
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{ServerMetaSays, VERSION};
use crate::{
    Api,
    credentials::Credentials,
    json::{self, Object},
    manage::MANAGE_VERSION,
    refusal::message,
};

/// The addresses at which one of the server's interfaces may be reached, where there are several: its name has them, and no
/// proxy resolves it. The key is the interface's endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// By each of the addresses. Of an interface that this run does not ask, none.
    pub list: Vec<Endpoint>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

impl Fact for Places {
    const ID: &'static str = "server.places";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let plan = cx.plan();
        let is_asked = api_of(cx, endpoint) != Api::Manage || Credentials::of(cx).manage.is_some();
        if !is_asked || !plan.route(endpoint.host.as_str(), endpoint.port).is_direct() {
            return Ok(Self::default());
        }
        let addresses = cx.fact::<gh_connect_probe::dns::Addresses>(&endpoint.host).await;
        if addresses.is_ok_and(|addresses| addresses.list.len() < 2) {
            // What it answers at its one address is asked for anyway.
            return Ok(Self::default());
        }
        let Some(Ways { used, others, left_out }) = path::ways(cx, endpoint).await else {
            return Ok(Self::default());
        };
        Ok(Self { list: std::iter::once(endpoint.by(used)).chain(others).collect(), left_out })
    }
}

/// What answers at one address of the server, which the key names, when nobody asks which version it has: `/api/v3/meta` or,
/// on the port of the Manage API, `/manage/v1/version`. Stops as blocked by `server` without a verified session, of which
/// the handshake says why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which interface was asked.
    pub api: Api,
    /// For what.
    pub path: String,
    /// The request and what came back.
    pub exchange: Exchange,
    /// Of the API, what the answer says, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<ServerMetaSays>,
    /// Whether it is the API's own demand for a login: in private mode strangers get nothing else (facts §6).
    #[serde(default)]
    pub is_private: bool,
}

impl Fact for Place {
    const ID: &'static str = "server.place";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        if !cx.fact::<Handshake>(endpoint).await?.verified() {
            return Err(Stop::blocked(Api::Server.owner()));
        }
        let api = api_of(cx, endpoint);
        let path = if api == Api::Manage { MANAGE_VERSION } else { VERSION };
        let session = tls::session(cx, endpoint).await?;
        let limits = Limits {
            deadline: Instant::now() + cx.plan().timeout.value.0,
            keep: MOST_BODY,
            read: MOST_BODY as u64,
            enough: |_| false,
        };
        let request = Request::get(authority(endpoint, 443), path);
        let (mut exchange, body) = exchange(cx, session, request, limits).await;
        let status = exchange.head.as_ref().map(|head| head.status);
        if (api, status) == (Api::Manage, Some(200)) {
            // Of an answer of the Manage API nothing is kept that is not asked for.
            (exchange.sample, exchange.words) = (String::new(), String::new());
        }
        let is_said = api == Api::Server && status == Some(200) && exchange.is_complete();
        let read = || json::read::<Object<ServerMetaSays>>(&HeaderMap::new(), &body, true).ok();
        let says = is_said.then(read).flatten().map(|Object(says)| says);
        let is_private = status == Some(401) && message(&body).to_lowercase().contains("authenticat");
        Ok(Self { api, path: path.to_owned(), exchange, says, is_private })
    }
}

impl Place {
    /// The reply's head, if one came.
    pub fn head(&self) -> Option<&Head> {
        self.exchange.head.as_ref()
    }

    /// Whether only the server itself would answer so, and did at this time.
    pub fn is_the_server(&self) -> bool {
        let Some(head) = self.head().filter(|head| head.store_sign().is_none()) else { return false };
        let of_github = |says: &ServerMetaSays| {
            says.verifiable_password_authentication.is_some() || says.installed_version.is_some()
        };
        match (self.api, head.status) {
            // What it answers to who does not say who asks (facts §3.3).
            (Api::Manage, 401) => head.header("www-authenticate").is_none_or(is_basic),
            (Api::Manage, status) => status == 200 && self.exchange.is_complete(),
            (_, 200) => self.says.as_ref().is_some_and(of_github),
            (_, 401 | 403 | 404 | 429) => self.is_private || self.version_header().is_some(),
            _ => false,
        }
    }

    /// The versions that the server says there, in the answer and in the header.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        let said = self.says.as_ref().and_then(|says| says.installed_version.as_deref());
        said.into_iter().chain(self.version_header()).map(str::trim).filter(|version| !version.is_empty())
    }

    /// What its `Date` tells of the time, where it is the server's.
    pub(super) fn reading(&self, endpoint: &Endpoint) -> Option<Reading> {
        let skew = Skew::of(endpoint.clone(), &self.exchange).filter(|_| self.is_the_server());
        skew.map(|skew| skew.reading())
    }

    fn version_header(&self) -> Option<&str> {
        self.head()?.header(VERSION_HEADER).filter(|version| !version.trim().is_empty())
    }
}

/// The interface of an endpoint of the server.
fn api_of(cx: &Cx, endpoint: &Endpoint) -> Api {
    let is_at = |api: Api| api.endpoint(cx.plan()).is_ok_and(|at| at == endpoint.by_any());
    match is_at(Api::Manage) && !is_at(Api::Server) {
        true => Api::Manage,
        false => Api::Server,
    }
}

fn is_basic(challenge: &str) -> bool {
    challenge.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

const VERSION_HEADER: &str = "x-github-enterprise-version";
/// More than the answer has.
const MOST_BODY: usize = 64 * 1024;
