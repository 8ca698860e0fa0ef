//! Whether TCP connections to the hosts come about, each address family by itself.

mod dead;
#[cfg(test)]
mod tests;
mod torn_down;

use std::net::IpAddr;

use futures::future::{BoxFuture, join, join_all};
use gh_connect_engine::{
    Category, Check, Cx, Examination, Finding, InDoubt, Kind, Meta, Owner, Plan, Route, Severity, Stop,
    Subject, Target,
};
use gh_connect_probe::{
    Endpoint,
    net::Failure,
    path::{self, Ways},
    tcp::{Attempt, Dial, DialKey, Family},
    tls,
};
use serde::Serialize;

/// The check.
pub struct Connect;

static META: Meta = Meta {
    id: "connect",
    title: "TCP connections to port 443",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[&REFUSED, &TIMEOUT, &UNREACHABLE, &RESET, &IPV6_BROKEN, &ADDRESS_DEAD],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "On the machine that gh-connect ran on, see what another program gets, and run gh-connect again",
        command: Some("curl -sv -o /dev/null https://APEX/"),
    },
};

static REFUSED: Kind = Kind {
    id: "connect/refused",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the connection is refused",
    since: "0.1.0",
    world: include_str!("worlds/refused.toml"),
};

static TIMEOUT: Kind = Kind {
    id: "connect/timeout",
    severity: Severity::Blocker,
    undetermined: false,
    title: "nothing answers",
    since: "0.1.0",
    world: include_str!("worlds/timeout.toml"),
};

static UNREACHABLE: Kind = Kind {
    id: "connect/unreachable",
    severity: Severity::Blocker,
    undetermined: false,
    title: "there is no way to the network",
    since: "0.1.0",
    world: include_str!("worlds/unreachable.toml"),
};

static RESET: Kind = Kind {
    id: "connect/reset",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the connection is torn down before a word is said",
    since: "0.1.0",
    world: include_str!("worlds/reset.toml"),
};

static IPV6_BROKEN: Kind = Kind {
    id: "connect/ipv6-broken",
    severity: Severity::Warning,
    undetermined: false,
    title: "IPv4 works and IPv6 does not",
    since: "0.1.0",
    world: include_str!("worlds/ipv6-broken.toml"),
};

static ADDRESS_DEAD: Kind = Kind {
    id: "connect/address-dead",
    severity: Severity::Warning,
    undetermined: false,
    title: "one of the addresses does not answer",
    since: "0.1.0",
    world: include_str!("worlds/address-dead.toml"),
};

impl Check for Connect {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        plan.targets.iter().cloned().map(Subject::Target).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let Subject::Target(target) = subject else {
                return Err(Stop::defect("connect looks at targets only"));
            };
            match cx.plan().route_of(target) {
                Route::Direct { .. } => {}
                Route::Proxy(_) => return Err(Stop::NotApplicable("the proxy connects".to_owned())),
                Route::Unusable => return Err(Stop::blocked("proxy")),
            }
            let endpoint = Endpoint::from(target);
            let dial = |family| {
                let key = DialKey { endpoint: endpoint.clone(), family };
                async move { cx.fact::<Dial>(&key).await }
            };
            let (v4, v6) = join(dial(Family::V4), dial(Family::V6)).await;
            let (v4, v6) = (v4?, v6?);
            let torn_down = torn_down(cx, &endpoint).await;
            judge(target, &v4, &v6, &torn_down)
        })
    }
}

/// The addresses whose connections came about and ended before a word was said, and how.
async fn torn_down(cx: &Cx, endpoint: &Endpoint) -> Vec<(IpAddr, Failure)> {
    let Some(Ways { used, others, .. }) = path::ways(cx, endpoint).await else { return Vec::new() };
    let others = others.into_iter().filter_map(|other| Some((other.at?, other)));
    let ways = std::iter::once((used, endpoint.clone())).chain(others);
    let torn_down = ways.map(async |(address, endpoint)| {
        // What stops the handshake is for `tls` to tell.
        Some((address, tls::torn_down_unasked(cx, &endpoint).await.ok()??))
    });
    join_all(torn_down).await.into_iter().flatten().collect()
}

/// Judges both families. `torn_down` are the connections that came about and ended before a word was said.
fn judge(
    target: &Target,
    v4: &Dial,
    v6: &Dial,
    torn_down: &[(IpAddr, Failure)],
) -> Result<Examination, Stop> {
    let absent = |dial: &Dial| dial.attempts.is_empty();
    let torn_down = &torn_down::all(v4, v6, torn_down);
    let evidence = Evidence {
        ipv4: &v4.attempts,
        ipv6: &v6.attempts,
        torn_down: torn_down.first().map(|(_, failure)| failure),
        torn_down_at: torn_down.iter().map(|(address, _)| *address).collect(),
    };
    let finding = |kind, message| Finding::new(kind, target.to_string(), message).evidence(&evidence);
    let v4_works = v4.connected();
    let v6_works = v6.connected();
    let (deciding, family, other) = match (absent(v4), absent(v6)) {
        (true, true) => return Err(Stop::blocked("dns")),
        (false, _) => (v4, Family::V4, v6),
        (true, false) => (v6, Family::V6, v4),
    };
    if deciding.connected().is_none() {
        let Some(failure) = deciding.failure() else {
            return Err(Stop::Trouble(format!("connecting to {target} ended without an outcome")));
        };
        if let Some(lack) = failure.lack() {
            return Err(lack.stop());
        }
        let mut message = failed(target, family, &deciding.attempts, failure);
        if let Some(works) = other.connected() {
            message.push_str(&format!(
                " IPv6 works ({} in {}), but GitHub Enterprise Server may use either.",
                works.address.ip(),
                span(works.took_us)
            ));
        } else if let Some(failure) = other.failure() {
            message.push_str(&format!(" IPv6 fares no better: {failure}."));
        }
        return Ok(steps(finding(kind(failure), message), target, &deciding.attempts).into());
    }
    let mut findings: Vec<Finding> = torn_down::message(target, v4, v6, torn_down)
        .map(|message| torn_down::steps(finding(&RESET, message), target, torn_down))
        .into_iter()
        .collect();
    if let (Some(v4), None, Some(failure)) = (v4_works, v6_works, v6.failure())
        && !matches!(failure, Failure::Unreachable | Failure::NoSuchFamily | Failure::Reset)
    {
        findings.push(ipv6_broken(&finding, target, v4, v6, failure));
    }
    let dead = [v4, v6].map(|dial| dead::Addresses::of(target, dial));
    findings.extend(dead.iter().flatten().map(|dead| dead.told(finding(&ADDRESS_DEAD, dead.message()))));
    let left_out = v4.left_out + v6.left_out;
    if left_out > 0 && !findings.iter().any(|finding| finding.kind.severity == Severity::Blocker) {
        let looked_at = v4.attempts.len() + v6.attempts.len();
        return Err(Stop::Trouble(format!(
            "{} has {} addresses, of which a run looks at {looked_at}; the server may be led to any of them",
            target.host,
            looked_at + left_out
        )));
    }
    let remark = match (v4_works, v6_works) {
        (Some(_), Some(_)) => "IPv4 and IPv6",
        (Some(_), None) => "IPv4",
        (None, _) => "IPv6",
    };
    let remark = findings.is_empty().then(|| remark.to_owned());
    Ok(Examination { findings, remark, ..Examination::default() })
}

fn ipv6_broken(
    finding: &impl Fn(&'static Kind, String) -> Finding,
    target: &Target,
    v4: &Attempt,
    v6: &Dial,
    failure: &Failure,
) -> Finding {
    let tried = v6.attempts.first();
    let address = tried.map(|attempt| attempt.address.ip().to_string()).unwrap_or_default();
    let took = span(tried.map_or(0, |attempt| attempt.took_us));
    let cost = match failure {
        Failure::TimedOut => format!(
            "Every program that prefers IPv6 waits for it: {FALLBACK_MS} ms where it tries both families at a time \
             (RFC 8305), about two minutes where it does not"
        ),
        _ => format!("Every program that prefers IPv6 loses {took} to each connection"),
    };
    let fared = match failure {
        Failure::TimedOut => format!("got no answer within {took}"),
        other => format!("failed after {took}: {other}"),
    };
    let message = format!(
        "IPv4 connects in {}, but {} also has IPv6 addresses, and {address} {fared}. {cost}.",
        span(v4.took_us),
        target.host
    );
    finding(&IPV6_BROKEN, message)
        .step(
            Owner::Network,
            format!(
                "Let TCP port {} out over IPv6 too, or answer it with an ICMPv6 error instead of silence",
                target.port
            ),
        )
        .step(
            Owner::ServerAdmin,
            "If this network has no working IPv6, take the IPv6 address and default route off the machine, so that \
             nothing tries",
        )
        .step(
            Owner::Dns,
            format!("Leave AAAA records of {} out of the answers that this network gets", target.host),
        )
}

fn kind(failure: &Failure) -> &'static Kind {
    match failure {
        Failure::Refused => &REFUSED,
        Failure::TimedOut => &TIMEOUT,
        Failure::Reset => &RESET,
        _ => &UNREACHABLE,
    }
}

/// What was seen, in a sentence.
fn failed(target: &Target, family: Family, attempts: &[Attempt], failure: &Failure) -> String {
    let first = attempts.first();
    let address = first.map(|attempt| attempt.address.ip().to_string()).unwrap_or_default();
    let took = span(attempts.iter().map(|attempt| attempt.took_us).max().unwrap_or(0));
    let others = match attempts.len().saturating_sub(1) {
        0 => String::new(),
        1 => " and 1 further address".to_owned(),
        more => format!(" and {more} further addresses"),
    };
    let host = &target.host;
    let port = target.port;
    match failure {
        Failure::Refused => {
            format!(
                "{host} refuses connections to port {port}: {address}{others} turned the connection down after {took}."
            )
        }
        Failure::TimedOut => {
            format!(
                "Nothing answers on port {port} of {host}: {address}{others} stayed silent for {took} over {family}."
            )
        }
        Failure::Reset => format!(
            "The connection to port {port} of {host} ({address}{others}) was torn down after {took}, before anything \
             was sent."
        ),
        Failure::Unreachable => format!(
            "There is no route to {host}: the system, or a router, reports {address}{others} as unreachable over {family}."
        ),
        Failure::NoSuchFamily => {
            format!(
                "This machine has no {family}, and {host} has no address that it could use ({address}{others})."
            )
        }
        Failure::Prohibited => format!(
            "A router on the way to {host} says that connections to port {port} of {address}{others} are prohibited (ICMPv6)."
        ),
        Failure::Forbidden | Failure::Lacking(_) | Failure::Other(_) => {
            format!("A connection to port {port} of {host} ({address}{others}) fails: {failure}.")
        }
    }
}

fn steps(finding: Finding, target: &Target, attempts: &[Attempt]) -> Finding {
    let addresses: Vec<String> = attempts.iter().map(|attempt| attempt.address.ip().to_string()).collect();
    let host = &target.host;
    let port = target.port;
    let allow =
        format!("Allow TCP from this machine to {host}, port {port} (now at {})", addresses.join(", "));
    let finding = match finding.kind.id {
        "connect/unreachable" => finding.step(
            Owner::Network,
            format!(
                "Give this machine a route to {host} (now at {}), usually a default route, and let TCP port {port} through; \
                 a local firewall can say the same",
                addresses.join(", ")
            ),
        ),
        "connect/timeout" => {
            finding.step(Owner::Network, format!("{allow}; something drops these packets without an answer"))
        }
        _ => finding.step(Owner::Network, format!("{allow}; something on the way answers in the host's place")),
    };
    finding.step(Owner::ServerAdmin, PROXY_INSTEAD)
}

/// `12.3 ms`, `1.0 s`.
fn span(micros: u64) -> String {
    match micros {
        0..=999 => "less than 1 ms".to_owned(),
        1_000..=999_999 => format!("{} ms", micros / 1_000),
        // A timeout ends a little late; what was waited for is what the reader set.
        _ => format!("{:.1} s", std::time::Duration::from_micros(micros).as_secs_f64()),
    }
}

#[derive(Serialize)]
struct Evidence<'a> {
    ipv4: &'a [Attempt],
    ipv6: &'a [Attempt],
    #[serde(skip_serializing_if = "Option::is_none")]
    torn_down: Option<&'a Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    torn_down_at: Vec<IpAddr>,
}

const PROXY_INSTEAD: &str = "If this network only lets traffic out through a proxy, set it in the Management Console under \
                             Privacy > HTTP Proxy Server, and run this check with --proxy";
/// RFC 8305 §5.
const FALLBACK_MS: u32 = 250;
