//! What an address is good for: where in the world it can lie.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::nat64::well_known;

/// Where an address can lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Anywhere on the internet.
    Public,
    /// This machine itself, or nowhere: loopback and unspecified addresses, the usual answers of a filtering name server.
    Sinkhole,
    /// Somewhere that is not the internet; in a few words.
    NotPublic(&'static str),
}

impl Scope {
    /// The scope of an address by IANA's registries of special-purpose addresses (RFC 6890 and its updates). An IPv4 address
    /// inside of an IPv6 one (mapped, RFC 4291 §2.5.5.2) is judged as what it is.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => v4(address),
            IpAddr::V6(address) => v6(address),
        }
    }
}

fn v4(address: Ipv4Addr) -> Scope {
    match address.octets() {
        // All of 0.0.0.0/8 is "this host on this network" (RFC 1122 §3.2.1.3).
        [0 | 127, ..] => Scope::Sinkhole,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Scope::NotPublic("private"),
        [100, 64..=127, ..] => Scope::NotPublic("carrier-grade NAT"),
        [169, 254, ..] => Scope::NotPublic("link-local"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Scope::NotPublic("for documentation"),
        [198, 18 | 19, ..] => Scope::NotPublic("for benchmarks"),
        [192, 0, 0, _] | [192, 88, 99, _] => Scope::NotPublic("reserved for protocols"),
        [224..=239, ..] => Scope::NotPublic("multicast"),
        [240..=255, ..] => Scope::NotPublic("reserved"),
        _ => Scope::Public,
    }
}

fn v6(address: Ipv6Addr) -> Scope {
    if address.is_unspecified() || address.is_loopback() {
        return Scope::Sinkhole;
    }
    // Behind NAT64 the IPv4 address decides.
    if let Some(behind) = well_known(address) {
        return v4(behind);
    }
    match address.segments() {
        [0xfc00..=0xfdff, ..] => Scope::NotPublic("unique local"),
        [0xfe80..=0xfebf, ..] => Scope::NotPublic("link-local"),
        [0xfec0..=0xfeff, ..] => Scope::NotPublic("site-local"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Scope::NotPublic("for documentation"),
        [0x2001, 2, 0, ..] => Scope::NotPublic("for benchmarks"),
        [0x100, 0, 0, 0, ..] => Scope::NotPublic("discarded"),
        [0xff00..=0xffff, ..] => Scope::NotPublic("multicast"),
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::NotPublic("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_where_the_registries_say() {
        for (address, expected) in [
            ("140.82.121.3", Scope::Public),
            ("172.15.0.1", Scope::Public),
            ("172.32.0.1", Scope::Public),
            ("100.63.0.1", Scope::Public),
            ("2606:50c0:8000::153", Scope::Public),
            ("64:ff9b::8c52:7903", Scope::Public),
            ("::ffff:140.82.121.3", Scope::Public),
            ("0.0.0.0", Scope::Sinkhole),
            ("127.0.0.53", Scope::Sinkhole),
            ("::", Scope::Sinkhole),
            ("::1", Scope::Sinkhole),
            ("::ffff:127.0.0.1", Scope::Sinkhole),
            ("::ffff:10.0.0.1", Scope::NotPublic("private")),
            ("10.1.2.3", Scope::NotPublic("private")),
            ("172.31.255.255", Scope::NotPublic("private")),
            ("192.168.0.1", Scope::NotPublic("private")),
            ("64:ff9b::a00:1", Scope::NotPublic("private")),
            ("100.64.0.1", Scope::NotPublic("carrier-grade NAT")),
            ("169.254.1.1", Scope::NotPublic("link-local")),
            ("198.18.0.7", Scope::NotPublic("for benchmarks")),
            ("203.0.113.66", Scope::NotPublic("for documentation")),
            ("255.255.255.255", Scope::NotPublic("reserved")),
            ("fd12::1", Scope::NotPublic("unique local")),
            ("fe80::1", Scope::NotPublic("link-local")),
            ("2001:db8::1", Scope::NotPublic("for documentation")),
            ("ff02::1", Scope::NotPublic("multicast")),
        ] {
            assert_eq!(Scope::of(address.parse().expect("an address")), expected, "{address}");
        }
    }
}
