//! What tests of this crate need: servers on loopback that speak TLS and HTTP, and a plan that leads to them by name.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use gh_connect_engine::{
    ConnectTo, Cx, Effects, Machine, NoProxy, Plan, Product, Role, Roots, Seconds, Sourced, Target, Trust,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{Api, Credentials};

/// A server on loopback that answers every request by the same function.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Seen>>>,
}

/// A request as a server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) authority: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
    pub(crate) headers: http::HeaderMap,
}

/// What a server answers.
pub(crate) struct Says {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Whole(Vec<u8>),
    /// The same again and again.
    Endless,
    /// A byte, then nothing.
    Stuck,
    /// Not even a head.
    Never,
}

impl Says {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: Body::Whole(body.into().into_bytes()) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn body(body: Body) -> Self {
        Self { body, ..Self::json("") }
    }
}

/// Which protocols a server offers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Speaks {
    Both,
    Http1,
}

impl Served {
    pub(crate) async fn start(
        speaks: Speaks,
        answer: impl Fn(&Seen) -> Says + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        let served = Self {
            address: listener.local_addr().expect("an address"),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (Arc::clone(&served.connections), Arc::clone(&served.requests));
        let acceptor = authority().acceptor(speaks);
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, answer, requests) =
                    (acceptor.clone(), Arc::clone(&answer), Arc::clone(&requests));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let service = hyper::service::service_fn(move |request| {
                        reply(request, Arc::clone(&answer), Arc::clone(&requests))
                    });
                    let io = TokioIo::new(stream);
                    if h2 {
                        let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ = http.serve_connection(io, service).await;
                    } else {
                        let _ =
                            hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
                    }
                });
            }
        });
        served
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.requests.lock().expect("no panic").clone()
    }
}

async fn reply(
    request: Request<Incoming>,
    answer: Arc<impl Fn(&Seen) -> Says>,
    requests: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let text = |name: &str| Some(request.headers().get(name)?.to_str().expect("text").to_owned());
    let authority = request.uri().authority().map(ToString::to_string).or_else(|| text("host"));
    let mut seen = Seen {
        target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        authority: authority.unwrap_or_default(),
        authorization: text("authorization"),
        headers: request.headers().clone(),
        body: String::new(),
    };
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    seen.body = String::from_utf8_lossy(&body).into_owned();
    let says = answer(&seen);
    requests.lock().expect("no panic").push(seen);
    let body = match says.body {
        Body::Whole(bytes) => Full::new(Bytes::from(bytes)).boxed(),
        Body::Endless => {
            let again = std::iter::repeat_with(|| Ok(Frame::data(Bytes::from(vec![b' '; 16 * 1024]))));
            StreamBody::new(futures::stream::iter(again)).boxed()
        }
        Body::Stuck => {
            use futures::StreamExt as _;
            let first = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b"{")))]);
            BodyExt::boxed(StreamBody::new(first.chain(futures::stream::pending())))
        }
        Body::Never => std::future::pending().await,
    };
    let mut response = Response::new(body);
    *response.status_mut() = says.status.try_into().expect("a status");
    for (name, value) in says.headers {
        response.headers_mut().append(name, value.parse().expect("a value"));
    }
    Ok(response)
}

/// A certificate authority that is trusted in these tests, and a leaf for all their names.
pub(crate) struct Authority {
    pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

pub(crate) fn authority() -> &'static Authority {
    static ONCE: OnceLock<Authority> = OnceLock::new();
    ONCE.get_or_init(|| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        // A leaf of the same name would be its own issuer, by OpenSSL's reading.
        params.distinguished_name.push(rcgen::DnType::CommonName, "Testing Root");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().expect("a key");
        let names = ["api.github.com", "ghes.test", "proxy.test"].map(str::to_owned);
        let leaf = CertificateParams::new(names.to_vec()).expect("names");
        let leaf = leaf.signed_by(&leaf_key, &issuer).expect("a certificate");
        let pem = root.pem();
        Authority { pem, chain: vec![leaf.into()], key: leaf_key.serialize_der() }
    })
}

impl Authority {
    pub(crate) fn acceptor(&self, speaks: Speaks) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(self.chain.clone(), key));
        let mut config = config.expect("a configuration");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if speaks == Speaks::Both {
            config.alpn_protocols.insert(0, b"h2".to_vec());
        }
        Arc::new(config).into()
    }
}

/// This machine, but for two files that no disk holds.
pub(crate) struct Desk;

impl Effects for Desk {
    fn now(&self) -> Timestamp {
        Machine.now()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some(HOSTS) => Ok(b"192.0.2.1 api.github.com
192.0.2.2 ghes.test
192.0.2.3 proxy.test
"
            .to_vec()),
            Some(ROOT) => Ok(authority().pem.clone().into_bytes()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A plan in which interfaces are at these sockets.
pub(crate) fn plan(at: &[(Api, SocketAddr)]) -> Plan {
    let rule = |(api, to): &(Api, SocketAddr)| {
        let (host, port) = match api {
            Api::Cloud => ("192.0.2.1", 443),
            Api::Server => ("192.0.2.2", 443),
            Api::Manage => ("192.0.2.2", 8443),
        };
        rule(host, port, *to)
    };
    Plan {
        targets: vec![Target { host: "api.github.com".to_owned(), port: 443, role: Role::Api }],
        server: Some(Sourced::default("https://ghes.test".to_owned())),
        enterprise: Some(Sourced::default("acme".to_owned())),
        no_proxy: Sourced::default(NoProxy::parse("ghes.test")),
        hosts_file: Some(Sourced::default(HOSTS.into())),
        trust: Trust {
            system: Sourced::default(Roots::File(ROOT.into())),
            extra: Vec::new(),
            public: Sourced::default(Roots::Mozilla),
        },
        connect_to: at.iter().map(rule).collect(),
        loopback_only: true,
        timeout: Sourced::default(Seconds(Duration::from_secs(20))),
        deadline: Sourced::default(Seconds(Duration::from_secs(60))),
        ..Plan::new(Product::GithubCom)
    }
}

pub(crate) fn rule(host: &str, port: u16, to: SocketAddr) -> Sourced<ConnectTo> {
    Sourced::default(ConnectTo {
        host: Some(host.to_owned()),
        port: Some(port),
        to_host: Some(to.ip()),
        to_port: Some(to.port()),
    })
}

/// A context with all credentials.
pub(crate) fn cx(plan: Plan) -> Cx {
    let cx = Cx::live(plan, Desk);
    credentials().give_to(&cx);
    cx
}

pub(crate) fn credentials() -> Credentials {
    Credentials::of_environment(|name| match name {
        "GH_TOKEN" => Some(CLOUD_TOKEN),
        "GH_ENTERPRISE_TOKEN" => Some(SERVER_TOKEN),
        "GHE_MANAGE_PASSWORD" => Some(PASSWORD),
        _ => None,
    })
}

const HOSTS: &str = "desk/hosts";
const ROOT: &str = "desk/root.pem";
pub(crate) const CLOUD_TOKEN: &str = "ghp_canary0cloud";
pub(crate) const SERVER_TOKEN: &str = "ghp_canary0server";
pub(crate) const PASSWORD: &str = "canary/password+1";
