//! The words of refusals, to the letter where a source has them (facts §6).

use serde_json::{Value, json};

use super::{Barrier, REST};
use crate::http1::Reply;
use crate::server::api::{Call, error};
use crate::world::RefusalText;

/// A barrier over REST.
pub(super) fn over_rest(call: &Call<'_>, barrier: Barrier) -> Reply {
    let reply = error(403, &message(call, barrier), REST);
    match barrier {
        Barrier::Sso => reply.with("X-GitHub-SSO", format!("required; url={}", sso_url(call))),
        Barrier::Permission => reply.with("X-Accepted-GitHub-Permissions", "enterprise_administration=read"),
        Barrier::Policy | Barrier::Address => reply,
    }
}

/// The same over GraphQL: an error of type FORBIDDEN at the field.
pub(crate) fn over_graphql(call: &Call<'_>, barrier: Barrier) -> Value {
    let saml = barrier == Barrier::Sso;
    json!({ "type": "FORBIDDEN", "extensions": { "saml_failure": saml }, "message": message(call, barrier) })
}

/// Where a token is authorized for single sign-on, for an hour.
fn sso_url(call: &Call<'_>) -> String {
    let (web, _) = super::addresses(call.scene);
    format!(
        "{web}/enterprises/{}/sso?authorization_request=AAAAB3LABSSOREQUEST",
        call.scene.world.enterprise.slug
    )
}

fn message(call: &Call<'_>, barrier: Barrier) -> String {
    let enterprise = &call.scene.world.enterprise;
    let slug = &enterprise.slug;
    match barrier {
        Barrier::Policy => format!(
            "The '{slug}' enterprise forbids access via a personal access tokens (classic) if the token's lifetime is \
             greater than 180 days. Please adjust your token's lifetime at the following URL: \
             https://github.com/settings/tokens/1"
        ),
        Barrier::Sso => {
            "Resource protected by organization SAML enforcement. You must grant your Personal Access \
            token access to this organization."
                .to_owned()
        }
        Barrier::Permission => "Resource not accessible by personal access token".to_owned(),
        Barrier::Address => {
            let (kind, names_address) = match enterprise.allow_list.refusal {
                RefusalText::Enterprise => ("enterprise", false),
                RefusalText::EnterpriseWithAddress => ("enterprise", true),
                RefusalText::Organization => ("organization", false),
                RefusalText::OrganizationWithAddress => ("organization", true),
            };
            let who = match names_address {
                true => call.observed.to_string(),
                false => "your IP address".to_owned(),
            };
            format!(
                "Although you appear to have the correct authorization credentials, the `{slug}` {kind} has an IP \
                 allow list enabled, and {who} is not permitted to access this resource."
            )
        }
    }
}
