//! One UDP socket to a name server, shared by all the questions that go to it.
//!
//! However many hosts a run has, it holds one socket a name server. Replies find their question by the id.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use gh_connect_engine::Cx;
use socket2::SockRef;
use tokio::{
    net::UdpSocket,
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore, mpsc},
    task::AbortHandle,
    time::Instant,
};

use super::message::{Question, question_of};
use crate::net::{self, Failure};

/// The way to one name server.
pub(crate) struct Line {
    server: SocketAddr,
    live: OnceCell<Result<Live, Failure>>,
    /// Questions that were put a moment ago: more at once than the system's receive buffer holds replies would lose some.
    burst: Arc<Semaphore>,
}

/// The open socket and the task that reads from it.
struct Live {
    shared: Arc<Shared>,
    reader: AbortHandle,
    _permit: OwnedSemaphorePermit,
}

struct Shared {
    socket: UdpSocket,
    open: Mutex<BTreeMap<u16, Open>>,
    /// Whether anything ever came from there.
    heard: AtomicBool,
    /// How many replies, to whatever question, could not be read.
    unreadable: AtomicU32,
    /// The first word of the system that the server cannot be reached.
    lost: OnceLock<Failure>,
}

/// A query that waits for its reply.
#[derive(Clone)]
struct Open {
    question: Arc<Question>,
    asker: mpsc::Sender<Incoming>,
    stray: Arc<AtomicU32>,
}

/// What comes back.
pub(super) enum Incoming {
    /// Bytes with the id of one of the conversation's queries, and when they came.
    Datagram { id: u16, at: Instant, bytes: Vec<u8> },
    /// The system's word that the server cannot be reached, an ICMP port-unreachable for instance.
    Failed(Failure),
}

impl Line {
    /// The run's one line to `server`.
    pub(super) fn to(cx: &Cx, server: SocketAddr) -> Arc<Self> {
        cx.shared(&server.to_string(), || Self {
            server,
            live: OnceCell::new(),
            burst: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        })
    }

    /// Begins to ask `question`, as soon as there is room for one more.
    pub(super) async fn converse(&self, cx: &Cx, question: &Question) -> Result<Conversation, Failure> {
        let burst = Arc::clone(&self.burst).acquire_owned().await.map_err(|_| ended())?;
        let live = self.live.get_or_init(|| Live::open(cx, self.server)).await.as_ref();
        let (asker, incoming) = mpsc::channel(MOST_UNREAD);
        let open = Open { question: Arc::new(question.clone()), asker, stray: Arc::default() };
        let shared = Arc::clone(&live.map_err(Failure::clone)?.shared);
        shared.is_reachable()?;
        let ebbs = Instant::now() + BURST;
        Ok(Conversation { shared, open, ids: Vec::new(), incoming, burst: Some(burst), ebbs })
    }
}

impl Live {
    async fn open(cx: &Cx, server: SocketAddr) -> Result<Self, Failure> {
        let permit = cx.socket_permit().await.map_err(|_| ended())?;
        let socket = net::datagrams(cx, server).await?;
        // A few replies of the greatest size fill the usual buffer. Whatever the system grants is welcome.
        let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
        let open = Mutex::default();
        let heard = AtomicBool::new(false);
        let shared = Shared { socket, open, heard, unreadable: AtomicU32::new(0), lost: OnceLock::new() };
        let shared = Arc::new(shared);
        let reader = tokio::spawn(read(Arc::clone(&shared))).abort_handle();
        Ok(Self { shared, reader, _permit: permit })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// A question and all its transmissions.
pub(super) struct Conversation {
    shared: Arc<Shared>,
    open: Open,
    ids: Vec<u16>,
    incoming: mpsc::Receiver<Incoming>,
    burst: Option<OwnedSemaphorePermit>,
    ebbs: Instant,
}

impl Conversation {
    /// Sends the question once more, under an id of its own: the reply tells which transmission it answers.
    pub(super) async fn send(&mut self) -> Result<u16, Failure> {
        let id = self.shared.register(&self.open)?;
        self.ids.push(id);
        let query = self.open.question.query(id).map_err(Failure::Other)?;
        match self.shared.socket.send(&query).await {
            Ok(_) => Ok(id),
            Err(error) => {
                // The system may well tell whoever comes next what became of an earlier query, and tells it once.
                let failure = failure(&error);
                self.shared.fail(&failure);
                Err(failure)
            }
        }
    }

    /// The next thing that comes back, or nothing until `until`.
    pub(super) async fn next(&mut self, until: Instant) -> Option<Incoming> {
        if self.burst.is_some() {
            let early = tokio::time::timeout_at(until.min(self.ebbs), self.incoming.recv()).await;
            if let Ok(incoming) = early {
                return incoming;
            }
            // No longer part of a burst: whoever has not answered by now does not flood us with replies.
            self.burst = None;
        }
        if let Ok(incoming) = tokio::time::timeout_at(until, self.incoming.recv()).await {
            return incoming;
        }
        // Where this machine was busy, the reply may lie in the socket: nobody else is to blame for that.
        tokio::task::yield_now().await;
        self.incoming.try_recv().ok()
    }

    /// How many replies came meanwhile that answer no open query: those for this question, and those for nobody knows what.
    pub(super) fn stray(&self) -> u32 {
        self.open.stray.load(Ordering::Relaxed)
    }

    /// How many replies of this server, to whatever question of the run, could not be read until now.
    pub(super) fn unreadable(&self) -> u32 {
        self.shared.unreadable.load(Ordering::Relaxed)
    }

    /// Counts a reply that could not be read.
    pub(super) fn count_unreadable(&self) {
        self.shared.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a reply that turned out to be none.
    pub(super) fn count_stray(&self) {
        self.open.stray.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let mut open = self.shared.open();
        for id in &self.ids {
            open.remove(id);
        }
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u16, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random id that no open query has.
    fn register(&self, query: &Open) -> Result<u16, Failure> {
        let mut open = self.open();
        for _ in 0..MOST_DRAWS {
            let drawn = getrandom::u32().map_err(|error| Failure::Other(error.to_string()))?;
            let id = drawn as u16;
            if let std::collections::btree_map::Entry::Vacant(free) = open.entry(id) {
                free.insert(query.clone());
                return Ok(id);
            }
        }
        Err(Failure::Other("no query id is free".to_owned()))
    }

    /// A server from which nothing came but word that it is not there needs no further questions. They would not even
    /// all learn it: hosts and routers send few such messages a second (RFC 1812 §4.3.2.8).
    fn is_reachable(&self) -> Result<(), Failure> {
        match self.lost.get() {
            Some(failure) if !self.heard.load(Ordering::Relaxed) => Err(failure.clone()),
            _ => Ok(()),
        }
    }

    fn deliver(&self, bytes: &[u8], at: Instant) {
        self.heard.store(true, Ordering::Relaxed);
        let open = self.open();
        let addressee = bytes.first_chunk().map(|id| u16::from_be_bytes(*id));
        if let Some((id, query)) = addressee.and_then(|id| open.get_key_value(&id)) {
            let incoming = Incoming::Datagram { id: *id, at, bytes: bytes.to_vec() };
            if query.asker.try_send(incoming).is_err() {
                // Whoever gets more than it reads is being flooded, and one reply is enough.
                query.stray.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let asked = question_of(bytes);
        let meant = |query: &&Open| asked.as_ref().is_some_and(|asked| query.question.is_asked_by(asked));
        let known = open.values().any(|query| meant(&query));
        let mut told: Vec<&Arc<AtomicU32>> = Vec::new();
        for query in open.values().filter(|query| !known || meant(query)) {
            // Several transmissions of one question count as one.
            if !told.iter().any(|stray| Arc::ptr_eq(stray, &query.stray)) {
                query.stray.fetch_add(1, Ordering::Relaxed);
                told.push(&query.stray);
            }
        }
    }

    fn fail(&self, failure: &Failure) {
        // Only the first word is kept.
        let _ = self.lost.set(failure.clone());
        for query in self.open().values() {
            let _ = query.asker.try_send(Incoming::Failed(failure.clone()));
        }
    }
}

async fn read(shared: Arc<Shared>) {
    let mut buffer = vec![0; LONGEST_DATAGRAM];
    loop {
        match shared.socket.recv(&mut buffer).await {
            Ok(length) => shared.deliver(&buffer[..length], Instant::now()),
            // Each such error is one ICMP message, and is gone once it is read.
            Err(error) => shared.fail(&failure(&error)),
        }
        // A server that floods us must not keep the run's other tasks from their turn.
        tokio::task::yield_now().await;
    }
}

/// Windows calls an ICMP port-unreachable a reset.
fn failure(error: &io::Error) -> Failure {
    match Failure::of(error) {
        Failure::Reset => Failure::Refused,
        other => other,
    }
}

fn ended() -> Failure {
    Failure::Other("the run has ended".to_owned())
}

/// Their replies fit into the smallest usual receive buffer.
const MOST_AT_ONCE: usize = 128;
/// Longer than the way to almost any name server and back.
const BURST: Duration = Duration::from_millis(250);
/// Without EDNS a reply has at most 512 bytes (RFC 1035 §4.2.1); some servers do not care.
const LONGEST_DATAGRAM: usize = 4096;
const RECEIVE_BUFFER: usize = 1 << 20;
const MOST_UNREAD: usize = 8;
/// There are 65536 ids, and never more than some hundred open queries.
const MOST_DRAWS: usize = 64;
