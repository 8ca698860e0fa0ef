//! The IP allow list, enforced on the source address that the cloud sees (facts §4).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;

use crate::world::{AllowEntry, AllowList, Refuses};

/// An allow list, worked out.
pub(crate) struct AllowListed {
    list: AllowList,
    /// What the entries that count cover.
    covered: Vec<IpNet>,
    /// Positions of the entries, sorted by their values, made when first asked for.
    by_value: OnceLock<Arc<[usize]>>,
}

impl AllowListed {
    pub(crate) fn new(list: &AllowList) -> AllowListed {
        let counts = list.entries.iter().filter(|entry| entry.active && !entry.app);
        let covered = counts.filter_map(|entry| range(&entry.value)).collect();
        AllowListed { list: list.clone(), covered, by_value: OnceLock::new() }
    }

    /// Whether a request for the enterprise is refused.
    pub(crate) fn refuses(&self, from: IpAddr, over_rest: bool) -> bool {
        let from = from.to_canonical();
        let listed = self.covered.iter().any(|range| range.contains(&from));
        self.list.enabled
            && match self.list.refuses {
                Refuses::Unlisted => !listed,
                Refuses::UnlistedRest => over_rest && !listed,
                Refuses::Everybody => true,
                Refuses::EverybodyOverRest => over_rest,
                Refuses::Nobody => false,
            }
    }

    pub(crate) fn count(&self) -> usize {
        self.list.entries.len() + usize::try_from(self.list.generated).unwrap_or(usize::MAX)
    }

    /// An entry by its position: those of the world file, then those that are made up.
    pub(crate) fn entry(&self, position: usize) -> Cow<'_, AllowEntry> {
        match self.list.entries.get(position) {
            Some(entry) => Cow::Borrowed(entry),
            None => Cow::Owned(generated(position - self.list.entries.len())),
        }
    }

    /// The positions of all entries, sorted by their values.
    pub(crate) fn by_value(&self) -> Arc<[usize]> {
        let sort = || {
            let mut positions: Vec<usize> = (0..self.count()).collect();
            positions.sort_by_cached_key(|&position| self.entry(position).value.clone());
            positions.into()
        };
        self.by_value.get_or_init(sort).clone()
    }
}

/// What an entry covers. Bits beyond the prefix do not matter, and an address alone is itself.
fn range(value: &str) -> Option<IpNet> {
    let value = value.trim();
    let range = value.parse::<IpNet>().or_else(|_| value.parse::<IpAddr>().map(IpNet::from)).ok()?;
    Some(match range {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
            Some(v4) => IpNet::new(v4.into(), v6.prefix_len() - 96).ok()?,
            None => range,
        },
        _ => range,
    })
}

/// One address of the range for measurements (RFC 2544), which no world has.
fn generated(number: usize) -> AllowEntry {
    let [_, high, middle, low] = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    AllowEntry {
        value: format!("198.{}.{middle}.{low}", 18 + (high & 1)),
        name: Some(format!("Generated {number}")),
        ..AllowEntry::default()
    }
}
