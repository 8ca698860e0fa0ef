//! TLS: certificates that are really bad, and handshakes that really fail.

use std::io::ErrorKind;

use gh_connect_lab::{Event, Lab};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::client::{certificates, dial, handshake, handshake_trusting, is_silent, lab, read_all, session};

/// The chain that a host sends, whatever it is worth.
async fn chain(keys: &str) -> (Lab, Vec<CertificateDer<'static>>) {
    let lab = lab(&format!("host.'github.com'.port-443.certificate = {{ {keys} }}")).await;
    let stream = dial(&lab, "github.com", 443).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(believing_anything());
    let session = connector.connect("github.com".try_into().unwrap(), stream).await.unwrap();
    let chain =
        session.get_ref().1.peer_certificates().unwrap().iter().map(|c| c.clone().into_owned()).collect();
    (lab, chain)
}

/// Why a client with the public roots does not take a certificate.
async fn complaint(keys: &str) -> String {
    let lab = lab(&format!("host.'github.com'.port-443.certificate = {{ {keys} }}")).await;
    let error = session(&lab, "github.com").await.unwrap_err();
    assert!(!lab.log().iter().any(|event| matches!(event, Event::Request { .. })));
    error.to_string()
}

fn days_from_now(at: x509_parser::time::ASN1Time) -> i64 {
    let now = x509_parser::time::ASN1Time::now().timestamp();
    (at.timestamp() - now + 43_200).div_euclid(86_400)
}

#[tokio::test]
async fn a_good_chain_is_a_leaf_and_an_intermediate_under_the_public_root() {
    let (lab, chain) = chain("").await;
    assert_eq!(chain.len(), 2);
    let root = certificates(lab.public_roots_pem()).remove(0);
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let (_, intermediate) = X509Certificate::from_der(&chain[1]).unwrap();
    let (_, root) = X509Certificate::from_der(&root).unwrap();
    assert_eq!(root.subject().to_string(), "O=Lab Trust Services, CN=Lab Public Root");
    assert_eq!(intermediate.subject().to_string(), "O=Lab Trust Services, CN=Lab Public Issuing CA 1");
    assert_eq!(leaf.subject().to_string(), "CN=github.com");
    assert_eq!(leaf.issuer(), intermediate.subject());
    assert_eq!(intermediate.issuer(), root.subject());
    assert!(!leaf.is_ca() && intermediate.is_ca() && root.is_ca());
    assert_ne!(leaf.raw_serial(), intermediate.raw_serial());
    assert_eq!(
        (days_from_now(leaf.validity().not_before), days_from_now(leaf.validity().not_after)),
        (-40, 120)
    );
    assert_eq!(ca_issuers(&leaf).unwrap(), "http://cacerts.lab-trust.example/LabPublicIssuingCA1.crt");
}

/// The address of the issuer's certificate in a leaf.
fn ca_issuers(leaf: &X509Certificate<'_>) -> Option<String> {
    leaf.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => match &access.accessdescs[0].access_location {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        },
        _ => None,
    })
}

#[tokio::test]
async fn times_are_as_said() {
    for (keys, begin, end, valid) in [
        ("expired-days = 30", -190, -30, false),
        ("not-before-in-days = 2", 2, 162, false),
        ("expires-in-days = 5", -155, 5, true),
        ("expires-in-days = 400", -40, 400, true),
    ] {
        let (lab, chain) = chain(keys).await;
        let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
        let days = (days_from_now(leaf.validity().not_before), days_from_now(leaf.validity().not_after));
        assert_eq!(days, (begin, end), "{keys}");
        assert_eq!(session(&lab, "github.com").await.is_ok(), valid, "{keys}");
    }
    assert!(complaint("expired-days = 30").await.contains("expired"));
    assert!(complaint("not-before-in-days = 2").await.contains("not valid yet"));
}

#[tokio::test]
async fn names_are_as_said() {
    let (_lab, chain) = chain("names = ['other.example', '10.0.0.1']").await;
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap().value.general_names.clone();
    assert_eq!(names, [GeneralName::DNSName("other.example"), GeneralName::IPAddress(&[10, 0, 0, 1])]);
    assert!(complaint("names = ['other.example']").await.contains("not valid for name"));
}

#[tokio::test]
async fn an_issuer_can_be_another() {
    for (keys, issuer, ca) in [
        ("issuer = 'corp'", "O=Corp IT Security, CN=Corp Inspection CA 2", "corp-ca.pem"),
        ("issuer = 'other'", "O=Other Corp, CN=Other Private Issuing CA 1", "other-ca.pem"),
    ] {
        let (lab, chain) = chain(keys).await;
        let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
        assert_eq!(leaf.issuer().to_string(), issuer);
        assert!(ca_issuers(&leaf).is_none());
        assert!(complaint(keys).await.contains("UnknownIssuer"));
        let pem = std::fs::read_to_string(lab.directory().join(ca)).unwrap();
        handshake_trusting(&pem, "github.com", dial(&lab, "github.com", 443).await.unwrap()).await.unwrap();
    }
    let (_lab, chain) = chain("issuer = 'self'").await;
    assert_eq!(chain.len(), 1);
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    assert_eq!(leaf.issuer(), leaf.subject());
    assert!(complaint("issuer = 'self'").await.contains("UnknownIssuer"));
}

#[tokio::test]
async fn an_incomplete_chain_is_the_leaf_alone() {
    for (keys, has_address) in [("leaf-only = true", true), ("leaf-only = true, no-aia = true", false)] {
        let (_lab, chain) = chain(keys).await;
        assert_eq!(chain.len(), 1);
        let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
        assert_eq!(leaf.issuer().to_string(), "O=Lab Trust Services, CN=Lab Public Issuing CA 1");
        assert_eq!(ca_issuers(&leaf).is_some(), has_address);
        assert!(complaint(keys).await.contains("UnknownIssuer"));
    }
}

#[tokio::test]
async fn a_certificate_for_clients_is_no_servers() {
    let said = complaint("for-clients = true").await;
    assert!(said.contains("extended key usage"), "{said}");
}

/// A ClientHello of about this many bytes, recorded from the client that the tests use.
fn hello(padding: usize) -> Vec<u8> {
    let config = crate::client::trusting("");
    let config = match padding {
        0 => config,
        // A long list of protocols makes a long hello.
        _ => {
            let mut config = (*config).clone();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            config.alpn_protocols.extend((0..padding / 101).map(|_| vec![b'x'; 100]));
            config.into()
        }
    };
    let mut client = rustls::ClientConnection::new(config, "github.com".try_into().unwrap()).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// Sends a hello to a port of some TLS behaviour.
async fn greeted(keys: &str) -> (Lab, TcpStream) {
    let lab = lab(&format!("host.'github.com'.port-443 = {{ {keys} }}")).await;
    let mut stream = dial(&lab, "github.com", 443).await.unwrap();
    stream.write_all(&hello(0)).await.unwrap();
    (lab, stream)
}

#[tokio::test]
async fn a_hello_can_be_met_with_silence_a_reset_or_a_fin() {
    let (_lab, mut stream) = greeted("tls = 'silent'").await;
    assert!(is_silent(&mut stream).await);
    let (_lab, mut stream) = greeted("tls = 'reset'").await;
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let (_lab, mut stream) = greeted("tls = 'close'").await;
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn an_alert_is_the_one_that_was_named() {
    for (name, code) in
        [("handshake_failure", 40), ("unrecognized_name", 112), ("access_denied", 49), ("close_notify", 0)]
    {
        let (_lab, mut stream) = greeted(&format!("tls = 'alert', alert = '{name}'")).await;
        assert_eq!(read_all(&mut stream).await, [21, 3, 3, 0, 2, 2, code], "{name}");
    }
}

#[tokio::test]
async fn garbage_and_plain_http_are_no_tls() {
    let (_lab, mut stream) = greeted("tls = 'garbage'").await;
    let bytes = read_all(&mut stream).await;
    assert!(!(20..=24).contains(&bytes[0]));
    for word in ["plain-http", "none"] {
        let (lab, mut stream) = greeted(&format!("tls = '{word}'")).await;
        assert_eq!(crate::client::Response::parse(&read_all(&mut stream).await).status, 400);
        // And who speaks HTTP to it is answered in HTTP.
        let reply =
            crate::client::request(dial(&lab, "github.com", 443).await.unwrap(), "github.com", "/").await;
        assert_eq!(reply.status, 301);
    }
}

#[tokio::test]
async fn a_truncated_server_hello_announces_more_than_it_sends() {
    let (_lab, mut stream) = greeted("tls = 'truncated'").await;
    let bytes = read_all(&mut stream).await;
    assert_eq!(bytes[..3], [22, 3, 3]);
    let announced = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
    assert!(bytes.len() > 5 && bytes.len() < 5 + announced);
    assert_eq!(bytes[5], 2, "it begins as a ServerHello");
}

#[tokio::test]
async fn a_server_of_tls_1_1_is_one() {
    // A client that lists its versions is told that none of them will do.
    let (_lab, mut stream) = greeted("tls = 'only-1.1'").await;
    assert_eq!(read_all(&mut stream).await, [21, 3, 3, 0, 2, 2, 70]);

    // One that lists none gets a ServerHello of TLS 1.1, with a suite that it offered.
    let lab = lab("host.'github.com'.port-443.tls = 'only-1.1'").await;
    let mut stream = dial(&lab, "github.com", 443).await.unwrap();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0xc0, 0x2b, 0x00, 0x35, 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(body);
    stream.write_all(&record).await.unwrap();
    let bytes = read_all(&mut stream).await;
    assert_eq!(bytes[..3], [22, 3, 2]);
    assert_eq!((bytes[5], &bytes[9..11]), (2, &[3, 2][..]));
    assert_eq!(bytes[44..46], [0x00, 0x35]);
    // Its certificate is there, in the clear.
    assert_eq!(bytes[5 + 4 + 38], 11);

    let (lab, _stream) = greeted("tls = 'server-hello-1.1'").await;
    let error = session(&lab, "github.com").await.unwrap_err().to_string();
    assert!(error.contains("version") || error.contains("Tls12"), "{error}");
}

#[tokio::test]
async fn hellos_are_told_apart_by_size() {
    let (small, large) = (hello(0), hello(3000));
    assert!(small.len() + 1000 < large.len());
    let limit = small.len() + 500;
    for (word, resets_small, resets_large) in
        [("reset-on-large-hello", false, true), ("reset-on-small-hello", true, false)]
    {
        let lab =
            lab(&format!("host.'github.com'.port-443 = {{ tls = '{word}', hello-limit = {limit} }}")).await;
        for (hello, resets) in [(&small, resets_small), (&large, resets_large)] {
            let mut stream = dial(&lab, "github.com", 443).await.unwrap();
            stream.write_all(hello).await.unwrap();
            match resets {
                true => assert_eq!(
                    stream.read_u8().await.unwrap_err().kind(),
                    ErrorKind::ConnectionReset,
                    "{word}"
                ),
                false => assert_eq!(stream.read_u8().await.unwrap(), 22, "{word}"),
            }
        }
        let sizes: Vec<usize> = lab
            .log()
            .into_iter()
            .filter_map(|event| match event {
                Event::Hello { record_bytes, server_name, .. } => {
                    assert_eq!(server_name.as_deref(), Some("github.com"));
                    Some(record_bytes)
                }
                _ => None,
            })
            .collect();
        assert_eq!(sizes, [small.len() - 5, large.len() - 5]);
    }
}

#[tokio::test]
async fn peers_that_talk_nonsense_are_survived() {
    let lab = lab("").await;
    let small = hello(0);
    for bytes in [
        &b""[..],
        b"\x16",
        b"GET / HTTP/1.1\r\n\r\n",
        &[0xff; 4000],
        &[22, 3, 1, 0xff, 0xff, 1],
        &small[..50],
    ] {
        let mut stream = dial(&lab, "github.com", 443).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        read_all(&mut stream).await;
    }
    // Hellos whose inner lengths lie.
    for at in 5..small.len() {
        let mut bent = small.clone();
        bent[at] ^= 0xff;
        let mut stream = dial(&lab, "github.com", 443).await.unwrap();
        stream.write_all(&bent).await.unwrap();
        stream.shutdown().await.unwrap();
        read_all(&mut stream).await;
    }
    handshake(&lab, "github.com", dial(&lab, "github.com", 443).await.unwrap()).await.unwrap();
}

/// A client that takes every certificate, to look at it.
fn believing_anything() -> std::sync::Arc<rustls::ClientConfig> {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    #[derive(Debug)]
    struct Anything;

    impl ServerCertVerifier for Anything {
        fn verify_server_cert(
            &self,
            _leaf: &CertificateDer<'_>,
            _chain: &[CertificateDer<'_>],
            _name: &ServerName<'_>,
            _stapled: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _certificate: &CertificateDer<'_>,
            _signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _message: &[u8],
            _certificate: &CertificateDer<'_>,
            _signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            rustls::crypto::aws_lc_rs::default_provider()
                .signature_verification_algorithms
                .supported_schemes()
        }
    }

    let mut config = (*crate::client::trusting("")).clone();
    config.dangerous().set_certificate_verifier(std::sync::Arc::new(Anything));
    std::sync::Arc::new(config)
}
