//! What tests of this crate need: authorities, servers on loopback, and a plan that leads to them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use gh_connect_engine::{
    ConnectTo, Cx, Machine, Plan, Product, Role, Roots, Seconds, Sourced, Target, Trust,
};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A certificate authority.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
}

/// What a leaf is like.
pub(crate) struct Leaf<'a> {
    pub(crate) names: &'a [&'a str],
    /// Days from now.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) for_servers: bool,
    pub(crate) aia: Option<&'a [u8]>,
}

impl Default for Leaf<'_> {
    fn default() -> Self {
        Self { names: &["127.0.0.1"], from: -40, to: 120, for_servers: true, aia: None }
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let (params, key) = (ca(name), KeyPair::generate().expect("a key"));
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate: certificate.into(), issuer: Issuer::new(params.clone(), key), params }
    }

    /// One for all tests that only need some.
    pub(crate) fn once() -> &'static Self {
        static ONCE: OnceLock<Authority> = OnceLock::new();
        ONCE.get_or_init(|| Self::new("Root"))
    }

    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let (params, key) = (ca(name), KeyPair::generate().expect("a key"));
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Self { certificate: certificate.into(), issuer: Issuer::new(params.clone(), key), params }
    }

    pub(crate) fn leaf(&self, leaf: &Leaf<'_>) -> CertificateDer<'static> {
        let names: Vec<String> = leaf.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        let day = |days: i64| OffsetDateTime::now_utc() + time::Duration::days(days);
        (params.not_before, params.not_after) = (day(leaf.from), day(leaf.to));
        let purpose = match leaf.for_servers {
            true => ExtendedKeyUsagePurpose::ServerAuth,
            false => ExtendedKeyUsagePurpose::ClientAuth,
        };
        params.extended_key_usages = vec![purpose];
        params.custom_extensions.extend(
            leaf.aia.map(|der| CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der.to_vec())),
        );
        params.signed_by(leaf_key(), &self.issuer).expect("a certificate").into()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The certificate in PEM, without a crate that would write it: openssl's form is base64 in lines.
    pub(crate) fn pem(&self) -> String {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64_STANDARD.encode(&self.certificate)
        )
    }

    /// The DER-encoded name.
    pub(crate) fn name_der(&self) -> Vec<u8> {
        let (_, certificate) = x509_parser::parse_x509_certificate(&self.certificate).expect("our own");
        assert!(self.params.is_ca != IsCa::NoCa);
        certificate.subject().as_raw().to_vec()
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Testing");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// All leaves share a key.
fn leaf_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate().expect("a key"))
}

/// A server that presents these certificates.
pub(crate) fn tls_server(chain: Vec<CertificateDer<'static>>) -> tokio_rustls::TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key().serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("a configuration");
    Arc::new(config).into()
}

/// Serves every connection to a loopback socket in the same way, until the runtime ends.
pub(crate) async fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// Reads a request head, or as much of it as comes.
pub(crate) async fn read_head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Answers a request with these bytes and says goodbye.
pub(crate) async fn answer(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    bytes: &[u8],
) {
    read_head(stream).await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

/// A plan whose target is `127.0.0.1:443` as a further host, with ports of it led to sockets.
pub(crate) fn plan(ports: &[(u16, SocketAddr)]) -> Plan {
    let rule = |(port, to): &(u16, SocketAddr)| {
        let (to_host, to_port) = (Some(to.ip()), Some(to.port()));
        Sourced::default(ConnectTo { host: None, port: Some(*port), to_host, to_port })
    };
    Plan {
        targets: vec![Target { host: "127.0.0.1".to_owned(), port: 443, role: Role::Also }],
        trust: Trust {
            system: Sourced::default(Roots::Mozilla),
            extra: Vec::new(),
            public: Sourced::default(Roots::Mozilla),
        },
        connect_to: ports.iter().map(rule).collect(),
        loopback_only: true,
        timeout: Sourced::default(Seconds(Duration::from_secs(1))),
        ..Plan::new(Product::GithubCom)
    }
}

/// A context on this machine.
pub(crate) fn cx(plan: Plan) -> Cx {
    Cx::live(plan, Machine)
}

/// A hosts file that goes away with the test.
pub(crate) struct Hosts(Pems);

impl Hosts {
    pub(crate) fn new(lines: &str) -> Self {
        let folder = Pems::new();
        std::fs::write(folder.0.join("hosts"), lines).expect("a file");
        Self(folder)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.0.join("hosts")
    }
}

/// A directory of PEM files that goes away with the test.
pub(crate) struct Pems(PathBuf);

impl Pems {
    pub(crate) fn new() -> Self {
        let mut unique = [0; 8];
        getrandom::fill(&mut unique).expect("entropy");
        let path = std::env::temp_dir().join(format!("gh-connect-test-{:x}", u64::from_ne_bytes(unique)));
        std::fs::create_dir(&path).expect("a directory");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, authority: &Authority) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, authority.pem()).expect("a file");
        path
    }
}

impl Drop for Pems {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
