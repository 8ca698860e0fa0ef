use std::fmt;

use rustls::pki_types::{IpAddr, ServerName};
use x509_parser::{
    extensions::{GeneralName, NameConstraints, ParsedExtension},
    oid_registry::OID_PKCS9_EMAIL_ADDRESS,
};

use super::certificate::{Cert, canonical};

/// Whether a certificate is for this host (`X509_check_host`, `X509_check_ip_asc`). Without a DNS name in its
/// subjectAltName the common name counts.
pub(super) fn fit(cert: &Cert<'_>, host: &ServerName<'_>) -> bool {
    let names = alternative_names(cert);
    match host {
        ServerName::DnsName(host) => {
            let host = host.as_ref();
            let dns: Vec<&str> = names.iter().filter_map(|name| dns_name(name)).collect();
            match dns.as_slice() {
                [] => common_names(cert).iter().any(|name| matches(name, host)),
                dns => dns.iter().any(|name| matches(name, host)),
            }
        }
        ServerName::IpAddress(IpAddr::V4(address)) => has_address(&names, address.as_ref()),
        ServerName::IpAddress(IpAddr::V6(address)) => has_address(&names, address.as_ref()),
        _ => false,
    }
}

fn has_address(names: &[&GeneralName<'_>], address: &[u8]) -> bool {
    names.iter().any(|name| matches!(name, GeneralName::IPAddress(bytes) if *bytes == address))
}

fn alternative_names<'c>(cert: &'c Cert<'_>) -> Vec<&'c GeneralName<'c>> {
    let names = cert.x509.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    names.flatten().collect()
}

fn dns_name<'c>(name: &GeneralName<'c>) -> Option<&'c str> {
    match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    }
}

fn common_names(cert: &Cert<'_>) -> Vec<String> {
    let names = cert.x509.subject().iter_common_name();
    names.filter_map(|name| name.as_str().ok().map(str::to_owned)).collect()
}

/// Whether a name in a certificate covers `host` by OpenSSL's rules: one `*`, in the first label, at its beginning or its
/// end, with at least two labels behind it.
pub(crate) fn matches(pattern: &str, host: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*').filter(|(before, after)| is_wildcard(before, after))
    else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let (Some(head), Some(middle)) = (host.get(..before.len()), host.len().checked_sub(after.len())) else {
        return false;
    };
    let (Some(between), Some(tail)) = (host.get(before.len()..middle), host.get(middle..)) else {
        return false;
    };
    let whole_label = before.is_empty() && after.starts_with('.');
    let is_idn = between.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    head.eq_ignore_ascii_case(before)
        && tail.eq_ignore_ascii_case(after)
        && between.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && if whole_label { !between.is_empty() } else { !is_idn }
}

fn is_wildcard(before: &str, after: &str) -> bool {
    let labels: Vec<&str> = after.split('.').collect();
    let good = |label: &str| {
        !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let at_an_edge = before.is_empty() || after.starts_with('.');
    at_an_edge
        && !before.contains('.')
        && !before.to_ascii_lowercase().starts_with("xn--")
        && good(before)
        && good(labels[0])
        && labels.len() > 2
        && labels[1..].iter().all(|label| !label.is_empty() && good(label))
}

/// Why a CA may not vouch for a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Constraint {
    /// It may only vouch for these, and this is none.
    Permitted(Vec<String>),
    /// It may not vouch for this.
    Excluded(String),
    /// OpenSSL does not know this kind of constraint, and refuses it.
    Unsupported,
}

impl Constraint {
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Permitted(_) => 47,
            Self::Excluded(_) => 48,
            Self::Unsupported => 51,
        }
    }
}

/// As the predicate of a sentence on the CA.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permitted(names) => write!(f, "may only vouch for {}", names.join(", ")),
            Self::Excluded(name) => write!(f, "may not vouch for {name}"),
            Self::Unsupported => f.write_str("has name constraints of a kind that OpenSSL does not know"),
        }
    }
}

/// Whether the nameConstraints of `above` let it vouch for `cert` (`NAME_CONSTRAINTS_check`).
pub(super) fn within(cert: &Cert<'_>, above: &Cert<'_>, is_leaf: bool) -> Result<(), Constraint> {
    let constraints =
        above.x509.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::NameConstraints(constraints) => Some(constraints),
            _ => None,
        });
    let Some(constraints) = constraints else { return Ok(()) };
    let alternative = alternative_names(cert);
    let trees = constraints.permitted_subtrees.as_ref().map_or(0, Vec::len)
        + constraints.excluded_subtrees.as_ref().map_or(0, Vec::len);
    if alternative.len().saturating_mul(trees) > MOST_COMPARED {
        return Err(Constraint::Unsupported);
    }
    let subject = cert.x509.subject();
    if subject.iter().next().is_some() {
        match_one(&GeneralName::DirectoryName(subject.clone()), constraints)?;
    }
    for email in subject.iter_by_oid(&OID_PKCS9_EMAIL_ADDRESS) {
        let text = email.as_str().map_err(|_| Constraint::Unsupported)?;
        match_one(&GeneralName::RFC822Name(text), constraints)?;
    }
    for name in &alternative {
        match_one(name, constraints)?;
    }
    if is_leaf && !alternative.iter().any(|name| dns_name(name).is_some()) {
        for name in common_names(cert).iter().filter(|name| is_dns_like(name)) {
            match_one(&GeneralName::DNSName(name), constraints)?;
        }
    }
    Ok(())
}

/// At least one permitted subtree of the name's kind, where there are any, and no excluded one.
fn match_one(name: &GeneralName<'_>, constraints: &NameConstraints<'_>) -> Result<(), Constraint> {
    let of_kind = |trees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| -> Vec<usize> {
        let trees = trees.iter().flatten().enumerate();
        trees.filter(|(_, tree)| kind(&tree.base) == kind(name)).map(|(nth, _)| nth).collect()
    };
    let inside = |base: &GeneralName<'_>| is_inside(name, base).ok_or(Constraint::Unsupported);
    let permitted = of_kind(&constraints.permitted_subtrees);
    let mut found = permitted.is_empty();
    for base in permitted.iter().filter_map(|nth| constraints.permitted_subtrees.as_ref()?.get(*nth)) {
        found = found || inside(&base.base)?;
    }
    if !found {
        let all = permitted.iter().filter_map(|nth| constraints.permitted_subtrees.as_ref()?.get(*nth));
        return Err(Constraint::Permitted(all.take(MOST_NAMED).map(|tree| shown(&tree.base)).collect()));
    }
    for nth in of_kind(&constraints.excluded_subtrees) {
        let base = constraints.excluded_subtrees.as_ref().and_then(|trees| trees.get(nth));
        if let Some(tree) = base
            && inside(&tree.base)?
        {
            return Err(Constraint::Excluded(shown(name)));
        }
    }
    Ok(())
}

/// The number of the kind (RFC 5280 §4.2.1.6).
fn kind(name: &GeneralName<'_>) -> u32 {
    match name {
        GeneralName::OtherName(..) => 0,
        GeneralName::RFC822Name(_) => 1,
        GeneralName::DNSName(_) => 2,
        GeneralName::X400Address(_) => 3,
        GeneralName::DirectoryName(_) => 4,
        GeneralName::EDIPartyName(_) => 5,
        GeneralName::URI(_) => 6,
        GeneralName::IPAddress(_) => 7,
        GeneralName::RegisteredID(_) => 8,
        GeneralName::Invalid(tag, _) => tag.0,
    }
}

/// Whether a name is in a subtree; `None` where OpenSSL does not know how to compare.
fn is_inside(name: &GeneralName<'_>, base: &GeneralName<'_>) -> Option<bool> {
    Some(match (name, base) {
        (GeneralName::DirectoryName(name), GeneralName::DirectoryName(base)) => {
            canonical(name).starts_with(&canonical(base))
        }
        (GeneralName::DNSName(name), GeneralName::DNSName(base)) => {
            is_below(name, base, base.starts_with('.'))
        }
        (GeneralName::RFC822Name(name), GeneralName::RFC822Name(base)) => {
            let (local, host) = name.rsplit_once('@')?;
            match base.rsplit_once('@') {
                Some((base_local, base_host)) => {
                    (base_local.is_empty() || base_local == local) && host.eq_ignore_ascii_case(base_host)
                }
                None if base.starts_with('.') => name.len() > base.len() && ends_with(name, base),
                None => host.eq_ignore_ascii_case(base),
            }
        }
        (GeneralName::URI(name), GeneralName::URI(base)) => {
            let host = name.split_once(':')?.1.strip_prefix("//")?;
            let host = host.split([':', '/']).next().filter(|host| !host.is_empty())?;
            match base.starts_with('.') {
                true => host.len() > base.len() && ends_with(host, base),
                false => host.eq_ignore_ascii_case(base),
            }
        }
        (GeneralName::IPAddress(name), GeneralName::IPAddress(base)) => {
            base.len() == 2 * name.len() && {
                let (network, mask) = base.split_at(name.len());
                name.iter()
                    .zip(network.iter().zip(mask))
                    .all(|(byte, (network, mask))| byte & mask == network & mask)
            }
        }
        _ => return None,
    })
}

fn is_below(name: &str, base: &str, dotted: bool) -> bool {
    base.is_empty()
        || name.eq_ignore_ascii_case(base)
        || ends_with(name, base)
            && (dotted
                || name.len().checked_sub(base.len() + 1).is_some_and(|at| name.as_bytes()[at] == b'.'))
}

fn ends_with(name: &str, end: &str) -> bool {
    let tail = name.len().checked_sub(end.len()).and_then(|at| name.as_bytes().get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// Whether a common name looks like a host's.
fn is_dns_like(name: &str) -> bool {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let good = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'))
    };
    labels.len() > 1 && labels.iter().all(good)
}

fn shown(name: &GeneralName<'_>) -> String {
    let text = match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            (*text).to_owned()
        }
        GeneralName::DirectoryName(name) => name.to_string(),
        GeneralName::IPAddress(bytes) => bytes.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        _ => "names of another kind".to_owned(),
    };
    gh_connect_engine::shown(&text, 120)
}

/// As OpenSSL's own limit: more would take too long.
const MOST_COMPARED: usize = 1 << 20;
const MOST_NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cover_hosts_as_openssl_has_it() {
        for (pattern, host, expected) in [
            ("github.com", "github.com", true),
            ("GitHub.com", "github.COM", true),
            ("github.com.", "github.com", false),
            ("*.github.com", "api.github.com", true),
            ("*.github.com", "github.com", false),
            ("*.github.com", "a.b.github.com", false),
            ("*.com", "github.com", false),
            ("*", "github.com", false),
            ("a*.github.com", "api.github.com", true),
            ("*i.github.com", "api.github.com", true),
            ("a*i.github.com", "api.github.com", false),
            ("g*.com", "github.com", false),
            ("api.*.com", "api.github.com", false),
            ("*.*.com", "api.github.com", false),
            ("xn--*.github.com", "xn--a.github.com", false),
            ("x*.github.com", "xn--a.github.com", true),
            ("*.github.com", "xn--a.github.com", true),
            ("*a.github.com", "xn--a.github.com", false),
            ("*.-github.com", "a.-github.com", false),
            ("", "github.com", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} for {host}");
        }
    }

    #[test]
    fn subtrees_hold_what_is_below_them() {
        use GeneralName::{DNSName, IPAddress, RFC822Name, URI};
        for (name, base, expected) in [
            (DNSName("api.corp.example"), DNSName("corp.example"), Some(true)),
            (DNSName("CORP.example"), DNSName("corp.example"), Some(true)),
            (DNSName("xcorp.example"), DNSName("corp.example"), Some(false)),
            (DNSName("api.corp.example"), DNSName(".corp.example"), Some(true)),
            (DNSName("corp.example"), DNSName(".corp.example"), Some(false)),
            (DNSName("github.com"), DNSName(""), Some(true)),
            (RFC822Name("a@corp.example"), RFC822Name("corp.example"), Some(true)),
            (RFC822Name("a@x.corp.example"), RFC822Name(".corp.example"), Some(true)),
            (RFC822Name("a@corp.example"), RFC822Name("b@corp.example"), Some(false)),
            (RFC822Name("corp.example"), RFC822Name("corp.example"), None),
            (URI("https://corp.example:1/x"), URI("corp.example"), Some(true)),
            (URI("urn:x"), URI("corp.example"), None),
            (IPAddress(&[10, 1, 2, 3]), IPAddress(&[10, 0, 0, 0, 255, 0, 0, 0]), Some(true)),
            (IPAddress(&[11, 1, 2, 3]), IPAddress(&[10, 0, 0, 0, 255, 0, 0, 0]), Some(false)),
            (IPAddress(&[0; 16]), IPAddress(&[10, 0, 0, 0, 255, 0, 0, 0]), Some(false)),
        ] {
            assert_eq!(is_inside(&name, &base), expected, "{name} in {base}");
        }
    }
}
