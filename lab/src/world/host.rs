//! Hosts in world files: addresses, ports 443 and 80, and what HTTP answers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::certificate::{Alert, Certificate, Tls};

/// A host, as far as it differs from a healthy one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Host {
    /// Its addresses; without being said, one public IPv4 address and no IPv6.
    pub addresses: Option<Vec<IpAddr>>,
    /// TCP and TLS on port 443.
    #[serde(rename = "port-443")]
    pub port_443: Port443,
    /// HTTP over a TLS session.
    pub https: Https,
    /// Port 80.
    #[serde(rename = "port-80")]
    pub port_80: Port80,
    /// Addresses of it at which something else stands: a healthy host but for what is said here.
    #[serde(deserialize_with = "places")]
    pub at: BTreeMap<IpAddr, Host>,
}

/// Hosts by their addresses, none of which has further ones.
fn places<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<IpAddr, Host>, D::Error> {
    let places = BTreeMap::<IpAddr, Host>::deserialize(deserializer)?;
    match places.values().any(|host| host.addresses.is_some() || !host.at.is_empty()) {
        true => Err(D::Error::custom("what stands at one address of a host has no `addresses` and no `at`")),
        false => Ok(places),
    }
}

/// What becomes of a SYN.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Tcp {
    /// Answered; the connection works.
    #[default]
    Accept,
    /// Answered with an RST: nothing listens.
    Refuse,
    /// Never answered: a black hole.
    Silent,
    /// Answered; the connection is reset before any byte.
    Reset,
    /// Never sent: the machine has no route.
    Unreachable,
}

/// TCP and TLS on port 443.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Port443 {
    /// TCP, on every address.
    pub tcp: Tcp,
    /// TCP on the IPv6 addresses; without being said, as `tcp`.
    pub tcp_v6: Option<Tcp>,
    /// The answer to a ClientHello.
    pub tls: Tls,
    /// The alert of `tls = "alert"`.
    pub alert: Alert,
    /// The record length in bytes that divides a large hello from a small one.
    pub hello_limit: usize,
    /// Whether HTTP/2 is offered beside HTTP/1.1; without being said, by GitHub's API alone.
    pub http2: Option<bool>,
    /// The certificate.
    pub certificate: Certificate,
}

impl Default for Port443 {
    fn default() -> Port443 {
        Port443 {
            tcp: Tcp::Accept,
            tcp_v6: None,
            tls: Tls::Serve,
            alert: Alert::default(),
            hello_limit: HELLO_LIMIT,
            http2: None,
            certificate: Certificate::default(),
        }
    }
}

/// Port 80.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Port80 {
    /// TCP, on every address.
    pub tcp: Tcp,
    /// TCP on the IPv6 addresses; without being said, as `tcp`.
    pub tcp_v6: Option<Tcp>,
    /// What a request gets.
    pub answer: PlainAnswer,
    /// Where the redirections of `answer` lead, in place of their usual places.
    pub location: Option<String>,
    /// With `answer = "tls"`: the answer to a ClientHello.
    pub tls: Tls,
    /// With `answer = "tls"`: the alert of `tls = "alert"`.
    pub alert: Alert,
    /// With `answer = "tls"`: the record length in bytes that divides a large hello from a small one.
    pub hello_limit: usize,
    /// With `answer = "tls"`: the certificate.
    pub certificate: Certificate,
}

impl Default for Port80 {
    fn default() -> Port80 {
        Port80 {
            tcp: Tcp::Accept,
            tcp_v6: None,
            answer: PlainAnswer::Redirect,
            location: None,
            tls: Tls::Serve,
            alert: Alert::default(),
            hello_limit: HELLO_LIMIT,
            certificate: Certificate::default(),
        }
    }
}

/// What port 80 answers to a plain request.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum PlainAnswer {
    /// 301 to HTTPS on the same host.
    #[default]
    Redirect,
    /// 301 to another host.
    RedirectElsewhere,
    /// GitHub's own page, with 200 and no redirection.
    GithubPage,
    /// A guest network's portal.
    CaptivePortal,
    /// A web gateway's block page.
    BlockPage,
    /// GitHub's 503.
    Unavailable,
    /// Nothing, ever.
    Silent,
    /// The proper answer, a byte a second.
    Drip,
    /// A head that never ends.
    EndlessHead,
    /// A body that never ends.
    EndlessBody,
    /// Bytes that are no HTTP.
    Garbage,
    /// A FIN.
    Close,
    /// A block page full of control characters and terminal escapes.
    Escape,
    /// Not plain HTTP at all but TLS, as on 443; `tls` and `certificate` then apply here too.
    Tls,
}

/// What HTTP over a TLS session answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Https {
    /// Who answers, and how.
    pub answer: Answer,
    /// A status in place of the usual one.
    pub status: Option<u16>,
    /// A body in place of the usual one.
    pub body: Option<String>,
    /// Headers in place of or beside the usual ones; an empty value takes a header away.
    pub headers: BTreeMap<String, String>,
    /// Where `redirect`, `captive-portal` and `login-page` lead, in place of their usual places.
    pub location: Option<String>,
    /// The `Date` header lies by this many seconds.
    pub date_offset_seconds: i64,
}

/// Who answers over a TLS session, and how.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// GitHub, in good health.
    #[default]
    Github,
    /// A web gateway: 403 and a page that says so.
    BlockPage,
    /// A guest network: a redirection to its portal.
    CaptivePortal,
    /// A single sign-on gateway: 200 and a login form.
    LoginPage,
    /// GitHub: the anonymous rate limit is used up (facts §6).
    RateLimit,
    /// GitHub: 503.
    Unavailable,
    /// Nobody, ever.
    Silent,
    /// GitHub, a byte a second.
    Drip,
    /// A head that never ends.
    EndlessHead,
    /// A body that never ends.
    EndlessBody,
    /// Bytes that are no HTTP.
    Garbage,
    /// The session is closed without an answer.
    Close,
    /// GitHub, with a header of a mebibyte.
    HugeHeader,
    /// A redirection to `location`.
    Redirect,
    /// A block page full of control characters and terminal escapes.
    Escape,
}

/// Between the ClientHello of a client without post-quantum key shares (about 250 bytes) and one with (about 1,400).
const HELLO_LIMIT: usize = 600;
