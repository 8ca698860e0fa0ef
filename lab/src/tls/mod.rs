//! TLS as the lab's servers speak it: properly, or with one fault of a real kind.

mod hello;

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::CertificateDer;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authorities;
use crate::server::origin::pages::bad_request;
use crate::wire::{self, AnyWire};
use crate::world::{Alert, Certificate, Port80, Port443, Proxy, Tls};

pub(crate) use hello::{Hello, read as read_hello};

/// How one port answers a ClientHello.
pub(crate) struct Face {
    tls: Tls,
    alert: Alert,
    hello_limit: usize,
    chain: Vec<CertificateDer<'static>>,
    config: Arc<ServerConfig>,
}

/// The keys of a world file that make a face. Three tables have them.
pub(crate) struct FaceKeys<'a> {
    tls: Tls,
    alert: Alert,
    hello_limit: usize,
    /// Whether HTTP/2 is offered.
    http2: bool,
    certificate: &'a Certificate,
}

/// A session that was agreed on.
pub(crate) struct Session {
    pub(crate) wire: AnyWire,
    /// Whether it was agreed to speak HTTP/2 in it.
    pub(crate) http2: bool,
}

impl Face {
    pub(crate) fn new(
        keys: FaceKeys<'_>,
        host: &str,
        authorities: &Authorities,
        provider: &Arc<CryptoProvider>,
    ) -> io::Result<Face> {
        let FaceKeys { tls, alert, hello_limit, http2, certificate } = keys;
        let chain = authorities.chain(host, certificate).map_err(io::Error::other)?;
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(chain.certificates.clone(), chain.key)
            })
            .map_err(io::Error::other)?;
        let protocols = [HTTP_2, b"http/1.1"].into_iter().skip(usize::from(!http2));
        config.alpn_protocols = protocols.map(<[u8]>::to_vec).collect();
        Ok(Face { tls, alert, hello_limit, chain: chain.certificates, config: Arc::new(config) })
    }

    /// The face that a TLS-inspecting proxy shows in the place of `host`'s.
    pub(crate) fn inspecting(
        host: &str,
        authorities: &Authorities,
        provider: &Arc<CryptoProvider>,
    ) -> io::Result<Face> {
        let certificate = Certificate { issuer: crate::world::Issuer::Corp, ..Certificate::default() };
        let keys = FaceKeys {
            tls: Tls::Serve,
            alert: Alert::default(),
            hello_limit: 0,
            http2: false,
            certificate: &certificate,
        };
        Face::new(keys, host, authorities, provider)
    }

    /// Whether this port speaks HTTP in plain where TLS is expected.
    pub(crate) fn is_plain(&self) -> bool {
        self.tls == Tls::PlainHttp
    }

    /// Answers a hello that [`read_hello`] has read. Gives the session, or nothing when a fault was acted out instead.
    pub(crate) async fn answer(
        &self,
        hello: Option<&Hello>,
        mut wire: AnyWire,
    ) -> io::Result<Option<Session>> {
        let length = hello.map_or(0, |hello| hello.record_bytes);
        let fault = match self.tls {
            Tls::ResetOnLargeHello if length <= self.hello_limit => Tls::Serve,
            Tls::ResetOnSmallHello if length > self.hello_limit => Tls::Serve,
            Tls::Only11 if hello.is_some_and(only_newer_than_1_1) => Tls::Alert,
            other => other,
        };
        let last_words = match fault {
            Tls::Serve => {
                let session = TlsAcceptor::from(self.config.clone()).accept(wire).await?;
                let http2 = session.get_ref().1.alpn_protocol() == Some(HTTP_2);
                return Ok(Some(Session { wire: Box::new(session), http2 }));
            }
            Tls::Silent => {
                wire::hold(wire).await?;
                return Ok(None);
            }
            Tls::Reset | Tls::ResetOnLargeHello | Tls::ResetOnSmallHello => {
                wire::reset(wire);
                return Ok(None);
            }
            Tls::OnlyRsaKeyExchange => match hello.is_some_and(|hello| hello.suites.contains(&RSA_ONLY)) {
                true => server_flight(TLS_1_2, RSA_ONLY, &self.chain),
                false => alert_record(Alert::HandshakeFailure),
            },
            Tls::Only11 | Tls::ServerHello11 => server_hello_1_1(hello, &self.chain),
            Tls::Alert if self.tls == Tls::Only11 => alert_record(Alert::ProtocolVersion),
            Tls::Alert => alert_record(self.alert),
            Tls::Garbage => GARBAGE.to_vec(),
            Tls::PlainHttp => bad_request().with("Connection", "close").to_bytes("GET"),
            Tls::Close => Vec::new(),
            Tls::Truncated => {
                let whole = handshake_record(
                    TLS_1_2,
                    &server_hello(TLS_1_2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
                );
                whole[..whole.len() / 2].to_vec()
            }
        };
        wire.write_all(&last_words).await?;
        wire.flush().await?;
        wire::finish(wire).await?;
        Ok(None)
    }
}

impl FaceKeys<'_> {
    /// With HTTP/2 offered or not.
    pub(crate) fn http2(self, http2: bool) -> Self {
        Self { http2, ..self }
    }
}

impl<'a> From<&'a Port443> for FaceKeys<'a> {
    fn from(port: &'a Port443) -> FaceKeys<'a> {
        let Port443 { tls, alert, hello_limit, ref certificate, .. } = *port;
        FaceKeys { tls, alert, hello_limit, http2: false, certificate }
    }
}

impl<'a> From<&'a Port80> for FaceKeys<'a> {
    fn from(port: &'a Port80) -> FaceKeys<'a> {
        let Port80 { tls, alert, hello_limit, ref certificate, .. } = *port;
        FaceKeys { tls, alert, hello_limit, http2: false, certificate }
    }
}

impl<'a> From<&'a Proxy> for FaceKeys<'a> {
    fn from(proxy: &'a Proxy) -> FaceKeys<'a> {
        let Proxy { tls, alert, hello_limit, ref certificate, .. } = *proxy;
        FaceKeys { tls, alert, hello_limit, http2: false, certificate }
    }
}

/// Whether the client's list of versions holds nothing that a TLS 1.1 server speaks (RFC 8446 §4.2.1).
fn only_newer_than_1_1(hello: &Hello) -> bool {
    hello.versions.as_ref().is_some_and(|versions| !versions.iter().any(|&v| (SSL_3..=TLS_1_1).contains(&v)))
}

/// ServerHello, Certificate and ServerHelloDone of TLS 1.1 (RFC 4346 §7.4), with a suite of its time.
fn server_hello_1_1(hello: Option<&Hello>, chain: &[CertificateDer<'static>]) -> Vec<u8> {
    let offered = hello.map(|hello| hello.suites.as_slice()).unwrap_or_default();
    let suite = *CBC_SUITES.iter().find(|suite| offered.contains(suite)).unwrap_or(&CBC_SUITES[0]);
    server_flight(TLS_1_1, suite, chain)
}

/// What a server says first where keys are exchanged by RSA.
fn server_flight(version: u16, suite: u16, chain: &[CertificateDer<'static>]) -> Vec<u8> {
    let mut messages = server_hello(version, suite);
    messages.extend(handshake_message(11, &certificate_list(chain)));
    messages.extend(handshake_message(14, &[]));
    handshake_record(version, &messages)
}

/// A ServerHello message without extensions.
fn server_hello(version: u16, suite: u16) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    let mut random = [0; 32];
    // Nobody gets as far as to derive keys from it.
    let _ = getrandom::fill(&mut random);
    body.extend(random);
    body.push(0); // no session to resume
    body.extend(suite.to_be_bytes());
    body.push(0); // no compression
    handshake_message(2, &body)
}

fn certificate_list(chain: &[CertificateDer<'static>]) -> Vec<u8> {
    let entries: Vec<u8> = chain.iter().flat_map(|certificate| with_u24_length(certificate)).collect();
    with_u24_length(&entries)
}

fn handshake_message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend(with_u24_length(body));
    message
}

fn with_u24_length(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[1..], content].concat()
}

fn handshake_record(version: u16, messages: &[u8]) -> Vec<u8> {
    let mut record = vec![22];
    record.extend(version.to_be_bytes());
    record.extend(u16::try_from(messages.len()).unwrap_or(u16::MAX).to_be_bytes());
    record.extend_from_slice(messages);
    record
}

/// A fatal alert in plain.
fn alert_record(alert: Alert) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, alert as u8]
}

/// The name of HTTP/2 in ALPN (RFC 9113 §3.2).
const HTTP_2: &[u8] = b"h2";
const SSL_3: u16 = 0x0300;
const TLS_1_1: u16 = 0x0302;
const TLS_1_2: u16 = 0x0303;
const TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: u16 = 0xc02b;
/// TLS_RSA_WITH_AES_256_GCM_SHA384.
const RSA_ONLY: u16 = 0x009d;
/// The suites that a TLS 1.1 server would choose from: RSA and ECDHE with AES in CBC mode.
const CBC_SUITES: [u16; 6] = [0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035];
/// No TLS record begins like this; it would clear a terminal that shows it.
const GARBAGE: &[u8] =
    b"\x1b[2J\x1b]0;lab\x07\x00\xff\xfe\xfd not a record \x80\x81\x82\x83\r\n\x00\x00\x00\x00";
