//! This machine's clock against GitHub's, and against anyone's who replies.

use std::time::Duration;

use futures::future::join_all;
use gh_connect_engine::{Cx, Fact, Role, Stop};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Endpoint,
    http::{Exchange, Reply},
    trust::OfTheRun,
};

/// How far this machine's clock is ahead of the clock of a reply.
///
/// `Date` has whole seconds and is set somewhere between request and reply, so the other clock is taken to have said half a
/// second more at half of the exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the other clock said.
    pub date: Timestamp,
    /// What this machine's clock said at half of the exchange.
    pub local: Timestamp,
    /// Milliseconds by which this machine's clock is ahead; below zero when it is behind.
    pub ahead_ms: i64,
    /// The true value is within so many milliseconds of that.
    pub within_ms: i64,
}

impl Reading {
    /// The reading of a reply with this `Date`, between what this machine's clock said before the request and what it said
    /// when the head was there.
    pub fn of(date: Timestamp, sent_at: Timestamp, head_at: Timestamp) -> Option<Self> {
        let (sent, heard) = (sent_at.as_millisecond(), head_at.as_millisecond());
        let half = (heard - sent).max(0) / 2;
        let local = Timestamp::from_millisecond(sent.checked_add(half)?).ok()?;
        let ahead_ms = local.as_millisecond() - (date.as_millisecond() + HALF_A_SECOND);
        Some(Self { date, local, ahead_ms, within_ms: HALF_A_SECOND + half })
    }

    /// By how much this reply is older than another of the same run; `None` below a minute.
    pub fn older_than(&self, other: &Self) -> Option<Duration> {
        self.older_than_by(other.ahead_ms, other.within_ms)
    }

    fn older_than_by(&self, ahead_ms: i64, within_ms: i64) -> Option<Duration> {
        let older = self.ahead_ms.checked_sub(ahead_ms)?;
        let uncertain = self.within_ms.saturating_add(within_ms);
        (older >= OLD_MS.saturating_add(uncertain)).then(|| Duration::from_millis(older.unsigned_abs()))
    }
}

/// How far this machine's clock is ahead of GitHub's, by the live replies over verified sessions.
///
/// All hosts that are required are asked at once, and all outcomes are waited for, so that the same world always gives the
/// same answer. The API host's clock counts, else that of the first host of the plan that tells the time; where the clocks
/// are more than 10 s apart, the middle one counts. Stops with what stands before the replies.
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
    /// What all the hosts' clocks told, where they are more than 10 s apart; empty where they agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disagreeing: Vec<Told>,
}

/// What one host's clock told, where clocks disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whose clock it was.
    pub host: Endpoint,
    /// Milliseconds by which this machine's clock is ahead of it; below zero when it is behind.
    pub ahead_ms: i64,
    /// The true value is within so many milliseconds of that.
    pub within_ms: i64,
}

impl Fact for Skew {
    const ID: &'static str = "clock.skew";
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let mut targets: Vec<_> = cx.plan().targets.iter().filter(|target| target.required()).collect();
        // The sort is stable: the others stay in the order of the plan.
        targets.sort_by_key(|target| target.role != Role::Api);
        let replies = join_all(targets.into_iter().map(Endpoint::from).map(async |host| {
            let reply = cx.fact::<Reply>(&host).await;
            (host, reply)
        }));
        let (mut told, mut stops) = (Vec::new(), Vec::new());
        for (host, reply) in replies.await {
            match reply {
                Err(stop) => stops.push(stop),
                Ok(reply) => match Self::of(host, &reply.exchange) {
                    Some(skew) => told.push(skew),
                    // Why there is no reply, or none but a stored one, is for `origin` to say.
                    None if reply.exchange.head.as_ref().is_none_or(|head| head.store_sign().is_some()) => {
                        stops.push(Stop::blocked("origin"));
                    }
                    None => stops.push(Stop::Trouble(NO_TIME.to_owned())),
                },
            }
        }
        let nobody = || Stop::NotApplicable("no host of GitHub Connect is asked".to_owned());
        Self::among(told).ok_or_else(|| stops.into_iter().min_by_key(rank).unwrap_or_else(nobody))
    }
}

impl Skew {
    /// What a reply tells; nothing when it has no date, or comes out of a store on the way.
    pub fn of(host: Endpoint, exchange: &Exchange) -> Option<Self> {
        let head = exchange.head.as_ref().filter(|head| head.store_sign().is_none())?;
        let Reading { date, local, ahead_ms, within_ms } =
            Reading::of(head.date()?, exchange.sent_at, exchange.head_at?)?;
        Some(Self { host, date, local, ahead_ms, within_ms, disagreeing: Vec::new() })
    }

    /// What the clock that counts told.
    pub fn reading(&self) -> Reading {
        Reading { date: self.date, local: self.local, ahead_ms: self.ahead_ms, within_ms: self.within_ms }
    }

    /// By how much a reply is older than GitHub's newest of this run; `None` below a minute. A reply that was made for the
    /// request is as new as any other.
    pub fn older(&self, reply: &Reading) -> Option<Duration> {
        let newest = self.disagreeing.iter().map(|told| told.ahead_ms).chain([self.ahead_ms]).min()?;
        reply.older_than_by(newest, self.within_ms)
    }

    /// The one that counts of what several hosts told, the preferred host first: the first where they agree, else the
    /// middle one, and of two in the middle the preferred one. `None` of none.
    pub fn among(told: Vec<Self>) -> Option<Self> {
        let mut by_size: Vec<usize> = (0..told.len()).collect();
        by_size.sort_by_key(|&nth| told[nth].ahead_ms);
        let (lowest, highest) = (*by_size.first()?, *by_size.last()?);
        if !told[lowest].disagrees_with(&told[highest]) {
            return told.into_iter().next();
        }
        let middle = by_size[(by_size.len() - 1) / 2].min(by_size[by_size.len() / 2]);
        let disagreeing = told.iter().map(|skew| Told {
            host: skew.host.clone(),
            ahead_ms: skew.ahead_ms,
            within_ms: skew.within_ms,
        });
        let disagreeing = disagreeing.collect();
        told.into_iter().nth(middle).map(|skew| Self { disagreeing, ..skew })
    }

    fn disagrees_with(&self, other: &Self) -> bool {
        let uncertain = self.within_ms.saturating_add(other.within_ms).unsigned_abs();
        self.ahead_ms.abs_diff(other.ahead_ms) > APART_MS.saturating_add(uncertain)
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
/// Clocks of one company are not this far apart.
const APART_MS: u64 = 10_000;
/// A reply that is so much older than others of the same run was not made for its request.
pub const OLD_MS: i64 = 60_000;
const NO_TIME: &str = "no reply tells the time: none has a Date that can be read. Let the proxy or gateway on the way pass GitHub's replies, and their Date, on unchanged, and \
                       compare this machine's clock with a good one (chronyc tracking)";

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
        for headers in [
            &[][..],
            &[("date", "yesterday")],
            &[date, ("age", "17")],
            &[date, ("x-cache", "HIT from proxy")],
        ] {
            assert_eq!(Skew::of(host.clone(), &exchange(0, 1, headers)), None);
        }
        assert!(Skew::of(host, &exchange(0, 1, &[date, ("age", "0")])).is_some());
    }

    #[test]
    fn the_preferred_clock_counts_unless_the_clocks_disagree() {
        let told = |name: &str, ahead_s: i64, within_ms: i64| Skew {
            host: Endpoint::new(name, 443),
            date: Timestamp::UNIX_EPOCH,
            local: Timestamp::UNIX_EPOCH,
            ahead_ms: ahead_s * 1000,
            within_ms,
            disagreeing: Vec::new(),
        };
        for (clocks, expected, disagree) in [
            (&[("api", 90, 550)][..], "api", false),
            (&[("api", 3, 550), ("web", 0, 550), ("uploads", -3, 550)], "api", false),
            (&[("api", 11, 550), ("web", 0, 550)], "api", false),
            (&[("api", 12, 550), ("web", 0, 550)], "api", true),
            (&[("api", 20, 9_000), ("web", 0, 9_000)], "api", false),
            (&[("api", 300, 550), ("web", 0, 550), ("uploads", 1, 550)], "uploads", true),
            (&[("api", 0, 550), ("web", 300, 550), ("uploads", 1, 550)], "uploads", true),
            (&[("api", 0, 550), ("web", -300, 550), ("uploads", 1, 550)], "api", true),
            (&[("web", -300, 550), ("uploads", 0, 550)], "web", true),
        ] {
            let all: Vec<Skew> =
                clocks.iter().map(|(name, ahead, within)| told(name, *ahead, *within)).collect();
            let chosen = Skew::among(all).expect("one");
            assert_eq!(chosen.host, Endpoint::new(expected, 443), "{clocks:?}");
            assert_eq!(chosen.disagreeing.len(), if disagree { clocks.len() } else { 0 }, "{clocks:?}");
        }
        assert_eq!(Skew::among(Vec::new()), None);
    }

    #[test]
    fn a_reply_is_old_when_others_are_a_minute_newer() {
        let reading = |ahead_ms| Reading {
            date: Timestamp::UNIX_EPOCH,
            local: Timestamp::UNIX_EPOCH,
            ahead_ms,
            within_ms: 550,
        };
        let skew = |ahead_ms, others: &[i64]| Skew {
            host: Endpoint::new("api", 443),
            date: Timestamp::UNIX_EPOCH,
            local: Timestamp::UNIX_EPOCH,
            ahead_ms,
            within_ms: 550,
            disagreeing: others
                .iter()
                .map(|&ahead_ms| Told { host: Endpoint::new("web", 443), ahead_ms, within_ms: 550 })
                .collect(),
        };
        for (skew, reply, old) in [
            (skew(0, &[]), 0, false),
            (skew(0, &[]), 61_000, false),
            (skew(0, &[]), 62_000, true),
            (skew(90_000, &[]), 90_000, false),
            (skew(86_400_000, &[0, 86_400_000, 86_400_000]), 86_400_000, true),
            (skew(i64::MIN, &[]), i64::MAX, false),
        ] {
            assert_eq!(skew.older(&reading(reply)).is_some(), old, "{skew:?} {reply}");
        }
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
