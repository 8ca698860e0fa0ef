//! Connections are opened through here: one that speaks HTTP/2 is shared by all requests, also by those that were made
//! before it was there, and a failure counts for everybody who waited for it.

use std::{
    error::Error,
    fmt, io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use gh_connect_engine::{Cx, Lack};
use hyper_util::client::legacy::connect::Connection;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// What all connections of one client go through. Cheap to clone.
#[derive(Clone)]
pub(super) struct Gate(Arc<Inner>);

struct Inner {
    cx: Cx,
    limit: Duration,
    /// Held while a connection is being opened by which the others will know what to do.
    last: Mutex<Last>,
    /// When a connection was last opened.
    opened: watch::Sender<Option<Instant>>,
}

/// What came of the last attempt to open a connection.
#[derive(Default)]
enum Last {
    #[default]
    None,
    /// It speaks HTTP/2.
    Shared {
        since: Instant,
        _permit: OwnedSemaphorePermit,
    },
    /// It speaks HTTP/1.1, so that requests at the same time need one each.
    Single {
        permits: Vec<OwnedSemaphorePermit>,
    },
    Failed {
        at: Instant,
        why: NotOpened,
    },
}

/// Why no connection was opened.
#[derive(Clone, Debug)]
pub(super) struct NotOpened {
    /// In words that are not for showing.
    text: String,
    /// Whether the time for one attempt was over.
    pub(super) timed_out: bool,
    /// What this machine has not got for it.
    pub(super) lack: Option<Lack>,
}

impl Gate {
    /// `limit` is the time for opening one connection.
    pub(super) fn new(cx: &Cx, limit: Duration) -> Self {
        let (opened, _) = watch::channel(None);
        Self(Arc::new(Inner { cx: cx.clone(), limit, last: Mutex::default(), opened }))
    }

    /// Comes back when a request that was begun at `begun` has had the time for one attempt since it had a connection. A
    /// request that has none ends by itself.
    pub(super) async fn overdue(&self, begun: Instant) {
        let mut opened = self.0.opened.subscribe();
        let at = match opened.wait_for(Option::is_some).await {
            Ok(at) => at.unwrap_or(begun),
            Err(_) => begun,
        };
        sleep_until(at.max(begun) + self.0.limit).await;
    }

    /// Whether a connection was ever opened.
    pub(super) fn was_opened(&self) -> bool {
        self.0.opened.borrow().is_some()
    }

    async fn open<C: Connection>(
        &self,
        connecting: impl Future<Output = Result<C, BoxError>>,
    ) -> Result<C, BoxError> {
        let begun = Instant::now();
        let mut last = self.0.last.lock().await;
        match &*last {
            Last::Shared { since, .. } if since.elapsed() < HANDED_OUT_BY => {
                drop(last);
                // The pool hands the shared connection to whoever waits here, and this attempt is forgotten. If it has
                // not by then, the connection was lost.
                sleep(HANDED_OUT_BY).await;
                return Err(Box::new(NotOpened::new("the connection was lost", false)));
            }
            Last::Failed { at, why } if *at >= begun => return Err(Box::new(why.clone())),
            Last::Single { .. } => {
                drop(last);
                let (connection, permit) = self.connect(connecting).await?;
                if let Last::Single { permits } = &mut *self.0.last.lock().await {
                    permits.push(permit);
                }
                return Ok(connection);
            }
            _ => {}
        }
        match self.connect(connecting).await {
            Ok((connection, permit)) => {
                *last = match connection.connected().is_negotiated_h2() {
                    true => Last::Shared { since: Instant::now(), _permit: permit },
                    false => Last::Single { permits: vec![permit] },
                };
                Ok(connection)
            }
            Err(why) => {
                *last = Last::Failed { at: Instant::now(), why: why.clone() };
                Err(Box::new(why))
            }
        }
    }

    /// Waiting for leave to open a socket does not count.
    async fn connect<C>(
        &self,
        connecting: impl Future<Output = Result<C, BoxError>>,
    ) -> Result<(C, OwnedSemaphorePermit), NotOpened> {
        let permit = self.0.cx.socket_permit().await;
        let permit = permit.map_err(|_| NotOpened::new("the run has ended", false))?;
        match timeout(self.0.limit, connecting).await {
            Ok(Ok(connection)) => {
                self.0.opened.send_replace(Some(Instant::now()));
                Ok((connection, permit))
            }
            Ok(Err(error)) => Err(NotOpened::of(&*error)),
            Err(_) => Err(NotOpened::new("no connection in time", true)),
        }
    }
}

impl<S> Layer<S> for Gate {
    type Service = Guarded<S>;

    fn layer(&self, connector: S) -> Guarded<S> {
        Guarded { connector, gate: self.clone() }
    }
}

/// A connector behind a [`Gate`].
#[derive(Clone)]
pub(super) struct Guarded<S> {
    connector: S,
    gate: Gate,
}

impl<R, S> Service<R> for Guarded<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Connection + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // Nothing happens before it is polled.
        let connecting = self.connector.call(request);
        let gate = self.gate.clone();
        Box::pin(async move { gate.open(connecting).await })
    }
}

impl NotOpened {
    pub(super) fn new(text: &str, timed_out: bool) -> Self {
        Self { text: text.to_owned(), timed_out, lack: None }
    }

    fn of(error: &(dyn Error + 'static)) -> Self {
        let (mut lack, mut next) = (None, Some(error));
        while let (None, Some(cause)) = (lack, next) {
            lack = cause.downcast_ref::<io::Error>().and_then(Lack::of);
            next = cause.source();
        }
        Self { lack, ..Self::new(&error.to_string(), false) }
    }
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for NotOpened {}

/// By when a connection that was opened is in the hands of all who wait for it: it takes no more than a turn of the loop.
const HANDED_OUT_BY: Duration = Duration::from_secs(1);
