//! NAT64: what name servers say of `ipv4only.arpa` in a world whose addresses were made up by DNS64 (RFC 6147).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is known of it: its own two addresses, and one for each of them under every prefix that the world's addresses show. An
/// address is under a prefix where it holds the IPv4 address that its host would have (RFC 6052 §2.2).
pub(crate) fn addresses_of_ipv4_only<'a>(hosts: impl Iterator<Item = (IpAddr, &'a [IpAddr])>) -> Vec<IpAddr> {
    let mut made_up: Vec<IpAddr> = Vec::new();
    for (usual, addresses) in hosts {
        let IpAddr::V4(usual) = usual else { continue };
        for address in addresses {
            let IpAddr::V6(address) = address else { continue };
            for length in LENGTHS.into_iter().filter(|length| embedded(*address, *length) == Some(usual)) {
                made_up.extend(OWN.map(|own| IpAddr::from(put(*address, length, own))));
            }
        }
    }
    made_up.sort();
    made_up.dedup();
    OWN.into_iter().map(IpAddr::from).chain(made_up).collect()
}

/// The octets of an address behind a prefix of this length that hold an IPv4 address.
fn places(length: u8) -> impl Iterator<Item = usize> {
    (usize::from(length / 8)..16).filter(|at| *at != RESERVED).take(4)
}

fn embedded(address: Ipv6Addr, length: u8) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let mut v4 = [0; 4];
    places(length).zip(&mut v4).for_each(|(at, octet)| *octet = octets[at]);
    (octets[RESERVED] == 0).then(|| Ipv4Addr::from(v4))
}

fn put(address: Ipv6Addr, length: u8, v4: Ipv4Addr) -> Ipv6Addr {
    let mut octets = address.octets();
    octets[usize::from(length / 8)..].fill(0);
    places(length).zip(v4.octets()).for_each(|(at, octet)| octets[at] = octet);
    Ipv6Addr::from(octets)
}

/// The name.
pub(crate) const IPV4_ONLY: &str = "ipv4only.arpa";
/// Its addresses (RFC 7050 §2.2).
const OWN: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];
const LENGTHS: [u8; 6] = [32, 40, 48, 56, 64, 96];
const RESERVED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_behind_nat64_shows_its_prefix() {
        let usual: IpAddr = Ipv4Addr::new(140, 82, 121, 3).into();
        for (address, expected) in [
            ("2001:db8:64::140.82.121.3", Some("2001:db8:64::192.0.0.170")),
            ("2001:db8:122:344:8c:5279:300::", Some("2001:db8:122:344:c0:0:aa00::")),
            ("2606:50c0:8000::153", None),
            ("140.82.121.3", None),
        ] {
            let addresses: [IpAddr; 1] = [address.parse().expect("an address")];
            let found = addresses_of_ipv4_only([(usual, &addresses[..])].into_iter());
            let made_up = found.iter().find(|address| address.is_ipv6()).copied();
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(
                (found.len(), made_up),
                (if expected.is_some() { 4 } else { 2 }, expected),
                "{address}"
            );
        }
    }
}
