//! The judgement of the server's licence, and of the Manage API, which alone says what the licence permits.

use std::fmt;

use gh_connect_engine::{Examination, Finding, Product, Stop, shown};
use gh_connect_github::{
    Answer, Count, Ends, Refusal,
    manage::{CheckedLicence, LicenceStatus, ManageLicenceSays, Settings},
    server::ServerLicenceSays,
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    LICENSE_EXCLUDES_CONNECT, LICENSE_EXPIRED, LICENSE_INVALID, LICENSE_TRIAL, MANAGE_UNREACHABLE, NOT_GHES,
    OLDEST, judge::Seen, steps, version::Release, words,
};

/// What is known of the licence, from whom.
#[derive(Clone, Serialize)]
pub(super) struct Licence<'a> {
    /// The Manage API's word. What stopped is in the way of all that it could say.
    #[serde(skip)]
    pub(super) manage: Result<&'a Answer<ManageLicenceSays>, &'a Stop>,
    /// What the server makes of it.
    pub(super) check: Option<&'a CheckedLicence>,
    /// Why that was not said.
    #[serde(skip)]
    pub(super) unchecked: Option<Stop>,
    /// What REST says to site administrators.
    pub(super) rest: Option<&'a ServerLicenceSays>,
    /// Why what REST says cannot be read.
    #[serde(skip)]
    pub(super) rest_unread: Option<Stop>,
    /// The server's settings, which speak of the licence, too.
    #[serde(skip)]
    pub(super) settings: Option<&'a Settings>,
}

/// When a licence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Never,
    /// In so many days; 0 and less are over.
    Days(i64),
    Unknown,
}

/// Judges the licence by all that is known of it. The Manage API is judged with it: without its word nobody knows whether
/// the licence permits GitHub Connect.
pub(super) fn judge(seen: &Seen<'_>) -> Result<Examination, Stop> {
    let mut findings = in_force(seen);
    let says = match seen.licence.manage {
        Err(Stop::Blocked(by)) if by == "server" => {
            findings.clear();
            return Err(Stop::NotApplicable("the server itself is not reached".to_owned()));
        }
        Err(stop) => return or_findings(findings, stop.clone()),
        Ok(Answer::Said(says)) => says,
        Ok(Answer::Refused { why, needs }) if why.owner(needs.api) == "server" => {
            match not_to_be_expected(seen) {
                Some(stop) => return or_findings(findings, stop),
                None => findings.push(unreachable(seen, why)),
            }
            return Ok(findings.into());
        }
        Ok(unanswered) => {
            let stop = unanswered.or_stop().err();
            return or_findings(findings, stop.unwrap_or_else(|| Stop::blocked("token")));
        }
    };
    match says.croquet_support {
        Some(true) => {}
        Some(false) => {
            let finding = seen.finding(&LICENSE_EXCLUDES_CONNECT, words::excludes_connect(seen, says));
            findings.push(steps::connecting_licence(finding, seen));
        }
        None => {
            return or_findings(
                findings,
                Stop::Trouble(format!(
                    "the licence of {} does not say whether it permits GitHub Connect (croquetSupport, in the Manage API's \
                 /manage/v1/config/license)",
                    seen.host()
                )),
            );
        }
    }
    if !findings.is_empty() {
        return Ok(findings.into());
    }
    if let Some(stop) = unchecked(seen).or_else(|| undecided(seen)) {
        return Err(stop);
    }
    match seen.licence.is_trial() {
        Some(false) => {}
        Some(true) => {
            let finding = seen.finding(&LICENSE_TRIAL, words::trial(seen, says));
            findings.push(steps::bought_licence(finding, seen));
        }
        None => {
            return Err(Stop::Trouble(format!(
                "the licence of {} does not say whether it is a trial licence (evaluation, in the Manage API's \
                 /manage/v1/config/license)",
                seen.host()
            )));
        }
    }
    Ok(findings.into())
}

/// Why nobody knows whether the licence is in force: its dates do not tell whether the server accepts it.
fn unchecked(seen: &Seen<'_>) -> Option<Stop> {
    let host = seen.host();
    match seen.licence.check.map(|check| &check.status) {
        Some(Some(LicenceStatus::Other(word))) => Some(Stop::Trouble(format!(
            "{host} says of its licence that it is \"{word}\", which has no published meaning"
        ))),
        Some(Some(_)) => None,
        Some(None) => Some(Stop::Trouble(format!(
            "{host} does not say whether its licence is in force (status, in the Manage API's /manage/v1/config/license/check)"
        ))),
        None => seen.licence.unchecked.clone().or_else(|| {
            Some(Stop::Trouble(format!("the check of its licence by {host} itself was not read")))
        }),
    }
}

/// Why nobody knows whether the licence is over, or what it permits, although the server says that it is in force.
fn undecided(seen: &Seen<'_>) -> Option<Stop> {
    let (host, licence) = (seen.host(), &seen.licence);
    let trouble = |why: String| Some(Stop::Trouble(why));
    if let Some(why) = licence.unusual_seats() {
        return trouble(format!("the licence of {host} has {why}"));
    }
    if licence.rest_unread.is_some() {
        return licence.rest_unread.clone();
    }
    if licence.is_perpetual() {
        return None;
    }
    for (by, text, ends) in licence.said_ends() {
        let Some(ends) = ends else {
            return trouble(format!(
                "{by} says of the licence of {host} that it ends \"{text}\", which is no date"
            ));
        };
        if ends.earliest <= seen.now && seen.now < ends.latest {
            return trouble(format!(
                "{by} says of the licence of {host} that it ends {text}, without a time zone: whether it is over cannot be told before {}",
                ends.latest.strftime("%Y-%m-%d %H:%M UTC")
            ));
        }
    }
    let is_last_day = licence.rest.and_then(|says| says.days_until_expiration) == Some(0);
    if is_last_day && licence.expires().is_none() {
        return trouble(format!(
            "REST says of the licence of {host} that it has 0 days left, and not until when: it may be over"
        ));
    }
    None
}

/// Whether the licence is in force: the server's own word before what this machine's clock makes of dates.
fn in_force(seen: &Seen<'_>) -> Vec<Finding> {
    let status = seen.licence.check.and_then(|check| check.status.as_ref());
    let end = seen.licence.end(seen.now);
    let expired = || {
        let finding = seen.finding(&LICENSE_EXPIRED, words::expired(seen));
        vec![steps::renewed_licence(finding, seen)]
    };
    match status {
        Some(LicenceStatus::Expired) => expired(),
        Some(LicenceStatus::Valid) => Vec::new(),
        Some(status @ (LicenceStatus::Invalid | LicenceStatus::ClusterModeNotSupported)) => {
            let finding = seen.finding(&LICENSE_INVALID, words::invalid(seen, status));
            vec![steps::accepted_licence(finding, seen, status)]
        }
        Some(LicenceStatus::Other(_)) | None => match end {
            End::Days(..=0) => expired(),
            _ => Vec::new(),
        },
    }
}

/// Where nobody can expect a Manage API: why that is no finding of its own.
fn not_to_be_expected(seen: &Seen<'_>) -> Option<Stop> {
    if super::judge::fault(seen).is_some_and(|fault| fault.kind.id == NOT_GHES.id) {
        return Some(Stop::NotApplicable("what answers is no GitHub Enterprise Server".to_owned()));
    }
    let release = seen.version().and_then(Release::parse)?;
    if release >= OLDEST {
        return None;
    }
    Some(match seen.plan.product.value {
        Product::GithubCom => Stop::NotApplicable(format!("release {release} has another Manage API")),
        Product::GheCom(_) => Stop::blocked("ghe-com"),
    })
}

fn unreachable(seen: &Seen<'_>, why: &Refusal) -> Finding {
    let finding = seen.finding(&MANAGE_UNREACHABLE, words::manage_unreachable(seen, why));
    steps::manage_unreachable(finding.evidence(why), seen, why)
}

fn or_findings(findings: Vec<Finding>, stop: Stop) -> Result<Examination, Stop> {
    if findings.is_empty() { Err(stop) } else { Ok(findings.into()) }
}

impl<'a> Licence<'a> {
    /// The Manage API's word, where it gave it.
    pub(super) fn says(&self) -> Option<&'a ManageLicenceSays> {
        self.manage.ok().and_then(Answer::said)
    }

    /// When it ends. Where its interfaces contradict each other, the earliest end counts.
    pub(super) fn end(&self, now: Timestamp) -> End {
        if self.is_perpetual() {
            return End::Never;
        }
        self.ends(now).first().map_or(End::Unknown, |end| End::Days(end.days))
    }

    /// When it ends by whoever says so, the earliest end first.
    pub(super) fn ends(&self, now: Timestamp) -> Vec<SaidEnd<'a>> {
        let dated = self.said_ends().into_iter().filter_map(|(by, text, ends)| {
            let ends = ends?;
            Some(SaidEnd { by, days: days(now, ends.latest), at: Some(ends.latest), on: as_said(text, ends) })
        });
        let mut all: Vec<SaidEnd<'a>> = dated.collect();
        let of_rest = all.iter().find(|end| end.by == REST).map(|end| end.days);
        let nearest = of_rest.or_else(|| all.iter().map(|end| end.days).min());
        // The server counts the days by its own clock. The day that is counted as none is the last.
        let counted = self.rest.and_then(|says| says.days_until_expiration);
        let counted = counted.and_then(|days| match (days, nearest) {
            (0, Some(end)) if end > NEAR => Some(0),
            (..0, end) if of_rest.is_none() || end > Some(0) => Some(days),
            (_, _) if of_rest.is_none() => Some(days.max(1)),
            _ => None,
        });
        all.extend(counted.map(|days| SaidEnd { by: REST, days, at: None, on: None }));
        all.sort_by_key(|end| end.days);
        all
    }

    /// The moment of its end, the earliest that is said.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        self.dated().map(|(_, at)| at).min()
    }

    /// The day of its end, the earliest that is said, and how many days ago that was.
    pub(super) fn day_of_end(&self, now: Timestamp) -> Option<(String, i64)> {
        let all = self.said_ends().into_iter().filter_map(|(_, text, ends)| Some((text, ends?)));
        let (text, ends) = all.min_by_key(|(_, ends)| ends.latest)?;
        // The noon of a day, where only that is said.
        let at = ends
            .earliest
            .saturating_add(ends.latest.duration_since(ends.earliest) / 2)
            .unwrap_or(ends.latest);
        let day = as_said(text, ends).map_or_else(|| at.strftime("%Y-%m-%d").to_string(), shown_date);
        Some((day, days_ago(now, at)))
    }

    /// The moment from which on it is over, by whoever says it so that it can be read.
    fn dated(&self) -> impl Iterator<Item = (&'static str, Timestamp)> {
        self.said_ends().into_iter().filter_map(|(by, _, ends)| Some((by, ends?.latest)))
    }

    /// Its end as it is written, by whom, and what it means where it can be read.
    fn said_ends(&self) -> Vec<(&'static str, &'a str, Option<Ends>)> {
        let by_manage = self.says().and_then(|says| Some((MANAGE, says.expire_at.as_deref()?, says.ends())));
        let by_rest = self.rest.and_then(|says| Some((REST, says.expire_at.as_deref()?, says.ends())));
        let configured = self.settings.and_then(|settings| {
            Some((SETTINGS, settings.licence_expire_at.as_deref()?, settings.licence_ends()))
        });
        let all = by_manage.into_iter().chain(by_rest).chain(configured);
        all.filter(|(_, text, _)| !text.trim().is_empty()).collect()
    }

    /// Whether it never ends.
    pub(super) fn is_perpetual(&self) -> bool {
        self.says().and_then(|says| says.perpetual) == Some(true)
    }

    /// Seats of which nobody knows what they permit: none at all, or a number that is none.
    fn unusual_seats(&self) -> Option<String> {
        let by_manage = self.says().and_then(|says| Some((MANAGE, says.seats.as_ref()?)));
        let by_rest = self.rest.and_then(|says| Some((REST, says.seats.as_ref()?)));
        let said = || by_manage.into_iter().chain(by_rest);
        let is_unlimited =
            |seats: &Count| matches!(seats, Count::Word(word) if word.eq_ignore_ascii_case("unlimited"));
        let odd = said().find(|(_, seats)| matches!(seats, Count::Word(_)) && !is_unlimited(seats));
        if let Some((by, Count::Word(word))) = odd {
            return Some(format!("\"{word}\" seats, which is no number, by the word of {by}"));
        }
        let is_for_any = self.says().and_then(|says| says.unlimited_seating) == Some(true)
            || said().any(|(_, seats)| is_unlimited(seats));
        let none = said().find(|(_, seats)| **seats == Count::Number(0) && !is_for_any);
        none.map(|(by, _)| {
            format!("0 seats, by the word of {by}: whether anybody may use the server with it is not known")
        })
    }

    /// Whether it is a trial licence, by anybody's word.
    fn is_trial(&self) -> Option<bool> {
        let evaluation = self.says().and_then(|says| says.evaluation);
        if self.is_trial_by_settings() {
            return Some(true);
        }
        match (evaluation, self.kind_of_trial()) {
            (Some(true), _) | (_, Some(_)) => Some(true),
            (Some(false), None) => Some(false),
            (None, None) => self.rest.and_then(|says| says.kind.as_ref()).map(|_| false),
        }
    }

    /// Whether the server's settings call it a trial licence.
    pub(super) fn is_trial_by_settings(&self) -> bool {
        self.settings.and_then(|settings| settings.licence_evaluation) == Some(true)
    }

    /// The word by which REST calls it a trial licence, if it does.
    pub(super) fn kind_of_trial(&self) -> Option<&'a str> {
        let kind = self.rest?.kind.as_deref()?;
        let lower = kind.to_ascii_lowercase();
        ["evaluation", "trial"].iter().any(|word| lower.contains(word)).then_some(kind)
    }
}

/// When a licence ends, by the word of one interface.
pub(super) struct SaidEnd<'a> {
    /// Which.
    pub(super) by: &'static str,
    /// In so many days; 0 and less are over.
    pub(super) days: i64,
    /// The moment, where it was said.
    pub(super) at: Option<Timestamp>,
    /// The date as it was said, where it has no time or no zone.
    pub(super) on: Option<&'a str>,
}

/// `the Manage API says that it ended on 2026-11-12`, `REST says that it ends in 12 days`
impl fmt::Display for SaidEnd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, days, at, on } = self;
        if (*days, *at) == (0, None) {
            return write!(f, "{by} says that it has 0 days left");
        }
        let verb = if *days > 0 { "ends" } else { "ended" };
        write!(f, "{by} says that it {verb} ")?;
        if let Some(on) = on {
            return write!(f, "on {}", shown_date(on));
        }
        match (at, *days) {
            (Some(at), 0 | 1) => write!(f, "on {}", at.strftime("%Y-%m-%d %H:%M UTC")),
            (Some(at), _) => write!(f, "on {}", at.strftime("%Y-%m-%d")),
            (None, days @ 1..) => write!(f, "in {days} days"),
            (None, days) => write!(f, "{} days ago", -days),
        }
    }
}

/// The text of an end, where it says less than a moment, or more than can be counted: the day that follows from it is another.
fn as_said(text: &str, ends: Ends) -> Option<&str> {
    (!ends.is_exact() || ends.latest == Timestamp::MAX).then_some(text)
}

fn shown_date(text: &str) -> String {
    shown(text.trim(), MOST_OF_A_DATE)
}

/// The days from `now` to `at`; a day that has begun counts as one, and what is over as none.
pub(super) fn days(now: Timestamp, at: Timestamp) -> i64 {
    let seconds = at.duration_since(now).as_secs();
    seconds.div_euclid(DAY) + i64::from(seconds.rem_euclid(DAY) > 0)
}

/// The days from `at` to `now`, to the nearest.
pub(super) fn days_ago(now: Timestamp, at: Timestamp) -> i64 {
    (now.duration_since(at).as_secs() + DAY / 2).div_euclid(DAY)
}

const MANAGE: &str = "the Manage API";
const REST: &str = "REST";
const SETTINGS: &str = "the Manage API's /manage/v1/config/settings";
/// An end in so many days may be counted as none left, as clocks and zones differ.
const NEAR: i64 = 2;
const MOST_OF_A_DATE: usize = 40;
const DAY: i64 = 86_400;
