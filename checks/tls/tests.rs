//! Judgement on facts made by hand.

use gh_connect_engine::{
    Finding, Origin, Owner, Plan, Product, ProxySetting, ProxyUrl, Role, Severity, Sourced, Target,
};
use gh_connect_probe::tls::{
    Chain, End, Fault, Hello, Offer, OpenSsl, Reason, Statement, Variant, Verdict, Verdicts,
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::testing::{self, certificate, chain, name};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn days(count: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * count)
}

fn target() -> Target {
    Target { host: "api.github.com".to_owned(), port: 443, role: Role::Api }
}

fn plan() -> Plan {
    let mut plan = testing::plan(Product::GithubCom);
    plan.server = Some(Sourced::new("https://ghes.corp.example:8443/".to_owned(), Origin::flag("--server")));
    plan
}

fn leaf(issuer: &str) -> Statement {
    testing::statement("api.github.com", issuer, [days(-40), days(120)])
}

fn verdicts(system: Verdict, public: Verdict) -> Verdicts {
    Verdicts { with_extra: system.clone(), system, public, only_by: None, openssl: None }
}

fn handshake(end: End, chain: Option<Chain>, verdicts: Option<Verdicts>) -> Handshake {
    Handshake {
        end,
        server_name: Some("api.github.com".to_owned()),
        version: Some("TLS 1.3".to_owned()),
        cipher: None,
        key_exchange: None,
        chain,
        verdicts,
        at: now(),
        hello_bytes: 264,
        received_bytes: 0,
        began: None,
        variants: Vec::new(),
        offer: None,
        took_us: 0,
    }
}

fn verified(issuer: &str, public: Verdict) -> Handshake {
    handshake(End::Verified, Some(chain(leaf(issuer))), Some(verdicts(Verdict::Trusted, public)))
}

fn distrusted(reason: Reason, says: Statement) -> Handshake {
    let verdict = Verdict::Distrusted(reason.clone());
    handshake(End::Distrusted(reason), Some(chain(says)), Some(verdicts(verdict.clone(), verdict)))
}

fn failed(own: &Handshake) -> Finding {
    failed_beside(own, &[])
}

fn failed_beside(own: &Handshake, others: &[(Endpoint, Handshake)]) -> Finding {
    let judged = judge(&plan(), &target(), &Seen::Failed { own, others }).expect("judged");
    let [finding] = <[Finding; 1]>::try_from(judged.findings).expect("one fault, one finding");
    finding
}

#[test]
fn every_end_has_its_finding() {
    let fetchable = Statement { ca_issuers: vec!["http://ca.example/i.crt".to_owned()], ..leaf("Issuing") };
    let ldap = Statement { ca_issuers: vec!["ldap:///CN=i".to_owned()], ..leaf("Issuing") };
    let alert = |code| End::Alert { code, name: "an_alert".to_owned() };
    let bare = |end| handshake(end, None, None);
    for (own, expected) in [
        (distrusted(Reason::UnknownIssuer, leaf("Corp")), "tls/untrusted-issuer"),
        (distrusted(Reason::UnknownIssuer, leaf("api.github.com")), "tls/untrusted-issuer"),
        (distrusted(Reason::UnknownIssuer, fetchable.clone()), "tls/incomplete-chain"),
        (distrusted(Reason::UnknownIssuer, ldap), "tls/untrusted-issuer"),
        (distrusted(Reason::Expired, leaf("A")), "tls/expired"),
        (distrusted(Reason::NotYetValid, leaf("A")), "tls/not-yet-valid"),
        (distrusted(Reason::NameMismatch, leaf("A")), "tls/name-mismatch"),
        (distrusted(Reason::Malformed, leaf("A")), "tls/bad-certificate"),
        (distrusted(Reason::Unacceptable("it is odd".to_owned()), leaf("A")), "tls/bad-certificate"),
        (bare(End::Distrusted(Reason::Malformed)), "tls/bad-certificate"),
        (bare(End::Distrusted(Reason::UnknownIssuer)), "tls/untrusted-issuer"),
        (bare(alert(70)), "tls/protocol-unsupported"),
        (bare(alert(71)), "tls/protocol-unsupported"),
        (bare(End::Incompatible("x".to_owned())), "tls/protocol-unsupported"),
        (bare(alert(40)), "tls/alert"),
        (bare(End::Reset), "tls/handshake-reset"),
        (bare(End::Closed), "tls/handshake-reset"),
        (bare(End::Silent), "tls/handshake-timeout"),
        (bare(End::NotTls), "tls/not-tls"),
        (bare(End::Garbage("x".to_owned())), "tls/not-tls"),
    ] {
        let finding = failed(&own);
        assert_eq!(finding.kind.id, expected, "{:?}", own.end);
        assert_eq!(
            (finding.kind.severity, finding.subject.as_str()),
            (Severity::Blocker, "api.github.com:443")
        );
        assert!(!finding.fix.is_empty() && finding.message.contains("api.github.com"), "{finding:?}");
    }
    let own = bare(End::Other("odd".to_owned()));
    assert!(matches!(
        judge(&plan(), &target(), &Seen::Failed { own: &own, others: &[] }),
        Err(Stop::Trouble(_))
    ));
}

#[test]
fn a_missing_root_is_no_missing_intermediate() {
    let mut own = distrusted(
        Reason::UnknownIssuer,
        Statement { ca_issuers: vec!["http://ca.example/i.crt".to_owned()], ..leaf("Issuing") },
    );
    let sent = own.chain.as_mut().expect("sent");
    sent.certificates.push(certificate(Statement {
        subject: name("Issuing"),
        is_ca: true,
        ..leaf("Private Root")
    }));
    sent.top = 1;
    let finding = failed(&own);
    assert_eq!(finding.kind.id, "tls/untrusted-issuer");
    assert!(finding.message.contains("The highest certificate sent is that of \"Issuing\", SHA-256 AB:CD."));
    // A root by the issuer's name is known, and did not sign this.
    let mut own = distrusted(
        Reason::UnknownIssuer,
        Statement { ca_issuers: vec!["http://ca.example/i.crt".to_owned()], ..leaf("Root") },
    );
    own.chain.as_mut().expect("sent").leads_to_known_root = true;
    assert_eq!(failed(&own).kind.id, "tls/untrusted-issuer");
}

#[test]
fn who_is_spared_by_inspection_is_said() {
    let own = distrusted(Reason::UnknownIssuer, leaf("Corp Inspection CA 2"));
    let unknown = Verdict::Distrusted(Reason::UnknownIssuer);
    let others = [
        (Endpoint::new("github.com", 443), verified("Public", Verdict::Trusted)),
        (Endpoint::new("ghcr.io", 443), verified("Public", Verdict::Trusted)),
        (Endpoint::new("inspected.example", 443), verified("Corp", unknown)),
        (Endpoint::new("failed.example", 443), own.clone()),
        // In order at one address only.
        (Endpoint::new("half.example", 443), verified("Public", Verdict::Trusted)),
        (Endpoint::new("half.example", 443).by([192, 0, 2, 7].into()), own.clone()),
    ];
    let finding = failed_beside(&own, &others);
    assert!(
        finding.message.contains("was issued by \"Corp Inspection CA 2\", which this machine does not trust")
    );
    assert!(finding.message.ends_with("ghcr.io and github.com are not affected."), "{}", finding.message);
    let steps: Vec<_> = finding.fix.iter().map(|step| (step.owner, step.command.as_deref())).collect();
    let install = "ghe-ssl-ca-certificate-install -c rootCA.crt && ghe-config-apply";
    assert_eq!(steps, [(Owner::Proxy, None), (Owner::ServerAdmin, Some(install)), (Owner::Operator, None)]);
    assert_eq!(
        finding.fix[0].text,
        "Exempt api.github.com:443 from TLS inspection (ghcr.io and github.com are exempt already)"
    );
    assert!(finding.fix[1].text.contains("scp -P 122 rootCA.crt admin@ghes.corp.example:/home/admin"));
}

#[test]
fn an_old_store_is_told_from_inspection() {
    let verdict = Verdict::Distrusted(Reason::UnknownIssuer);
    let own = handshake(
        End::Distrusted(Reason::UnknownIssuer),
        Some(chain(leaf("New Public CA"))),
        Some(verdicts(verdict, Verdict::Trusted)),
    );
    let finding = failed(&own);
    assert!(
        finding.message.ends_with("The public does: this machine's store of trusted roots is out of date.")
    );
    assert_eq!(finding.fix[0].command.as_deref(), Some("sudo update-ca-certificates --verbose --fresh"));
}

#[test]
fn times_are_told_with_the_clock() {
    let own = distrusted(Reason::Expired, Statement { not_after: days(-14), ..leaf("A") });
    assert_eq!(
        failed(&own).message,
        "The certificate for api.github.com expired on 2026-11-08 12:00 UTC, 14 days ago by this machine's clock, which \
         says 2026-11-22 12:00 UTC."
    );
    let own = distrusted(Reason::NotYetValid, Statement { not_before: days(3), ..leaf("A") });
    assert_eq!(
        failed(&own).message,
        "The certificate for api.github.com is valid only from 2026-11-25 12:00 UTC on, in 3 days by this machine's clock, \
         which says 2026-11-22 12:00 UTC."
    );
    let mut own = distrusted(Reason::Expired, leaf("Issuing"));
    let old = Statement { subject: name("Issuing"), not_after: days(-1), ..leaf("Root") };
    own.chain.as_mut().expect("sent").certificates.push(certificate(old));
    assert!(
        failed(&own)
            .message
            .starts_with("The intermediate certificate of \"Issuing\" for api.github.com expired on")
    );
}

#[test]
fn other_names_are_listed_in_part() {
    let names = ["a.example", "b.example", "c.example", "d.example"].map(str::to_owned).to_vec();
    let own = distrusted(Reason::NameMismatch, Statement { names, more_names: 7, ..leaf("A") });
    assert!(
        failed(&own).message.contains("is for a.example, b.example, c.example and 8 more, issued by \"A\"")
    );
    let own = distrusted(
        Reason::NameMismatch,
        Statement { names: Vec::new(), subject: name("router.example"), ..leaf("A") },
    );
    assert!(failed(&own).message.contains("is for no name at all (it belongs to \"router.example\")"));
}

#[test]
fn hellos_that_fare_better_are_said() {
    let variant = |hello, hello_bytes, answered| Variant { hello, hello_bytes, answered, end: End::Reset };
    let cut = |variants| failed(&Handshake { variants, ..handshake(End::Reset, None, None) });
    let finding = cut(vec![variant(Hello::Smallest, 178, true), variant(Hello::Large, 1484, false)]);
    assert!(
        finding.message.ends_with("It does answer the smallest, TLS 1.2 one of 178 bytes."),
        "{}",
        finding.message
    );
    assert_eq!(finding.fix.len(), 2);
    let finding = cut(vec![variant(Hello::Smallest, 178, false), variant(Hello::Large, 1484, false)]);
    assert!(finding.message.contains("Neither the smallest, TLS 1.2 one of 178 bytes nor the large"));
    let begun = Handshake { received_bytes: 40, ..handshake(End::Closed, None, None) };
    assert!(
        failed(&begun)
            .message
            .ends_with("closed in the middle of the handshake, after 40 bytes of an answer.")
    );
}

#[test]
fn a_healthy_session_is_remarked_on() {
    let own = verified("Public Issuing CA 1", Verdict::Trusted);
    let judged = judge(&plan(), &target(), &Seen::Verified(&own)).expect("judged");
    assert_eq!(judged.remark.as_deref(), Some("TLS 1.3, issued by Public Issuing CA 1"));
    assert!(judged.findings.is_empty());
}

#[test]
fn a_private_root_is_a_warning_and_a_file_of_ours_says_what_to_install() {
    let mut own = verified("Corp", Verdict::Distrusted(Reason::UnknownIssuer));
    let found = |own: &Handshake| {
        let judged = judge(&plan(), &target(), &Seen::Verified(own)).expect("judged");
        (judged.findings[0].kind.id, judged.findings[0].kind.severity, judged.findings[0].clone())
    };
    let (id, severity, finding) = found(&own);
    assert_eq!((id, severity), ("tls/inspected", Severity::Warning));
    assert!(finding.fix[0].command.is_none());
    own.verdicts.as_mut().expect("judged").only_by = Some("/tmp/corp.pem".to_owned());
    let (id, _, finding) = found(&own);
    assert_eq!(id, "tls/inspected");
    assert!(finding.message.contains("trusted only because of --ca-file /tmp/corp.pem"));
    assert!(
        finding.fix[0]
            .command
            .as_deref()
            .is_some_and(|command| command.starts_with("ghe-ssl-ca-certificate-install"))
    );
}

#[test]
fn the_last_days_of_a_certificate_are_told_of() {
    for (begun, ends, expected) in
        [(-100, 13, true), (-100, 14, false), (-100, 1, true), (-1, 5, false), (-5, 1, true), (0, 1, false)]
    {
        let says = Statement { not_before: days(begun), not_after: days(ends), ..leaf("A") };
        let own =
            handshake(End::Verified, Some(chain(says)), Some(verdicts(Verdict::Trusted, Verdict::Trusted)));
        let judged = judge(&plan(), &target(), &Seen::Verified(&own)).expect("judged");
        let soon = judged.findings.iter().any(|finding| finding.kind.id == "tls/expires-soon");
        assert_eq!(soon, expected, "{begun} to {ends}");
    }
}

#[test]
fn a_session_on_80_says_what_is_wrong_with_443() {
    let on_80 = verified("A", Verdict::Trusted);
    let reset = handshake(End::Reset, None, None);
    let stop = Stop::blocked("connect");
    for (own, expected) in
        [(Ok(&reset), "ends during the handshake"), (Err(&stop), "nothing gets there (connect)")]
    {
        let judged = judge(&plan(), &target(), &Seen::On80 { own, on_80: &on_80 }).expect("judged");
        assert_eq!(judged.findings[0].kind.id, "tls/only-on-80");
        assert!(judged.findings[0].message.contains(expected), "{}", judged.findings[0].message);
    }
}

#[test]
fn what_to_do_about_443_follows_what_it_died_of() {
    let on_80 = verified("A", Verdict::Trusted);
    let untrusted = distrusted(Reason::UnknownIssuer, leaf("Corp"));
    let expired = distrusted(Reason::Expired, Statement { not_after: days(-3), ..leaf("A") });
    let reset = handshake(End::Reset, None, None);
    let odd = handshake(End::Other("odd".to_owned()), None, None);
    let stop = Stop::blocked("connect");
    for (own, expected) in [
        (Ok(&untrusted), "Exempt api.github.com:443 from TLS inspection"),
        (Ok(&expired), "Compare the clock first"),
        (Ok(&reset), "Find the firewall, gateway or proxy on the way"),
        (Ok(&on_80), "Find what makes sessions with api.github.com:443 slow"),
        (Ok(&odd), "Let api.github.com:443 through"),
        (Err(&stop), "Let api.github.com:443 through"),
    ] {
        let judged = judge(&plan(), &target(), &Seen::On80 { own, on_80: &on_80 }).expect("judged");
        let finding = &judged.findings[0];
        assert_eq!(finding.kind.id, "tls/only-on-80");
        assert!(finding.fix[0].text.starts_with(expected), "{:?}", finding.fix);
    }
}

#[test]
fn behind_a_proxy_the_proxy_team_acts() {
    let mut plan = plan();
    plan.proxy.value = ProxySetting::Use(ProxyUrl::parse("http://proxy:3128").expect("a URL"));
    let nothing = "The proxy proxy:3128 opened the tunnel to api.github.com:443, and";
    for (end, received_bytes, kind, what) in [
        (End::Silent, 0, "tls/handshake-timeout", format!("{nothing} nothing came back through it within 5 s.")),
        (
            End::Closed,
            0,
            "tls/handshake-reset",
            format!("{nothing} it was closed before anything came back through it."),
        ),
        (
            End::Reset,
            0,
            "tls/handshake-reset",
            format!("{nothing} it was reset before anything came back through it."),
        ),
        (
            End::Reset,
            7,
            "tls/handshake-reset",
            "The proxy's tunnel to api.github.com:443 was reset in the middle of the handshake, after 7 bytes of an answer."
                .to_owned(),
        ),
    ] {
        let own = Handshake { received_bytes, ..handshake(end, None, None) };
        let judged = judge(&plan, &target(), &Seen::Failed { own: &own, others: &[] }).expect("judged");
        let finding = &judged.findings[0];
        assert_eq!((finding.kind.id, finding.message.as_str()), (kind, what.as_str()));
        assert_eq!(finding.fix[0].owner, Owner::Proxy);
    }
}

/// A chain that OpenSSL refuses because of a certificate above the server's own, which a file holds.
fn refused(reason: Reason, code: u8, says: Statement) -> Handshake {
    let mut own = distrusted(reason, leaf("Corp Root CA"));
    let fault = Fault {
        code,
        depth: 1,
        certificate: certificate(says),
        held_by: Some("corp.pem".to_owned()),
        namesake: None,
    };
    own.verdicts.as_mut().expect("judged").openssl = Some(OpenSsl::Refuses(Box::new(fault)));
    own
}

fn root() -> Statement {
    testing::statement("Corp Root CA", "Corp Root CA", [days(-400), days(400)])
}

#[test]
fn a_root_that_is_not_fit_is_named_with_what_holds_it() {
    let expired = Statement { not_after: days(-5), ..root() };
    let to_come = Statement { not_before: days(5), ..root() };
    let intermediate = testing::statement("Corp Sub CA", "Corp Root CA", [days(-400), days(400)]);
    let no_ca = "the root \"Corp Root CA\" in corp.pem is no CA: its basicConstraints do not say so";
    for (own, kind, message) in [
        (
            refused(Reason::Expired, 10, expired),
            "tls/expired",
            "The root \"Corp Root CA\" in corp.pem, to which the certificate for api.github.com leads, expired on 2026-11-17",
        ),
        (
            refused(Reason::NotYetValid, 9, to_come),
            "tls/not-yet-valid",
            "The root \"Corp Root CA\" in corp.pem, to which the certificate for api.github.com leads, is valid only from",
        ),
        (
            refused(Reason::Unacceptable(no_ca.to_owned()), 79, root()),
            "tls/bad-certificate",
            "The certificate for api.github.com, issued by \"Corp Root CA\", is not accepted: the root",
        ),
        (
            refused(Reason::UnknownIssuer, Fault::NO_ROOT, intermediate),
            "tls/untrusted-issuer",
            "The certificate for api.github.com leads to \"Corp Sub CA\" in corp.pem, which is no root: \"Corp Root CA\" \
             issued it",
        ),
    ] {
        let finding = failed(&own);
        assert_eq!(finding.kind.id, kind);
        assert!(finding.message.starts_with(message), "{}", finding.message);
        let install = "ghe-ssl-ca-certificate-install -c rootCA.crt && ghe-config-apply";
        assert!(finding.fix.iter().any(|step| step.command.as_deref() == Some(install)), "{:?}", finding.fix);
    }
}

#[test]
fn a_ca_that_was_made_anew_is_told_from_an_unknown_one() {
    let mut own = refused(Reason::UnknownIssuer, 7, root());
    if let Some(OpenSsl::Refuses(fault)) = &mut own.verdicts.as_mut().expect("judged").openssl {
        fault.namesake = Some((certificate(root()), "corp.pem".to_owned()));
    }
    let finding = failed(&own);
    assert_eq!(finding.kind.id, "tls/untrusted-issuer");
    assert!(
        finding
            .message
            .contains("corp.pem holds another \"Corp Root CA\", SHA-256 AB:CD, which did not sign it"),
        "{}",
        finding.message
    );
    assert!(finding.fix[1].text.contains("the present certificate of \"Corp Root CA\""));
}

#[test]
fn a_root_that_the_public_renewed_is_an_old_store() {
    let mut own = refused(Reason::Expired, 10, Statement { not_after: days(-5), ..root() });
    own.verdicts.as_mut().expect("judged").public = Verdict::Trusted;
    let finding = failed(&own);
    assert_eq!(finding.fix[1].command.as_deref(), Some("sudo update-ca-certificates --verbose --fresh"));
}

#[test]
fn what_openssl_alone_may_accept_is_undetermined() {
    let unacceptable = Reason::Unacceptable("it is the certificate of an authority".to_owned());
    for (reason, openssl, expected) in [
        (unacceptable.clone(), OpenSsl::Accepts, "tls/openssl-may-differ"),
        (unacceptable, OpenSsl::Unknown("it is odd".to_owned()), "tls/openssl-may-differ"),
        (Reason::UnknownIssuer, OpenSsl::Accepts, "tls/openssl-may-differ"),
        (Reason::NameMismatch, OpenSsl::Accepts, "tls/openssl-may-differ"),
        (Reason::Malformed, OpenSsl::Accepts, "tls/openssl-may-differ"),
        (Reason::Malformed, OpenSsl::Unknown("it cannot be read".to_owned()), "tls/bad-certificate"),
    ] {
        let mut own = distrusted(reason.clone(), leaf("A"));
        own.verdicts.as_mut().expect("judged").openssl = Some(openssl.clone());
        let finding = failed(&own);
        assert_eq!(finding.kind.id, expected, "{reason:?} {openssl:?}");
        assert!(finding.kind.undetermined == (expected == "tls/openssl-may-differ"));
        assert!(finding.message.contains("api.github.com") && !finding.fix.is_empty(), "{finding:?}");
    }
}

#[test]
fn a_name_in_the_subject_alone_is_no_other_server() {
    let nameless = |common_name: &str, names: &[&str]| Statement {
        subject: name(common_name),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..leaf("Corp")
    };
    let accepts = Some(OpenSsl::Accepts);
    for (says, openssl, expected) in [
        (nameless("api.github.com", &[]), accepts.clone(), "tls/bad-certificate"),
        (nameless("api.github.com", &["192.0.2.1"]), accepts.clone(), "tls/bad-certificate"),
        (nameless("*.github.com", &[]), accepts, "tls/bad-certificate"),
        (nameless("GitHub.com", &[]), None, "tls/bad-certificate"),
        (nameless("router.corp.example", &[]), None, "tls/name-mismatch"),
        (nameless("api.github.com", &["router.corp.example"]), None, "tls/name-mismatch"),
    ] {
        let mut own = distrusted(Reason::NameMismatch, says.clone());
        own.verdicts.as_mut().expect("judged").openssl = openssl;
        let finding = failed(&own);
        assert_eq!(finding.kind.id, expected, "{says:?}");
        let dns_team = finding.fix.iter().any(|step| step.owner == Owner::Dns);
        assert_eq!(dns_team, expected == "tls/name-mismatch");
    }
}

#[test]
fn an_offer_of_openssl_that_is_taken_leaves_the_question_open() {
    let taken = Offer::Taken { version: "TLS 1.2".to_owned(), cipher: "AES256-GCM-SHA384".to_owned() };
    let refused = Offer::Refused { code: 40, name: "handshake_failure".to_owned() };
    let alert = End::Alert { code: 40, name: "handshake_failure".to_owned() };
    for (end, offer, expected) in [
        (alert.clone(), Some(&taken), "tls/openssl-may-differ"),
        (End::Reset, Some(&taken), "tls/openssl-may-differ"),
        (End::Incompatible("no cipher suites in common".to_owned()), Some(&taken), "tls/openssl-may-differ"),
        (alert.clone(), Some(&refused), "tls/alert"),
        (alert, None, "tls/alert"),
        (End::Reset, Some(&refused), "tls/handshake-reset"),
    ] {
        let own = Handshake { offer: offer.cloned(), ..handshake(end, None, None) };
        let finding = failed(&own);
        assert_eq!(finding.kind.id, expected, "{own:?}");
        assert_eq!(finding.message.contains("AES256-GCM-SHA384"), expected == "tls/openssl-may-differ");
    }
}

#[test]
fn roots_of_the_environment_are_named() {
    let mut plan = plan();
    let roots = gh_connect_engine::Roots::Environment { file: Some("a.pem".into()), folders: Vec::new() };
    plan.trust.system = Sourced::new(roots, Origin::environment("SSL_CERT_FILE"));
    let own = handshake(
        End::Distrusted(Reason::UnknownIssuer),
        Some(chain(leaf("Public CA"))),
        Some(verdicts(Verdict::Distrusted(Reason::UnknownIssuer), Verdict::Trusted)),
    );
    let judged = judge(&plan, &target(), &Seen::Failed { own: &own, others: &[] }).expect("judged");
    let finding = &judged.findings[0];
    assert!(finding.message.contains("which this machine, with the roots of SSL_CERT_FILE, does not trust"));
    assert!(finding.fix[0].text.starts_with("Unset SSL_CERT_FILE"), "{:?}", finding.fix);
    let own = verified("Corp", Verdict::Distrusted(Reason::UnknownIssuer));
    let judged = judge(&plan, &target(), &Seen::Verified(&own)).expect("judged");
    assert!(judged.findings[0].message.contains("with the roots of SSL_CERT_FILE, trusts"));
}
