//! The egress proxy in world files.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::certificate::{Alert, Certificate, Tls};
use super::host::Tcp;
use super::names;

/// The egress proxy. `[proxy]` alone is a healthy one: `http://proxy.corp.example:3128`, without authentication, open.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Proxy {
    /// Its name.
    #[serde(deserialize_with = "names::one")]
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its address.
    pub address: IpAddr,
    /// What it speaks with its clients.
    pub scheme: ProxyScheme,
    /// What becomes of a SYN to it.
    pub tcp: Tcp,
    /// With `scheme = "https"`: the answer to a ClientHello.
    pub tls: Tls,
    /// With `scheme = "https"`: the alert of `tls = "alert"`.
    pub alert: Alert,
    /// With `scheme = "https"`: the record length in bytes that divides a large hello from a small one.
    pub hello_limit: usize,
    /// With `scheme = "https"`: the proxy's own certificate.
    pub certificate: Certificate,
    /// The authentication that it demands, one scheme or several. Only `basic` can be satisfied.
    #[serde(deserialize_with = "auth_schemes")]
    pub auth: Vec<AuthScheme>,
    /// The user of `basic`.
    pub user: String,
    /// The password of `basic`.
    pub password: String,
    /// Only these hosts are allowed; without being said, all. `*.example.com` covers what is under it, not itself.
    pub allow: Option<Vec<String>>,
    /// These hosts are denied, by 403. `*.example.com` as in `allow`.
    pub deny: Vec<String>,
    /// The ports that CONNECT may name; any other is denied, as proxies do.
    pub connect_ports: Vec<u16>,
    /// What CONNECT answers for every host that `connect` does not hold.
    pub connect_all: ConnectAnswer,
    /// What CONNECT answers for these hosts.
    #[serde(deserialize_with = "names::keyed")]
    pub connect: BTreeMap<String, ConnectRule>,
    /// For which hosts the proxy ends TLS itself, with a certificate of "Corp Inspection CA 2".
    pub inspect: Inspect,
    /// What it does with `GET http://host/`.
    pub plain: PlainProxying,
    /// Further addresses of its name, and the proxies there: healthy but for what is said here, of the same name, port and
    /// scheme.
    #[serde(deserialize_with = "places")]
    pub at: BTreeMap<IpAddr, Proxy>,
}

/// Proxies by their addresses, none of which has further ones.
fn places<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<IpAddr, Proxy>, D::Error> {
    let places = BTreeMap::<IpAddr, Proxy>::deserialize(deserializer)?;
    match places.values().any(|proxy| !proxy.at.is_empty()) {
        true => Err(D::Error::custom("a proxy at one address has no `at`")),
        false => Ok(places),
    }
}

impl Default for Proxy {
    fn default() -> Proxy {
        Proxy {
            host: "proxy.corp.example".into(),
            port: 3128,
            address: IpAddr::from([198, 51, 100, 7]),
            scheme: ProxyScheme::Http,
            tcp: Tcp::Accept,
            tls: Tls::Serve,
            alert: Alert::default(),
            hello_limit: super::Port443::default().hello_limit,
            certificate: Certificate::default(),
            auth: Vec::new(),
            user: "user".into(),
            password: "pass".into(),
            allow: None,
            deny: Vec::new(),
            connect_ports: vec![443],
            connect_all: ConnectAnswer::Open,
            connect: BTreeMap::new(),
            inspect: Inspect::Hosts(Vec::new()),
            plain: PlainProxying::Forward,
            at: BTreeMap::new(),
        }
    }
}

/// What a proxy speaks with its clients.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyScheme {
    /// HTTP in plain.
    Http,
    /// HTTP over TLS.
    Https,
}

/// An authentication scheme that a proxy offers in its 407.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of the registry of HTTP authentication schemes")]
pub enum AuthScheme {
    Basic,
    Ntlm,
    Negotiate,
    Digest,
}

/// The rule for one host.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConnectRule {
    /// What CONNECT answers.
    pub answer: ConnectAnswer,
}

/// What a proxy answers to CONNECT.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectAnswer {
    /// 200, and the tunnel works.
    #[default]
    Open,
    /// 403 with a block page, by policy.
    Denied,
    /// 502.
    BadGateway,
    /// 504.
    GatewayTimeout,
    /// 503.
    Unavailable,
    /// Nothing, ever.
    Silent,
    /// 200, then nothing, ever.
    OpenThenSilent,
    /// 200, then a FIN.
    OpenThenClose,
    /// Bytes that are no HTTP.
    Garbage,
    /// 200 with a head that never ends.
    EndlessHead,
    /// 200 sent in pieces of one byte, and the tunnel works.
    Split,
    /// 405: an ordinary web server, no proxy.
    WebServer,
    /// 200, a byte a second.
    Drip,
    /// 403 with control characters and terminal escapes in head and body.
    Escape,
    /// An informational reply before the 200, and the tunnel works.
    Informational,
    /// 200 with a header of a mebibyte, and the tunnel works.
    Huge,
}

/// For which hosts a proxy ends TLS itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspect {
    /// For these: a list of names.
    Hosts(Vec<String>),
    /// For every host: `"all"`.
    All,
}

impl Inspect {
    pub(crate) fn includes(&self, host: &str) -> bool {
        match self {
            Inspect::All => true,
            Inspect::Hosts(hosts) => hosts.iter().any(|name| name == host),
        }
    }
}

impl<'de> Deserialize<'de> for Inspect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Inspect, D::Error> {
        struct AllOrHosts;

        impl<'de> Visitor<'de> for AllOrHosts {
            type Value = Inspect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`\"all\"` or a list of host names")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Inspect, E> {
                match text {
                    "all" => Ok(Inspect::All),
                    _ => Err(E::custom(format!(
                        "unknown value `{text}`; allowed: `\"all\"` or a list of host names"
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Inspect, A::Error> {
                names::list(SeqAccessDeserializer::new(seq)).map(Inspect::Hosts)
            }
        }

        deserializer.deserialize_any(AllOrHosts)
    }
}

/// What a proxy does with `GET http://host/`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum PlainProxying {
    /// Asks the host's port 80.
    Forward,
    /// 403 with a block page.
    Denied,
}

/// `auth = "none"`, `auth = "ntlm"` or `auth = ["negotiate", "ntlm"]`.
fn auth_schemes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AuthScheme>, D::Error> {
    struct OneOrMany;

    impl<'de> Visitor<'de> for OneOrMany {
        type Value = Vec<AuthScheme>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(
                "`\"none\"`, `\"basic\"`, `\"ntlm\"`, `\"negotiate\"`, `\"digest\"` or a list of these",
            )
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<AuthScheme>, E> {
            match text {
                "none" => Ok(Vec::new()),
                "basic" => Ok(vec![AuthScheme::Basic]),
                "ntlm" => Ok(vec![AuthScheme::Ntlm]),
                "negotiate" => Ok(vec![AuthScheme::Negotiate]),
                "digest" => Ok(vec![AuthScheme::Digest]),
                _ => Err(E::unknown_variant(text, &["none", "basic", "ntlm", "negotiate", "digest"])),
            }
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vec<AuthScheme>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(seq))
        }
    }

    deserializer.deserialize_any(OneOrMany)
}
