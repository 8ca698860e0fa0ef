use std::{borrow::Cow, fmt};

use gh_connect_engine::{Plan, Stop};
use gh_connect_probe::Endpoint;
use serde::{Deserialize, Serialize};

/// An interface that is asked. Each has one client, one credential and, where HTTP/2 is spoken, one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// GitHub Enterprise Cloud: REST and GraphQL at `api.github.com`, or at `api.SUBDOMAIN.ghe.com` (facts §4.4).
    Cloud,
    /// The GitHub Enterprise Server: `/status`, REST below `/api/v3`, GraphQL at `/api/graphql`.
    Server,
    /// The server's Manage API, below `/manage/v1` on port 8443 (facts §3.3).
    Manage,
}

impl Api {
    /// Where it is. Stops as skipped when the plan names no server, and as blocked by `server` when the server's URL is
    /// `http://`: what says who asks is never sent in the clear.
    pub fn endpoint(self, plan: &Plan) -> Result<Endpoint, Stop> {
        if self == Self::Cloud {
            return Ok(Endpoint::new(&format!("api.{}", plan.product.value.apex()), 443));
        }
        let Some(server) = &plan.server else {
            return Err(Stop::Skipped("no server is named: --server URL".to_owned()));
        };
        let (host, port) = read(plan, &server.value).map_err(|_| Stop::blocked("server"))?;
        let port = if self == Self::Manage { MANAGE_PORT } else { port };
        Ok(Endpoint::new(host, port))
    }

    /// Why nothing can be asked of the server at the plan's URL, completing "the server's URL …": for the check `server`,
    /// which alone tells it. `None` also where no server is named.
    pub fn why_server_unusable(plan: &Plan) -> Option<&'static str> {
        plan.server.as_ref().and_then(|server| read(plan, &server.value).err())
    }

    /// The check that tells when it answers no question, so that others need not ([`crate::Refusal::owner`]).
    pub const fn owner(self) -> &'static str {
        match self {
            Self::Cloud => "enterprise",
            Self::Server | Self::Manage => "server",
        }
    }

    /// The host by which the `gh` command knows its token: `gh auth token --hostname HOST`.
    pub fn gh_host(self, plan: &Plan) -> Option<String> {
        match self {
            Self::Cloud => Some(plan.product.value.apex()),
            Self::Server => self.endpoint(plan).ok().map(|endpoint| endpoint.host.to_string()),
            Self::Manage => None,
        }
    }
}

/// Host and port of the plan's server, whose URL this is, or why it is of no use.
fn read<'a>(plan: &'a Plan, url: &str) -> Result<(&'a str, u16), &'static str> {
    let at = plan.server_at().ok_or("is none")?;
    match url.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => Ok(at),
        _ => Err("is not https://, and nothing that says who asks is sent in the clear"),
    }
}

/// The interface's name, for people.
impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cloud => "GitHub Enterprise Cloud",
            Self::Server => "the GitHub Enterprise Server",
            Self::Manage => "the server's Manage API",
        })
    }
}

/// What a question needs to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Which interface's credential.
    pub api: Api,
    /// The least scope of a classic token (facts §4.3); `None` where any token will do.
    pub scope: Option<Cow<'static, str>>,
}

impl Needs {
    pub(crate) const fn token(api: Api) -> Self {
        Self { api, scope: None }
    }

    pub(crate) const fn scope(api: Api, scope: &'static str) -> Self {
        Self { api, scope: Some(Cow::Borrowed(scope)) }
    }
}

/// What would have to be given: `a token with the scope read:enterprise in GH_TOKEN`.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = match self.api {
            Api::Cloud => "GH_TOKEN",
            Api::Server => "GH_ENTERPRISE_TOKEN",
            Api::Manage => {
                return f.write_str("the root site administrator's password in GHE_MANAGE_PASSWORD");
            }
        };
        match &self.scope {
            Some(scope) => write!(f, "a token with the scope {scope} in {variable}"),
            None => write!(f, "a token in {variable}"),
        }
    }
}

/// TLS; 8080 is the one without (facts §3.3).
const MANAGE_PORT: u16 = 8443;
