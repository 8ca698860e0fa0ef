//! What a text says as the name of a server. People and interfaces write such names in many ways.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, quirks};

/// The name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// An address.
    Address(IpAddr),
    /// A name of the DNS: in ASCII and small letters, without a final dot.
    Domain(String),
    /// None that can be read, and so perhaps any server's.
    Unreadable,
}

impl Name {
    /// The name in `text`, beside which may stand white space, a scheme, a user, a port and a path.
    pub(super) fn of(text: &str) -> Self {
        read(text).unwrap_or(Self::Unreadable)
    }
}

/// Whether a text is a name that can be read, so that another one is another server's.
pub fn is_readable_name(text: &str) -> bool {
    Name::of(text) != Name::Unreadable
}

/// Whether every machine calls itself so: `localhost`, and addresses that lead no further than the own link.
pub(super) fn is_of_every_machine(name: &Name) -> bool {
    match name {
        Name::Unreadable => false,
        Name::Domain(name) => {
            ["localhost", "localdomain"].iter().any(|last| name.rsplit('.').next() == Some(last))
        }
        Name::Address(IpAddr::V4(own)) => own.is_loopback() || own.is_unspecified() || own.is_link_local(),
        Name::Address(IpAddr::V6(own)) => {
            own.is_loopback() || own.is_unspecified() || own.is_unicast_link_local()
        }
    }
}

/// Whether two addresses are one machine's: the same, or an IPv6 address at whose end the IPv4 address stands, as behind NAT64
/// (RFC 6052).
pub(super) fn is_same_address(one: IpAddr, other: IpAddr) -> bool {
    match (one.to_canonical(), other.to_canonical()) {
        (IpAddr::V4(inner), IpAddr::V6(outer)) | (IpAddr::V6(outer), IpAddr::V4(inner)) => {
            outer.octets().ends_with(&inner.octets())
        }
        (one, other) => one == other,
    }
}

/// Whether `name` looks like `own`: it has letters of other scripts in the places of some of English.
pub(super) fn looks_like(own: &str, name: &str) -> bool {
    let (own, name) = (quirks::domain_to_unicode(own), quirks::domain_to_unicode(name));
    let alike = |(own, other): (char, char)| own == other || own.is_ascii_alphanumeric() && !other.is_ascii();
    own.chars().count() == name.chars().count() && own.chars().zip(name.chars()).all(alike)
}

/// What is not clearly one name is none. A backslash stands where a character was not safe to show, `…` where the text goes on.
fn read(text: &str) -> Option<Name> {
    let text = text.trim();
    if text.contains(['\\', '…']) {
        return None;
    }
    let authority = without_scheme(text).split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(host) = host.strip_prefix('[') {
        let (address, port) = host.split_once(']')?;
        let port = port.strip_prefix(':').unwrap_or(port);
        return is_port(port).then(|| ipv6(address))?;
    }
    if host.matches(':').count() > 1 {
        return bare_ipv6(host);
    }
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let host = host.trim_end_matches('.');
    match Host::parse(host).ok().filter(|_| is_port(port))? {
        // Digits in another form are read as one address by some, and as another by others: `198.051.100.020`.
        Host::Ipv4(address) => (address.to_string() == host).then_some(Name::Address(address.into())),
        Host::Ipv6(_) => None,
        Host::Domain(domain) => {
            let domain = domain.trim_end_matches('.');
            is_domain(domain).then(|| Name::Domain(domain.to_owned()))
        }
    }
}

/// What follows `https://`, `https:` or `//`.
fn without_scheme(text: &str) -> &str {
    let is_web = |scheme: &str| ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let is_scheme = |scheme: &str| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    };
    let rest = match text.split_once(':') {
        Some((scheme, rest)) if is_web(scheme) || is_scheme(scheme) && rest.starts_with("//") => rest,
        _ => text,
    };
    rest.trim_start_matches('/')
}

fn is_port(port: &str) -> bool {
    port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// An IPv6 address, in whose zone it is or not.
fn ipv6(text: &str) -> Option<Name> {
    let address = text.split('%').next()?.parse::<Ipv6Addr>().ok()?;
    Some(Name::Address(address.to_canonical()))
}

/// An IPv6 address without brackets has no port: where its end could be one, both can be meant.
fn bare_ipv6(text: &str) -> Option<Name> {
    let (before, last) = text.rsplit_once(':')?;
    let may_be_a_port = !last.is_empty() && is_port(last) && ipv6(before).is_some();
    if may_be_a_port { None } else { ipv6(text) }
}

/// Whether this is a name of hosts (RFC 1123), with underscores, as it is used.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_read_in_every_form_and_nothing_else_is_one() {
        let own = || Name::Domain("ghes.corp.example".to_owned());
        let address = |text: &str| Name::Address(text.parse().expect("an address"));
        for (text, expected) in [
            ("ghes.corp.example", own()),
            (" GHES.Corp.Example. ", own()),
            ("\u{a0}ghes.corp.example\u{3000}", own()),
            ("ghes.corp.example:443", own()),
            ("GHES.corp.example.:8443", own()),
            ("ghes.corp.example:", own()),
            ("ghes.corp.example..", own()),
            ("https://ghes.corp.example", own()),
            ("HTTPS://admin:x@ghes.corp.example:8443/setup?x=y://z#a", own()),
            ("ssh://git@ghes.corp.example:122/x", own()),
            ("//ghes.corp.example", own()),
            ("https:ghes.corp.example", own()),
            ("https:/ghes.corp.example", own()),
            ("https:///ghes.corp.example", own()),
            ("user@ghes.corp.example", own()),
            ("ghes.corp.example/x", own()),
            ("ghes.corp.example?u=https://other.example", own()),
            ("ghes%2Ecorp.example", own()),
            ("ｇhes．corp。example", own()),
            ("ghes.corp.example\u{200b}", own()),
            ("gh\u{ad}es.corp.example", own()),
            ("bücher.example", Name::Domain("xn--bcher-kva.example".to_owned())),
            ("XN--BCHER-KVA.example", Name::Domain("xn--bcher-kva.example".to_owned())),
            ("my_ghes", Name::Domain("my_ghes".to_owned())),
            ("198.51.100.20", address("198.51.100.20")),
            ("https://198.51.100.20:8443/", address("198.51.100.20")),
            ("[2001:DB8:0::20]", address("2001:db8::20")),
            ("[2001:db8::20]:443", address("2001:db8::20")),
            ("https://[fe80::1%25eth0]:443/", address("fe80::1")),
            ("fe80::1%eth0", address("fe80::1")),
            ("2001:db8::20", address("2001:db8::20")),
            ("2001:db8:0:0:0:0:0:20", address("2001:db8::20")),
            ("::ffff:198.51.100.20", address("198.51.100.20")),
        ] {
            assert_eq!(Name::of(text), expected, "{text:?}");
        }
        for text in [
            "",
            " ",
            ".",
            ":",
            "://",
            "https://",
            "ghes.corp.example\\u{200b}",
            "https:\\\\ghes.corp.example",
            "ghes.corp.exam…",
            "ghes.corp.example:443:443",
            "ghes.corp.example:https",
            "ghes.corp.example:99999",
            "ghes.corp.example:+443",
            "ghes.corp.example. :443",
            "ghes corp.example",
            "ghes..corp.example",
            "ghes.corp.example,other.example",
            "ghes.corp.example;other.example",
            "*.corp.example",
            "<ghes.corp.example>",
            "\"ghes.corp.example\"",
            "198.051.100.020",
            "0xc6336414",
            "3325256724",
            "198.51.25620",
            "198.51.100.20.",
            "１９８.51.100.20",
            "[ghes.corp.example]",
            "[2001:db8::20",
            "[2001:db8::20]x",
            "[2001:db8::20]:x",
            "2001:db8::20:443",
            "2001:db8:0:0:0:0:0:20:443",
            "xn--a.example",
        ] {
            let expected = match text {
                // The final dot is no other form.
                "198.51.100.20." => address("198.51.100.20"),
                _ => Name::Unreadable,
            };
            assert_eq!(Name::of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_of_other_letters_looks_like_one() {
        for (name, expected) in [
            ("ghes.corp.example", true),
            ("xn--ghs-tlc.corp.example", true),
            ("gitea.corp.example", false),
            ("xn--bcher-kva.corp.example", false),
        ] {
            assert_eq!(looks_like("ghes.corp.example", name), expected, "{name}");
        }
        let cyrillic = Name::of("gh\u{435}s.corp.example");
        assert!(
            matches!(&cyrillic, Name::Domain(name) if looks_like("ghes.corp.example", name)),
            "{cyrillic:?}"
        );
        assert!(!looks_like("xn--bcher-kva.example", "bacher.example"));
    }

    proptest! {
        #[test]
        fn what_stands_around_a_name_changes_nothing(
            label in "[a-z]([a-z0-9-]{0,10}[a-z0-9])?", port in any::<u16>(), path in "[a-z/?#@.:]{0,12}",
        ) {
            prop_assume!(!label.starts_with("xn--") && label.get(2..4) != Some("--"));
            let host = format!("{label}.example");
            let expected = Name::Domain(host.clone());
            prop_assert_eq!(Name::of(&format!("https://{}:{port}/{path}", host.to_uppercase())), expected.clone());
            prop_assert_eq!(Name::of(&format!("//u@{host}./{path}")), expected);
        }

        #[test]
        fn no_text_does_harm(text in any::<String>()) {
            let _ = Name::of(&text);
        }
    }
}
