//! Replies that were not made for this run's request.

use gh_connect_engine::{Cx, Target};
use gh_connect_github::server::ServerClock;
use gh_connect_probe::{
    Endpoint,
    clock::{OLD_MS, Skew},
    http::Reply,
    trust::OfTheRun,
};

use crate::clock;

/// What says that the reply of a host came out of a store on the way: a header of a cache, or a `Date` that is much
/// older than what other replies of the run say. What this machine's clock agrees with is not old, so that the others are
/// hardly ever waited for.
pub(super) async fn sign(cx: &Cx, target: &Target, reply: &Reply) -> Option<String> {
    let head = reply.exchange.head.as_ref()?;
    if let Some(sign) = head.store_sign() {
        return Some(sign);
    }
    let reading = Skew::of(Endpoint::from(target), &reply.exchange)?.reading();
    if reading.ahead_ms < OLD_MS {
        return None;
    }
    let date = reading.date.strftime("%Y-%m-%d %H:%M:%S UTC");
    let skew = cx.fact::<Skew>(&OfTheRun).await.ok()?;
    if let Some(older) = skew.older(&reading) {
        return Some(format!(
            "its Date, {date}, is {} s older than that of GitHub's other replies",
            older.as_secs()
        ));
    }
    if !target.required() {
        return None;
    }
    let server = cx.fact::<ServerClock>(&OfTheRun).await.ok()?;
    clock::is_out_of_a_store(&skew, &server).then(|| {
        let older = reading.ahead_ms / 1000;
        format!("its Date, {date}, is {older} s behind the server's clock and this machine's, which agree")
    })
}
