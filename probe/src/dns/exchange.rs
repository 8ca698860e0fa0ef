//! One question to one name server: UDP with retransmissions, then TCP when the reply was truncated.

use std::{fmt, net::SocketAddr, time::Duration};

use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::{
    line::{Conversation, Incoming, Line},
    message::{Answer, Question, Reply, read_reply},
};
use crate::net::{self, Failure};

/// Whom [`Exchange`] asks, and what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeKey {
    /// The name server.
    pub server: SocketAddr,
    /// The question.
    pub question: Question,
}

/// `192.0.2.53:53 github.com A`
impl fmt::Display for ExchangeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.server, self.question)
    }
}

/// What one name server makes of one question, within the time for one attempt. A query without a reply is sent again after
/// one second, or a third of that time where it is less, then after twice as long, and so on; each transmission has an id of
/// its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// How it ended.
    pub outcome: Outcome,
    /// Over what it ended.
    pub transport: Transport,
    /// How often the query was sent over UDP.
    pub attempts: u32,
    /// Replies that came meanwhile and answer nothing that was asked: another id, another question, or no reply at all. Where
    /// nothing else came, also those of the same server to other questions that could not be read: one fault, not two.
    pub stray: u32,
    /// From the transmission that was answered to its answer: whole microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_us: Option<u64>,
    /// From the first transmission to the end: whole microseconds.
    pub took_us: u64,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// With an answer, whatever it says.
    Answer(Answer),
    /// Nothing came that answers the question.
    Silent,
    /// The reply has the right id and cannot be read.
    Garbage,
    /// The reply over UDP was truncated, and TCP brought no answer.
    TruncatedNoTcp(TcpTrouble),
    /// The server cannot be reached: an ICMP port-unreachable ([`Failure::Refused`]), no route, and so on.
    Failed(Failure),
}

/// Why DNS over TCP brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpTrouble {
    /// The connection failed, or ended before a whole reply.
    Failed(Failure),
    /// What came is no reply to the question.
    Garbage,
}

/// Over what DNS was spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP, after a truncated reply over UDP.
    Tcp,
}

impl Fact for Exchange {
    const ID: &'static str = "dns.exchange";
    const OWNERS: &'static [&'static str] = &["dns"];
    type Key = ExchangeKey;

    async fn measure(key: &ExchangeKey, cx: &Cx) -> Result<Self, Stop> {
        let ExchangeKey { server, question } = key;
        // A name that fits into no message is nobody's fault but the asker's.
        question.query(0).map_err(Stop::Trouble)?;
        let line = Line::to(cx, *server);
        let mut conversation = match line.converse(cx, question).await {
            Ok(conversation) => conversation,
            Err(failure) => return of_the_server(failure).map(Self::never_sent),
        };
        let limit = cx.plan().timeout.value.0;
        let begun = Instant::now();
        let udp = over_udp(&mut conversation, question, begun, limit).await;
        let stray = match udp.outcome {
            Some(Outcome::Silent) => conversation.stray().saturating_add(conversation.unreadable()),
            _ => conversation.stray(),
        };
        drop(conversation);
        let (outcome, transport, rtt, ended) = match udp.outcome {
            Some(outcome) => (outcome, Transport::Udp, udp.rtt, udp.ended),
            None => {
                let left = limit.saturating_sub(begun.elapsed());
                let (outcome, rtt) = over_tcp(cx, *server, question, left).await;
                (outcome, Transport::Tcp, rtt, Instant::now())
            }
        };
        if let Outcome::Failed(failure) | Outcome::TruncatedNoTcp(TcpTrouble::Failed(failure)) = &outcome {
            of_the_server(failure.clone())?;
        }
        let (rtt_us, took_us) = (rtt.map(micros), micros(ended.duration_since(begun)));
        Ok(Self { outcome, transport, attempts: udp.attempts, stray, rtt_us, took_us })
    }
}

impl Exchange {
    /// The answer, when there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    fn never_sent(failure: Failure) -> Self {
        Self {
            outcome: Outcome::Failed(failure),
            transport: Transport::Udp,
            attempts: 0,
            stray: 0,
            rtt_us: None,
            took_us: 0,
        }
    }
}

/// A failure that says something of the way to the server; one of this machine's own stops the measurement.
fn of_the_server(failure: Failure) -> Result<Failure, Stop> {
    failure.lack().map_or(Ok(failure), |lack| Err(lack.stop()))
}

/// How a question over UDP ended.
struct OverUdp {
    /// None when the reply was truncated.
    outcome: Option<Outcome>,
    /// How often the query was sent.
    attempts: u32,
    /// What the transmission that was answered took.
    rtt: Option<Duration>,
    /// When the deciding reply arrived: how long it then waited for us says nothing about the server.
    ended: Instant,
}

async fn over_udp(
    conversation: &mut Conversation,
    question: &Question,
    begun: Instant,
    limit: Duration,
) -> OverUdp {
    let deadline = begun + limit;
    let mut sent: Vec<(u16, Instant)> = Vec::new();
    let mut pause = FIRST_PAUSE.min(limit / 3);
    let mut nonsense = 0;
    let ends = |outcome, sent: &[(u16, Instant)], rtt, ended| {
        let attempts = u32::try_from(sent.len()).unwrap_or(u32::MAX);
        OverUdp { outcome, attempts, rtt, ended }
    };
    loop {
        let now = Instant::now();
        if now >= deadline || nonsense == MOST_NONSENSE {
            return ends(Some(Outcome::Silent), &sent, None, now);
        }
        match conversation.send().await {
            Ok(id) => sent.push((id, now)),
            Err(failure) => return ends(Some(Outcome::Failed(failure)), &sent, None, now),
        }
        let again = deadline.min(now + pause);
        while let Some(incoming) = conversation.next(again).await {
            let (id, at, bytes) = match incoming {
                Incoming::Datagram { id, at, bytes } => (id, at, bytes),
                Incoming::Failed(failure) => {
                    return ends(Some(Outcome::Failed(failure)), &sent, None, Instant::now());
                }
            };
            let outcome = match read_reply(&bytes, id, question) {
                Reply::Stray => {
                    conversation.count_stray();
                    nonsense += 1;
                    if nonsense == MOST_NONSENSE {
                        break;
                    }
                    continue;
                }
                Reply::Truncated => None,
                Reply::Garbage => {
                    conversation.count_unreadable();
                    Some(Outcome::Garbage)
                }
                Reply::Answer(answer) => Some(Outcome::Answer(answer)),
            };
            let rtt = sent.iter().find(|(sent, _)| *sent == id).map(|(_, sent)| at.duration_since(*sent));
            return ends(outcome, &sent, rtt, at);
        }
        pause *= 2;
    }
}

/// DNS over TCP (RFC 7766): a connection for this one question.
async fn over_tcp(
    cx: &Cx,
    server: SocketAddr,
    question: &Question,
    limit: Duration,
) -> (Outcome, Option<Duration>) {
    let failed = |failure| (Outcome::TruncatedNoTcp(TcpTrouble::Failed(failure)), None);
    let Ok(_permit) = cx.socket_permit().await else {
        return failed(Failure::Other("the run has ended".to_owned()));
    };
    let asked = async {
        let mut stream = net::name_server(cx, server).await?;
        let id = getrandom::u32().map_err(|error| Failure::Other(error.to_string()))? as u16;
        let query = question.query(id).map_err(Failure::Other)?;
        let length = u16::try_from(query.len()).unwrap_or(u16::MAX).to_be_bytes();
        let begun = Instant::now();
        stream.write_all(&[&length[..], &query].concat()).await.map_err(closed)?;
        let length = stream.read_u16().await.map_err(closed)?;
        let mut reply = vec![0; length.into()];
        stream.read_exact(&mut reply).await.map_err(closed)?;
        Ok((read_reply(&reply, id, question), begun.elapsed()))
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok((Reply::Answer(answer), rtt))) => (Outcome::Answer(answer), Some(rtt)),
        Ok(Ok(_)) => (Outcome::TruncatedNoTcp(TcpTrouble::Garbage), None),
        Ok(Err(failure)) => failed(failure),
        Err(_) => failed(Failure::TimedOut),
    }
}

fn closed(error: std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Failure::Other("the connection ended before a reply".to_owned()),
        _ => Failure::of(&error),
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A healthy server behind a healthy network answers long before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Who answers a query so often, and never the question, is not listened to any longer.
const MOST_NONSENSE: u32 = 100;
