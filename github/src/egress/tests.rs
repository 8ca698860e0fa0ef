use gh_connect_probe::egress::{Sample, Told, Why};
use proptest::prelude::*;

use super::*;
use crate::cloud::Installation;

fn range(text: &str) -> IpNet {
    text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().expect("an address")))
}

fn said(text: &str) -> Egress {
    Egress { range: range(text), source: Source::Said { origin: "flag --egress-ip".to_owned() } }
}

fn seen(text: &str) -> Egress {
    let (page, way) = ("https://echo.corp.example/".to_owned(), Way::Direct(Family::V4));
    Egress { range: range(text), source: Source::Echo { page, way, times: 1, of: 4 } }
}

#[test]
fn addresses_change_when_what_is_seen_differs_from_itself_or_from_what_is_said() {
    for (known, expected) in [
        (vec![], vec![]),
        (vec![seen("203.0.113.7"), seen("203.0.113.7")], vec![]),
        (vec![seen("203.0.113.7"), seen("2001:db8:7::7")], vec![]),
        (vec![seen("203.0.113.7"), seen("203.0.113.9")], vec![(2, 0)]),
        (vec![said("203.0.113.7"), said("203.0.113.9")], vec![]),
        (vec![said("203.0.113.0/28"), seen("203.0.113.7"), seen("203.0.113.9")], vec![]),
        (vec![said("203.0.113.0/28"), seen("203.0.113.7"), seen("203.0.113.99")], vec![(2, 1)]),
        (vec![said("203.0.113.7"), seen("198.51.100.9")], vec![(1, 1)]),
        (vec![said("203.0.113.7"), seen("2001:db8:7::7"), seen("2001:db8:7::8")], vec![(2, 0)]),
    ] {
        let addresses = EgressAddresses { known, ..EgressAddresses::default() };
        let rotations: Vec<(usize, usize)> =
            addresses.rotations().iter().map(|it| (it.seen.len(), it.unsaid.len())).collect();
        assert_eq!(rotations, expected, "{addresses:?}");
    }
}

#[test]
fn a_family_that_is_used_must_be_known() {
    let addresses = |families: &[Family]| EgressAddresses {
        known: vec![said("203.0.113.7")],
        families: families.to_vec(),
        ..EgressAddresses::default()
    };
    assert!(addresses(&[]).unknown_families().is_empty());
    assert!(addresses(&[Family::V4]).unknown_families().is_empty());
    assert_eq!(addresses(&[Family::V4, Family::V6]).unknown_families(), [Family::V6]);
}

#[test]
fn behind_nat64_the_other_side_sees_ipv4() {
    let own = Nat64::of(&["2001:db8:64::192.0.0.170".parse().expect("an address")]);
    for (address, nat64, expected) in [
        ("140.82.121.5", None, Family::V4),
        ("64:ff9b::8c52:7905", None, Family::V4),
        ("64:ff9b::8c52:7905", Some(&own), Family::V4),
        ("::ffff:140.82.121.5", None, Family::V4),
        ("2606:50c0:8000::153", None, Family::V6),
        ("2606:50c0:8000::153", Some(&own), Family::V6),
        ("2001:db8:64::8c52:7905", None, Family::V6),
        ("2001:db8:64::8c52:7905", Some(&own), Family::V4),
    ] {
        assert_eq!(seen_as(address.parse().expect("an address"), nat64), expected, "{address}");
    }
}

#[test]
fn ranges_are_written_in_one_way() {
    for (text, expected) in [
        ("203.0.113.7/32", "203.0.113.7/32"),
        ("203.0.113.7/28", "203.0.113.0/28"),
        ("::ffff:203.0.113.7/128", "203.0.113.7/32"),
        ("::ffff:203.0.113.7/124", "203.0.113.0/28"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("2001:db8:7::7/64", "2001:db8:7::/64"),
    ] {
        assert_eq!(canonical(range(text)), range(expected), "{text}");
    }
}

fn event(action: &str, address: &str, days_ago: i64) -> Event {
    Event {
        id: None,
        action: format!("dotcom_connection.{action}"),
        at: Some(now() - SignedDuration::from_hours(24 * days_ago)),
        actor: None,
        actor_ip: address.parse().ok(),
        name: None,
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn known(names: &[&str], total: u64) -> Known {
    let servers = names.iter().map(|name| Installation {
        id: None,
        host_name: (*name).to_owned(),
        customer_name: None,
        is_connected: Some(true),
        created_at: None,
        updated_at: None,
    });
    Known { servers: servers.collect(), total: Some(total) }
}

#[test]
fn only_what_this_server_did_of_late_tells_its_address() {
    let upload = || event("upload_license_usage", "203.0.113.7", 6);
    let ours = known(&["GHES.corp.example"], 1);
    let server = Some("ghes.corp.example");
    for (event, server, known, expected) in [
        (upload(), server, Some(&ours), 1),
        (event("token_updated", "203.0.113.7", 0), server, Some(&ours), 1),
        (event("create", "203.0.113.7", 1), server, Some(&ours), 0),
        (event("upload_license_usage", "203.0.113.7", 40), server, Some(&ours), 0),
        (event("upload_license_usage", "203.0.113.7", -1), server, Some(&ours), 0),
        (event("upload_license_usage", "10.0.0.5", 1), server, Some(&ours), 0),
        (event("upload_license_usage", "", 1), server, Some(&ours), 0),
        (Event { at: None, ..upload() }, server, Some(&ours), 0),
        (upload(), None, Some(&ours), 0),
        (upload(), server, None, 0),
        (upload(), server, Some(&known(&[], 0)), 0),
        (upload(), server, Some(&known(&["ghes.corp.example", "other.corp.example"], 2)), 0),
        (upload(), server, Some(&known(&["ghes.corp.example"], 101)), 0),
        (Event { name: Some("ghes.corp.example".to_owned()), ..upload() }, server, None, 1),
        (Event { name: Some("other.corp.example".to_owned()), ..upload() }, server, None, 0),
    ] {
        let told = of_events(std::slice::from_ref(&event), server, known, now());
        assert_eq!(told.len(), expected, "{event:?} {server:?} {known:?}");
    }
}

#[test]
fn a_page_tells_each_address_once_and_how_often() {
    let sample = |told| Sample { way: Way::Direct(Family::V4), told };
    let address = |text: &str| sample(Told::Address(text.parse().expect("an address")));
    let echo = Echo {
        samples: vec![
            address("203.0.113.7"),
            address("203.0.113.9"),
            address("203.0.113.7"),
            sample(Told::Nothing(Why::TimedOut)),
        ],
    };
    let told: Vec<String> = of_echo("https://echo.corp.example/", &echo)
        .iter()
        .map(|egress| format!("{} {}", egress.range, egress.source))
        .collect();
    assert_eq!(
        told,
        [
            "203.0.113.7/32 told by https://echo.corp.example/ over IPv4, 2 of 4 times",
            "203.0.113.9/32 told by https://echo.corp.example/ over IPv4, 1 of 4 times",
        ]
    );
}

proptest! {
    #[test]
    fn a_canonical_range_stays_as_it_is(bits: u128, length in 0u8..=128) {
        let range = IpNet::new(IpAddr::from(bits.to_be_bytes()), length).expect("a range");
        let once = canonical(range);
        prop_assert_eq!(canonical(once), once);
        prop_assert!(once.network() == once.addr());
    }
}
