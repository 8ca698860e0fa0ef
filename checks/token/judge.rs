//! From what the interfaces did with a credential to findings: one for each thing that is wrong with it.

use gh_connect_engine::{Examination, Finding, Plan, Stop, shown};
use gh_connect_github::Refusal;

use super::{seen::Seen, words};

/// Judges one interface's credential. What the credential is not to blame for is blocked by the check that owns it.
pub(super) fn judge(plan: &Plan, seen: &Seen) -> Result<Examination, Stop> {
    let findings = findings(plan, seen);
    match (&findings[..], &seen.otherwise) {
        ([], Some(stop)) => Err(stop.clone()),
        ([], None) => Ok(Examination::passed(remark(seen))),
        _ => Ok(findings.into()),
    }
}

fn findings(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let place = words::Place::of(plan, seen);
    if !seen.given {
        return vec![words::missing(&place)];
    }
    let any =
        |test: fn(&Refusal) -> bool| seen.refusals.iter().map(|refused| &refused.why).find(|why| test(why));
    // Nothing else that is said to a credential that is not accepted says anything about it.
    if let Some(said) = rejection(seen) {
        return vec![words::rejected(&place, said)];
    }
    let forbidden = any(|why| matches!(why, Refusal::Policy { .. })).map(|why| match why {
        Refusal::Policy { message } => words::forbidden(&place, message),
        _ => words::forbidden(&place, ""),
    });
    let sso = any(|why| matches!(why, Refusal::SsoRequired { url: Some(_) }))
        .or_else(|| any(|why| matches!(why, Refusal::SsoRequired { .. })))
        .map(|why| match why {
            Refusal::SsoRequired { url: Some(url) } => words::sso(&place, Some(url)),
            _ => words::sso(&place, None),
        });
    let refused_scopes = any(|why| matches!(why, Refusal::MissingScopes { .. }));
    let permission = any(|why| matches!(why, Refusal::MissingPermission { .. }));
    let scope = match (&seen.lacking[..], refused_scopes, permission) {
        ([], None, None) => None,
        ([], None, Some(why)) => Some(words::permission(&place, why)),
        _ => Some(words::scopes(&place, refused_scopes)),
    };
    // The limit that says when it ends tells more than one that does not.
    let timed = |why: &Refusal| {
        matches!(
            why,
            Refusal::RateLimited { resets_at: Some(_), .. }
                | Refusal::RateLimited { retry_after_s: Some(_), .. }
        )
    };
    let limited = any(timed).or_else(|| any(|why| matches!(why, Refusal::RateLimited { .. })));
    let limited = limited.map(|why| words::limited(&place, why));
    [forbidden, sso, scope, limited].into_iter().flatten().collect()
}

/// What was said to a credential that is not accepted: rather that than what is said after too many of them.
fn rejection(seen: &Seen) -> Option<&str> {
    let mut said = seen.refusals.iter().filter_map(|refused| match &refused.why {
        Refusal::BadCredentials { message } | Refusal::Anonymous { message } => Some(message.as_str()),
        _ => None,
    });
    let first = said.clone().next();
    said.find(|message| !words::is_lockout(message)).or(first)
}

fn remark(seen: &Seen) -> String {
    let Some(token) = &seen.token else { return "the password is taken".to_owned() };
    let origin = token.origin.strip_prefix("environment ").unwrap_or(&token.origin);
    match &seen.login {
        Some(login) => format!("{} ({origin})", shown(login, 100)),
        None => format!("a {} ({origin})", token.kind),
    }
}
