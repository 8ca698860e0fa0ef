//! GitHub Enterprise Cloud's API as an enterprise owner uses it: REST and GraphQL, with everything that can stand between
//! a token and an answer.

pub(crate) mod allow_list;
mod meta;
pub(crate) mod refusal;
mod rest;

use crate::http1::Reply;
use crate::scene::Scene;
use crate::server::api::caller::{self, Caller};
use crate::server::api::rate_limit::{Budget, Resource};
use crate::server::api::{Call, error, from_github, json_reply, without_user_agent};
use crate::server::graphql;
use crate::world::{Side, Token, TokenKind};

/// What the API host answers.
pub(crate) fn reply(call: &Call<'_>) -> Reply {
    from_github(without_user_agent(call.request).unwrap_or_else(|| answer(call)))
}

/// What the upload host answers: nothing is ever uploaded here.
pub(crate) fn uploads() -> Reply {
    from_github(not_found())
}

fn answer(call: &Call<'_>) -> Reply {
    let scene = call.scene;
    let caller = Caller::of(call, Side::Cloud);
    let (name, token) = match caller {
        Caller::Holder(name, token) => (name, token),
        Caller::Nobody => return Budget::anonymous().told(anonymous(call)),
        Caller::Impostor => return Budget::anonymous().told(impostor(call)),
    };
    if scene.is_locked_out(call.observed) {
        return locked_out();
    }
    let route = rest::Route::of(call);
    let resource = match route {
        rest::Route::GraphQl => Resource::GraphQl,
        rest::Route::AuditLog(_) => Resource::AuditLog,
        _ => Resource::Core,
    };
    let budget = Budget::spend(name, token, resource, scene);
    let reply = if budget.is_overdrawn() {
        budget.refusal(token)
    } else {
        match route {
            rest::Route::GraphQl => graphql::reply(call, token, Some(budget)),
            route => rest::reply(call, route, token),
        }
    };
    caller.describe(budget.told(reply), route.scopes())
}

fn anonymous(call: &Call<'_>) -> Reply {
    match rest::Route::of(call) {
        rest::Route::Root => rest::root(call.scene),
        rest::Route::Meta => json_reply(200, &meta::meta(call.scene)),
        rest::Route::Unknown => not_found(),
        rest::Route::GraphQl => {
            error(401, "This endpoint requires you to be authenticated.", "https://docs.github.com/graphql")
        }
        _ => caller::requires_authentication(REST),
    }
}

/// Bad credentials, and for some time nothing else once there were too many (facts §6).
fn impostor(call: &Call<'_>) -> Reply {
    match call.scene.tried_in_vain(call.observed) {
        true => locked_out(),
        false => caller::bad_credentials(REST),
    }
}

fn locked_out() -> Reply {
    error(403, "Maximum number of login attempts exceeded. Please try again later.", REST)
}

fn not_found() -> Reply {
    error(404, "Not Found", REST)
}

/// What stands between a token and the enterprise, in REST's words; over GraphQL the same reasons have other shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// The enterprise forbids tokens like this one.
    Policy,
    /// The token is not authorized for single sign-on.
    Sso,
    /// The address is not on the allow list.
    Address,
    /// A fine-grained token has no permission for it.
    Permission,
}

/// The first barrier that a request for the enterprise meets, before its scopes are looked at.
pub(crate) fn barrier(call: &Call<'_>, token: &Token, over_rest: bool) -> Option<Barrier> {
    let scene: &Scene = call.scene;
    if token.forbidden_by_policy {
        Some(Barrier::Policy)
    } else if token.sso == crate::world::Sso::Required {
        Some(Barrier::Sso)
    } else if scene.allow_list.refuses(call.observed, over_rest) {
        Some(Barrier::Address)
    } else if token.kind == TokenKind::FineGrained {
        Some(Barrier::Permission)
    } else {
        None
    }
}

/// The addresses of the web site and of the API.
pub(crate) fn addresses(scene: &Scene) -> (String, String) {
    let [web, api, _uploads] = scene.world.targets();
    (format!("https://{web}"), format!("https://{api}"))
}

const REST: &str = "https://docs.github.com/rest";
