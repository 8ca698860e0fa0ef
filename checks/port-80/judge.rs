use gh_connect_engine::{Examination, Finding, Kind, Owner, Plan, Stop, Target, shown};
use gh_connect_probe::http::{Body, Exchange, ExchangeFailure, Head, Plain, PlainReply};

use super::{CAPTIVE_PORTAL, CLOSED, NO_REDIRECT};

/// Judges what port 80 did. Stops as trouble where the exchange ended in a way that says nothing.
pub(super) fn judge(plan: &Plan, target: &Target, plain: &PlainReply) -> Result<Examination, Stop> {
    let case = Case { plan, target, plain };
    let exchange = match &plain.outcome {
        Plain::Unconnected(failure) => {
            return Ok(case.closed(&format!("cannot be connected to: {failure}")).into());
        }
        Plain::Connected(exchange) => exchange,
    };
    let began = exchange.began.as_deref().unwrap_or_default();
    let Some(head) = &exchange.head else {
        return Ok(match &exchange.failure {
            Some(ExchangeFailure::TimedOut) if !began.is_empty() => case.closed(&format!(
                "begins a reply, \"{began}\", and does not get to the end of its head within {}",
                plan.timeout.value
            )),
            Some(ExchangeFailure::TimedOut) => {
                case.closed(&format!("accepts connections and answers nothing within {}", plan.timeout.value))
            }
            Some(ExchangeFailure::Closed | ExchangeFailure::Reset) => {
                case.closed("accepts connections and ends them without a reply")
            }
            Some(ExchangeFailure::NotHttp(_)) if begins_like_tls(began) => case.speaks_tls(),
            Some(ExchangeFailure::NotHttp(_)) => {
                case.somebody_else(&format!("answers with what is no HTTP; it begins with \"{began}\""))
            }
            Some(ExchangeFailure::EndlessHead) => {
                case.somebody_else("answers with a head that had no end within 64 KiB and 100 headers")
            }
            Some(ExchangeFailure::Other(why)) => {
                return Err(Stop::Trouble(format!(
                    "the exchange with port 80 of {} broke off: {why}",
                    target.host
                )));
            }
            None => return Err(Stop::Trouble("the exchange ended without an outcome".to_owned())),
        }
        .into());
    };
    if head.redirects_to().is_some_and(|location| is_https_of(location, &target.host)) {
        return Ok(match never_ends(exchange) {
            true => case.somebody_else("answers with a redirection whose body does not end").into(),
            false => Examination::passed("sends to HTTPS"),
        });
    }
    if head.github_request_id().is_some() && head.status >= 500 {
        return Ok(case.not_served(head).into());
    }
    if head.github_request_id().is_some() {
        return Ok(case.no_redirect(head).into());
    }
    if plain.by_proxy && (matches!(head.status, 403 | 405 | 407 | 451) || head.status >= 500) {
        let what = format!(
            "is not let through by the proxy, which answers with status {}{}",
            head.status,
            seen(exchange)
        );
        return Ok(case.closed(&what).into());
    }
    if !target.required() && head.status != CAPTIVE && head.redirects_to().is_none() {
        // What a host of `--also` does there, nobody has published.
        return Ok(Examination::passed(format!("answers {}", head.status)));
    }
    let what = match head.redirects_to() {
        Some(location) => format!("sends clients to {location}"),
        None => format!("answers with status {}{}", head.status, seen(exchange)),
    };
    Ok(case.somebody_else(&what).into())
}

struct Case<'a> {
    plan: &'a Plan,
    target: &'a Target,
    plain: &'a PlainReply,
}

impl Case<'_> {
    fn closed(&self, what: &str) -> Finding {
        self.finding(&CLOSED, format!("Port 80 of {} {what}.", self.target.host)).step(
            self.owner(),
            format!("Let {}:80 through, which only sends clients to HTTPS", self.target.host),
        )
    }

    /// Port 443 is in order when this is told, so nobody holds anything.
    fn speaks_tls(&self) -> Finding {
        let host = &self.target.host;
        self.finding(&CLOSED, format!("Port 80 of {host} speaks TLS and takes no plain requests.")).step(
            self.owner(),
            format!("Look whether something on the way forwards {host}:80 to 443; nothing has to change for TLS on 443"),
        )
    }

    fn not_served(&self, head: &Head) -> Finding {
        let message = format!(
            "GitHub answers on port 80 of {} with status {}: it does not serve requests there at this time.",
            self.target.host, head.status
        );
        self.finding(&CLOSED, message)
            .step(Owner::Operator, "Look at https://www.githubstatus.com and check again later")
    }

    fn no_redirect(&self, head: &Head) -> Finding {
        let message = format!(
            "GitHub answers on port 80 of {} with status {} and does not send the client to HTTPS.",
            self.target.host, head.status
        );
        self.finding(&NO_REDIRECT, message).step(
            self.owner(),
            format!(
                "Look whether something on the way to {}:80 fetches pages in the client's place",
                self.target.host
            ),
        )
    }

    fn somebody_else(&self, what: &str) -> Finding {
        self.finding(
            &CAPTIVE_PORTAL,
            format!("Somebody else than GitHub holds port 80 of {}: it {what}.", self.target.host),
        )
        .step(
            self.owner(),
            format!("Exempt the server from the portal or gateway that answers for {}:80", self.target.host),
        )
    }

    fn finding(&self, kind: &'static Kind, message: String) -> Finding {
        Finding::new(kind, format!("{}:80", self.target.host), message).evidence(self.plain)
    }

    fn owner(&self) -> Owner {
        if self.plain.by_proxy || !self.plan.route_of(self.target).is_direct() {
            Owner::Proxy
        } else {
            Owner::Network
        }
    }
}

fn never_ends(exchange: &Exchange) -> bool {
    matches!(exchange.body, Body::Endless(_)) || exchange.failure == Some(ExchangeFailure::TimedOut)
}

fn seen(exchange: &Exchange) -> String {
    match exchange.words.as_str() {
        "" => String::new(),
        words => format!(": \"{}\"", shown(words, MOST_WORDS)),
    }
}

/// Whether shown bytes began with an alert or a handshake of TLS (RFC 8446 §5.1).
fn begins_like_tls(began: &str) -> bool {
    began.starts_with("\\x15\\x03") || began.starts_with("\\x16\\x03")
}

/// Whether a location is HTTPS on this very host, at its usual port.
fn is_https_of(location: &str, host: &str) -> bool {
    let Some((scheme, rest)) = location.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = authority.strip_suffix(":443").unwrap_or(authority);
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    scheme.eq_ignore_ascii_case("https") && name.trim_end_matches('.').eq_ignore_ascii_case(host)
}

/// 511 Network Authentication Required (RFC 6585 §6).
const CAPTIVE: u16 = 511;
const MOST_WORDS: usize = 160;
