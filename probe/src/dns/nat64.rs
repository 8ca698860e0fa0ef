//! NAT64: IPv4 hosts that are reached under IPv6 addresses which a name server made up (RFC 6147).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use gh_connect_engine::{Cx, Fact, Stop};
use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};

use super::{Addresses, Resolution, Scope, System};
use crate::HostName;

/// The prefixes under which the network of this machine reaches IPv4 hosts, beside the well-known 64:ff9b::/96: found in the
/// AAAA records that its name servers give for `ipv4only.arpa`, which has none of its own (RFC 7050).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nat64 {
    /// The prefixes, without repeats; none where there is no NAT64, or where nothing tells.
    pub prefixes: Vec<Ipv6Net>,
}

impl Fact for Nat64 {
    const ID: &'static str = "dns.nat64";
    const OWNERS: &'static [&'static str] = &["dns"];
    type Key = System;

    async fn measure(_: &System, cx: &Cx) -> Result<Self, Stop> {
        let resolution = cx.fact::<Resolution>(&HostName::new(IPV4_ONLY)).await?;
        Ok(Self::of(&resolution.addresses))
    }
}

impl Nat64 {
    /// The prefixes that the addresses of `ipv4only.arpa` show.
    pub fn of(addresses: &[IpAddr]) -> Self {
        let mut prefixes: Vec<Ipv6Net> = Vec::new();
        for address in addresses {
            let IpAddr::V6(address) = address else { continue };
            let mut found = LENGTHS.into_iter().filter(|length| {
                embedded(*address, *length).is_some_and(|v4| WELL_KNOWN_ADDRESSES.contains(&v4))
            });
            // Where it stands twice, nothing tells which of the two it is (RFC 7050 §3).
            let (Some(length), None) = (found.next(), found.next()) else { continue };
            prefixes.extend(Ipv6Net::new(*address, length).map(|prefix| prefix.trunc()));
        }
        prefixes.sort();
        prefixes.dedup();
        Self { prefixes }
    }

    /// The IPv4 address that is reached under `address`, if it is one of NAT64.
    pub fn behind(&self, address: IpAddr) -> Option<Ipv4Addr> {
        let IpAddr::V6(address) = address else { return None };
        let prefix = self.prefixes.iter().find(|prefix| prefix.contains(&address));
        well_known(address).or_else(|| embedded(address, prefix?.prefix_len()))
    }

    /// The scope of an address, which behind NAT64 is that of the IPv4 address.
    pub fn scope_of(&self, address: IpAddr) -> Scope {
        Scope::of(self.behind(address).map_or(address, IpAddr::from))
    }
}

/// What is known of NAT64 where it matters to `host`: where it has an IPv6 address of which nothing else tells whether it is one
/// of its own. The lookup is not made for any other host.
pub async fn nat64(cx: &Cx, host: &HostName) -> Option<Arc<Nat64>> {
    let addresses = cx.fact::<Addresses>(host).await.ok()?;
    match addresses.list.iter().any(|address| may_be_translated(*address)) {
        true => cx.fact::<Nat64>(&System).await.ok(),
        false => None,
    }
}

/// Whether an address may be one under a prefix that is not the well-known one.
pub fn may_be_translated(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V6(address) if well_known(address).is_none())
}

/// The IPv4 address inside of one under 64:ff9b::/96 (RFC 6052 §2.1).
pub(super) fn well_known(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => embedded(address, 96),
        _ => None,
    }
}

/// The IPv4 address inside of one under a prefix of this length, whose bits 64 to 71 are zero (RFC 6052 §2.2).
fn embedded(address: Ipv6Addr, length: u8) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let mut after = (usize::from(length / 8)..16).filter(|at| *at != RESERVED);
    let mut next = || after.next().map(|at| octets[at]);
    let v4 = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    (octets[RESERVED] == 0).then_some(v4)
}

/// It has A records only, wherever it is asked for (RFC 7050 §8.2).
const IPV4_ONLY: &str = "ipv4only.arpa";
/// Its addresses (RFC 7050 §2.2).
const WELL_KNOWN_ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];
/// The lengths that a prefix can have (RFC 6052 §2.2).
const LENGTHS: [u8; 6] = [32, 40, 48, 56, 64, 96];
/// The octet that holds no part of an IPv4 address.
const RESERVED: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// The examples of RFC 6052 §2.4, for 192.0.2.33.
    #[test]
    fn addresses_are_taken_apart_as_the_rfc_does() {
        for (text, length) in [
            ("2001:db8:c000:221::", 32),
            ("2001:db8:1c0:2:21::", 40),
            ("2001:db8:122:c000:2:2100::", 48),
            ("2001:db8:122:3c0:0:221::", 56),
            ("2001:db8:122:344:c0:2:2100::", 64),
            ("2001:db8:122:344::192.0.2.33", 96),
        ] {
            let IpAddr::V6(v6) = address(text) else { panic!("{text}") };
            assert_eq!(embedded(v6, length), Some(Ipv4Addr::new(192, 0, 2, 33)), "{text}");
        }
    }

    #[test]
    fn a_prefix_is_found_where_the_well_known_addresses_stand() {
        for (text, expected) in [
            ("64:ff9b::192.0.0.170", Some("64:ff9b::/96")),
            ("64:ff9b:1::192.0.0.171", Some("64:ff9b:1::/96")),
            ("64:ff9b:1:c000:0:aa00::", Some("64:ff9b:1::/48")),
            ("2001:db8:c000:aa::", Some("2001:db8::/32")),
            ("2001:db8:1c0:0:aa::", Some("2001:db8:100::/40")),
            ("2001:db8:122:3c0:0:aa::", Some("2001:db8:122:300::/56")),
            ("2001:db8:122:344:c0:0:aa00::", Some("2001:db8:122:344::/64")),
            // Twice, under the reserved octet, not at all.
            ("2001:db8:c000:aa::192.0.0.170", None),
            ("2001:db8:122:344:1c0:0:aa00::", None),
            ("2001:db8::1", None),
            ("192.0.0.170", None),
        ] {
            let found = Nat64::of(&[address(text)]).prefixes;
            let expected: Vec<Ipv6Net> =
                expected.into_iter().map(|text| text.parse().expect("a prefix")).collect();
            assert_eq!(found, expected, "{text}");
        }
        let both = Nat64::of(&[address("2001:db8:64::192.0.0.170"), address("2001:db8:64::192.0.0.171")]);
        assert_eq!(both.prefixes.len(), 1);
    }

    #[test]
    fn what_lies_behind_an_address_decides_about_it() {
        let nat64 = Nat64::of(&[address("64:ff9b:1::192.0.0.170"), address("2001:db8:64::192.0.0.170")]);
        for (text, behind, scope) in [
            ("64:ff9b:1::140.82.121.3", Some("140.82.121.3"), Scope::Public),
            ("2001:db8:64::140.82.121.3", Some("140.82.121.3"), Scope::Public),
            ("64:ff9b::140.82.121.3", Some("140.82.121.3"), Scope::Public),
            ("2001:db8:64::127.0.0.1", Some("127.0.0.1"), Scope::Sinkhole),
            ("2001:db8:64::10.0.0.1", Some("10.0.0.1"), Scope::NotPublic("private")),
            ("2001:db8:65::140.82.121.3", None, Scope::NotPublic("for documentation")),
            ("2606:50c0:8000::153", None, Scope::Public),
            ("140.82.121.3", None, Scope::Public),
        ] {
            let expected = behind.map(|text| text.parse().expect("an address"));
            assert_eq!(nat64.behind(address(text)), expected, "{text}");
            assert_eq!(nat64.scope_of(address(text)), scope, "{text}");
        }
    }

    proptest! {
        /// Whatever was put in as RFC 6052 does is found again.
        #[test]
        fn every_length_is_read_as_it_is_written(network in any::<u128>(), v4 in any::<u32>(), nth in 0..6usize) {
            let length = LENGTHS[nth];
            let put = |v4: Ipv4Addr| {
                let prefix = Ipv6Net::new(Ipv6Addr::from(network), length).expect("a prefix").trunc();
                let mut octets = prefix.addr().octets();
                octets[RESERVED] = 0;
                let places = (usize::from(length / 8)..16).filter(|at| *at != RESERVED);
                for (at, octet) in places.zip(v4.octets()) {
                    octets[at] = octet;
                }
                Ipv6Addr::from(octets)
            };
            let v4 = Ipv4Addr::from(v4);
            prop_assert_eq!(embedded(put(v4), length), Some(v4));
            let found = Nat64::of(&[put(WELL_KNOWN_ADDRESSES[0]).into(), put(WELL_KNOWN_ADDRESSES[1]).into()]);
            if let [_] = found.prefixes[..] {
                prop_assert_eq!(found.behind(put(v4).into()).is_some(), true);
            }
        }
    }
}
