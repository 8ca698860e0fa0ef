//! Chains with one fault each, and OpenSSL's number for it, as `openssl s_client` 3.0 gave them.

use gh_connect_engine::Effects as _;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use time::{Duration, OffsetDateTime};

use super::*;

type Change = fn(&mut CertificateParams);

/// A root, an intermediate and a leaf, as they are made when nothing is changed: good.
struct Chain3 {
    root: Change,
    intermediate: Change,
    leaf: Change,
    /// The letters of what the store holds: `r`, `i`, `l`, or `R` for another root of the same name.
    store: &'static str,
    /// The letters of what is sent.
    sent: &'static str,
}

const GOOD: Chain3 = Chain3 { root: |_| {}, intermediate: |_| {}, leaf: |_| {}, store: "r", sent: "li" };

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Testing");
    params.distinguished_name.push(DnType::CommonName, common_name);
    (params.not_before, params.not_after) = (day(-40), day(120));
    params
}

fn ca(common_name: &str) -> CertificateParams {
    let mut params = named(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn day(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// What OpenSSL says of the chain: its number, 0 for an acceptance, and how deep the certificate is.
fn asked(case: &Chain3) -> (u8, usize) {
    let (mut root, mut intermediate, mut leaf) = (ca("Root"), ca("Issuing"), named("github.com"));
    leaf.subject_alt_names = vec![SanType::DnsName("github.com".try_into().expect("a name"))];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (case.root)(&mut root);
    (case.intermediate)(&mut intermediate);
    (case.leaf)(&mut leaf);
    let (root_key, intermediate_key) = (key(), key());
    let namesake = root.self_signed(&key()).expect("a certificate");
    let root_made = root.self_signed(&root_key).expect("a certificate");
    let root = Issuer::new(root, root_key);
    let intermediate_made = intermediate.signed_by(&intermediate_key, &root).expect("a certificate");
    let intermediate = Issuer::new(intermediate, intermediate_key);
    let leaf = leaf.signed_by(&key(), &intermediate).expect("a certificate");

    let by_letter = |letter: char| match letter {
        'l' => &leaf,
        'i' => &intermediate_made,
        'r' => &root_made,
        _ => &namesake,
    };
    let pem: String = case.store.chars().map(|letter| by_letter(letter).pem()).collect();
    let set = RootSet::from_pem("roots.pem", pem.as_bytes()).expect("certificates");
    let sent: Vec<CertificateDer<'_>> =
        case.sent.chars().map(|letter| by_letter(letter).der().clone()).collect();
    let question = Question {
        sent: &sent,
        sets: &[&set],
        host: &"github.com".try_into().expect("a name"),
        now: gh_connect_engine::Machine.now(),
        algorithms: &rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms,
    };
    match question.answer() {
        (OpenSsl::Accepts, None) => (0, 0),
        (OpenSsl::Refuses(fault), Some(_)) => (fault.code, fault.depth),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chain_is_judged_from_the_server_to_the_root() {
    for (about, case, expected) in [
        ("nothing wrong", GOOD, (0, 0)),
        ("the root is sent along", Chain3 { sent: "lir", ..GOOD }, (0, 0)),
        ("in any order, and more than once", Chain3 { sent: "lriilr", ..GOOD }, (0, 0)),
        ("root expired", Chain3 { root: |it| it.not_after = day(-1), ..GOOD }, (10, 2)),
        ("root to come", Chain3 { root: |it| it.not_before = day(1), ..GOOD }, (9, 2)),
        (
            "root is no CA",
            Chain3 {
                root: |it| {
                    it.is_ca = IsCa::ExplicitNoCa;
                    it.key_usages.clear();
                },
                ..GOOD
            },
            (79, 2),
        ),
        (
            "root says nothing of CAs",
            Chain3 {
                root: |it| {
                    it.is_ca = IsCa::NoCa;
                    it.key_usages.clear();
                },
                ..GOOD
            },
            (79, 2),
        ),
        ("old root by its keyUsage", Chain3 { root: |it| it.is_ca = IsCa::NoCa, ..GOOD }, (0, 0)),
        (
            "root may not sign",
            Chain3 { root: |it| it.key_usages = vec![KeyUsagePurpose::CrlSign], ..GOOD },
            (79, 2),
        ),
        (
            "root for clients",
            Chain3 { root: |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth], ..GOOD },
            (26, 2),
        ),
        (
            "root for any purpose",
            Chain3 { root: |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any], ..GOOD },
            (26, 2),
        ),
        (
            "unknown critical extension of the root",
            Chain3 { root: |it| it.custom_extensions.push(odd()), ..GOOD },
            (34, 2),
        ),
        (
            "root allows no intermediate",
            Chain3 { root: |it| it.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)), ..GOOD },
            (25, 2),
        ),
        (
            "root for another domain",
            Chain3 { root: |it| it.name_constraints = only("corp.example"), ..GOOD },
            (47, 2),
        ),
        (
            "root for this domain",
            Chain3 { root: |it| it.name_constraints = only("github.com"), ..GOOD },
            (0, 0),
        ),
        ("root not for this domain", Chain3 { root: |it| it.name_constraints = but("com"), ..GOOD }, (48, 2)),
        ("intermediate as root", Chain3 { store: "i", ..GOOD }, (2, 1)),
        ("intermediate as root, root sent", Chain3 { store: "i", sent: "lir", ..GOOD }, (2, 1)),
        ("both trusted, neither sent", Chain3 { store: "ir", sent: "l", ..GOOD }, (0, 0)),
        ("the leaf itself is no root", Chain3 { store: "l", ..GOOD }, (20, 1)),
        ("intermediate missing", Chain3 { sent: "l", ..GOOD }, (20, 0)),
        ("root made anew", Chain3 { store: "R", ..GOOD }, (20, 1)),
        ("root made anew and sent", Chain3 { store: "R", sent: "lir", ..GOOD }, (19, 2)),
        ("old root beside the new one", Chain3 { store: "Rr", ..GOOD }, (0, 0)),
        ("intermediate expired", Chain3 { intermediate: |it| it.not_after = day(-1), ..GOOD }, (10, 1)),
        (
            "intermediate is no CA",
            Chain3 {
                intermediate: |it| {
                    it.is_ca = IsCa::ExplicitNoCa;
                    it.key_usages.clear();
                },
                ..GOOD
            },
            (79, 1),
        ),
        (
            "intermediate by its keyUsage alone",
            Chain3 { intermediate: |it| it.is_ca = IsCa::NoCa, ..GOOD },
            (79, 1),
        ),
        ("leaf expired", Chain3 { leaf: |it| it.not_after = day(-1), ..GOOD }, (10, 0)),
        (
            "leaf for clients",
            Chain3 { leaf: |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth], ..GOOD },
            (26, 0),
        ),
        (
            "leaf not for TLS",
            Chain3 { leaf: |it| it.key_usages = vec![KeyUsagePurpose::CrlSign], ..GOOD },
            (26, 0),
        ),
        (
            "leaf is a CA",
            Chain3 { leaf: |it| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained), ..GOOD },
            (0, 0),
        ),
        (
            "leaf for another name",
            Chain3 {
                leaf: |it| {
                    it.subject_alt_names = vec![SanType::DnsName("a.example".try_into().expect("a name"))]
                },
                ..GOOD
            },
            (62, 0),
        ),
        ("leaf by its common name", Chain3 { leaf: |it| it.subject_alt_names.clear(), ..GOOD }, (0, 0)),
        (
            "leaf by its common name beside an address",
            Chain3 {
                leaf: |it| it.subject_alt_names = vec![SanType::IpAddress([192, 0, 2, 1].into())],
                ..GOOD
            },
            (0, 0),
        ),
    ] {
        assert_eq!(asked(&case), expected, "{about}");
    }
}

#[test]
fn who_removes_the_first_fault_removes_the_others() {
    let expired_and_strange = Chain3 { root: |it| it.not_after = day(-1), store: "R", ..GOOD };
    assert_eq!(asked(&expired_and_strange).0, 20, "an unknown issuer before times");
    let purpose = Chain3 {
        root: |it| it.not_after = day(-1),
        leaf: |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        ..GOOD
    };
    assert_eq!(asked(&purpose).0, 26, "a purpose before times");
    let name = Chain3 {
        root: |it| it.not_after = day(-1),
        leaf: |it| it.subject_alt_names = vec![SanType::DnsName("a.example".try_into().expect("a name"))],
        ..GOOD
    };
    assert_eq!(asked(&name).0, 62, "a name before times");
}

#[test]
fn a_key_identifier_that_is_another_makes_another_issuer() {
    // Names alone decide where there is no identifier, and then the signature does.
    let without: Change = |it| it.use_authority_key_identifier_extension = false;
    assert_eq!(asked(&Chain3 { intermediate: without, store: "R", ..GOOD }), (7, 2));
    assert_eq!(asked(&Chain3 { intermediate: without, store: "R", sent: "lir", ..GOOD }), (7, 2));
    let odd: Change = |it| it.key_identifier_method = KeyIdMethod::PreSpecified(vec![1, 2, 3]);
    assert_eq!(asked(&Chain3 { root: odd, ..GOOD }), (0, 0), "both say the same");
}

#[test]
fn names_are_compared_without_case_and_white_space() {
    let name = |text: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, text);
        let made = params.self_signed(&key()).expect("a certificate");
        Cert::read(made.der(), None).expect("readable").subject
    };
    assert_eq!(name(" Corp   Root CA "), name("corp root ca"));
    assert_ne!(name("Corp Root CA"), name("Corp Root CA 2"));
    assert_ne!(name("Corp Root CA"), name("CorpRoot CA"));
}

/// An extension that nobody knows.
fn odd() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

fn only(domain: &str) -> Option<NameConstraints> {
    let permitted_subtrees = vec![GeneralSubtree::DnsName(domain.to_owned())];
    Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() })
}

fn but(domain: &str) -> Option<NameConstraints> {
    let excluded_subtrees = vec![GeneralSubtree::DnsName(domain.to_owned())];
    Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees })
}
