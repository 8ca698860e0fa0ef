//! What a proxy made of CONNECT to one host.

use gh_connect_engine::{Examination, Finding, Kind, Owner, Plan, Target, shown};
use gh_connect_probe::{
    dns::{NotResolved, Resolution},
    net::Failure,
    proxy::{Outcome, Reply, Tunnel},
    tls::{Chain, End, Fault},
};
use serde_json::json;

use super::{
    AUTH_REJECTED, AUTH_REQUIRED, AUTH_UNSUPPORTED, DENIED, NOT_A_PROXY, REFUSED, TIMEOUT, TLS_FAILED,
    UNREACHABLE, UNRESOLVED, UNTRUSTED, UPSTREAM_FAILED,
    wording::{SETTING, distrust, required, said, span, tls_end, upstream_cause},
};
use crate::wording::and;

/// What is judged.
pub(super) struct Seen<'a> {
    pub(super) target: &'a Target,
    pub(super) tunnel: &'a Tunnel,
    /// How other hosts fare through the same proxy, where [`depends_on_others`].
    pub(super) others: &'a [Other],
    /// What came of resolving the proxy's name, where it has no address.
    pub(super) resolution: Option<&'a Resolution>,
    pub(super) plan: &'a Plan,
}

/// How another host fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) host: String,
    pub(super) open: bool,
}

/// Whether it takes the tunnels to other hosts to say what this outcome means.
pub(super) fn depends_on_others(tunnel: &Tunnel) -> bool {
    match &tunnel.outcome {
        Outcome::Replied(reply) => {
            matches!(class(reply, tunnel.with_credentials), Class::Denied | Class::NoProxy)
        }
        Outcome::Silent { .. } | Outcome::Ended { .. } | Outcome::NotHttp { .. } | Outcome::Endless => true,
        Outcome::Unresolved
        | Outcome::Unconnected { .. }
        | Outcome::ProxyTls { .. }
        | Outcome::Open { .. } => false,
    }
}

/// Judges one tunnel.
pub(super) fn judge(seen: &Seen<'_>) -> Examination {
    match &seen.tunnel.outcome {
        Outcome::Open { .. } => Examination::passed(format!("a tunnel through {}", seen.place())),
        Outcome::Unresolved => seen.unresolved().into(),
        Outcome::Unconnected { failure } => seen.unconnected(failure).into(),
        Outcome::ProxyTls { end, chain, fault } => seen.tls(end, chain.as_ref(), fault.as_deref()).into(),
        Outcome::Silent { received } => seen.silent(*received).into(),
        Outcome::Replied(reply) => seen.replied(reply).into(),
        Outcome::Ended { reset, received } => {
            let how = if *reset { "resets" } else { "closes" };
            let when = match received {
                0 => "without a reply".to_owned(),
                1 => "after one byte of a reply".to_owned(),
                received => format!("after {received} bytes of a reply"),
            };
            seen.no_proxy(format!("{how} the connection {when}")).into()
        }
        Outcome::NotHttp { first, tls: true } => {
            let finding = seen.no_proxy(format!("answers in TLS (\"{first}\")"));
            finding
                .step(Owner::ServerAdmin, format!("If it is an HTTPS proxy, write https:// under {SETTING}"))
                .into()
        }
        Outcome::NotHttp { first, tls: false } => {
            seen.no_proxy(format!("answers with something that is no HTTP: \"{first}\"")).into()
        }
        Outcome::Endless => {
            seen.no_proxy("answers with a head that has no end within 64 KiB".to_owned()).into()
        }
    }
}

impl Seen<'_> {
    fn finding(&self, kind: &'static Kind, message: String) -> Finding {
        let Tunnel { proxy, with_credentials, attempts, outcome, took_us } = self.tunnel;
        let mut evidence = json!({
            "proxy": proxy,
            "with_credentials": with_credentials,
            "attempts": attempts,
            "outcome": outcome,
            "took_us": took_us,
        });
        if let Some(resolution) = self.resolution {
            evidence["resolution"] = json!(resolution);
        }
        Finding::new(kind, self.target.to_string(), message).evidence(evidence)
    }

    /// `proxy.corp.example:3128`.
    fn place(&self) -> &str {
        let proxy = &self.tunnel.proxy;
        let place = proxy.split_once("://").map_or(proxy.as_str(), |(_, place)| place);
        place.rsplit_once('@').map_or(place, |(_, place)| place)
    }

    /// `198.51.100.7`, or nothing.
    fn address(&self) -> String {
        self.tunnel.attempts.first().map(|attempt| attempt.address.ip().to_string()).unwrap_or_default()
    }

    fn unresolved(&self) -> Finding {
        let host = self.place().rsplit_once(':').map_or(self.place(), |(host, _)| host);
        let why = match self.resolution.and_then(|resolution| resolution.failure.as_ref()) {
            None => String::new(),
            Some(NotResolved::TimedOut) => ": resolving it took too long".to_owned(),
            Some(NotResolved::Said(words)) => format!(": {}", shown(words, 120)),
            Some(NotResolved::NameServers) => ": the name servers give none".to_owned(),
        };
        self.finding(&UNRESOLVED, format!("The proxy's name {host} has no address here{why}."))
            .step(Owner::ServerAdmin, format!("Check the spelling of {host} under {SETTING}"))
            .step(Owner::Dns, format!("Make {host} resolve through the name servers that the server uses"))
    }

    fn unconnected(&self, failure: &Failure) -> Finding {
        let (place, address) = (self.place(), self.address());
        let took = span(self.tunnel.took_us);
        let (kind, message) = match failure {
            Failure::TimedOut => (
                &TIMEOUT,
                format!(
                    "The proxy {place} does not answer: {address} stayed silent for {took} to a TCP connection."
                ),
            ),
            Failure::Refused => (
                &REFUSED,
                format!(
                    "The proxy {place} refuses connections: {address} turned the connection down after {took}."
                ),
            ),
            Failure::Reset => {
                (&REFUSED, format!("The proxy {place} ({address}) resets connections after {took}."))
            }
            Failure::Unreachable => {
                (&UNREACHABLE, format!("There is no route to the proxy {place}: {address} is unreachable."))
            }
            Failure::NoSuchFamily => (
                &UNREACHABLE,
                format!("This machine has no address of the family that the proxy {place} has ({address})."),
            ),
            Failure::Prohibited | Failure::Forbidden | Failure::Lacking(_) | Failure::Other(_) => (
                &UNREACHABLE,
                format!(
                    "A connection to the proxy {place} ({address}) fails: {}.",
                    shown(&failure.to_string(), 100)
                ),
            ),
        };
        self.finding(kind, message)
            .step(Owner::Proxy, format!("Say whether {place} is the right place, and that it runs"))
            .step(Owner::Network, format!("Allow TCP from the server to {place}"))
            .step(Owner::ServerAdmin, format!("Correct host or port under {SETTING}"))
    }

    fn tls(&self, end: &End, chain: Option<&Chain>, fault: Option<&Fault>) -> Finding {
        let place = self.place();
        match end {
            End::Distrusted(reason) => self
                .finding(
                    &UNTRUSTED,
                    format!("The certificate of the proxy {place} is not trusted: {}.", distrust(reason, chain, fault)),
                )
                .step(Owner::Proxy, format!("Give {place} a certificate for its name by an authority that the server trusts"))
                .command(
                    Owner::ServerAdmin,
                    "Install the root of the authority that issued it",
                    "ghe-ssl-ca-certificate-install -c ROOT.crt && ghe-config-apply",
                )
                .step(Owner::Operator, "Name that root with --ca-file to see whether it is enough"),
            End::Silent => self
                .finding(
                    &TIMEOUT,
                    format!(
                        "The proxy {place} accepts the connection and then does not answer the TLS handshake within {}.",
                        span(self.tunnel.took_us)
                    ),
                )
                .step(Owner::Proxy, format!("Find out why {place} does not answer TLS; does it speak plain HTTP there?")),
            End::NotTls => self
                .finding(&NOT_A_PROXY, format!("The proxy {place} is set with https://, and what answers there does not speak TLS."))
                .step(Owner::ServerAdmin, format!("Write http:// under {SETTING}, which is the usual way to reach a proxy")),
            other => self
                .finding(&TLS_FAILED, format!("TLS to the proxy {place} fails: {}.", tls_end(other)))
                .step(Owner::Proxy, format!("Let {place} speak TLS 1.2 or 1.3 without a client certificate"))
                .step(Owner::ServerAdmin, format!("Reach the proxy in plain, with http:// under {SETTING}")),
        }
    }

    fn silent(&self, received: usize) -> Finding {
        let (place, target) = (self.place(), self.target);
        let said = match received {
            0 => "says nothing".to_owned(),
            1 => "sends no more than one byte of a reply".to_owned(),
            received => format!("sends no more than {received} bytes of a reply"),
        };
        let open = self.open_to();
        let also = match open.is_empty() {
            true => String::new(),
            false => format!(
                " It does open a tunnel to {}, so it may itself be waiting for this host.",
                and(&open)
            ),
        };
        self.finding(
            &TIMEOUT,
            format!(
                "The proxy {place} accepts the connection and the request for {target}, and {said} within {}.{also}",
                span(self.tunnel.took_us)
            ),
        )
        .step(Owner::Proxy, format!("Look for the CONNECT to {target} in the log of {place}: what does it wait for?"))
        .step(Owner::Network, format!("Let {place} itself out to {target}"))
        .step(Owner::Operator, "On a very slow line try a longer --timeout before anything is changed")
    }

    fn replied(&self, reply: &Reply) -> Finding {
        match class(reply, self.tunnel.with_credentials) {
            Class::Authentication => self.authentication(reply),
            Class::Upstream => self.upstream(reply),
            Class::Denied => self.denied(said(reply)),
            Class::NoProxy => self.no_proxy(format!("answers {}, as a web server does", said(reply))),
        }
    }

    fn authentication(&self, reply: &Reply) -> Finding {
        let place = self.place();
        let basic = reply.schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
        let offered = and(&reply.schemes);
        let exempt = "Exempt the server's address from authentication, at least for these hosts";
        if !basic && !reply.schemes.is_empty() {
            return self
                .finding(
                    &AUTH_UNSUPPORTED,
                    format!(
                        "The proxy {place} demands authentication ({}) and offers only {offered}.",
                        reply.status
                    ),
                )
                .step(Owner::Proxy, format!("{exempt}: {}", required(self.plan)))
                .step(Owner::Proxy, "Offer Basic authentication to the server");
        }
        let realm = reply.realm.as_ref().map_or(String::new(), |realm| format!(" for \"{realm}\""));
        if self.tunnel.with_credentials {
            return self
                .finding(
                    &AUTH_REJECTED,
                    format!("The proxy {place} does not accept the user and password of the setting ({}{realm}).", reply.status),
                )
                .step(
                    Owner::ServerAdmin,
                    format!(
                        "Correct user and password under {SETTING}; a character such as @, : or / in them is written \
                         percent-encoded"
                    ),
                )
                .step(Owner::Proxy, format!("Say whether the account is locked or expired, or {}", lowered(exempt)));
        }
        self.finding(
            &AUTH_REQUIRED,
            format!("The proxy {place} demands authentication ({}{realm}), and the setting has no user and password.", reply.status),
        )
        .step(Owner::Proxy, format!("{exempt}: {}", required(self.plan)))
        .step(Owner::ServerAdmin, format!("Set http://USER:PASSWORD@{place} under {SETTING}"))
    }

    fn upstream(&self, reply: &Reply) -> Finding {
        let (place, target) = (self.place(), self.target);
        let cause = upstream_cause(reply).map_or(String::new(), |cause| format!(" It says that {cause}."));
        self.finding(
            &UPSTREAM_FAILED,
            format!(
                "The proxy {place} is willing, and cannot reach {target} itself: it answers {}.{cause}",
                said(reply)
            ),
        )
        .step(Owner::Proxy, format!("Check name resolution and the route from {place} to {target}"))
        .step(Owner::Network, format!("Let the proxy out to {target}"))
    }

    fn denied(&self, what: String) -> Finding {
        let (place, target) = (self.place(), self.target);
        let pattern = self.pattern().map_or(String::new(), |pattern| format!(" {pattern}"));
        self.finding(&DENIED, format!("The proxy {place} refuses a tunnel to {target}: {what}.{pattern}")).step(
            Owner::Proxy,
            format!(
                "Allow CONNECT from the server to {}, each by its own name: a rule for *.{} does not cover {} itself",
                required(self.plan),
                apex(self.plan),
                apex(self.plan)
            ),
        )
    }

    /// What a rule looks like that lets the others through and not this one.
    fn pattern(&self) -> Option<String> {
        let (host, open) = (self.target.host.as_str(), self.open_to());
        let below =
            |name: &str, domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if let Some(sub) = open.iter().find(|name| below(name, host)) {
            return Some(format!("It opens {sub}: a rule for *.{host} does not cover {host} itself."));
        }
        if let Some(domain) = open.iter().find(|name| below(host, name)) {
            return Some(format!(
                "It opens {domain}: a rule for {domain} alone does not cover what is below it."
            ));
        }
        match (open.as_slice(), self.others.len()) {
            ([], 0) => None,
            ([], _) => Some("It opens none of the other hosts either.".to_owned()),
            (open, _) => Some(format!("It does open {}.", and(open))),
        }
    }

    /// The outcome of something that does not act as a proxy does, unless it is one for other hosts.
    fn no_proxy(&self, what: String) -> Finding {
        let (place, open) = (self.place(), self.open_to());
        if !open.is_empty() {
            return self.denied(format!("it {what}"));
        }
        self.finding(
            &NOT_A_PROXY,
            format!("What answers at {place} is no proxy: asked for a tunnel to {}, it {what}.", self.target),
        )
        .step(Owner::Proxy, "Say at which host and port the proxy takes CONNECT")
        .step(Owner::ServerAdmin, format!("Correct the URL under {SETTING}"))
    }

    fn open_to(&self) -> Vec<&str> {
        self.others.iter().filter(|other| other.open).map(|other| other.host.as_str()).collect()
    }
}

/// What a reply that opens no tunnel means.
enum Class {
    Authentication,
    /// The proxy would, and cannot.
    Upstream,
    /// The proxy could, and will not.
    Denied,
    /// Nobody who is asked for a tunnel answers like that, unless they do not know what one is.
    NoProxy,
}

fn class(reply: &Reply, with_credentials: bool) -> Class {
    match reply.status {
        407 => Class::Authentication,
        // Tinyproxy says 407 to who comes without a password and 401 to who comes with a wrong one.
        401 if with_credentials || !reply.schemes.is_empty() => Class::Authentication,
        101 | 400 | 404 | 405 | 411 | 414 | 421 | 426 | 501 | 505 => Class::NoProxy,
        // A redirection leads to a page that says no, or to a login; 401 and 451 are refusals by another name.
        300..=499 => Class::Denied,
        500.. => Class::Upstream,
        _ => Class::NoProxy,
    }
}

fn apex(plan: &Plan) -> String {
    plan.product.value.apex()
}

fn lowered(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or(String::new(), |first| first.to_lowercase().chain(characters).collect())
}
