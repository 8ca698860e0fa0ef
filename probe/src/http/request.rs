use gh_connect_engine::Secret;
use http::{HeaderMap, HeaderValue, header};

use crate::{net::Wire, tls::VerifiedSession};

/// A GET request.
///
/// What it carries is part of its type, and so is where it may go: a request with a credential only fits a
/// [`VerifiedSession`].
///
/// ```no_run
/// # use gh_connect_engine::{Cx, Secret};
/// # use gh_connect_probe::{http::{exchange, Limits, Request}, tls::VerifiedSession};
/// # async fn example(cx: &Cx, session: VerifiedSession, token: Secret, limits: Limits) {
/// let request = Request::get("api.github.com", "/user").with_credential(token);
/// exchange(cx, session, request, limits).await;
/// # }
/// ```
/// ```compile_fail,E0277
/// # use gh_connect_engine::{Cx, Secret};
/// # use gh_connect_probe::{http::{exchange, Limits, Request, Unverified}};
/// # async fn example(cx: &Cx, session: Unverified, token: Secret, limits: Limits) {
/// let request = Request::get("api.github.com", "/user").with_credential(token);
/// exchange(cx, session, request, limits).await;
/// # }
/// ```
#[derive(Debug)]
pub struct Request<C = Anonymous> {
    authority: String,
    target: String,
    headers: HeaderMap,
    credential: C,
}

/// A request that does not say who asks.
#[derive(Debug)]
pub struct Anonymous;

/// A request that says who asks, with a token.
#[derive(Debug)]
pub struct Authorized(Secret);

/// A connection whose other end has proven nothing: plain HTTP.
pub struct Unverified(Wire);

impl Request {
    /// A request for `target`, a path with perhaps a query, on `authority`, a host with perhaps a port.
    pub fn get(authority: impl Into<String>, target: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        Self { authority: authority.into(), target: target.into(), headers, credential: Anonymous }
    }

    /// The same with a token, which only a [`VerifiedSession`] carries.
    #[must_use]
    pub fn with_credential(self, token: Secret) -> Request<Authorized> {
        let Self { authority, target, headers, .. } = self;
        Request { authority, target, headers, credential: Authorized(token) }
    }

    /// The same request, handed to a proxy that asks `http://` in our place (RFC 9112 §3.2.2). The proxy is told who we
    /// are by `authorization`, which it takes for itself.
    #[must_use]
    pub(crate) fn by_proxy(mut self, authorization: Option<&Secret>) -> Self {
        self.target = format!("http://{}{}", self.authority, self.target);
        if let Some(value) = authorization.and_then(sensitive) {
            self.headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        self
    }
}

impl Unverified {
    pub(crate) fn new(wire: Wire) -> Self {
        Self(wire)
    }
}

impl std::fmt::Debug for Unverified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unverified")
    }
}

/// What a request says of who asks.
pub trait Credential: sealed::Credential {}
impl Credential for Anonymous {}
impl Credential for Authorized {}

/// A connection that may carry requests of this kind.
pub trait Carries<C: Credential>: sealed::Connection {}
impl Carries<Anonymous> for Unverified {}
impl<C: Credential> Carries<C> for VerifiedSession {}

impl<C: Credential> Request<C> {
    /// The request as it is sent; `None` when a part of it is nothing that HTTP can say.
    pub(super) fn into_http(self) -> Option<http::Request<http_body_util::Empty<bytes::Bytes>>> {
        let mut request = http::Request::get(self.target).body(http_body_util::Empty::new()).ok()?;
        *request.headers_mut() = self.headers;
        request.headers_mut().insert(header::HOST, HeaderValue::try_from(self.authority).ok()?);
        if let Some(value) = sealed::Credential::header(&self.credential) {
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        Some(request)
    }
}

pub(super) mod sealed {
    use http::HeaderValue;
    use tokio::io::{AsyncRead, AsyncWrite};

    use super::{Anonymous, Authorized, Secret, Unverified, VerifiedSession, sensitive};
    use crate::net::Wire;

    pub trait Credential {
        fn header(&self) -> Option<HeaderValue>;
    }
    impl Credential for Anonymous {
        fn header(&self) -> Option<HeaderValue> {
            None
        }
    }
    impl Credential for Authorized {
        fn header(&self) -> Option<HeaderValue> {
            sensitive(&Secret::new(format!("Bearer {}", self.0.expose())))
        }
    }

    pub trait Connection {
        type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
        fn into_stream(self) -> Self::Stream;
    }
    impl Connection for Unverified {
        type Stream = Wire;
        fn into_stream(self) -> Wire {
            self.0
        }
    }
    impl Connection for VerifiedSession {
        type Stream = Self;
        fn into_stream(self) -> Self {
            self
        }
    }
}

fn sensitive(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(secret.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

const USER_AGENT: &str = concat!("gh-connect/", env!("CARGO_PKG_VERSION"));
