//! Handshakes with real servers on loopback.

use std::net::SocketAddr;

use gh_connect_engine::{Plan, Roots, Sourced};
use rustls_pki_types::CertificateDer;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::*;
use crate::testing::{Authority, Leaf, Pems, cx, plan, read_head, serve, tls_server};

fn target() -> Endpoint {
    Endpoint::new("127.0.0.1", 443)
}

/// Roots by name: what this machine trusts, what was added, what the public trusts.
fn trusting(
    mut plan: Plan,
    pems: &Pems,
    system: &Authority,
    extra: &[&Authority],
    public: &Authority,
) -> Plan {
    plan.trust.system.value = Roots::File(pems.file("system.pem", system));
    plan.trust.public.value = Roots::File(pems.file("public.pem", public));
    let extra = extra.iter().enumerate();
    plan.trust.extra = extra
        .map(|(nth, authority)| Sourced::default(pems.file(&format!("extra-{nth}.pem"), authority)))
        .collect();
    plan
}

async fn serving(chain: Vec<CertificateDer<'static>>) -> SocketAddr {
    let acceptor = tls_server(chain);
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut session) = acceptor.accept(stream).await {
                read_head(&mut session).await;
            }
        }
    })
    .await
}

/// The handshake with a server whose leaf is like this and signed by an intermediate of `public`, which the system
/// trusts too.
async fn with_leaf(leaf: Leaf<'_>) -> Handshake {
    let (pems, public) = (Pems::new(), Authority::new("Root"));
    let issuing = public.intermediate("Issuing");
    let server = serving(vec![issuing.leaf(&leaf), issuing.der()]).await;
    let cx = cx(trusting(plan(&[(443, server)]), &pems, &public, &[], &public));
    Handshake::clone(&*cx.fact::<Handshake>(&target()).await.expect("measured"))
}

/// The handshake with a server that does this.
async fn with_server<F>(
    handle: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> (gh_connect_engine::Cx, Handshake)
where
    F: Future<Output = ()> + Send + 'static,
{
    let server = serve(handle).await;
    let cx = cx(plan(&[(443, server)]));
    let handshake = Handshake::clone(&*cx.fact::<Handshake>(&target()).await.expect("measured"));
    (cx, handshake)
}

#[tokio::test]
async fn a_good_chain_is_verified_and_described() {
    let handshake = with_leaf(Leaf::default()).await;
    assert_eq!((&handshake.end, handshake.version.as_deref()), (&End::Verified, Some("TLS 1.3")));
    assert_eq!(handshake.key_exchange.as_deref(), Some("X25519"));
    assert_eq!(handshake.server_name, None, "an address is no server name");
    assert_eq!(handshake.leaf().map(|says| says.issuer.short()), Some("Issuing"));
    let trusted = Verdict::Trusted;
    let verdicts = Verdicts {
        system: trusted.clone(),
        with_extra: trusted.clone(),
        public: trusted,
        only_by: None,
        openssl: Some(OpenSsl::Accepts),
    };
    assert_eq!(handshake.verdicts, Some(verdicts));
    assert!(handshake.chain.is_some_and(|chain| chain.leads_to_known_root && chain.certificates.len() == 2));
    assert_eq!((handshake.began, handshake.variants), (None, Vec::new()));
}

#[tokio::test]
async fn a_bad_chain_is_kept_with_the_first_reason() {
    for (leaf, expected) in [
        (Leaf { to: -10, ..Leaf::default() }, Reason::Expired),
        (Leaf { from: 10, ..Leaf::default() }, Reason::NotYetValid),
        (Leaf { names: &["other.example"], ..Leaf::default() }, Reason::NameMismatch),
        (Leaf { names: &["other.example"], to: -10, ..Leaf::default() }, Reason::NameMismatch),
    ] {
        let handshake = with_leaf(leaf).await;
        assert_eq!(handshake.end, End::Distrusted(expected));
        assert!(handshake.leaf().is_some());
    }
    let handshake = with_leaf(Leaf { for_servers: false, ..Leaf::default() }).await;
    assert!(matches!(&handshake.end, End::Distrusted(Reason::Unacceptable(_))), "{:?}", handshake.end);
}

#[tokio::test]
async fn an_unknown_issuer_comes_before_everything_else() {
    let (pems, known, unknown) = (Pems::new(), Authority::new("Known"), Authority::new("Unknown"));
    for leaf in [
        Leaf::default(),
        Leaf { to: -10, ..Leaf::default() },
        Leaf { from: 5, names: &["x.example"], ..Leaf::default() },
    ] {
        let server = serving(vec![unknown.leaf(&leaf), unknown.der()]).await;
        let cx = cx(trusting(plan(&[(443, server)]), &pems, &known, &[], &known));
        let handshake = cx.fact::<Handshake>(&target()).await.expect("measured");
        assert_eq!(handshake.end, End::Distrusted(Reason::UnknownIssuer));
        assert!(handshake.chain.as_ref().is_some_and(|chain| !chain.leads_to_known_root && chain.top == 1));
    }
}

#[tokio::test]
async fn a_missing_intermediate_is_an_unknown_issuer_by_a_known_name_or_not() {
    let (pems, root) = (Pems::new(), Authority::new("Root"));
    let server = serving(vec![root.intermediate("Issuing").leaf(&Leaf::default())]).await;
    let cx = cx(trusting(plan(&[(443, server)]), &pems, &root, &[], &root));
    let handshake = cx.fact::<Handshake>(&target()).await.expect("measured");
    assert_eq!(handshake.end, End::Distrusted(Reason::UnknownIssuer));
    assert!(handshake.chain.as_ref().is_some_and(|chain| !chain.leads_to_known_root));
}

#[tokio::test]
async fn the_file_that_makes_the_difference_is_named() {
    let (pems, public) = (Pems::new(), Authority::new("Public"));
    let (other, corp) = (Authority::new("Other"), Authority::new("Corp"));
    let server = serving(vec![corp.leaf(&Leaf::default())]).await;
    let cx = cx(trusting(plan(&[(443, server)]), &pems, &public, &[&other, &corp], &public));
    let handshake = cx.fact::<Handshake>(&target()).await.expect("measured");
    assert!(handshake.verified());
    let verdicts = handshake.verdicts.clone().expect("judged");
    assert_eq!(verdicts.system, Verdict::Distrusted(Reason::UnknownIssuer));
    assert_eq!(
        (verdicts.with_extra, verdicts.public),
        (Verdict::Trusted, Verdict::Distrusted(Reason::UnknownIssuer))
    );
    assert!(verdicts.only_by.is_some_and(|path| path.ends_with("extra-1.pem")));
}

#[tokio::test]
async fn two_files_together_make_a_root_of_an_intermediate() {
    let (pems, public, corp) = (Pems::new(), Authority::new("Public"), Authority::new("Corp"));
    let issuing = corp.intermediate("Issuing");
    let server = serving(vec![issuing.leaf(&Leaf::default())]).await;
    for (extra, expected) in
        [(&[&issuing][..], false), (&[&corp], false), (&[&issuing, &corp], true), (&[&corp, &issuing], true)]
    {
        let cx = cx(trusting(plan(&[(443, server)]), &pems, &public, extra, &public));
        let handshake = cx.fact::<Handshake>(&target()).await.expect("measured");
        assert_eq!(handshake.verified(), expected);
        let only_by = handshake.verdicts.as_ref().and_then(|verdicts| verdicts.only_by.as_ref());
        assert_eq!(only_by.is_some(), expected);
    }
}

#[tokio::test]
async fn an_intermediate_in_the_store_is_no_root_and_is_named() {
    let (pems, corp) = (Pems::new(), Authority::new("Corp"));
    let issuing = corp.intermediate("Issuing");
    let server = serving(vec![issuing.leaf(&Leaf::default()), issuing.der()]).await;
    let cx = cx(trusting(plan(&[(443, server)]), &pems, &issuing, &[], &corp));
    let handshake = cx.fact::<Handshake>(&target()).await.expect("measured");
    assert_eq!(handshake.end, End::Distrusted(Reason::UnknownIssuer));
    let fault = handshake.fault().expect("one");
    assert_eq!((fault.code, fault.depth), (Fault::NO_ROOT, 1));
    assert_eq!(fault.certificate.says.as_ref().map(|says| says.subject.short()), Some("Issuing"));
    assert!(fault.held_by.as_ref().is_some_and(|held_by| held_by.ends_with("system.pem")));
}

#[tokio::test]
async fn who_refuses_our_ciphers_is_offered_those_of_openssl() {
    let offered = |bytes: &'static [u8]| async move {
        let (_, handshake) = with_server(move |mut stream| async move {
            let mut hello = vec![0; 4096];
            let length = stream.peek(&mut hello).await.unwrap_or_default();
            // TLS_RSA_WITH_AES_256_GCM_SHA384 is in no hello of this program's own library.
            let is_openssl = hello[..length].windows(4).any(|part| part == [0, 0x9d, 0, 0x9c]);
            let answer = if is_openssl { bytes } else { b"\x15\x03\x03\x00\x02\x02\x28" };
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
            read_head(&mut stream).await;
        })
        .await;
        assert_eq!(handshake.end, End::Alert { code: 40, name: "handshake_failure".to_owned() });
        handshake.offer
    };
    let mut hello = b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03".to_vec();
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x9d, 0]);
    let taken = Offer::Taken { version: "TLS 1.2".to_owned(), cipher: "AES256-GCM-SHA384".to_owned() };
    assert_eq!(offered(hello.leak()).await, Some(taken));
    let refused = Offer::Refused { code: 40, name: "handshake_failure".to_owned() };
    assert_eq!(offered(b"\x15\x03\x03\x00\x02\x02\x28").await, Some(refused));
    assert_eq!(offered(b"HTTP/1.1 400 Bad Request\r\n\r\n").await, None);
}

#[tokio::test]
async fn a_session_is_taken_once_and_then_made_anew() {
    let (pems, root) = (Pems::new(), Authority::new("Root"));
    let server = serving(vec![root.leaf(&Leaf::default())]).await;
    let cx = cx(trusting(plan(&[(443, server)]), &pems, &root, &[], &root));
    session(&cx, &target()).await.expect("the parked one");
    session(&cx, &target()).await.expect("a new one");
}

#[tokio::test]
async fn what_is_no_tls_is_told_from_what_is_broken_tls() {
    for (bytes, expected) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], End::NotTls),
        (b"SSH-2.0-OpenSSH\r\n", End::NotTls),
        (b"\x00\xff\x1b[2J", End::NotTls),
        (b"\x15\x03\x03\x00\x02\x02\x46", End::Alert { code: 70, name: "protocol_version".to_owned() }),
        (b"\x15\x03\x03\x00\x02\x02\x70", End::Alert { code: 112, name: "unrecognized_name".to_owned() }),
        (b"\x16\x03\x03", End::Closed),
    ] {
        let (_, handshake) = with_server(move |mut stream| async move {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            read_head(&mut stream).await;
        })
        .await;
        assert_eq!(handshake.end, expected);
        assert_eq!(handshake.variants, Vec::new());
        assert!(handshake.began.is_some_and(|began| !began.contains('\u{1b}')));
    }
    let (_, handshake) = with_server(|mut stream| async move {
        let _ = stream.write_all(b"\x16\x03\x03\x00\x04\xff\xff\xff\xff").await;
        read_head(&mut stream).await;
    })
    .await;
    assert!(matches!(handshake.end, End::Garbage(_)), "{:?}", handshake.end);
}

#[tokio::test]
async fn a_hello_that_is_cut_is_followed_by_others() {
    // A box that resets whatever is longer than the smallest hello.
    let acceptor = tls_server(vec![Authority::once().leaf(&Leaf::default())]);
    let server = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut head = [0; 5];
            while stream.peek(&mut head).await.is_ok_and(|length| length < 5 && length > 0) {}
            // The smallest hello offers TLS 1.2 alone and one group.
            match u16::from_be_bytes([head[3], head[4]]) {
                0..200 => drop(acceptor.accept(stream).await),
                _ => reset(stream),
            }
        }
    })
    .await;
    let cx = cx(plan(&[(443, server)]));
    let handshake = cx.fact::<Handshake>(&target()).await.expect("measured");
    assert_eq!(handshake.end, End::Reset);
    let answered: Vec<_> =
        handshake.variants.iter().map(|variant| (variant.hello, variant.answered)).collect();
    assert_eq!(answered, [(Hello::Smallest, true), (Hello::Large, false)]);
    assert!(handshake.variants[1].hello_bytes > 1200 && handshake.hello_bytes < 400);
    assert_eq!(torn_down_unasked(&cx, &target()).await, Ok(None), "it waits for the hello");
}

#[tokio::test]
async fn who_tears_down_every_connection_is_not_blamed_on_tls() {
    let (cx, handshake) = with_server(|stream| async move { reset(stream) }).await;
    assert_eq!(handshake.end, End::Reset);
    assert_eq!(torn_down_unasked(&cx, &target()).await, Ok(Some(crate::net::Failure::Reset)));
    assert_eq!(cx.fact::<Secured>(&target()).await.err(), Some(Stop::blocked("connect")));
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_told_once() {
    let server = serve(|stream| async move { reset(stream) }).await;
    let mut plan = plan(&[(443, server)]);
    plan.trust.system.value = Roots::File("/nonexistent/roots.pem".into());
    let cx = cx(plan);
    let handshake = cx.fact::<Handshake>(&target()).await;
    assert!(
        matches!(&handshake, Err(Stop::Trouble(why)) if why.contains("/nonexistent/roots.pem")),
        "{handshake:?}"
    );
    assert_eq!(cx.fact::<Secured>(&target()).await.err(), Some(Stop::blocked("tls")));
    assert_eq!(session(&cx, &target()).await.err(), Some(Stop::blocked("tls")));
}

#[tokio::test]
async fn silence_ends_with_the_time_for_one_attempt() {
    let (cx, handshake) = with_server(|mut stream| async move {
        read_head(&mut stream).await;
    })
    .await;
    assert_eq!((&handshake.end, handshake.received_bytes), (&End::Silent, 0));
    assert!(handshake.variants.iter().all(|variant| variant.end == End::Silent && !variant.answered));
    assert_eq!(handshake.variants.len(), 2);
    assert_eq!(torn_down_unasked(&cx, &target()).await, Ok(None));
}

#[tokio::test]
async fn port_80_serves_when_443_does_not() {
    let (pems, root) = (Pems::new(), Authority::new("Root"));
    let on_443 = serve(|stream| async move { reset(stream) }).await;
    let on_80 = serving(vec![root.leaf(&Leaf::default())]).await;
    let cx = cx(trusting(plan(&[(443, on_443), (80, on_80)]), &pems, &root, &[], &root));
    let secured = cx.fact::<Secured>(&target()).await.expect("a session");
    assert_eq!(secured.endpoint, target().on_port(80));
    session(&cx, &secured.endpoint).await.expect("the parked one");
}

#[tokio::test]
async fn facts_survive_the_record() {
    let handshake = with_leaf(Leaf { to: -10, ..Leaf::default() }).await;
    let json = serde_json::to_value(&handshake).expect("JSON");
    assert_eq!(serde_json::from_value::<Handshake>(json).expect("a handshake"), handshake);
}

/// Ends a connection with an RST.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).expect("a live socket");
}
