use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Dialect, Meta, NoProxy, ProxyUrl, Redactor, WhatIf};

/// What was asked for, and where each part of it was said. Checks and facts read it; nothing changes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// What the server is to be connected to.
    pub product: Sourced<Product>,
    /// The hosts to reach, the ones of GitHub Connect first.
    pub targets: Vec<Target>,
    /// The GitHub Enterprise Server's URL.
    pub server: Option<Sourced<String>>,
    /// The enterprise account's slug.
    pub enterprise: Option<Sourced<String>>,
    /// The egress proxy of this run.
    pub proxy: Sourced<ProxySetting>,
    /// Other settings of a proxy that were seen and not used.
    pub other_proxies: Vec<Sourced<ProxySetting>>,
    /// What goes around the proxy.
    pub no_proxy: Sourced<NoProxy>,
    /// Name servers that take the place of the system's; empty for the system's own.
    pub resolvers: Sourced<Vec<SocketAddr>>,
    /// The hosts file that takes the place of the system's.
    pub hosts_file: Option<Sourced<PathBuf>>,
    /// Whom TLS trusts.
    pub trust: Trust,
    /// Where a connection goes instead of where its name or address says.
    pub connect_to: Vec<Sourced<ConnectTo>>,
    /// Whether a connection that no rule of `connect_to` redirects is refused: a lab world never leaves loopback.
    pub loopback_only: bool,
    /// The addresses under which the server leaves the network.
    pub egress_ips: Vec<Sourced<IpNet>>,
    /// For one attempt.
    pub timeout: Sourced<Seconds>,
    /// For the whole run.
    pub deadline: Sourced<Seconds>,
    /// Which checks run.
    pub selection: Selection,
    /// Findings that somebody accepts.
    pub waivers: Vec<Sourced<Waiver>>,
    /// What was said of the account, and of the server.
    #[serde(default)]
    pub account: AccountPlan,
    /// What was set in place of the server's own way, as far as the plan alone tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what_if: Vec<WhatIf>,
    /// The configuration file that was read.
    #[serde(default)]
    pub config: Option<Sourced<PathBuf>>,
}

/// What was said of the account, and of the server, that no interface tells.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AccountPlan {
    /// Who says that the account is invoiced.
    #[serde(default)]
    pub invoiced: Option<Sourced<Attestation>>,
    /// What `ghe-config --get-regexp github-connect` printed in the server's admin shell, as far as it matters; empty for nothing.
    #[serde(default)]
    pub ghe_config: Option<Sourced<String>>,
    /// Why what was said of it tells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ghe_config_unread: Option<Sourced<String>>,
    /// Pages that answer with the address that they were asked from.
    #[serde(default)]
    pub echo: Vec<Sourced<String>>,
    /// The way from this machine to the server, where the plan's proxy is the server's own and so leads from there.
    #[serde(default)]
    pub to_server: Option<WayToServer>,
}

/// A person's word that the enterprise account is invoiced: no interface tells (facts §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Whose word it is.
    pub by: String,
    /// Of which day.
    pub on: Date,
    /// What they saw.
    pub evidence: String,
}

/// A proxy and what goes around it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WayToServer {
    /// The proxy.
    pub proxy: Sourced<ProxySetting>,
    /// What goes around it.
    pub no_proxy: Sourced<NoProxy>,
}

impl Plan {
    /// What holds for a product where nothing is set.
    pub fn new(product: Product) -> Self {
        Self {
            targets: product.targets(),
            product: Sourced::default(product),
            server: None,
            enterprise: None,
            proxy: Sourced::default(ProxySetting::Off),
            other_proxies: Vec::new(),
            no_proxy: Sourced::default(NoProxy::default()),
            resolvers: Sourced::default(Vec::new()),
            hosts_file: None,
            trust: Trust {
                system: Sourced::default(Roots::System),
                extra: Vec::new(),
                public: Sourced::default(Roots::Mozilla),
            },
            connect_to: Vec::new(),
            loopback_only: false,
            egress_ips: Vec::new(),
            timeout: Sourced::default(Seconds(Duration::from_secs(5))),
            deadline: Sourced::default(Seconds(Duration::from_secs(30))),
            selection: Selection::default(),
            waivers: Vec::new(),
            account: AccountPlan::default(),
            what_if: Vec::new(),
            config: None,
        }
    }

    /// The way to a host and port by GitHub Enterprise Server's reading of the exclusion list (facts §1.4).
    pub fn route(&self, host: &str, port: u16) -> Route<'_> {
        let (proxy, no_proxy) = match &self.account.to_server {
            Some(way) if self.is_server(host) => (&way.proxy, &way.no_proxy),
            _ => (&self.proxy, &self.no_proxy),
        };
        match &proxy.value {
            ProxySetting::Off => Route::Direct { excluded_by: None },
            ProxySetting::Invalid { .. } | ProxySetting::Unsupported { .. } => Route::Unusable,
            ProxySetting::Use(proxy) => match no_proxy.value.matched(Dialect::Ghes, host, port) {
                Some(entry) => Route::Direct { excluded_by: Some(entry) },
                None => Route::Proxy(proxy),
            },
        }
    }

    /// Whether `host` is the GitHub Enterprise Server.
    pub fn is_server(&self, host: &str) -> bool {
        self.server_host().is_some_and(|server| server.eq_ignore_ascii_case(host))
    }

    /// The GitHub Enterprise Server's name or address, without brackets.
    pub fn server_host(&self) -> Option<&str> {
        Some(self.server_at()?.0)
    }

    /// The same with the port: that of the scheme unless the URL says another.
    pub fn server_at(&self) -> Option<(&str, u16)> {
        host_and_port(&self.server.as_ref()?.value)
    }

    /// Takes the server's own proxy setting as the one of this run: it is what GitHub Connect uses (facts §0.5). What was
    /// said for this machine stays the way to the server itself.
    pub fn adopt(&mut self, setting: Sourced<ProxySetting>, no_proxy: Sourced<NoProxy>) {
        let proxy = std::mem::replace(&mut self.proxy, setting);
        let no_proxy = std::mem::replace(&mut self.no_proxy, no_proxy);
        if proxy.origin != Origin::default_value() {
            self.other_proxies.insert(0, proxy.clone());
        }
        self.account.to_server = Some(WayToServer { proxy, no_proxy });
    }

    /// The target's route.
    pub fn route_of(&self, target: &Target) -> Route<'_> {
        self.route(&target.host, target.port)
    }

    /// Everything secret in the plan, for the last filter before every sink.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::new();
        let to_server = self.account.to_server.iter().map(|way| &way.proxy);
        for setting in std::iter::once(&self.proxy).chain(&self.other_proxies).chain(to_server) {
            if let ProxySetting::Use(proxy) = &setting.value {
                proxy.teach(&mut redactor);
            }
        }
        redactor
    }
}

/// The host of a URL, without brackets and final dot, and its port.
fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok()?,
        None if !port.is_empty() => return None,
        None if scheme.eq_ignore_ascii_case("http") => 80,
        None => 443,
    };
    let host = host.trim_end_matches('.');
    (!host.is_empty()).then_some((host, port))
}

/// A value and where it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it was said.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value said at `origin`.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A value that nobody said.
    pub fn default(value: T) -> Self {
        Self { value, origin: Origin::default_value() }
    }
}

/// Where a value was said, in words: `flag --proxy`, `gh-connect.toml:12`, `environment HTTPS_PROXY`, `default`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// Said by nobody.
    pub fn default_value() -> Self {
        Self("default".to_owned())
    }
    /// Said on the command line.
    pub fn flag(name: &str) -> Self {
        Self(format!("flag {name}"))
    }
    /// Said in a file, at a line counted from 1.
    pub fn file(path: &str, line: usize) -> Self {
        Self(format!("{path}:{line}"))
    }
    /// Said by an environment variable.
    pub fn environment(name: &str) -> Self {
        Self(format!("environment {name}"))
    }
    /// Said by a lab world.
    pub fn world(name: &str) -> Self {
        Self(format!("lab world {name}"))
    }
    /// Said by a command that was run.
    pub fn command(line: &str) -> Self {
        Self(format!("command {line}"))
    }
    /// Whether somebody said it for a run: on the command line, in the file, in a lab world.
    pub fn is_for_this_run(&self) -> bool {
        self.0 != "default" && !self.0.starts_with("environment ") && !self.0.starts_with("server ")
    }
    /// Said by the server's own settings.
    pub fn server(field: &str) -> Self {
        Self(format!("server {field}"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the server is to be connected to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// GitHub.com.
    GithubCom,
    /// GHE.com: GitHub Enterprise Cloud with data residency, under this subdomain.
    GheCom(String),
}

impl Product {
    /// The hosts that GitHub Connect needs (facts §1.1, §1.2).
    pub fn targets(&self) -> Vec<Target> {
        let apex = self.apex();
        [
            (Role::Web, apex.clone()),
            (Role::Api, format!("api.{apex}")),
            (Role::Uploads, format!("uploads.{apex}")),
        ]
        .into_iter()
        .map(|(role, host)| Target { host, port: 443, role })
        .collect()
    }

    /// `github.com` or `SUBDOMAIN.ghe.com`.
    pub fn apex(&self) -> String {
        match self {
            Self::GithubCom => "github.com".to_owned(),
            Self::GheCom(subdomain) => format!("{subdomain}.ghe.com"),
        }
    }
}

/// A host and port that must be reached over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// A name in lower case without a final dot, or an address without brackets.
    pub host: String,
    /// The port, 443 unless said otherwise.
    pub port: u16,
    /// What it is for.
    pub role: Role,
}

impl Target {
    /// Whether GitHub Connect itself needs it; the others were added by `--also` or `--feature`.
    pub fn required(&self) -> bool {
        self.role != Role::Also
    }
}

/// `host:port`, with brackets around an IPv6 address.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What a host is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The web site.
    Web,
    /// The API.
    Api,
    /// Uploads.
    Uploads,
    /// Any further host.
    Also,
}

/// What is set as the proxy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxySetting {
    /// None.
    Off,
    /// This one.
    Use(ProxyUrl),
    /// Something that is no URL.
    Invalid {
        /// What may be shown of it.
        shown: String,
        /// Why it is none.
        reason: String,
    },
    /// A scheme that cannot carry GitHub Connect.
    Unsupported {
        /// What may be shown of it.
        shown: String,
        /// The scheme.
        scheme: String,
    },
}

/// The way to a host.
#[derive(Clone, Copy, Debug)]
pub enum Route<'a> {
    /// Straight.
    Direct {
        /// The entry of the exclusion list that sends it around the proxy.
        excluded_by: Option<&'a str>,
    },
    /// Through the proxy.
    Proxy(&'a ProxyUrl),
    /// Through a proxy whose setting cannot be used.
    Unusable,
}

impl Route<'_> {
    /// Whether connections go straight.
    pub fn is_direct(&self) -> bool {
        matches!(self, Self::Direct { .. })
    }
}

/// Whom TLS trusts: three sets of roots, judged apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trust {
    /// What this machine trusts.
    pub system: Sourced<Roots>,
    /// What was added by `--ca-file`.
    pub extra: Vec<Sourced<PathBuf>>,
    /// What the public trusts.
    pub public: Sourced<Roots>,
}

/// A set of trusted roots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Roots {
    /// This machine's own store.
    System,
    /// What `SSL_CERT_FILE` and `SSL_CERT_DIR` name in the place of this machine's own store, as OpenSSL has it. A
    /// GitHub Enterprise Server does not have these variables.
    Environment {
        /// A PEM file.
        file: Option<PathBuf>,
        /// Folders of PEM files.
        folders: Vec<PathBuf>,
    },
    /// Mozilla's list, as compiled in.
    Mozilla,
    /// A PEM file.
    File(PathBuf),
}

/// As curl's: a connection to `host:port` goes to `to` instead. `host` is a name or an address; a rule for an address
/// applies to whatever resolves to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectTo {
    /// The host; `None` for any.
    pub host: Option<String>,
    /// The port; `None` for any.
    pub port: Option<u16>,
    /// Where it goes; a part that is `None` stays as it was.
    pub to_host: Option<IpAddr>,
    /// The port it goes to.
    pub to_port: Option<u16>,
}

/// As it is said, `HOST:PORT:ADDR:PORT2`.
impl fmt::Display for ConnectTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bracketed = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let port = |port: Option<u16>| port.map_or_else(String::new, |port| port.to_string());
        let host = self.host.as_deref().map_or_else(String::new, bracketed);
        let to_host = self.to_host.map_or_else(String::new, |to| bracketed(&to.to_string()));
        write!(f, "{host}:{}:{to_host}:{}", port(self.port), port(self.to_port))
    }
}

/// A span of time, in JSON a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

impl Seconds {
    /// Reads a positive number of seconds, fractions allowed, at most a day.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.trim().parse::<f64>() {
            Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => {
                Ok(Self(Duration::from_secs_f64(seconds)))
            }
            _ => Err("a number of seconds from 0.001 to 86400, for example 5 or 0.5"),
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Which checks run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Only these checks or categories; empty for all.
    pub only: Vec<String>,
    /// Not these checks or categories.
    pub skip: Vec<String>,
}

impl Selection {
    /// Whether this check runs.
    pub fn includes(&self, check: &Meta) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == check.id || name == check.category.id());
        !names(&self.skip) && (self.only.is_empty() || names(&self.only))
    }
}

/// A finding that somebody accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The finding's id.
    pub id: String,
    /// Why, in the words of who accepts it.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_and_a_port() {
        for (url, expected) in [
            ("https://ghes.corp.example", Some(("ghes.corp.example", 443))),
            ("https://ghes.corp.example:8443", Some(("ghes.corp.example", 8443))),
            ("https://ghes.corp.example./", Some(("ghes.corp.example", 443))),
            ("http://ghes.corp.example", Some(("ghes.corp.example", 80))),
            ("HTTPS://GHES.corp.example/setup?a=b:1@c", Some(("GHES.corp.example", 443))),
            ("https://ghes.corp.example?/#", Some(("ghes.corp.example", 443))),
            ("https://somebody:secret@ghes.corp.example:8443/", Some(("ghes.corp.example", 8443))),
            ("https://192.0.2.9", Some(("192.0.2.9", 443))),
            ("https://192.0.2.9:1443/", Some(("192.0.2.9", 1443))),
            ("https://[2001:db8::9]", Some(("2001:db8::9", 443))),
            ("https://[2001:db8::9]:8443/", Some(("2001:db8::9", 8443))),
            ("https://[2001:db8::9]8443", None),
            ("https://[2001:db8::9", None),
            ("https://2001:db8::9", None),
            ("https://ghes.corp.example:", None),
            ("https://ghes.corp.example:99999", None),
            ("https://:443", None),
            ("https://../", None),
            ("https://", None),
            ("ghes.corp.example", None),
            ("", None),
        ] {
            assert_eq!(host_and_port(url), expected, "{url}");
        }
    }
}
