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

/// Whose reading of an exclusion list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// GitHub Enterprise Server: a leading `.` is the wildcard, hostnames and addresses match exactly, no CIDR (facts §1.4).
    Ghes,
    /// curl 7.86 and later: suffix match with or without the dot, CIDR, `*`.
    Curl,
    /// Go's `httpproxy`: `example.com` with subdomains, `.example.com` subdomains only, ports, CIDR, `*`, loopback always.
    Go,
    /// Python's `urllib`: suffix match with or without the dot, `*`, no CIDR.
    Python,
    /// Node's `EnvHttpProxyAgent`: exact unless the entry begins with `.` or `*`, ports, no CIDR.
    Node,
}

impl Dialect {
    /// All of them, GitHub Enterprise Server first.
    pub const ALL: [Self; 5] = [Self::Ghes, Self::Curl, Self::Go, Self::Python, Self::Node];
}

impl NoProxy {
    /// Reads a list separated by commas or white space; empty entries are dropped.
    pub fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        Self { entries: entries.map(str::to_owned).collect() }
    }

    /// The entries, as they were written.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// The first entry that sends `host:port` around the proxy in this dialect.
    pub fn matched(&self, dialect: Dialect, host: &str, port: u16) -> Option<&str> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = host.parse().ok();
        let entries = self.entries.iter().find(|entry| {
            let entry = entry.to_ascii_lowercase();
            match dialect {
                Dialect::Ghes => ghes(&entry, host, address),
                Dialect::Curl => curl(&entry, host, address),
                Dialect::Go => go(&entry, host, port, address),
                Dialect::Python => python(&entry, host, port),
                Dialect::Node => node(&entry, host, port),
            }
        });
        entries.map(String::as_str)
    }
}

fn ghes(entry: &str, host: &str, address: Option<IpAddr>) -> bool {
    match (entry.parse::<IpAddr>(), address) {
        (Ok(entry), Some(address)) => entry == address,
        (Ok(_), None) | (Err(_), Some(_)) => false,
        (Err(_), None) if entry.starts_with('.') => entry.len() > 1 && host.ends_with(entry),
        (Err(_), None) => entry == host,
    }
}

fn curl(entry: &str, host: &str, address: Option<IpAddr>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some(address) = address {
        return covers(entry, address);
    }
    is_or_below(host, entry.trim_matches('.'))
}

fn go(entry: &str, host: &str, port: u16, address: Option<IpAddr>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some(address) = address
        && covers(entry, address)
    {
        return true;
    }
    let (name, only_port) = split_port(entry);
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    if let Some(address) = address {
        return name.parse::<IpAddr>().is_ok_and(|entry| entry == address);
    }
    let name = name.strip_prefix('*').unwrap_or(name);
    if name.starts_with('.') { name.len() > 1 && host.ends_with(name) } else { is_or_below(host, name) }
}

fn python(entry: &str, host: &str, port: u16) -> bool {
    let name = entry.trim_start_matches('.');
    entry == "*" || is_or_below(host, name) || is_or_below(&format!("{host}:{port}"), name)
}

fn node(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, only_port) = split_port(entry);
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    let suffix = name.strip_prefix('*').unwrap_or(name);
    if suffix.len() < name.len() || suffix.starts_with('.') {
        suffix.len() > 1 && host.ends_with(suffix)
    } else {
        host == suffix
    }
}

fn is_or_below(host: &str, domain: &str) -> bool {
    !domain.is_empty()
        && (host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn covers(entry: &str, address: IpAddr) -> bool {
    match entry.parse::<IpAddr>() {
        Ok(entry) => entry == address,
        Err(_) => entry.parse::<IpNet>().is_ok_and(|net| net.contains(&address)),
    }
}

/// `host:port` apart; an IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect::{Curl, Ghes, Go, Node, Python};
    use super::*;

    /// Each row: list, host, port, and the dialects in which the list sends the host around the proxy.
    #[test]
    fn each_dialect_reads_the_list_in_its_own_way() {
        let rows: &[(&str, &str, u16, &[Dialect])] = &[
            ("github.com", "github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            ("GitHub.COM", "github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            ("github.com", "api.github.com", 443, &[Curl, Go, Python]),
            (".github.com", "api.github.com", 443, &[Ghes, Curl, Go, Python, Node]),
            (".github.com", "github.com", 443, &[Curl, Python]),
            ("*.github.com", "api.github.com", 443, &[Go, Node]),
            ("*", "api.github.com", 443, &[Curl, Go, Python, Node]),
            ("github.com", "notgithub.com", 443, &[]),
            ("github.com:443", "github.com", 443, &[Go, Python, Node]),
            ("github.com:80", "github.com", 443, &[]),
            ("10.0.0.0/8", "10.1.2.3", 443, &[Curl, Go]),
            ("10.1.2.3", "10.1.2.3", 443, &[Ghes, Curl, Go, Python, Node]),
            ("::1", "[::1]", 443, &[Ghes, Curl, Go, Python, Node]),
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
    }
}
