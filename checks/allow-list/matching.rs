//! Which entries of an allow list cover an address or a range: by the longest prefix, whatever the number of entries.

use std::{cmp::Reverse, net::IpAddr};

use gh_connect_github::{cloud::Entry, egress::canonical};
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

/// Entries, sorted for looking up. Ranges of addresses lie within each other or apart, so whatever covers an address is the
/// innermost range around it or one around that.
pub(super) struct Listed<'a> {
    v4: Family<'a>,
    v6: Family<'a>,
}

/// What of a range is covered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cover<'a> {
    /// All of it: by the entry with the longest prefix, or by several together.
    Whole(Vec<&'a Entry>),
    /// Some of it.
    Part {
        /// By these.
        by: Vec<&'a Entry>,
        /// Not these, the first few.
        missing: Vec<IpNet>,
    },
    /// Nothing.
    None,
}

impl<'a> Listed<'a> {
    /// Entries that are no address and no range cover nothing.
    pub(super) fn new(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for entry in entries {
            // An IPv6 range that all of IPv4 lies in, ::/0 for instance, covers IPv6 only.
            match range_of(entry) {
                Some(range @ IpNet::V4(_)) => v4.push(Range::new(range, entry)),
                Some(range @ IpNet::V6(_)) => v6.push(Range::new(range, entry)),
                None => {}
            }
        }
        Self { v4: Family::new(v4), v6: Family::new(v6) }
    }

    /// What of `range` is covered. Written as IPv6, IPv4 is taken for what it is.
    pub(super) fn cover(&self, range: IpNet) -> Cover<'a> {
        let range = canonical(range);
        let family = if matches!(range, IpNet::V4(_)) { &self.v4 } else { &self.v6 };
        let (first, last) = bounds(range);
        if let Some(entry) = family.innermost(first, last) {
            return Cover::Whole(vec![entry]);
        }
        let (mut by, mut gaps, mut next) = (Vec::new(), Vec::new(), Some(first));
        for outer in family.outermost_within(first, last) {
            by.push(outer.entry);
            if let Some(from) = next.filter(|from| *from < outer.first) {
                gaps.push((from, outer.first - 1));
            }
            next = outer.last.checked_add(1);
        }
        if by.is_empty() {
            return Cover::None;
        }
        gaps.extend(next.filter(|from| *from <= last).map(|from| (from, last)));
        match gaps.is_empty() {
            true => Cover::Whole(by),
            false => {
                let missing = gaps.into_iter().flat_map(|(from, to)| ranges(range, from, to));
                Cover::Part { by, missing: missing.take(MOST_MISSING).collect() }
            }
        }
    }
}

/// What an entry covers; `None` when it is neither an address nor a range. Bits beyond the prefix say nothing.
pub(super) fn range_of(entry: &Entry) -> Option<IpNet> {
    let text = entry.value.trim();
    let range = match text.contains('/') {
        true => text.parse::<IpNet>().ok(),
        false => text.parse::<IpAddr>().ok().map(IpNet::from),
    };
    range.map(canonical)
}

/// Ranges of one family.
struct Family<'a> {
    /// By their beginning, wider ones before those within them.
    ranges: Vec<Range<'a>>,
    /// The positions of those that lie within no other.
    outermost: Vec<usize>,
}

struct Range<'a> {
    first: u128,
    last: u128,
    entry: &'a Entry,
    /// The position of the next wider one around it.
    around: Option<usize>,
}

impl<'a> Range<'a> {
    fn new(range: IpNet, entry: &'a Entry) -> Self {
        let (first, last) = bounds(range);
        Self { first, last, entry, around: None }
    }
}

impl<'a> Family<'a> {
    fn new(mut ranges: Vec<Range<'a>>) -> Self {
        ranges.sort_by_key(|range| (range.first, Reverse(range.last)));
        let (mut outermost, mut open): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for nth in 0..ranges.len() {
            while open.last().is_some_and(|&outer| ranges[outer].last < ranges[nth].first) {
                open.pop();
            }
            ranges[nth].around = open.last().copied();
            if open.is_empty() {
                outermost.push(nth);
            }
            open.push(nth);
        }
        Self { ranges, outermost }
    }

    /// The entry of the longest prefix that covers all from `first` to `last`.
    fn innermost(&self, first: u128, last: u128) -> Option<&'a Entry> {
        let mut at = self.ranges.partition_point(|range| range.first <= first).checked_sub(1);
        while let Some(range) = at.and_then(|at| self.ranges.get(at)) {
            if range.last >= last {
                return Some(range.entry);
            }
            at = range.around;
        }
        None
    }

    /// The widest ranges that lie within `first` to `last`: none reaches beyond, or it would cover all of it.
    fn outermost_within(&self, first: u128, last: u128) -> impl Iterator<Item = &Range<'a>> {
        let from = self.outermost.partition_point(|&nth| self.ranges[nth].last < first);
        let wide = self.outermost[from..].iter().map(|&nth| &self.ranges[nth]);
        wide.take_while(move |range| range.first <= last)
    }
}

fn bounds(range: IpNet) -> (u128, u128) {
    (number(range.network()), number(range.broadcast()))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// The fewest ranges that are all from `from` to `to`, of the family of `like`.
fn ranges(like: IpNet, from: u128, to: u128) -> Vec<IpNet> {
    match like {
        IpNet::V4(_) => match (u32::try_from(from), u32::try_from(to)) {
            (Ok(from), Ok(to)) => {
                Ipv4Subnets::new(from.into(), to.into(), 0).take(MOST_MISSING).map(IpNet::from).collect()
            }
            _ => Vec::new(),
        },
        IpNet::V6(_) => {
            Ipv6Subnets::new(from.into(), to.into(), 0).take(MOST_MISSING).map(IpNet::from).collect()
        }
    }
}

/// As many as somebody would read.
const MOST_MISSING: usize = 8;

#[cfg(test)]
mod tests {
    use gh_connect_github::cloud::EntryOwner;
    use proptest::prelude::*;

    use super::*;

    fn entry(value: &str) -> Entry {
        Entry { value: value.into(), name: None, active: true, owner: EntryOwner::Enterprise }
    }

    fn net(text: &str) -> IpNet {
        text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().expect("an address")))
    }

    /// `=A` for all of it by A, `A -B` for some of it by A but not B, nothing for nothing.
    fn said(cover: &Cover<'_>) -> String {
        let by = |by: &[&Entry]| by.iter().map(|entry| &*entry.value).collect::<Vec<_>>().join(" ");
        match cover {
            Cover::Whole(all) => format!("={}", by(all)),
            Cover::Part { by: some, missing } => {
                let missing: Vec<String> = missing.iter().map(|range| format!("-{range}")).collect();
                format!("{} {}", by(some), missing.join(" "))
            }
            Cover::None => String::new(),
        }
    }

    /// Entries, a range, and what they cover of it.
    fn covers_as_said(cases: &[(&[&str], &str, &str)]) {
        for (entries, range, expected) in cases {
            let entries: Vec<Entry> = entries.iter().map(|value| entry(value)).collect();
            let covered = said(&Listed::new(entries.iter()).cover(net(range)));
            assert_eq!(covered, *expected, "{range} in {entries:?}");
        }
    }

    #[test]
    fn the_longest_prefix_covers() {
        covers_as_said(&[
            (&["203.0.113.7"], "203.0.113.7", "=203.0.113.7"),
            (&["203.0.113.7/32"], "203.0.113.8", ""),
            (&[" 203.0.113.7 "], "203.0.113.7", "= 203.0.113.7 "),
            (&["203.0.113.9/28"], "203.0.113.1", "=203.0.113.9/28"),
            (&["203.0.113.9/28"], "203.0.113.16", ""),
            (&["0.0.0.0/0", "203.0.113.0/24", "203.0.113.0/28"], "203.0.113.7", "=203.0.113.0/28"),
            (&["203.0.113.0/28", "203.0.113.0/24", "0.0.0.0/0"], "203.0.113.77", "=203.0.113.0/24"),
            (&["203.0.113.0/28", "203.0.113.0/24", "0.0.0.0/0"], "192.0.2.1", "=0.0.0.0/0"),
            (&["203.0.113.0/24", "203.0.113.0/24"], "203.0.113.7", "=203.0.113.0/24"),
            (&["::ffff:203.0.113.0/124"], "203.0.113.7", "=::ffff:203.0.113.0/124"),
            (&["::ffff:203.0.113.7"], "203.0.113.7", "=::ffff:203.0.113.7"),
            (&["203.0.113.0/28"], "::ffff:203.0.113.7", "=203.0.113.0/28"),
            (&["::/0", "::ffff:0:0/95"], "203.0.113.7", ""),
            (&["0.0.0.0/0"], "2001:db8::7", ""),
            (&["2001:db8:7::7/64"], "2001:db8:7::1234", "=2001:db8:7::7/64"),
            (&["2001:db8:7::7/64"], "2001:db8:8::1", ""),
            (&["0.0.0.0/0"], "255.255.255.255", "=0.0.0.0/0"),
            (&["::/0"], "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "=::/0"),
            (
                &["203.0.113", "203.0.113.0/33", "203.0.113.0/255.255.255.240", "", "*", "any"],
                "203.0.113.7",
                "",
            ),
        ]);
    }

    #[test]
    fn a_range_is_covered_wholly_or_what_is_missing_is_named() {
        covers_as_said(&[
            (&["203.0.113.0/28"], "203.0.113.0/28", "=203.0.113.0/28"),
            (&["203.0.113.0/24"], "203.0.113.0/28", "=203.0.113.0/24"),
            (&["203.0.113.0/29"], "203.0.113.0/28", "203.0.113.0/29 -203.0.113.8/29"),
            (&["203.0.113.8/29"], "203.0.113.0/28", "203.0.113.8/29 -203.0.113.0/29"),
            (&["203.0.113.0/29", "203.0.113.8/29"], "203.0.113.0/28", "=203.0.113.0/29 203.0.113.8/29"),
            (
                &["203.0.113.8/29", "203.0.113.0/30", "203.0.113.4/30", "203.0.113.5"],
                "203.0.113.0/28",
                "=203.0.113.0/30 203.0.113.4/30 203.0.113.8/29",
            ),
            (&["203.0.113.5"], "203.0.113.4/30", "203.0.113.5 -203.0.113.4/32 -203.0.113.6/31"),
            (&["203.0.113.64/28"], "203.0.113.0/28", ""),
            (&["0.0.0.0/1"], "0.0.0.0/0", "0.0.0.0/1 -128.0.0.0/1"),
            (&["128.0.0.0/1"], "0.0.0.0/0", "128.0.0.0/1 -0.0.0.0/1"),
            (&["0.0.0.0/1", "128.0.0.0/1"], "0.0.0.0/0", "=0.0.0.0/1 128.0.0.0/1"),
            (&["8000::/1"], "::/0", "8000::/1 -::/1"),
            (&["::/1", "8000::/1"], "::/0", "=::/1 8000::/1"),
        ]);
    }

    /// The most that an allow list is read of, and more addresses than anything tells: no work that is worth measuring.
    #[test]
    fn ten_thousand_entries_are_looked_up_by_halving() {
        let entries: Vec<Entry> = (0..10_000u32)
            .map(|nth| entry(&format!("198.{}.{}.{}", 18 + nth / 65_536, nth / 256 % 256, nth % 256)))
            .collect();
        let listed = Listed::new(entries.iter());
        assert_eq!(said(&listed.cover(net("198.18.39.15"))), "=198.18.39.15");
        assert_eq!(listed.cover(net("198.18.39.16")), Cover::None);
        assert!(matches!(listed.cover(net("198.18.0.0/15")), Cover::Part { by, .. } if by.len() == 10_000));
    }

    /// A small corner of either family, so that ranges meet: its last eight bits.
    fn corner(v6: bool, low: u8, cut: u8) -> IpNet {
        let range = match v6 {
            true => format!("2001:db8::{low:x}/{}", 128 - cut),
            false => format!("203.0.113.{low}/{}", 32 - cut),
        };
        range.parse().expect("a range")
    }

    proptest! {
        #[test]
        fn what_is_looked_up_is_what_a_scan_finds(
            listed in proptest::collection::vec((any::<bool>(), any::<u8>(), 0u8..=8), 0..40),
            asked in (any::<bool>(), any::<u8>(), 0u8..=8),
        ) {
            let entries: Vec<Entry> =
                listed.iter().map(|&(v6, low, cut)| entry(&corner(v6, low, cut).to_string())).collect();
            let range = corner(asked.0, asked.1, asked.2).trunc();
            let scanned = entries.iter().filter_map(range_of).filter(|entry| entry.contains(&range)).max_by_key(IpNet::prefix_len);
            let holds = |low: u8| {
                let address = IpNet::from(corner(asked.0, low, 0).addr());
                entries.iter().filter_map(range_of).any(|entry| entry.contains(&address))
            };
            let all: Vec<u8> = (0..=u8::MAX).filter(|low| range.contains(&corner(asked.0, *low, 0))).collect();
            let covered = all.iter().filter(|low| holds(**low)).count();
            match Listed::new(entries.iter()).cover(range) {
                Cover::Whole(by) => {
                    prop_assert_eq!(covered, all.len());
                    if let Some(longest) = scanned {
                        prop_assert_eq!(by.iter().filter_map(|entry| range_of(entry)).collect::<Vec<_>>(), vec![longest]);
                    }
                }
                Cover::Part { by, missing } => {
                    prop_assert!(covered > 0 && covered < all.len() && !by.is_empty());
                    for missing in missing {
                        prop_assert!(range.contains(&missing));
                        prop_assert!(all.iter().filter(|low| missing.contains(&corner(asked.0, **low, 0))).all(|low| !holds(*low)));
                    }
                }
                Cover::None => prop_assert_eq!(covered, 0),
            }
        }

        #[test]
        fn any_text_is_an_entry(value in ".{0,60}", bits: u128) {
            let entries = [entry(&value)];
            let _ = Listed::new(entries.iter()).cover(IpNet::from(IpAddr::from(bits.to_be_bytes())));
        }
    }
}
