//! This machine's clock against GitHub's.

use std::time::Duration;

use futures::{StreamExt as _, stream::FuturesUnordered};
use gh_connect_engine::{Cx, Fact, Stop};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Endpoint,
    http::{Exchange, Reply},
    trust::OfTheRun,
};

/// How far this machine's clock is ahead of the clock of the host that answered first over a verified session.
///
/// `Date` has whole seconds and is set somewhere between request and reply, so the other clock is taken to have said half
/// a second more at half of the exchange. Stops with what stands before the replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skew {
    /// Whose clock it was.
    pub host: Endpoint,
    /// What it said.
    pub date: Timestamp,
    /// What this machine's clock said at half of the exchange.
    pub local: Timestamp,
    /// Milliseconds by which this machine's clock is ahead; below zero when it is behind.
    pub ahead_ms: i64,
    /// The true value is within so many milliseconds of that.
    pub within_ms: i64,
}

impl Fact for Skew {
    const ID: &'static str = "clock.skew";
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let hosts = cx.plan().targets.iter().filter(|target| target.required()).map(Endpoint::from);
        let mut replies: FuturesUnordered<_> = hosts
            .map(|host| async move {
                let reply = cx.fact::<Reply>(&host).await;
                (host, reply)
            })
            .collect();
        let mut stops = Vec::new();
        while let Some((host, reply)) = replies.next().await {
            match reply {
                Err(stop) => stops.push(stop),
                Ok(reply) => match Self::of(host, &reply.exchange) {
                    Some(skew) => return Ok(skew),
                    // Why there is no reply is for `origin` to say.
                    None if reply.exchange.head.is_none() => stops.push(Stop::blocked("origin")),
                    None => stops.push(Stop::Trouble("no reply tells the time".to_owned())),
                },
            }
        }
        let nobody = || Stop::NotApplicable("no host of GitHub Connect is asked".to_owned());
        Err(stops.into_iter().min_by_key(rank).unwrap_or_else(nobody))
    }
}

impl Skew {
    /// What a reply tells; nothing when it has no date, or comes from a store on the way.
    pub fn of(host: Endpoint, exchange: &Exchange) -> Option<Self> {
        let head = exchange.head.as_ref()?;
        let stored = head.header("age").is_some_and(|age| age.trim() != "0");
        let date = head.date().filter(|_| !stored)?;
        let (sent, heard) = (exchange.sent_at.as_millisecond(), exchange.head_at?.as_millisecond());
        let half = (heard - sent).max(0) / 2;
        let local = Timestamp::from_millisecond(sent.checked_add(half)?).ok()?;
        let ahead_ms = local.as_millisecond() - (date.as_millisecond() + HALF_A_SECOND);
        Some(Self { host, date, local, ahead_ms, within_ms: HALF_A_SECOND + half })
    }

    /// How far apart the clocks are.
    pub fn distance(&self) -> Duration {
        Duration::from_millis(self.ahead_ms.unsigned_abs())
    }
}

/// Another check's finding explains more than a trouble here.
fn rank(stop: &Stop) -> u8 {
    match stop {
        Stop::Blocked(_) => 0,
        Stop::Trouble(_) => 1,
        Stop::Skipped(_) => 2,
        Stop::NotApplicable(_) => 3,
    }
}

const HALF_A_SECOND: i64 = 500;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::{Body, Head};

    fn exchange(sent_ms: i64, took_ms: i64, headers: &[(&str, &str)]) -> Exchange {
        let at = |ms| Timestamp::from_millisecond(ms).expect("a time");
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Exchange {
            head: Some(Head { status: 200, headers: headers.collect(), sets_cookie: false }),
            failure: None,
            began: None,
            body: Body::Whole(0),
            sample: String::new(),
            words: String::new(),
            sent_at: at(sent_ms),
            head_at: Some(at(sent_ms + took_ms)),
            took_us: 0,
        }
    }

    #[test]
    fn half_the_exchange_is_taken_off() {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
        let date = [("date", "Sun, 22 Nov 2026 12:00:00 GMT")];
        let host = Endpoint::new("api.github.com", 443);
        for (sent, took, expected) in
            [(450, 100, (0, 550)), (0, 0, (-500, 500)), (75_000, 3_000, (76_000, 2_000))]
        {
            let skew =
                Skew::of(host.clone(), &exchange(noon.as_millisecond() + sent, took, &date)).expect("told");
            assert_eq!((skew.ahead_ms, skew.within_ms), expected);
        }
    }

    #[test]
    fn a_reply_without_a_fresh_date_tells_nothing() {
        let host = Endpoint::new("api.github.com", 443);
        let date = ("date", "Sun, 22 Nov 2026 12:00:00 GMT");
        for headers in [&[][..], &[("date", "yesterday")], &[date, ("age", "17")]] {
            assert_eq!(Skew::of(host.clone(), &exchange(0, 1, headers)), None);
        }
        assert!(Skew::of(host, &exchange(0, 1, &[date, ("age", "0")])).is_some());
    }

    proptest! {
        #[test]
        fn any_clock_is_read(sent in -377_705_023_000_i64..253_402_000_000_000, took in -10_000_i64..100_000) {
            let date = [("date", "Thu, 31 Dec 9998 23:59:59 GMT")];
            let skew = Skew::of(Endpoint::new("a", 443), &exchange(sent, took, &date));
            prop_assert!(skew.is_some_and(|skew| skew.within_ms >= 500));
        }
    }
}
