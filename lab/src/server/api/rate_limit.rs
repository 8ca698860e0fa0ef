//! Rate limits: what is left, and what is said when nothing is (facts §6).

use serde_json::json;

use super::{account_id, error, json_reply};
use crate::clock::unix_time;
use crate::http1::Reply;
use crate::scene::Scene;
use crate::world::Token;

/// What is left of a caller's requests after this one.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    resource: Resource,
    limit: u64,
    used: u64,
}

/// What is counted on its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Resource {
    Core,
    GraphQl,
    AuditLog,
}

impl Resource {
    fn name(self) -> &'static str {
        match self {
            Resource::Core => "core",
            Resource::GraphQl => "graphql",
            Resource::AuditLog => "audit_log",
        }
    }

    /// Requests an hour with a token (facts §3.1, §4.4).
    fn limit(self) -> u64 {
        match self {
            Resource::Core | Resource::GraphQl => 5000,
            Resource::AuditLog => 1750,
        }
    }
}

impl Budget {
    /// Takes a request off what a token has left.
    pub(crate) fn spend(name: &str, token: &Token, resource: Resource, scene: &Scene) -> Budget {
        let limit = resource.limit();
        let earlier = token.remaining.map_or(0, |remaining| limit.saturating_sub(remaining));
        Budget { resource, limit, used: earlier + scene.spend(name, resource) }
    }

    /// The first request of somebody without a token (facts §7).
    pub(crate) fn anonymous() -> Budget {
        Budget { resource: Resource::Core, limit: 60, used: 1 }
    }

    pub(crate) fn exhausted(limit: u64) -> Budget {
        Budget { resource: Resource::Core, limit, used: limit + 1 }
    }

    pub(crate) fn is_overdrawn(self) -> bool {
        self.used > self.limit
    }

    pub(crate) fn limit(self) -> u64 {
        self.limit
    }

    pub(crate) fn used(self) -> u64 {
        self.used.min(self.limit)
    }

    pub(crate) fn reset() -> u64 {
        unix_time() + 3600
    }

    /// The headers that tell it.
    pub(crate) fn told(self, reply: Reply) -> Reply {
        reply
            .with("X-GitHub-Media-Type", "github.v3; format=json")
            .with("X-RateLimit-Limit", self.limit.to_string())
            .with("X-RateLimit-Remaining", (self.limit - self.used()).to_string())
            .with("X-RateLimit-Reset", Budget::reset().to_string())
            .with("X-RateLimit-Used", self.used().to_string())
            .with("X-RateLimit-Resource", self.resource.name())
    }

    /// The refusal of a token that has nothing left. GraphQL says it with 200.
    pub(crate) fn refusal(self, token: &Token) -> Reply {
        let message = format!("API rate limit exceeded for user ID {}.", account_id(&token.user));
        match self.resource {
            Resource::GraphQl => {
                json_reply(200, &json!({ "errors": [{ "type": "RATE_LIMITED", "message": message }] }))
            }
            Resource::Core | Resource::AuditLog => error(403, &message, PRIMARY),
        }
    }
}

/// The primary limit of somebody without a token.
pub(crate) fn anonymous_refusal(address: &str) -> Reply {
    let message = format!(
        "API rate limit exceeded for {address}. (But here's the good news: Authenticated requests get a higher rate \
         limit. Check out the documentation for more details.)"
    );
    Budget::exhausted(60).told(error(403, &message, ANONYMOUS))
}

/// The secondary limit, which says for how long or does not.
pub(crate) fn secondary_refusal(told: bool) -> Reply {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let reply = error(403, message, SECONDARY);
    if told { reply.with("Retry-After", "60") } else { reply }
}

const PRIMARY: &str = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
const ANONYMOUS: &str = "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting";
const SECONDARY: &str = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits";
