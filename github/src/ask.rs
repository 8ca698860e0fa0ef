//! Questions: from what is asked to a typed answer, or to what came instead, by name.

use gh_connect_engine::{Cx, Stop};
use gh_connect_probe::{
    clock::{OLD_MS, Reading, Skew},
    http as origin,
    tls::{Handshake, why_unverified},
};
use http::{HeaderMap, Method};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Answer, Api, Needs, NoReply, Refusal,
    client::{Client, Reply, Request, Unopened},
    json::{self, Object},
    links,
    manage::{MANAGE_VERSION, ManageVersion},
    refusal::GraphQlError,
    server::{STATUS, ServerMeta, Status, VERSION},
};

/// A GET of a REST interface.
pub(crate) struct Get<'a> {
    /// What it needs.
    pub(crate) needs: Needs,
    /// From the first slash on.
    pub(crate) target: &'a str,
    /// Whether strangers may get an answer too.
    pub(crate) anonymous: bool,
    /// The largest body that an answer can have.
    pub(crate) most: u64,
    /// Whether the answer is read as it is, because a secret is what is asked for.
    pub(crate) as_it_is: bool,
    /// Whether the answer may be a page of several, because whoever asks reckons with that.
    pub(crate) pages: bool,
}

impl<'a> Get<'a> {
    pub(crate) fn new(needs: Needs, target: &'a str) -> Self {
        Self { needs, target, anonymous: false, most: MOST_BODY, as_it_is: false, pages: false }
    }

    /// Asks, and reads the answer.
    pub(crate) async fn read<T: DeserializeOwned>(self, cx: &Cx) -> Result<Answer<T>, Stop> {
        Ok(self.read_with_headers(cx).await?.0)
    }

    /// Asks, and reads the answer; with the reply's headers, also where it is a refusal. There are none without a reply.
    pub(crate) async fn read_with_headers<T: DeserializeOwned>(
        self,
        cx: &Cx,
    ) -> Result<(Answer<T>, HeaderMap), Stop> {
        let Self { needs, target, anonymous, most, as_it_is, pages } = self;
        let api = needs.api;
        let request = Request {
            method: Method::GET,
            target,
            accept: if api == Api::Manage { "application/json" } else { "application/vnd.github+json" },
            credential: true,
            body: None,
            most,
            as_it_is,
        };
        let heard = ask(cx, api, anonymous, request).await?;
        // The Manage API's replies carry private keys: not a byte of them is kept but what is asked for.
        heard
            .read(cx, needs, |headers, body| match !pages && links::leads_on(headers) {
                true => Err(one_page_of_several()),
                false => json::read(headers, body, api == Api::Manage),
            })
            .await
    }
}

/// A GraphQL document with its variables.
pub(crate) struct Query {
    /// What it needs.
    pub(crate) needs: Needs,
    /// Object of the files in `queries/`.
    pub(crate) document: &'static str,
    pub(crate) variables: serde_json::Value,
}

/// A GraphQL reply: data, errors, or some of both.
pub(crate) struct Told<T> {
    pub(crate) data: Option<T>,
    errors: Vec<GraphQlError>,
    headers: HeaderMap,
}

impl Query {
    /// Asks, and reads the answer; with the reply's headers, as [`Get::read_with_headers`].
    pub(crate) async fn read<T: DeserializeOwned>(
        self,
        cx: &Cx,
    ) -> Result<(Answer<Told<T>>, HeaderMap), Stop> {
        #[derive(Deserialize)]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Envelope<T> {
            #[serde(default, deserialize_with = "json::object")]
            data: Option<T>,
            #[serde(default, deserialize_with = "json::objects")]
            errors: Option<Vec<GraphQlError>>,
            /// What REST says with a status of its own may come with 200 here, a secondary rate limit for instance (facts
            /// §6).
            #[serde(default, deserialize_with = "json::text")]
            message: Option<String>,
        }
        let Self { needs, document, variables } = self;
        let api = needs.api;
        let request = Request {
            method: Method::POST,
            target: if api == Api::Server { "/api/graphql" } else { "/graphql" },
            accept: "application/json",
            credential: true,
            body: Some(serde_json::json!({ "query": document, "variables": variables }).to_string()),
            most: MOST_BODY,
            as_it_is: false,
        };
        let heard = ask(cx, api, false, request).await?;
        let read =
            heard.read(cx, needs, |headers, body| json::read::<Object<Envelope<T>>>(headers, body, false));
        let (answer, headers) = read.await?;
        let told = answer.map(|Object(Envelope { data, errors, message })| {
            let about_all =
                message.map(|text| GraphQlError { message: Some(text), ..GraphQlError::default() });
            let mut errors = errors.unwrap_or_default();
            errors.truncate(MOST_ERRORS);
            errors.extend(about_all);
            Told { data, errors, headers: headers.clone() }
        });
        Ok((told, headers))
    }
}

impl<T> Told<T> {
    /// Why there is nothing at `path`: what the error that is about it, or about something on the way there, says.
    pub(crate) fn why_null(&self, path: &[&str]) -> Refusal {
        why_null(&self.errors, &self.headers, path)
    }

    /// The same for what is below `path`.
    pub(crate) fn why_null_below(&self, path: &[&str], below: &[&str]) -> Refusal {
        self.why_null(&[path, below].concat())
    }
}

/// The refusal that explains a null at `path`. An error without a path is about everything.
pub(crate) fn why_null(errors: &[GraphQlError], headers: &HeaderMap, path: &[&str]) -> Refusal {
    let leads_to = |error: &&GraphQlError| {
        error.path.len() <= path.len() && error.path.iter().zip(path).all(|(step, wanted)| step == wanted)
    };
    // An error further down nulls what is above it where the schema allows no null (GraphQL specification §6.4.4).
    let comes_from = |error: &&GraphQlError| error.path.iter().zip(path).all(|(step, wanted)| step == wanted);
    let error = errors.iter().find(leads_to).or_else(|| errors.iter().find(comes_from));
    match error {
        Some(error) => Refusal::of_graphql(error, headers),
        None => Refusal::Null { path: path.join(".") },
    }
}

/// What came of asking.
enum Heard {
    Reply(Reply),
    NoCredential,
    Refused(Refusal),
}

impl Heard {
    /// Reads what was heard, unless it is a refusal.
    async fn read<T>(
        self,
        cx: &Cx,
        needs: Needs,
        read: impl FnOnce(&HeaderMap, &[u8]) -> Result<T, Refusal>,
    ) -> Result<(Answer<T>, HeaderMap), Stop> {
        let reply = match self {
            Self::Reply(reply) => reply,
            Self::NoCredential => return Ok((Answer::NoCredential { needs }, HeaderMap::new())),
            Self::Refused(why) => return Ok((Answer::Refused { why, needs }, HeaderMap::new())),
        };
        let said = match Refusal::of_rest(reply.status, &reply.headers, &reply.body, reply.credential) {
            Some(refusal) => Err(refusal),
            None => read(&reply.headers, &reply.body),
        };
        let answer = match said {
            Ok(said) => Answer::Said(said),
            Err(why) => {
                stands_behind(cx, needs.api, &why).await?;
                Answer::Refused { why, needs }
            }
        };
        Ok((answer, reply.headers))
    }
}

async fn ask(cx: &Cx, api: Api, anonymous: bool, request: Request<'_>) -> Result<Heard, Stop> {
    // Without a credential there is no reason to connect.
    if !anonymous && crate::credentials::Credentials::of(cx).authorization(api).is_none() {
        api.endpoint(cx.plan())?;
        return Ok(Heard::NoCredential);
    }
    let target = request.target;
    let exchange = async {
        match Client::of(cx, api).await {
            Ok(client) => client.send(cx, request).await,
            Err(Unopened::Stop(stop)) => Err(stop),
            Err(Unopened::NoReply(no_reply)) => Ok(Err(Refusal::NoReply(no_reply))),
        }
    };
    match behind(cx, api, exchange).await? {
        Ok(reply) => Ok(match old(cx, api, target, &reply).await {
            Some(no_reply) => Heard::Refused(Refusal::NoReply(no_reply)),
            None => Heard::Reply(reply),
        }),
        Err(why) => {
            stands_behind(cx, api, &why).await?;
            answered_for(cx, api, target, &why).await?;
            Ok(Heard::Refused(why))
        }
    }
}

/// Stops where something before the server answers for its API out of a store: `server` says so of the version, which is
/// asked for in every run.
async fn answered_for(cx: &Cx, api: Api, target: &str, why: &Refusal) -> Result<(), Stop> {
    let stored = |why: &Refusal| matches!(why, Refusal::NoReply(NoReply::Stored { .. }));
    if api == Api::Server && target != VERSION && stored(why) {
        let version = cx.fact::<ServerMeta>(&crate::OfTheRun).await?;
        if version.answer.refusal().is_some_and(stored) {
            return Err(Stop::blocked(api.owner()));
        }
    }
    Ok(())
}

/// Whether other replies of this run are so much newer that this one was not made for its request: GitHub's, or the same
/// server's. How far a server's own clock is off is for `clock` to judge.
async fn old(cx: &Cx, api: Api, target: &str, reply: &Reply) -> Option<NoReply> {
    // What this machine's clock agrees with is not old.
    let reading = reply.reading.as_ref().filter(|reading| reading.ahead_ms >= OLD_MS)?;
    let (older, whose) = match api {
        Api::Cloud => {
            (cx.fact::<Skew>(&crate::OfTheRun).await.ok()?.older(reading)?, "GitHub's other replies")
        }
        Api::Server | Api::Manage => {
            (reading.older_than(&version_of(cx, api, target).await?)?, "the server's reply about its version")
        }
    };
    let sign = format!("its Date is {} s older than that of {whose}", older.as_secs());
    Some(NoReply::Stored { sign })
}

/// What the server's reply about its version told of the time: every run asks for that, of either interface. `None` for the
/// replies that `clock` itself compares.
async fn version_of(cx: &Cx, api: Api, target: &str) -> Option<Reading> {
    let path = match api {
        Api::Manage => MANAGE_VERSION,
        _ => VERSION,
    };
    if [path, STATUS].contains(&target) {
        return None;
    }
    match api {
        Api::Manage => drop(cx.fact::<ManageVersion>(&crate::OfTheRun).await),
        _ => drop(cx.fact::<ServerMeta>(&crate::OfTheRun).await),
    }
    Client::of(cx, api).await.ok()?.reading(path)
}

/// Does `work` while it waits, beside it, for the measurement that tells what keeps an interface from answering: whoever cuts
/// the run short then knows what all of these questions had in common. It is not made for that.
pub(crate) async fn behind<T>(cx: &Cx, api: Api, work: impl Future<Output = T>) -> T {
    let in_common = async {
        match api {
            Api::Cloud => {
                if let Ok(endpoint) = api.endpoint(cx.plan()) {
                    // Whoever lets a stranger wait lets everybody wait.
                    futures::join!(
                        cx.fact_under_way::<Handshake>(&endpoint),
                        cx.fact_under_way::<origin::Reply>(&endpoint)
                    );
                }
            }
            Api::Server | Api::Manage => drop(cx.fact_under_way::<Status>(&crate::OfTheRun).await),
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        done = work => done,
        () = in_common => unreachable!("it never ends"),
    }
}

/// Stops where another check owns the reason why there is no proper reply: the network's checks for the cloud, `server` for
/// the server.
async fn stands_behind(cx: &Cx, api: Api, why: &Refusal) -> Result<(), Stop> {
    match (api, why) {
        (Api::Cloud, Refusal::NoReply(no_reply)) => Err(match no_reply {
            NoReply::NoAddress => Stop::blocked("dns"),
            NoReply::NoTunnel => Stop::blocked("proxy"),
            NoReply::Unconnected { .. } => Stop::blocked("connect"),
            NoReply::NoSession { .. } => why_unverified(cx, &api.endpoint(cx.plan())?).await,
            _ => return Ok(()),
        }),
        (Api::Server | Api::Manage, why) if why.owner(api) == "server" => {
            let status = cx.fact::<Status>(&crate::OfTheRun).await?;
            // In maintenance the Manage API answers as ever.
            let blocked = match api {
                Api::Manage => !status.is_reached(),
                _ => !status.is_well(),
            };
            if blocked { Err(Stop::blocked("server")) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

fn one_page_of_several() -> Refusal {
    let expected = "whole: its header Link leads to a next page".to_owned();
    Refusal::WrongShape { path: ".".to_owned(), expected }
}

/// As much as an answer can have: a page of a hundred audit events has a fifth of it.
const MOST_BODY: u64 = 1 << 20;
const MOST_ERRORS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: &str, path: &[&str]) -> GraphQlError {
        GraphQlError {
            kind: Some(kind.to_owned()),
            path: path.iter().map(ToString::to_string).collect(),
            message: Some(kind.to_owned()),
            ..GraphQlError::default()
        }
    }

    #[test]
    fn a_null_is_explained_by_the_error_on_the_way_to_it() {
        let errors = [
            error("FORBIDDEN", &["enterprise", "ownerInfo", "oidcProvider"]),
            error("NOT_FOUND", &["enterprise"]),
        ];
        let why = |errors: &[GraphQlError], path: &[&str]| why_null(errors, &HeaderMap::new(), path);
        for (errors, path, expected) in [
            (&errors[..], &["enterprise"][..], Refusal::NotFound { message: "NOT_FOUND".to_owned() }),
            (&errors, &["enterprise", "ownerInfo"], Refusal::NotFound { message: "NOT_FOUND".to_owned() }),
            (
                &errors[..1],
                &["enterprise", "ownerInfo", "oidcProvider"],
                Refusal::Forbidden { message: "FORBIDDEN".to_owned() },
            ),
            (
                &errors[..1],
                &["enterprise", "ownerInfo"],
                Refusal::Forbidden { message: "FORBIDDEN".to_owned() },
            ),
            (&errors[..1], &["viewer"], Refusal::Null { path: "viewer".to_owned() }),
            (&[error("RATE_LIMITED", &[])], &["viewer"], why(&[error("RATE_LIMITED", &[])], &["x"])),
            (&[], &["enterprise", "ownerInfo"], Refusal::Null { path: "enterprise.ownerInfo".to_owned() }),
        ] {
            assert_eq!(why(errors, path), expected, "{path:?}");
        }
    }
}
