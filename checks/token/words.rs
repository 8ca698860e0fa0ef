//! What is said of a credential, and who does what about it.

use gh_connect_engine::{Finding, Kind, Owner, Plan, Step, shown};
use gh_connect_github::{Api, RateLimit, Refusal, TokenKind};
use serde_json::json;

use super::{
    FORBIDDEN_BY_POLICY, MISSING, RATE_LIMITED, REJECTED, SCOPE_MISSING, SSO_REQUIRED,
    scopes::{self, Scope},
    seen::Seen,
};
use crate::wording::and;

/// An interface with the names of everything around its credential.
pub(super) struct Place<'a> {
    seen: &'a Seen,
    /// What answers: `api.github.com`.
    host: String,
    /// Where people go: `github.com`.
    web: String,
    /// The enterprise account.
    slug: String,
}

impl<'a> Place<'a> {
    pub(super) fn of(plan: &Plan, seen: &'a Seen) -> Self {
        let host = |host: Option<&str>| shown(host.unwrap_or("the server"), 253);
        let web = match seen.api {
            Api::Cloud => plan.product.value.apex(),
            Api::Server | Api::Manage => host(plan.server_host()),
        };
        let answers = match seen.api {
            Api::Cloud => format!("api.{web}"),
            Api::Server => web.clone(),
            Api::Manage => format!("{web}:8443"),
        };
        let slug = plan.enterprise.as_ref().map_or("the enterprise", |slug| slug.value.as_str());
        Self { seen, host: answers, web, slug: shown(slug, 100) }
    }

    fn finding(&self, kind: &'static Kind, message: String) -> Finding {
        let token = self.seen.token.as_ref();
        let mut refusals: Vec<&Refusal> = Vec::new();
        for refused in &self.seen.refusals {
            if !refusals.contains(&&refused.why) {
                refusals.push(&refused.why);
            }
        }
        let lacking: Vec<&str> = self.seen.lacking.iter().map(|scope| scope.name).collect();
        Finding::new(kind, self.host.clone(), message).evidence(json!({
            "api": self.seen.api,
            "login": self.seen.login,
            "token": token,
            "answers": refusals,
            "lacking-scopes": lacking,
            "waiting-checks": scopes::waiting(self.seen.api),
        }))
    }

    /// `the personal access token (classic) of octo-owner (environment GH_TOKEN)`.
    fn credential(&self) -> String {
        match (&self.seen.token, &self.seen.login) {
            _ if self.seen.api == Api::Manage => {
                "the user name and password in GHE_MANAGE_USER and GHE_MANAGE_PASSWORD".to_owned()
            }
            (Some(token), Some(login)) => {
                format!("the {} of {} ({})", token.kind, shown(login, 100), token.origin)
            }
            (Some(token), None) => format!("the {} ({})", token.kind, token.origin),
            (None, _) => "the token".to_owned(),
        }
    }

    /// Whose account it is, to complete "as …".
    fn whom(&self) -> String {
        match (&self.seen.login, self.seen.api) {
            (Some(login), _) => shown(login, 100),
            (None, Api::Cloud) => format!("an owner of {}", self.slug),
            (None, _) => format!("a site administrator of {}", self.web),
        }
    }

    fn kind(&self) -> Option<TokenKind> {
        self.seen.token.as_ref().map(|token| token.kind)
    }

    /// Who has the account that the credential is made with.
    fn holder(&self) -> Owner {
        if self.seen.api == Api::Cloud { Owner::EnterpriseOwner } else { Owner::ServerAdmin }
    }

    /// What cannot be judged without it.
    fn waiting(&self) -> String {
        match scopes::waiting(self.seen.api) {
            [one] => format!("The check {one} waits for it."),
            more => format!("The checks {} wait for it.", and(more)),
        }
    }

    /// Where tokens are kept.
    fn tokens_page(&self) -> String {
        format!("https://{}/settings/tokens", self.web)
    }

    /// How a new token is made, in a step of its own.
    fn new_token(&self) -> Step {
        let grant = scopes::to_grant(self.seen.api);
        let (variable, also) = match self.seen.api {
            Api::Cloud => (
                "GH_TOKEN",
                format!(
                    " While the IP allow list of {} is off, read:enterprise does in place of admin:enterprise. Where {} has single \
                     sign-on, then choose Configure SSO beside the token, and Authorize.",
                    self.slug, self.slug
                ),
            ),
            Api::Server | Api::Manage => ("GH_ENTERPRISE_TOKEN", String::new()),
        };
        let text = format!(
            "As {}, make a classic token with the {} at https://{}/settings/tokens/new?scopes={}, and \
             give it in the environment variable {variable}, never as an argument.{also}",
            self.whom(),
            counted(grant),
            self.web,
            grant.join(","),
        );
        Step { owner: self.holder(), text, command: None, then: false }
    }
}

/// Nothing was given.
pub(super) fn missing(place: &Place<'_>) -> Finding {
    let waiting = place.waiting();
    let (web, host) = (&place.web, &place.host);
    if place.seen.api == Api::Manage {
        let message = format!(
            "There is no password for the Manage API at {host}: GHE_MANAGE_PASSWORD is not set. Without it the server's licence, its \
             own proxy setting, its nodes and the name that it has for itself cannot be read. {waiting} Where other servers are \
             connected, connection does too."
        );
        return place.finding(&MISSING, message).step(
            Owner::ServerAdmin,
            format!(
                "Set GHE_MANAGE_PASSWORD to the root site administrator's password, the one that opens https://{host}/setup, or \
                 GHE_MANAGE_USER and GHE_MANAGE_PASSWORD to those of a Management Console user, and run this again. It is only \
                 read with them, nothing is changed"
            ),
        );
    }
    let (what, variables) = match place.seen.api {
        Api::Cloud => ("GitHub Enterprise Cloud", "GH_TOKEN or GITHUB_TOKEN"),
        _ => (web.as_str(), "GH_ENTERPRISE_TOKEN or GITHUB_ENTERPRISE_TOKEN"),
    };
    let needs = counted(scopes::to_grant(place.seen.api));
    let message = format!(
        "There is no token for {what}, neither in {variables} nor from `gh auth token --hostname {web}`. It needs the \
         {needs}. {waiting}"
    );
    let mut finding = place.finding(&MISSING, message);
    finding.fix.push(place.new_token());
    finding.command(
        Owner::Operator,
        format!("Sign in to {web} with the gh command, whose token is used where no variable is set"),
        format!("gh auth login --hostname {web} --scopes {}", scopes::to_grant(place.seen.api).join(",")),
    )
}

/// It is not accepted; `said` is in the interface's words.
pub(super) fn rejected(place: &Place<'_>, said: &str) -> Finding {
    let message = format!(
        "{} answered \"{}\" to {}. {}",
        place.host,
        shown(said, 200),
        place.credential(),
        place.waiting(),
    );
    let finding = place.finding(&REJECTED, message);
    if is_lockout(said) {
        return finding.step(
            Owner::Operator,
            "Wait some minutes: after several bad credentials from one address even good ones are refused for a while (GitHub docs: \
             Authenticating to the REST API). Then run this again, and if the credential is bad give a good one",
        );
    }
    if place.seen.api == Api::Manage {
        return finding.step(
            Owner::ServerAdmin,
            format!(
                "Give the root site administrator's password in GHE_MANAGE_PASSWORD, with no GHE_MANAGE_USER or `api_key`, or the \
                 name and password of a Management Console user. Try them at https://{}/setup. A token does not open the Manage \
                 API",
                place.host
            ),
        );
    }
    let mut finding = finding.step(
        place.holder(),
        format!(
            "Look at {} as {}: the token may be revoked or past its last day. A token of another host than {} is not \
             accepted either",
            place.tokens_page(),
            place.whom(),
            place.web,
        ),
    );
    finding.fix.push(place.new_token());
    finding
}

/// A classic token without a scope. `refused` is what was said of it, if anything was.
pub(super) fn scopes(place: &Place<'_>, refused: Option<&Refusal>) -> Finding {
    let lacking = &place.seen.lacking;
    let said = place.seen.token.as_ref().and_then(|token| token.scopes.as_ref());
    let has = match said.map(|scopes| scopes.names()) {
        Some([]) => " has no scopes, and".to_owned(),
        Some(names) => format!(" has {}, and", and(names)),
        None => String::new(),
    };
    let missing = match (&lacking[..], refused) {
        ([], Some(Refusal::MissingScopes { needs, .. })) if !needs.is_empty() => needs.join(" or "),
        ([], _) => "a scope that was not named".to_owned(),
        _ => lacking.iter().map(told).collect::<Vec<_>>().join("; and "),
    };
    if place.seen.api == Api::Manage {
        return permission(place, refused.unwrap_or(&Refusal::MissingPermission { accepted: None }));
    }
    let message = format!("{}{has} lacks {missing}.", capital(&place.credential()));
    let mut finding = place.finding(&SCOPE_MISSING, message);
    let grant = to_grant(place);
    match place.kind() {
        Some(TokenKind::OAuth) => finding.command(
            Owner::Operator,
            format!("Let the gh command ask for the {} as well, as {}", counted(&grant), place.whom()),
            format!("gh auth refresh --hostname {} --scopes {}", place.web, grant.join(",")),
        ),
        Some(kind) if !scopes::can_be_given(kind) => {
            finding.fix.push(place.new_token());
            finding
        }
        _ => finding.step(
            place.holder(),
            format!(
                "Open {} as {}, choose the token, tick {}, and press Update token: the token stays the same. Then run this again",
                place.tokens_page(),
                place.whom(),
                and(&grant),
            ),
        ),
    }
}

/// A token that has permissions in place of scopes, or belongs to an app; a user of the Management Console who may not see
/// everything there.
pub(super) fn permission(place: &Place<'_>, why: &Refusal) -> Finding {
    let wanted = match why {
        Refusal::MissingPermission { accepted: Some(accepted) } => format!(" (it accepts {accepted})"),
        _ => String::new(),
    };
    if place.seen.api == Api::Manage {
        let message = format!(
            "With {} {} does not tell all that a run reads: it forbids some of it{wanted}. {}",
            place.credential(),
            place.host,
            place.waiting(),
        );
        return place.finding(&SCOPE_MISSING, message).step(
            Owner::ServerAdmin,
            "Give the root site administrator's password in GHE_MANAGE_PASSWORD, with no GHE_MANAGE_USER or `api_key`, and run \
             this again: it opens all that is read, and nothing is changed",
        );
    }
    let message = format!(
        "{} is not permitted to see what a run needs: {} refuses it{wanted}. What owners of an enterprise see is there for \
         classic tokens with the {}. {}",
        capital(&place.credential()),
        place.host,
        counted(scopes::to_grant(place.seen.api)),
        place.waiting(),
    );
    let mut finding = place.finding(&SCOPE_MISSING, message);
    finding.fix.push(place.new_token());
    finding
}

/// Single sign-on stands before it.
pub(super) fn sso(place: &Place<'_>, url: Option<&str>) -> Finding {
    let (slug, web) = (&place.slug, &place.web);
    let built = format!("https://{web}/enterprises/{slug}/sso");
    let url = url.map_or(built, |url| shown(url, 200));
    let message = format!(
        "{slug} has SAML single sign-on, and {} is not authorised for it: {} refuses to answer. {}",
        place.credential(),
        place.host,
        place.waiting(),
    );
    let finding = place.finding(&SSO_REQUIRED, message);
    let finding = match place.kind() {
        Some(TokenKind::OAuth | TokenKind::AppUser) => finding,
        _ => finding.step(
            place.holder(),
            format!(
                "Open {} as {}, choose Configure SSO beside the token, and Authorize for {slug}: the token stays the same. Then run \
                 this again",
                place.tokens_page(),
                place.whom(),
            ),
        ),
    };
    finding.step(
        place.holder(),
        format!(
            "As {}, sign in at {url}, and authorise the token or the app that it belongs to there",
            place.whom()
        ),
    )
}

/// A policy is against it; `said` is in GitHub's words.
pub(super) fn forbidden(place: &Place<'_>, said: &str) -> Finding {
    let message = format!(
        "A policy forbids {}: {} says \"{}\" {}",
        place.credential(),
        place.host,
        shown(said, 300),
        place.waiting(),
    );
    let mut finding = place.finding(&FORBIDDEN_BY_POLICY, message);
    let new = place.new_token();
    finding.fix.push(Step {
        text: format!("Make a token that fits the policy, with a shorter life for instance. {}", new.text),
        ..new
    });
    finding.step(
        Owner::EnterpriseOwner,
        format!(
            "Permit it: https://{}/enterprises/{}, Policies, Personal access tokens, Tokens (classic): access and the longest \
             lifetime (GitHub docs: Enforcing policies for personal access tokens in your enterprise)",
            place.web, place.slug
        ),
    )
}

/// Nothing more is answered for now.
pub(super) fn limited(place: &Place<'_>, why: &Refusal) -> Finding {
    let (limit, until) = match why {
        Refusal::RateLimited { limit, resets_at, retry_after_s } => (
            *limit,
            match (retry_after_s, resets_at) {
                (Some(seconds), _) => Some(format!("in {seconds} s")),
                (None, Some(at)) => Some(format!("after {}", at.strftime("%Y-%m-%d %H:%M:%S UTC"))),
                (None, None) => None,
            },
        ),
        _ => (RateLimit::Secondary, None),
    };
    let when = match &until {
        Some(until) => format!("it answers again {until}"),
        None => "it does not say until when".to_owned(),
    };
    let message = format!(
        "{} answers no more for now: the {limit} rate limit for {} is used up, and {when}. {}",
        place.host,
        place.credential(),
        place.waiting(),
    );
    let until = until.unwrap_or_else(|| "after some minutes".to_owned());
    place
        .finding(&RATE_LIMITED, message)
        .step(Owner::Operator, format!("Run this again {until}; this run asks some twenty questions"))
        .step(
            place.holder(),
            format!(
                "If it happens again: find what else uses up the requests of {}, all of whose tokens share one limit, or give a \
                 token of somebody else",
                place.whom()
            ),
        )
}

/// Whether credentials are refused without being looked at.
pub(super) fn is_lockout(said: &str) -> bool {
    said.contains("login attempts exceeded")
}

/// The scopes to tick: where the account cannot be seen at all, its allow list may be on, so the wider one is asked for.
fn to_grant(place: &Place<'_>) -> Vec<&'static str> {
    let lacks = |name: &str| place.seen.lacking.iter().any(|scope| scope.name == name);
    let all = scopes::to_grant(place.seen.api);
    let wanted = |name: &&str| lacks(name) || (*name == scopes::ADMIN && lacks(scopes::READ));
    let some: Vec<&str> = all.iter().copied().filter(wanted).collect();
    if some.is_empty() { all.to_vec() } else { some }
}

/// `read:audit_log, for the enterprise account's audit log (billing waits for it, …)`.
fn told(scope: &Scope) -> String {
    format!("{}, for {} ({})", scope.name, scope.opens, scope.without)
}

fn counted<S: AsRef<str>>(scopes: &[S]) -> String {
    match scopes {
        [one] => format!("scope {}", one.as_ref()),
        _ => format!("scopes {}", and(scopes)),
    }
}

/// The same as the beginning of a sentence.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
