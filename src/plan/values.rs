//! The meaning of single values: from a text and its place to a type, or an error that points there.

use std::net::{IpAddr, SocketAddr};

use gh_connect_engine::{ConnectTo, Seconds};
use ipnet::IpNet;
use url::{Host, Url};

use super::{error::UsageError, said::Said};

/// `https://ghes.corp.example[:8443]`, or the name alone.
pub(super) fn server(said: &Said) -> Result<String, UsageError> {
    let allowed = "allowed: the address of the server, for example https://ghes.corp.example";
    let text = said.text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url =
        Url::parse(&url).map_err(|error| UsageError::at(said, format!("no URL: {error}")).hint(allowed))?;
    let error = |message: &str| Err(UsageError::at(said, message).hint(allowed));
    if !url.username().is_empty() || url.password().is_some() {
        return error("the server's URL holds a user name or password");
    }
    if !matches!(url.scheme(), "https" | "http") {
        return error(&format!(
            "a GitHub Enterprise Server does not speak {}",
            said.spoken(format!("{}://", url.scheme()), "this scheme")
        ));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return error("there is something after the server's name");
    }
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    if host.is_empty() {
        return error("the server's URL has no host");
    }
    if ["github.com", "ghe.com"].iter().any(|cloud| host == *cloud || host.ends_with(&format!(".{cloud}"))) {
        return error(
            "this is GitHub's own host, and no GitHub Enterprise Server: it is told no server's password",
        );
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The slug of an enterprise account.
pub(super) fn enterprise(said: &Said) -> Result<String, UsageError> {
    let text = said.text.trim();
    let fits = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if fits(text) {
        return Ok(text.to_ascii_lowercase());
    }
    let error = UsageError::at(said, "this is not the slug of an enterprise account")
        .hint("allowed: letters, digits and hyphens, as in github.com/enterprises/SLUG");
    let slug = text.split_once("/enterprises/").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    Err(match slug.filter(|slug| fits(slug)) {
        Some(slug) => error.meant(slug),
        None => error,
    })
}

/// The label before `.ghe.com`.
pub(super) fn subdomain(said: &Said) -> Result<String, UsageError> {
    let text = said.text.trim();
    let fits = |text: &str| {
        (1..=63).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    if fits(text) {
        return Ok(text.to_ascii_lowercase());
    }
    let error = UsageError::at(said, "this is not a subdomain of ghe.com")
        .hint("allowed: letters, digits and hyphens: the SUBDOMAIN of SUBDOMAIN.ghe.com");
    let name = text.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default();
    let name = name.strip_suffix(".ghe.com").and_then(|name| name.rsplit('.').next());
    Err(match name.filter(|name| fits(name)) {
        Some(name) => error.meant(name),
        None => error,
    })
}

/// A name server: an address, with a port if it is not 53.
pub(super) fn resolver(said: &Said) -> Result<SocketAddr, UsageError> {
    let text = said.text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    match address.or_else(|_| text.parse::<SocketAddr>()) {
        Ok(address) if address.port() != 0 => Ok(address),
        _ => Err(UsageError::at(said, "this is not the address of a name server")
            .hint("allowed: 192.0.2.53, 192.0.2.53:5353, 2001:db8::53 or [2001:db8::53]:5353")),
    }
}

/// `HOST:PORT:ADDR:PORT2`, each of which may be empty.
pub(super) fn connect_to(said: &Said) -> Result<ConnectTo, UsageError> {
    let error = |message: &str| {
        UsageError::at(said, message)
            .hint("allowed: HOST:PORT:ADDR:PORT2, for example github.com:443:192.0.2.7:8443; IPv6 addresses in brackets")
    };
    let parts = split_outside_brackets(said.text.trim());
    let [host, port, to_host, to_port] = parts.as_slice() else {
        return Err(error(&format!("this has {} parts between colons, not 4", parts.len())));
    };
    let spoken = |part: &str| said.spoken(format!("`{part}`"), "one of the parts");
    let port_of = |text: &str| match text {
        "" => Ok(None),
        text => match text.parse::<u16>() {
            Ok(port) if port != 0 => Ok(Some(port)),
            _ => Err(error(&format!("{} is not a port", spoken(text)))),
        },
    };
    let host = match *host {
        "" => None,
        host => Some(host_name(host).ok_or_else(|| error(&format!("{} is not a host", spoken(host))))?),
    };
    let to_host = match *to_host {
        "" => None,
        to => Some(unbracketed(to).parse().map_err(|_| {
            error(&format!("{} is not an address (a name would have to be resolved first)", spoken(to)))
        })?),
    };
    Ok(ConnectTo { host, port: port_of(port)?, to_host, to_port: port_of(to_port)? })
}

/// `HOST[:PORT]`; the port is 443 unless said.
pub(super) fn host_and_port(said: &Said) -> Result<(String, u16), UsageError> {
    let text = said.text.trim();
    let error = |message: &str| {
        UsageError::at(said, message)
            .hint("allowed: codeload.github.com, codeload.github.com:443 or [2001:db8::1]:443")
    };
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        return Err(error("this is a URL, not a host").meant(host));
    }
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok((text.to_ascii_lowercase(), 443));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => match port.parse::<u16>() {
            Ok(port) if port != 0 => (host, port),
            _ => {
                let port = said.spoken(format!("`{port}`"), "what stands after the colon");
                return Err(error(&format!("{port} is not a port")));
            }
        },
        None => (text, 443),
    };
    if host.contains('*') {
        return Err(error("a pattern of hosts cannot be reached; name one of them"));
    }
    match host_name(host) {
        Some(host) => Ok((host, port)),
        None => Err(error("this is not a host")),
    }
}

/// An address, or a network of them.
pub(super) fn egress(said: &Said) -> Result<IpNet, UsageError> {
    let text = said.text.trim();
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
        UsageError::at(said, "this is not an address")
            .hint("allowed: 198.51.100.7, 2001:db8::7, or a network such as 198.51.100.0/28")
    })
}

/// The URL of a page.
pub(super) fn page(said: &Said) -> Result<String, UsageError> {
    let error = |message: &str| {
        UsageError::at(said, message).hint("allowed: the URL of a page, for example https://ip.corp.example/")
    };
    let url = Url::parse(said.text.trim()).map_err(|reason| error(&format!("no URL: {reason}")))?;
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    if !matches!(url.scheme(), "https" | "http") || host.is_empty() {
        return Err(error("this is not the address of a web page"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(error(
            "the URL holds a user name or password, and the page is asked by nobody in particular",
        ));
    }
    Ok(url.into())
}

/// A span of time.
pub(crate) fn seconds(said: &Said) -> Result<Seconds, UsageError> {
    Seconds::parse(&said.text).map_err(|allowed| {
        UsageError::at(said, "this is no span of time").hint(format!("allowed: {allowed}"))
    })
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(said: &Said, words: &[(&str, T)]) -> Result<T, UsageError> {
    let text = said.text.trim();
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        UsageError::at(said, format!("{} is not known here", said.spoken(format!("`{text}`"), "this")))
            .hint(format!("allowed: {}", names.join(", ")))
            .did_you_mean(text, names)
    })
}

/// A name in ASCII and lower case without the final dot, or an address without brackets.
fn host_name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    match Host::parse(text).ok()? {
        Host::Domain(name) => {
            let label = |label: &str| {
                (1..=63).contains(&label.len())
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            };
            (name.len() <= 253 && name.split('.').all(label)).then_some(name)
        }
        // URLs also take 10.1 for 10.0.0.1; whoever writes that here has forgotten something.
        Host::Ipv4(address) => (address.to_string() == text).then(|| text.to_owned()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ':' && depth == 0
    });
    parts.collect()
}
