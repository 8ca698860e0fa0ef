use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The proxy exclusion list, and how the programs that read such lists understand it.
///
/// GitHub Enterprise Server's own rules decide the route of a run; the other dialects are evidence for the admin whose
/// shell, runner or script behaves differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoProxy {
    entries: Vec<String>,
}

/// Whose reading of an exclusion list. Each is what the program does by its own documentation and source; where versions
/// differ, the present one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// GitHub Enterprise Server: a leading `.` is the wildcard, names and addresses otherwise match exactly; no `*`, no
    /// CIDR, no port (GitHub docs: Configuring an outbound web proxy server; facts §1.4). Whether `.example.com` covers
    /// `example.com` too is not documented; it is taken not to.
    Ghes,
    /// curl from 8.9: names match themselves and what is below them, with or without the leading dot; CIDR since 7.86; `*`
    /// only when it is the whole list; a blank ends the list (curl docs: `--noproxy`, DEPRECATE "space-separated NOPROXY
    /// patterns"). No port.
    Curl,
    /// Go's `golang.org/x/net/http/httpproxy`: `example.com` and what is below it, `.example.com` and `*.example.com` only
    /// what is below; ports, CIDR, `*` anywhere; loopback and `localhost` always go around the proxy.
    Go,
    /// Python's `urllib.request.proxy_bypass_environment`: text only. Names match themselves and what is below them, with
    /// or without the leading dot; `*` only when it is the whole list; no CIDR; a port only where the URL spells it out,
    /// which it does not for 443; IPv6 in brackets.
    Python,
    /// Node's `EnvHttpProxyAgent` as in undici 8 (Node 26): names match themselves and what is below them, with or without
    /// the leading dot; `*.example.com` only what is below; ports; `*`; no CIDR. Undici 6 (Node 20 and 22) takes a name
    /// without a leading `.` or `*` literally.
    Node,
}

impl Dialect {
    /// All of them, GitHub Enterprise Server first.
    pub const ALL: [Self; 5] = [Self::Ghes, Self::Curl, Self::Go, Self::Python, Self::Node];

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ghes => "GitHub Enterprise Server",
            Self::Curl => "curl",
            Self::Go => "Go",
            Self::Python => "Python",
            Self::Node => "Node",
        }
    }
}

impl NoProxy {
    /// Reads a list separated by commas; empty entries are dropped. Blanks inside an entry separate too, but not for
    /// everybody ([`NoProxy::matched`]).
    pub fn parse(list: &str) -> Self {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        Self { entries: entries.map(str::to_owned).collect() }
    }

    /// The entries between the commas, as they were written.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// The first entry that sends `https://host:port` around the proxy in this dialect. [`NoProxy::ALWAYS`] stands for a
    /// rule that needs no entry.
    pub fn matched(&self, dialect: Dialect, host: &str, port: u16) -> Option<&str> {
        let to = Destination::new(host, port);
        match dialect {
            Dialect::Ghes => self.words().find(|word| ghes(&lower(word), &to)),
            Dialect::Curl if self.is_star() => Some("*"),
            Dialect::Curl => self.up_to_first_blank().find(|word| curl(&lower(word), &to)),
            Dialect::Go if to.is_loopback() => Some(Self::ALWAYS),
            Dialect::Go => self.entries.iter().map(String::as_str).find(|entry| go(&lower(entry), &to)),
            Dialect::Python if self.is_star() => Some("*"),
            Dialect::Python => {
                self.entries.iter().map(String::as_str).find(|entry| python(&lower(entry), &to))
            }
            Dialect::Node => self.words().find(|word| node(&lower(word), &to)),
        }
    }

    /// What [`NoProxy::matched`] gives in the place of an entry where the program goes around the proxy without one.
    pub const ALWAYS: &str = "(loopback, always)";

    fn is_star(&self) -> bool {
        self.entries.len() == 1 && self.entries.iter().all(|entry| entry == "*")
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().flat_map(|entry| entry.split_whitespace())
    }

    fn up_to_first_blank(&self) -> impl Iterator<Item = &str> {
        let mut ended = false;
        self.entries.iter().map_while(move |entry| {
            let word = entry.split_whitespace().next().filter(|_| !ended);
            ended |= word.is_some_and(|word| word.len() < entry.len());
            word
        })
    }
}

/// Where a request goes.
struct Destination {
    /// In lower case, without brackets and final dot.
    host: String,
    address: Option<IpAddr>,
    port: u16,
}

impl Destination {
    fn new(host: &str, port: u16) -> Self {
        let host =
            host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
        Self { address: host.parse().ok(), host, port }
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.address.is_some_and(|address| address.is_loopback())
    }

    fn is_or_is_below(&self, domain: &str) -> bool {
        self.host == domain || self.is_below(domain)
    }

    fn is_below(&self, domain: &str) -> bool {
        !domain.is_empty() && self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    }
}

fn ghes(entry: &str, to: &Destination) -> bool {
    match (entry.parse::<IpAddr>(), to.address) {
        (Ok(entry), Some(address)) => entry == address,
        (Ok(_), None) | (Err(_), Some(_)) => false,
        (Err(_), None) => match entry.strip_prefix('.') {
            Some(domain) => to.is_below(domain),
            None => entry == to.host,
        },
    }
}

fn curl(entry: &str, to: &Destination) -> bool {
    if let Some(address) = to.address {
        return covers(entry, address);
    }
    let entry = entry.strip_suffix('.').unwrap_or(entry);
    to.is_or_is_below(entry.strip_prefix('.').unwrap_or(entry))
}

fn go(entry: &str, to: &Destination) -> bool {
    if entry == "*" || (entry.contains('/') && to.address.is_some_and(|address| covers(entry, address))) {
        return true;
    }
    let (name, only_port) = split_port(entry);
    if only_port.is_some_and(|only| only != to.port) {
        return false;
    }
    if let Ok(entry) = name.parse::<IpAddr>() {
        return to.address == Some(entry);
    }
    let name = if name.starts_with("*.") { &name[1..] } else { name };
    match name.strip_prefix('.') {
        Some(domain) => to.is_below(domain),
        None => to.is_or_is_below(name),
    }
}

fn python(entry: &str, to: &Destination) -> bool {
    let name = entry.trim_start_matches('.');
    let bracketed = |host: &str| match to.address {
        Some(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_owned(),
    };
    let host = bracketed(&to.host);
    let spelled_out = if to.port == 443 { host.clone() } else { format!("{host}:{}", to.port) };
    [host, spelled_out].iter().any(|host| host == name || host.ends_with(&format!(".{name}")))
}

fn node(entry: &str, to: &Destination) -> bool {
    let only_below = entry.starts_with('*');
    let (name, only_port) = split_port(entry);
    if only_port.is_some_and(|only| only != 0 && only != to.port) {
        return false;
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    let name = name.strip_prefix('.').unwrap_or(name);
    let name = name.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(name);
    name == "*" || (!only_below && to.host == name) || to.is_below(name)
}

fn covers(entry: &str, address: IpAddr) -> bool {
    match entry.parse::<IpAddr>() {
        Ok(entry) => entry == address,
        Err(_) => entry.parse::<IpNet>().is_ok_and(|net| net.contains(&address)),
    }
}

/// `host:port` apart, brackets dropped; an IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    };
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

fn lower(entry: &str) -> String {
    entry.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Dialect::{Curl, Ghes, Go, Node, Python};
    use super::*;

    /// Each row: list, host, port, and the dialects in which the list sends the host around the proxy. The columns of
    /// Python (3.11), Node (undici 8.12) and curl (7.88, but for blanks and IPv6) were read off the programs themselves.
    #[test]
    fn each_dialect_reads_the_list_in_its_own_way() {
        let rows: &[(&str, &str, u16, &[Dialect])] = &[
            ("github.com", "github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            ("GitHub.COM", "github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            ("github.com", "api.github.com", 443, &[Curl, Go, Python, Node]),
            (".github.com", "api.github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            (".github.com", "github.com", 443, &[Curl, Python, Node]),
            ("*.github.com", "api.github.com", 443, &[Go, Node]),
            ("*.github.com", "github.com", 443, &[]),
            ("*github.com", "api.github.com", 443, &[]),
            ("..github.com", "api.github.com", 443, &[Python]),
            ("*", "api.github.com", 443, &[Curl, Go, Python, Node]),
            ("*,foo", "api.github.com", 443, &[Go, Node]),
            ("foo,*", "api.github.com", 443, &[Go, Node]),
            ("github.com", "notgithub.com", 443, &[]),
            ("com", "github.com", 443, &[Curl, Go, Python, Node]),
            ("github.com:443", "github.com", 443, &[Go, Node]),
            ("github.com:443", "api.github.com", 443, &[Go, Node]),
            ("github.com:8443", "github.com", 8443, &[Go, Python, Node]),
            ("github.com:80", "github.com", 443, &[]),
            ("github.com.", "github.com", 443, &[Curl, Node]),
            ("10.0.0.0/8", "10.1.2.3", 443, &[Curl, Go]),
            ("10.0.0.0/8", "github.com", 443, &[]),
            ("10.1.2.3", "10.1.2.3", 443, &[Ghes, Curl, Go, Python, Node]),
            ("10.1.2.3:443", "10.1.2.3", 443, &[Go, Node]),
            (".2.3", "10.1.2.3", 443, &[Go, Python, Node]),
            ("2001:db8::1", "[2001:db8::1]", 443, &[Ghes, Curl, Go, Node]),
            ("[2001:db8::1]", "[2001:db8::1]", 443, &[Go, Python, Node]),
            ("[2001:db8::1]:443", "[2001:db8::1]", 443, &[Go, Node]),
            ("2001:db8::/32", "[2001:db8::1]", 443, &[Curl, Go]),
            ("foo github.com", "github.com", 443, &[Ghes, Node]),
            ("github.com foo", "github.com", 443, &[Ghes, Curl, Node]),
            ("github.com ,foo", "github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            ("foo\tbar,github.com", "github.com", 443, &[Ghes, Go, Python, Node]),
            ("foo,, github.com", "github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            ("foo;github.com", "github.com", 443, &[]),
            ("https://github.com", "github.com", 443, &[]),
            ("x", "localhost", 443, &[Go]),
            ("x", "[::1]", 443, &[Go]),
            ("", "github.com", 443, &[]),
            (".", "github.com", 443, &[]),
        ];
        for (list, host, port, expected) in rows {
            let list_read = NoProxy::parse(list);
            let matched: Vec<_> =
                Dialect::ALL.into_iter().filter(|d| list_read.matched(*d, host, *port).is_some()).collect();
            assert_eq!(&matched, expected, "{list} for {host}:{port}");
        }
    }

    #[test]
    fn the_matching_entry_is_named() {
        let list = NoProxy::parse("localhost, .corp.example\t.github.com");
        assert_eq!(list.matched(Ghes, "api.github.com", 443), Some(".github.com"));
        assert_eq!(list.matched(Go, "127.0.0.1", 443), Some(NoProxy::ALWAYS));
    }

    proptest! {
        #[test]
        fn any_list_is_read_by_everybody(
            list in r"[a-c.*:,/ \[\]0-9\t-]{0,40}",
            host in r"[a-c.0-9\[\]:]{0,16}",
            port: u16,
        ) {
            let read = NoProxy::parse(&list);
            for dialect in Dialect::ALL {
                if let Some(entry) = read.matched(dialect, &host, port) {
                    prop_assert!(entry == NoProxy::ALWAYS || list.contains(entry));
                }
            }
        }
    }
}
