//! Under which addresses connections leave the machine's network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

/// What the hosts outside see as the source of a connection. Several addresses of a family take turns, connection by
/// connection, as those of a NAT pool do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Egress {
    /// For connections to IPv4 addresses.
    #[serde(deserialize_with = "at_least_one")]
    pub ipv4: Vec<Ipv4Addr>,
    /// For connections to IPv6 addresses.
    #[serde(deserialize_with = "at_least_one")]
    pub ipv6: Vec<Ipv6Addr>,
    /// For connections through the proxy; without being said, those of `ipv4`.
    pub proxy: Vec<IpAddr>,
}

impl Default for Egress {
    fn default() -> Egress {
        Egress {
            ipv4: vec![Ipv4Addr::new(203, 0, 113, 7)],
            ipv6: vec![Ipv6Addr::new(0x2001, 0xdb8, 7, 0, 0, 0, 0, 7)],
            proxy: Vec::new(),
        }
    }
}

fn at_least_one<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    let addresses = Vec::deserialize(deserializer)?;
    match addresses.is_empty() {
        true => Err(serde::de::Error::custom("no address; allowed: at least one")),
        false => Ok(addresses),
    }
}
