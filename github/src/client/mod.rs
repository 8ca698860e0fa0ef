//! One client per interface: one connection where HTTP/2 is spoken, verified TLS, no redirection followed, nothing without
//! an end.

mod gate;
mod way;

use std::{
    borrow::Cow,
    error::Error as _,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use futures::FutureExt as _;
use gh_connect_engine::{Cx, Lack, Redactor, Secret, Stop, shown};
use gh_connect_probe::{
    Endpoint,
    clock::Reading,
    http::{http_date, store_sign_of},
    net::Failure,
    tcp::{Dial, DialKey, Family},
    tls::{self, Handshake},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep},
};

use self::{
    gate::{Gate, NotOpened},
    way::Way,
};
use crate::{Api, NoReply, Refusal, credentials::Credentials};

/// Asks one interface.
pub(crate) struct Client {
    api: Api,
    endpoint: Endpoint,
    http: reqwest::Client,
    base: String,
    gate: Gate,
    authorization: Option<Secret>,
    redactor: Redactor,
    /// What each reply so far told of the time, by what was asked for.
    clock: Mutex<Vec<(String, Reading)>>,
}

/// What is asked.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// From the first slash on, with perhaps a query.
    pub(crate) target: &'a str,
    pub(crate) accept: &'static str,
    /// Whether it says who asks, where there is something to say it with.
    pub(crate) credential: bool,
    /// JSON.
    pub(crate) body: Option<String>,
    /// The largest body that an answer can have.
    pub(crate) most: u64,
    /// Whether the answer is read as it is, because a secret is what is asked for.
    pub(crate) as_it_is: bool,
}

/// A whole reply, whatever its status.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether the request said who asks.
    pub(crate) credential: bool,
    /// What its `Date` tells of the time.
    pub(crate) reading: Option<Reading>,
}

/// Why there is no client.
#[derive(Clone)]
pub(crate) enum Unopened {
    Stop(Stop),
    NoReply(NoReply),
}

impl Client {
    /// The client of this run.
    pub(crate) async fn of(cx: &Cx, api: Api) -> Result<Arc<Self>, Unopened> {
        let kept =
            cx.shared::<OnceCell<Result<Arc<Self>, Unopened>>>(&format!("client {api:?}"), OnceCell::new);
        kept.get_or_init(async || Self::open(cx, api).await.map(Arc::new)).await.clone()
    }

    async fn open(cx: &Cx, api: Api) -> Result<Self, Unopened> {
        let endpoint = api.endpoint(cx.plan()).map_err(Unopened::Stop)?;
        let config = async { tls::client_config(cx).await.map_err(Unopened::Stop) };
        let (way, config) = futures::try_join!(Way::find(cx, &endpoint), config)?;
        let credentials = Credentials::of(cx);
        let mut redactor = cx.plan().redactor();
        credentials.teach(&mut redactor);
        let limit = cx.plan().timeout.value.0;
        let gate = Gate::new(cx, limit);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .dns_resolver(way.names)
            .no_proxy()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connector_layer(gate.clone())
            // Divided among a name's addresses, so that a dead one leaves time for the next; the gate is a little earlier.
            .connect_timeout(limit + HEAD_START)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(4 * STREAM_WINDOW)
            .http2_max_header_list_size(LONGEST_HEAD)
            .user_agent(USER_AGENT);
        let http = match way.proxy {
            Some(proxy) => http.proxy(proxy),
            None => http,
        };
        let http = http
            .build()
            .map_err(|_| Unopened::Stop(Stop::Trouble(format!("a client for {api} cannot be set up"))))?;
        let authorization = credentials.authorization(api);
        Ok(Self {
            api,
            endpoint,
            http,
            base: way.base,
            gate,
            authorization,
            redactor,
            clock: Mutex::default(),
        })
    }

    /// Whether there is something to say who asks with.
    pub(crate) fn has_credential(&self) -> bool {
        self.authorization.is_some()
    }

    /// Asks, and takes the reply as long as it is within its limits. What the run knows to be secret is taken out of the
    /// body before anybody reads it, unless an answer is to be read as it is.
    /// Stops where this machine has not what it takes to ask.
    pub(crate) async fn send(&self, cx: &Cx, request: Request<'_>) -> Result<Result<Reply, Refusal>, Stop> {
        let (most, credential) = (request.most, request.credential && self.has_credential());
        let (as_it_is, target) = (request.as_it_is, request.target);
        let request = match self.request(request) {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (begun, sent_at) = (Instant::now(), cx.effects().now());
        let exchange = async {
            let response = self.http.execute(request).await.map_err(Broken::of)?;
            let head_at = cx.effects().now();
            let stored = store_sign_of(response.headers());
            let reply = self.take(response, most, credential, as_it_is).await?;
            match stored {
                Some(sign) => Err(Broken::Stored(sign)),
                None => Ok(self.timed(target, reply, sent_at, head_at)),
            }
        };
        let why_slow = async {
            // What keeps a connection waiting is found out within the same time.
            sleep(cx.plan().timeout.value.0.mul_f64(PATIENCE)).await;
            if !self.gate.was_opened() {
                let _ = cx.fact::<Handshake>(&self.endpoint).now_or_never();
            }
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            biased;
            outcome = exchange => outcome,
            () = self.gate.overdue(begun) => Err(Broken::TimedOut),
            () = why_slow => Err(Broken::TimedOut),
        };
        Ok(match outcome {
            Ok(reply) => Ok(reply),
            Err(Broken::TooLarge) => Err(Refusal::TooLarge { limit: most }),
            Err(Broken::NotOpened(why)) => Err(Refusal::NoReply(self.why_not_opened(cx, why).await?)),
            Err(Broken::TimedOut) => Err(Refusal::NoReply(NoReply::TimedOut)),
            Err(Broken::Closed) => Err(Refusal::NoReply(NoReply::Closed)),
            Err(Broken::NotHttp) => Err(Refusal::NoReply(NoReply::NotHttp)),
            Err(Broken::Stored(sign)) => Err(Refusal::NoReply(NoReply::Stored { sign })),
            Err(Broken::Other(text)) => Err(Refusal::NoReply(self.other(&text))),
        })
    }

    fn request(&self, request: Request<'_>) -> Result<reqwest::Request, Refusal> {
        let url = format!("{}{}", self.base, request.target);
        let mut builder = self.http.request(request.method, url).header(header::ACCEPT, request.accept);
        if self.api == Api::Cloud {
            builder = builder.header(API_VERSION.0, API_VERSION.1);
        }
        if let Some(authorization) = self.authorization.as_ref().filter(|_| request.credential) {
            let mut value = HeaderValue::try_from(authorization.expose()).map_err(|_| {
                let message = "it holds characters that no header can carry, so it was not sent".to_owned();
                Refusal::BadCredentials { message }
            })?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        if let Some(body) = request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        builder.build().map_err(|_| Refusal::NoReply(self.other("the request cannot be said in HTTP")))
    }

    async fn take(
        &self,
        mut response: reqwest::Response,
        most: u64,
        credential: bool,
        as_it_is: bool,
    ) -> Result<Reply, Broken> {
        let announced = response.content_length().unwrap_or(0);
        if announced > most {
            return Err(Broken::TooLarge);
        }
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let mut body = Vec::with_capacity(announced.min(USUAL_BODY) as usize);
        while let Some(chunk) = response.chunk().await.map_err(Broken::of)? {
            if (body.len() + chunk.len()) as u64 > most {
                return Err(Broken::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        if !(as_it_is && status == 200)
            && let Ok(text) = std::str::from_utf8(&body)
            && let Cow::Owned(clean) = self.redactor.clean_reply(text)
        {
            body = clean.into_bytes();
        }
        Ok(Reply { status, headers, body, credential, reading: None })
    }

    /// The reply with what its `Date` tells of the time, which is kept for [`Client::reading`] as well.
    fn timed(&self, target: &str, reply: Reply, sent_at: Timestamp, head_at: Timestamp) -> Reply {
        let date = reply.headers.get(header::DATE).and_then(|date| http_date(date.to_str().ok()?));
        let reading = date.and_then(|date| Reading::of(date, sent_at, head_at));
        if let Some(reading) = &reading {
            let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
            clock.push((target.to_owned(), reading.clone()));
        }
        Reply { reading, ..reply }
    }

    /// What the first live reply to a request for `target` told of the time.
    pub(crate) fn reading(&self, target: &str) -> Option<Reading> {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.iter().find(|(asked, _)| asked == target).map(|(_, reading)| reading.clone())
    }

    /// Where it asks.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Names the reason as the measurements of the network name it; they have mostly been made by now.
    async fn why_not_opened(&self, cx: &Cx, not_opened: NotOpened) -> Result<NoReply, Stop> {
        if let Some(lack) = not_opened.lack {
            return Err(lack.stop());
        }
        Ok(match cx.fact::<Handshake>(&self.endpoint).await {
            Ok(handshake) if !handshake.verified() => NoReply::NoSession { end: handshake.end.clone() },
            Err(stop) if Lack::in_stop(&stop).is_some() => return Err(stop),
            Err(Stop::Blocked(by)) if by == "dns" => NoReply::NoAddress,
            Err(Stop::Blocked(by)) if by == "proxy" => NoReply::NoTunnel,
            Err(Stop::Blocked(_)) => match self.failure(cx).await? {
                Some(failure) => NoReply::Unconnected { failure },
                None => self.other(&not_opened.to_string()),
            },
            _ if not_opened.timed_out => NoReply::TimedOut,
            _ => self.other(&not_opened.to_string()),
        })
    }

    async fn failure(&self, cx: &Cx) -> Result<Option<Failure>, Stop> {
        for family in [Family::V4, Family::V6] {
            let key = DialKey { endpoint: self.endpoint.clone(), family };
            match cx.fact::<Dial>(&key).await {
                Ok(dial) if dial.failure().is_some() => {
                    let failure = dial.failure().cloned();
                    return match failure.as_ref().and_then(Failure::lack) {
                        Some(lack) => Err(lack.stop()),
                        None => Ok(failure),
                    };
                }
                Err(stop) if Lack::in_stop(&stop).is_some() => return Err(stop),
                _ => {}
            }
        }
        Ok(None)
    }

    fn other(&self, text: &str) -> NoReply {
        NoReply::Other { text: shown(&self.redactor.clean(text), 200) }
    }
}

/// How an exchange ended before its reply did.
enum Broken {
    NotOpened(NotOpened),
    TimedOut,
    Closed,
    NotHttp,
    TooLarge,
    /// It was whole, and came out of a store on the way.
    Stored(String),
    /// In words that are not for showing.
    Other(String),
}

impl Broken {
    fn of(error: reqwest::Error) -> Self {
        // A URL may hold what was asked about, and is known to whoever asks.
        let error = error.without_url();
        let mut next = error.source();
        let mut last = error.to_string();
        while let Some(cause) = next {
            if let Some(why) = cause.downcast_ref::<NotOpened>() {
                return Self::NotOpened(why.clone());
            }
            if let Some(io) = cause.downcast_ref::<io::Error>()
                && matches!(
                    io.kind(),
                    io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::BrokenPipe
                )
            {
                return Self::Closed;
            }
            if let Some(http) = cause.downcast_ref::<hyper::Error>() {
                if http.is_parse() {
                    return Self::NotHttp;
                }
                if http.is_incomplete_message() || http.is_closed() || http.is_canceled() {
                    return Self::Closed;
                }
            }
            // A stream or a connection that the peer ended by a frame: RST_STREAM or GOAWAY.
            if cause.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_remote) {
                return Self::Closed;
            }
            last = cause.to_string();
            next = cause.source();
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, timed_out) => Self::NotOpened(NotOpened::new(&last, timed_out)),
            (false, true) => Self::TimedOut,
            (false, false) => Self::Other(last),
        }
    }
}

impl From<NoReply> for Unopened {
    fn from(no_reply: NoReply) -> Self {
        Self::NoReply(no_reply)
    }
}

/// The part of the time for one attempt after which it is asked what keeps a connection waiting.
const PATIENCE: f64 = 0.4;
/// By how much the gate's clock is ahead of the client's own.
const HEAD_START: std::time::Duration = std::time::Duration::from_millis(100);
/// A page of a hundred events arrives without waiting for leave to go on.
const STREAM_WINDOW: u32 = 512 * 1024;
const LONGEST_HEAD: u32 = 64 * 1024;
/// As much room as is made for a body because it is announced; for a longer one, when it comes.
const USUAL_BODY: u64 = 64 * 1024;
/// GitHub docs: API Versions.
const API_VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
const USER_AGENT: &str = concat!("gh-connect/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;
