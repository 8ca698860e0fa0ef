//! What checks of the account plane ask first: the enterprise account, by which name, and who asks.

use gh_connect_engine::{Cx, Plan, Stop, shown};
use gh_connect_github::{
    OfTheRun, Refusal,
    cloud::{Account, Enterprise, OwnerInfo},
};

/// The enterprise account, for checks to which it matters that one of its owners asks: what only owners see is nothing to
/// anybody else. Stops as blocked by the check that owns the reason: `owner` when the token's user is said to be none.
pub(crate) async fn owned(cx: &Cx) -> Result<Account, Stop> {
    let enterprise = cx.fact::<Enterprise>(&OfTheRun).await?;
    let account = enterprise.answer.or_stop()?;
    match account.viewer_is_admin {
        Some(false) => Err(Stop::blocked("owner")),
        _ if hides_what_owners_see(cx).await => Err(Stop::blocked("owner")),
        _ => Ok(account.clone()),
    }
}

/// Whether the account shows nothing at all of what its owners see, and does not say why: to nobody but an owner is that hidden.
pub(crate) async fn hides_what_owners_see(cx: &Cx) -> bool {
    let info = cx.fact::<OwnerInfo>(&OfTheRun).await;
    let why = info.as_ref().ok().and_then(|info| info.answer.refusal());
    matches!(why, Some(Refusal::Null { path }) if path == "enterprise.ownerInfo")
}

/// The enterprise account's slug, safe to show; empty where none is named.
pub(crate) fn slug(plan: &Plan) -> String {
    plan.enterprise.as_ref().map(|slug| shown(&slug.value, 100)).unwrap_or_default()
}
