use futures::{future::join_all, join};
use gh_connect_engine::{Cx, Fact, Stop};
use gh_connect_probe::{Endpoint, clock::Reading};
use serde::{Deserialize, Serialize};

use super::{Place, Places, STATUS, ServerMeta, Status, VERSION};
use crate::{
    Api, OfTheRun,
    client::Client,
    manage::{MANAGE_VERSION, ManageVersion},
};

/// What the server's own clock says, by the `Date` of live replies that a run has anyway. There are several replies, because
/// a gateway, or another node, may answer one of them; and where its name has several addresses, one of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerClock {
    /// The live replies with a `Date` that can be read, in the order in which they count.
    pub replies: Vec<TimedReply>,
}

/// A reply that tells the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedReply {
    /// Who replied.
    pub host: Endpoint,
    /// To a GET of what.
    pub path: String,
    /// What it tells.
    pub reading: Reading,
}

/// Stops as blocked by `server` where that check says why the server does not answer as it should.
impl Fact for ServerClock {
    const ID: &'static str = "server.clock";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let (status, _, _, by_address) = join!(
            cx.fact::<Status>(&OfTheRun),
            cx.fact::<ServerMeta>(&OfTheRun),
            cx.fact::<ManageVersion>(&OfTheRun),
            by_address(cx),
        );
        if !status?.is_well() {
            return Err(Stop::blocked(Api::Server.owner()));
        }
        let mut replies = Vec::new();
        for (api, path) in REPLIES {
            if let Ok(client) = Client::of(cx, api).await
                && let Some(reading) = client.reading(path)
            {
                replies.push(TimedReply { host: client.endpoint().clone(), path: path.to_owned(), reading });
            }
        }
        replies.extend(by_address);
        Ok(Self { replies })
    }
}

/// What the clock says at each address, where there are several.
async fn by_address(cx: &Cx) -> Vec<TimedReply> {
    let of = async |api: Api| {
        let places = cx.fact::<Places>(&api.endpoint(cx.plan()).ok()?).await.ok()?;
        let timed = places.list.iter().map(async |host| {
            let place = cx.fact::<Place>(host).await.ok()?;
            Some(TimedReply { host: host.clone(), path: place.path.clone(), reading: place.reading(host)? })
        });
        Some(join_all(timed).await)
    };
    let (server, manage) = join!(of(Api::Server), of(Api::Manage));
    [server, manage].into_iter().flatten().flatten().flatten().collect()
}

const REPLIES: [(Api, &str); 3] =
    [(Api::Server, STATUS), (Api::Server, VERSION), (Api::Manage, MANAGE_VERSION)];
