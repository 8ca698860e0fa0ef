//! Clients for the tests: DNS by hand, TCP, a rustls client, HTTP read to its end.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gh_connect_lab::{Lab, World};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Long enough for anything on loopback. Only a failing test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long silence has to last to be believed.
pub(crate) const SILENCE: Duration = Duration::from_millis(700);

pub(crate) async fn lab(world: &str) -> Lab {
    let world = World::parse("test", world).unwrap_or_else(|error| panic!("{error}"));
    Lab::start(&world).await.unwrap()
}

/// The loopback socket of a host's first address.
pub(crate) fn socket(lab: &Lab, host: &str, port: u16) -> SocketAddr {
    let route = lab.routes().iter().find(|route| route.host == host && route.address.port() == port);
    route.unwrap_or_else(|| panic!("no route to {host}:{port}")).socket
}

/// The loopback socket of one address.
pub(crate) fn socket_at(lab: &Lab, address: &str) -> SocketAddr {
    lab.addresses()[&address.parse().unwrap()]
}

pub(crate) async fn dial(lab: &Lab, host: &str, port: u16) -> io::Result<TcpStream> {
    tokio::time::timeout(PATIENCE, TcpStream::connect(socket(lab, host, port))).await.unwrap()
}

pub(crate) fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.set_edns(edns);
    message
}

/// Asks one name server over UDP and gives the first datagram that comes back.
pub(crate) async fn ask_bytes(lab: &Lab, server: usize, query: &Message) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(lab.name_servers()[server]).await.unwrap();
    socket.send(&query.to_vec().unwrap()).await.unwrap();
    receive(&socket).await
}

pub(crate) async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut packet = [0; 4096];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut packet)).await.unwrap().unwrap();
    packet[..length].to_vec()
}

pub(crate) async fn ask(lab: &Lab, server: usize, name: &str, kind: RecordType) -> Message {
    let bytes = ask_bytes(lab, server, &question(name, kind)).await;
    Message::from_vec(&bytes).unwrap()
}

/// Asks one name server over TCP and gives the bytes of its reply.
pub(crate) async fn ask_tcp(lab: &Lab, server: usize, name: &str, kind: RecordType) -> io::Result<Vec<u8>> {
    let query = question(name, kind).to_vec().unwrap();
    let mut stream = TcpStream::connect(lab.name_servers()[server]).await?;
    stream.write_u16(u16::try_from(query.len()).unwrap()).await?;
    stream.write_all(&query).await?;
    let mut reply = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut reply).await?;
    Ok(reply)
}

/// The addresses of an answer section.
pub(crate) fn addresses(message: &Message) -> Vec<IpAddr> {
    message.answers.iter().filter_map(|record| record.data.ip_addr()).collect()
}

/// The aliases of an answer section, in order.
pub(crate) fn aliases(message: &Message) -> Vec<String> {
    let target = |data: &RData| match data {
        RData::CNAME(target) => Some(target.0.to_ascii()),
        _ => None,
    };
    message.answers.iter().filter_map(|record| target(&record.data)).collect()
}

pub(crate) fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap()
}

pub(crate) fn trusting(pem: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem) {
        roots.add(certificate).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A handshake over any stream, with the public roots.
pub(crate) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    lab: &Lab,
    host: &str,
    stream: S,
) -> io::Result<TlsStream<S>> {
    handshake_trusting(lab.public_roots_pem(), host, stream).await
}

pub(crate) async fn handshake_trusting<S: AsyncRead + AsyncWrite + Unpin>(
    roots: &str,
    host: &str,
    stream: S,
) -> io::Result<TlsStream<S>> {
    let connector = TlsConnector::from(trusting(roots));
    let name = ServerName::try_from(host.to_owned()).unwrap();
    tokio::time::timeout(PATIENCE, connector.connect(name, stream)).await.unwrap()
}

/// A verified session with a host on 443.
pub(crate) async fn session(lab: &Lab, host: &str) -> io::Result<TlsStream<TcpStream>> {
    handshake(lab, host, dial(lab, host, 443).await?).await
}

/// One request and everything that comes back until the end.
pub(crate) async fn request<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    target: &str,
) -> Response {
    request_with(stream, host, target, &[]).await
}

/// One request with further headers.
pub(crate) async fn request_with<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Response {
    send(stream, "GET", host, target, headers, "").await
}

/// One request and everything that comes back until the end.
pub(crate) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    method: &str,
    host: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: test\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    Response::parse(&read_all(&mut stream).await)
}

pub(crate) async fn get(lab: &Lab, host: &str, target: &str) -> Response {
    request(session(lab, host).await.unwrap(), host, target).await
}

pub(crate) async fn get_plain(lab: &Lab, host: &str, target: &str) -> Response {
    request(dial(lab, host, 80).await.unwrap(), host, target).await
}

/// Everything until the end, however it ends.
pub(crate) async fn read_all<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut bytes = Vec::new();
    // An end without TLS's own farewell, or by reset, is an end too.
    let _ =
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the stream should end");
    bytes
}

/// Whether nothing comes and nothing ends.
pub(crate) async fn is_silent<S: AsyncRead + Unpin>(stream: &mut S) -> bool {
    tokio::time::timeout(SILENCE, stream.read_u8()).await.is_err()
}

/// A reply, taken apart.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn parse(bytes: &[u8]) -> Response {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let head = match response.parse(bytes) {
            Ok(httparse::Status::Complete(head)) => head,
            other => panic!("no reply: {other:?} in {:?}", String::from_utf8_lossy(bytes)),
        };
        Response {
            status: response.code.unwrap(),
            head: bytes[..head].to_vec(),
            body: bytes[head..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(&self.head).unwrap();
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(header.value).into_owned())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The token that a run is given for the cloud.
pub(crate) fn cloud_token(lab: &Lab) -> String {
    lab.environment()["GH_TOKEN"].clone()
}

/// `GET` over the REST API of the cloud with its token.
pub(crate) async fn rest(lab: &Lab, target: &str) -> Response {
    rest_with(lab, target, &cloud_token(lab)).await
}

pub(crate) async fn rest_with(lab: &Lab, target: &str, token: &str) -> Response {
    let session = session(lab, "api.github.com").await.unwrap();
    request_with(session, "api.github.com", target, &[("Authorization", &format!("Bearer {token}"))]).await
}

/// The reply to a GraphQL document.
pub(crate) async fn graphql(lab: &Lab, query: &str, variables: serde_json::Value) -> serde_json::Value {
    let reply = graphql_reply(lab, &serde_json::json!({ "query": query, "variables": variables })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

pub(crate) async fn graphql_reply(lab: &Lab, body: &serde_json::Value) -> Response {
    let session = session(lab, "api.github.com").await.unwrap();
    let token = format!("bearer {}", cloud_token(lab));
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    send(session, "POST", "api.github.com", "/graphql", &headers, &body.to_string()).await
}

/// What the `Link` header calls `next`.
pub(crate) fn next_page(reply: &Response) -> Option<String> {
    let link = reply.header("link")?;
    let next = link.split(", ").find(|part| part.ends_with("rel=\"next\""))?.to_owned();
    Some(next.split(['<', '>']).nth(1).unwrap().to_owned())
}
