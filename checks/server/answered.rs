//! What one address of the server answers to a request that does not say who asks.

use gh_connect_engine::{Finding, Owner, shown};
use gh_connect_github::{Api, server::Place};
use gh_connect_probe::http::{ExchangeFailure, Head};
use serde::{Serialize, Serializer};

use super::maintenance::is_said_on;
use crate::origin::page::{Page, is_elsewhere};

/// What is wrong at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Completes "it does not serve": safe to show.
    pub(super) why: String,
    pub(super) mend: Mend,
}

/// Who mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mend {
    /// No session comes about.
    Address,
    /// The server, or who stands before it, says that it is in trouble.
    Service,
    /// It is in maintenance mode.
    Maintenance,
    /// Something answers in its place.
    Way,
    /// A store on the way answers.
    Store,
    /// Something on the way takes the date away: the server sends one.
    Date,
}

/// Why what came back is not the server's own answer of this time.
pub(super) fn fault(host: &str, place: &Place) -> Option<Fault> {
    let asked = format!("GET {}", place.path);
    let found = |why: String, mend: Mend| Some(Fault { why, mend });
    let Some(head) = place.head() else { return Some(no_reply(place, &asked)) };
    if let Some(sign) = head.store_sign() {
        return found(format!("its reply to {asked} comes out of a store on the way, {sign}"), Mend::Store);
    }
    let page = Page::of(host, head, &place.exchange);
    let is_off = |to: &str| is_elsewhere(to, host);
    // Of who demands a login in the server's way only the maker of a gateway shows that it is another.
    if place.is_the_server() && !(place.api == Api::Manage && page.is_of_something_else(is_off)) {
        let why = format!("its reply to {asked} has no Date that can be read, so its clock is not known");
        return head.date().is_none().then_some(Fault { why, mend: Mend::Date });
    }
    let seen = seen(place);
    if is_said_on(&place.exchange.words) {
        let why = format!("it answers {asked} with status {} and a page of maintenance{seen}", head.status);
        return found(why, Mend::Maintenance);
    }
    if head.status >= 500 && !head.is_of_a_gateway() {
        return found(format!("it answers {asked} with status {}{seen}", head.status), Mend::Service);
    }
    let what = format!("{asked} is answered with {} (status {}){seen}", page.words(), head.status);
    let mend = match leads_home(head, host) || place.exchange.failure.is_some() {
        true => Mend::Service,
        false => Mend::Way,
    };
    found(what, mend)
}

/// Why a server that refuses to answer here is not well, where it does answer at another address, with another status.
pub(super) fn refusal(place: &Place, usual: u16) -> Option<Fault> {
    let status = place.head()?.status;
    let why =
        format!("it answers GET {} with status {status}, and at another address with {usual}", place.path);
    (status != usual).then_some(Fault { why, mend: Mend::Service })
}

impl Mend {
    /// What is done at these addresses, and who does it.
    pub(super) fn step(&self, finding: Finding, at: &str) -> Finding {
        match self {
            Self::Address => finding.step(
                Owner::ServerAdmin,
                format!("Let the server, or its load balancer, answer at {at} too"),
            ),
            Self::Service => finding
                .command(
                    Owner::ServerAdmin,
                    format!("Look which services do not run, in the admin shell of the node that has {at}"),
                    "ghe-service-list",
                )
                .step(
                    Owner::Network,
                    format!("Where a load balancer or gateway has {at}, look why it has no healthy server behind it"),
                ),
            Self::Maintenance => finding.command(
                Owner::ServerAdmin,
                format!("When the work is done, end maintenance mode in the admin shell of the node that has {at}"),
                "ghe-maintenance -u",
            ),
            Self::Way => finding.step(
                Owner::Network,
                format!("Find the gateway, filter or login page that answers at {at} in the server's place, and let clients through to the server"),
            ),
            Self::Store => finding.step(
                Owner::Network,
                format!("Keep no copies of what the server answers: exempt it from the cache of the load balancer or gateway at {at}"),
            ),
            Self::Date => finding.step(
                Owner::Network,
                format!("Let whatever stands before the server at {at} pass the server's own Date"),
            ),
        }
    }
}

/// In words.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.why)
    }
}

fn no_reply(place: &Place, asked: &str) -> Fault {
    let began = place.exchange.began.as_deref().unwrap_or_default();
    let (why, mend) = match &place.exchange.failure {
        Some(ExchangeFailure::TimedOut) => (format!("{asked} gets no whole reply in time"), Mend::Service),
        Some(ExchangeFailure::Closed | ExchangeFailure::Reset) | None => {
            (format!("the connection ends before a reply to {asked}"), Mend::Service)
        }
        Some(ExchangeFailure::NotHttp(_)) => {
            (format!("what answers {asked} does not speak HTTP and begins with \"{began}\""), Mend::Way)
        }
        Some(ExchangeFailure::EndlessHead) => {
            (format!("the head of the reply to {asked} has no end"), Mend::Way)
        }
        Some(ExchangeFailure::Other(why)) => (format!("the exchange broke off: {why}"), Mend::Service),
    };
    Fault { why, mend }
}

/// Whether it leads to the server itself.
fn leads_home(head: &Head, host: &str) -> bool {
    head.redirects_to().is_some_and(|to| !is_elsewhere(to, host))
}

/// What a person would read of the page.
fn seen(place: &Place) -> String {
    match place.exchange.words.as_str() {
        "" => String::new(),
        words => format!(": \"{}\"", shown(words, MOST_WORDS)),
    }
}

const MOST_WORDS: usize = 100;

#[cfg(test)]
mod tests {
    use gh_connect_github::server::ServerMetaSays;
    use gh_connect_probe::http::Exchange;

    use super::*;
    use crate::testing::{answered, unanswered};

    const VERSION: (&str, &str) = ("x-github-enterprise-version", "3.19.1");
    const DATE: (&str, &str) = ("date", "Thu, 26 Nov 2026 12:00:00 GMT");

    fn place(exchange: Exchange) -> Place {
        Place { api: Api::Server, path: "/api/v3/meta".to_owned(), exchange, says: None, is_private: false }
    }

    /// What is wrong, where the answer is that of a server; and who mends it.
    fn of_server(exchange: Exchange) -> Option<Mend> {
        let says = ServerMetaSays {
            installed_version: Some("3.19.1".to_owned()),
            verifiable_password_authentication: Some(true),
        };
        fault("ghes.test", &Place { says: Some(says), ..place(exchange) }).map(|fault| fault.mend)
    }

    fn of_another(exchange: Exchange) -> Option<Mend> {
        fault("ghes.test", &place(exchange)).map(|fault| fault.mend)
    }

    #[test]
    fn only_the_servers_own_answer_is_one() {
        let leads_to = |to| answered(302, &[("location", to)], "");
        for (found, expected) in [
            (of_server(answered(200, &[DATE], "")), None),
            (of_server(answered(200, &[VERSION, DATE], "")), None),
            (of_server(answered(200, &[VERSION], "")), Some(Mend::Date)),
            // Private mode, or a limit: the header shows the server.
            (of_another(answered(401, &[VERSION, DATE], "")), None),
            (of_another(answered(429, &[VERSION, DATE], "")), None),
            (of_server(answered(200, &[("age", "99999")], "")), Some(Mend::Store)),
            (of_server(answered(200, &[("x-cache", "HIT")], "")), Some(Mend::Store)),
            (of_another(answered(503, &[], "no healthy upstream")), Some(Mend::Service)),
            (of_server(answered(502, &[VERSION], "")), Some(Mend::Service)),
            (of_another(answered(503, &[VERSION], "Maintenance mode")), Some(Mend::Maintenance)),
            (of_another(answered(200, &[], "Down for maintenance")), Some(Mend::Maintenance)),
            (of_another(answered(200, &[], "Corp single sign-on: password")), Some(Mend::Way)),
            (of_another(answered(200, &[], "It works!")), Some(Mend::Way)),
            (of_another(answered(401, &[], "log in")), Some(Mend::Way)),
            (of_another(answered(403, &[], "blocked by policy")), Some(Mend::Way)),
            (of_another(answered(511, &[], "")), Some(Mend::Way)),
            (of_another(leads_to("https://elsewhere.test/")), Some(Mend::Way)),
            (of_another(leads_to("http://ghes.test/")), Some(Mend::Way)),
            (of_another(leads_to("https://ghes.test/setup")), Some(Mend::Service)),
            (of_another(unanswered(ExchangeFailure::TimedOut)), Some(Mend::Service)),
            (of_another(unanswered(ExchangeFailure::Closed)), Some(Mend::Service)),
            (of_another(unanswered(ExchangeFailure::NotHttp(String::new()))), Some(Mend::Way)),
            (of_another(unanswered(ExchangeFailure::EndlessHead)), Some(Mend::Way)),
        ] {
            assert_eq!(found, expected);
        }
        let private = Place { is_private: true, ..place(answered(401, &[DATE], "")) };
        assert_eq!(fault("ghes.test", &private), None);
        assert_eq!(refusal(&private, 401), None);
        assert_eq!(refusal(&private, 200).map(|fault| fault.mend), Some(Mend::Service));
    }

    #[test]
    fn the_manage_api_demands_a_login_of_strangers() {
        let basic = ("www-authenticate", "Basic realm=\"Management Console\"");
        for (exchange, expected) in [
            (answered(401, &[basic, DATE], "Unauthorized"), None),
            (answered(401, &[DATE], "Unauthorized"), None),
            (answered(401, &[("www-authenticate", "Negotiate")], ""), Some(Mend::Way)),
            (answered(401, &[("www-authenticate", "Basic realm=\"Zscaler\"")], ""), Some(Mend::Way)),
            (answered(200, &[DATE], "[]"), None),
            (answered(200, &[], "Corp single sign-on: password"), Some(Mend::Way)),
            (answered(404, &[], ""), Some(Mend::Way)),
            (answered(503, &[basic], ""), Some(Mend::Service)),
            (answered(401, &[basic, ("age", "7")], ""), Some(Mend::Store)),
        ] {
            let manage = Place { api: Api::Manage, path: "/manage/v1/version".to_owned(), ..place(exchange) };
            assert_eq!(fault("ghes.test", &manage).map(|fault| fault.mend), expected, "{manage:?}");
        }
    }

    proptest::proptest! {
        /// Whatever a stranger's page says, it is not the server's answer.
        #[test]
        fn no_page_passes_for_the_server(status in 100_u16..600, words: String) {
            proptest::prop_assert!(of_another(answered(status, &[], &words)).is_some());
        }
    }
}
