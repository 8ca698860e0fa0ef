//! `server`: whether the GitHub Enterprise Server can be reached, is one, is well, and may use GitHub Connect by its
//! version and licence.

mod addresses;
mod answered;
mod contradiction;
mod judge;
mod licence;
mod maintenance;
mod steps;
#[cfg(test)]
mod tests;
pub mod version;
mod words;

use std::sync::Arc;

use futures::{future::BoxFuture, join};
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Route, Severity, Stop, Subject,
    Target,
};
use gh_connect_github::{
    Answer, Api, NoReply, OfTheRun, Refusal,
    manage::{
        ManageLicence, ManageLicenceCheck, ManageLicenceSays, ManageMaintenance, ManageNodes, ManageSettings,
        ManageVersion,
    },
    server::{Heard, ServerClock, ServerLicence, ServerLicenceSays, ServerMeta, Status},
};
use gh_connect_probe::{Endpoint, HostName, dns, proxy::Tunnel, tls::Handshake};
use jiff::{SignedDuration, Timestamp};

pub(crate) use self::maintenance::{Maintenance, untold_replicas};
use self::{addresses::Addresses, judge::Seen, licence::Licence, version::Release};

/// The check.
pub struct Server;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "server",
    title: "the GitHub Enterprise Server",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[
        &UNREACHABLE,
        &UNTRUSTED,
        &STORED,
        &NOT_GHES,
        &TOO_OLD,
        &MAINTENANCE,
        &MANAGE_UNREACHABLE,
        &CONTRADICTORY,
        &LICENSE_EXPIRED,
        &LICENSE_INVALID,
        &LICENSE_EXCLUDES_CONNECT,
        &LICENSE_TRIAL,
        &ADDRESS_FAILS,
    ],
    in_doubt: InDoubt {
        owner: Owner::ServerAdmin,
        text: "Open the Management Console, https://SERVER:8443/setup, and read there which version and licence the server has; run gh-connect again when both are well",
        command: None,
    },
};

impl Check for Server {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Server, Subject::Manage]
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            if let Some(why) = Api::why_server_unusable(cx.plan()) {
                return judge::unusable(cx.plan(), subject, why);
            }
            let addresses = async |api: Api| match api.endpoint(cx.plan()) {
                Ok(endpoint) => addresses::all(cx, &endpoint).await,
                Err(_) => Addresses::default(),
            };
            let (gathered, own, manage) =
                join!(Gathered::of(cx), addresses(Api::Server), addresses(Api::Manage));
            let gathered = gathered?;
            let seen = gathered.seen(cx);
            match subject {
                Subject::Server => {
                    gathered.owned_by_the_network(cx).await?;
                    addresses::server(&seen, judge::server(&seen)?, &own)
                }
                _ => addresses::manage(&seen, judge::manage(&seen)?, &own, manage),
            }
        })
    }
}

/// The oldest release that the published interfaces describe, and the first that can be connected to GHE.com (facts §1.2,
/// §1.8).
pub const OLDEST: Release = Release::new(3, 12);

/// The version that the server says it has, safe to show. Where its interfaces contradict each other, it is the oldest of
/// those that they say, and before these one that is none.
pub fn version<'a>(meta: Option<&'a ServerMeta>, nodes: Option<&'a ManageVersion>) -> Option<&'a str> {
    versions(meta, nodes).into_iter().min_by_key(|version| Release::parse(version))
}

/// Every version that any interface says, each once.
fn versions<'a>(meta: Option<&'a ServerMeta>, nodes: Option<&'a ManageVersion>) -> Vec<&'a str> {
    let nodes = nodes.and_then(|nodes| nodes.answer.said()).into_iter().flatten();
    let of_nodes = nodes.filter_map(|node| node.version.as_ref()?.version.as_deref());
    let mut all: Vec<&str> = Vec::new();
    for version in meta.into_iter().flat_map(ServerMeta::versions).chain(of_nodes).map(str::trim) {
        if !version.is_empty() && !all.contains(&version) {
            all.push(version);
        }
    }
    all
}

/// Whether this check runs, and tells of a server whose API does not answer although its status is good: who asks it anything
/// else has the same answer.
pub(crate) async fn owns_unanswered_api(cx: &Cx) -> bool {
    if !cx.plan().selection.includes(&META) {
        return false;
    }
    let meta = cx.fact::<ServerMeta>(&OfTheRun).await;
    meta.is_ok_and(|meta| judge::api_trouble(&meta).is_some())
}

/// Whether this check runs, and tells of a Manage API that answers and says nothing: what else it does not say has the same
/// cause.
pub(crate) async fn owns_hollow_answers(cx: &Cx) -> bool {
    if !cx.plan().selection.includes(&META) {
        return false;
    }
    let licence = cx.fact::<ManageLicence>(&OfTheRun).await;
    licence.is_ok_and(|licence| licence.answer.said().is_some_and(ManageLicenceSays::is_hollow))
}

/// Every fact about the server that this check judges. What stopped is absent, and explained by the status.
struct Gathered {
    endpoint: Endpoint,
    status: Arc<Status>,
    meta: Option<Arc<ServerMeta>>,
    versions: Option<Arc<ManageVersion>>,
    maintenance: Option<Arc<ManageMaintenance>>,
    nodes: Option<Arc<ManageNodes>>,
    settings: Option<Arc<ManageSettings>>,
    rest_licence: Option<Arc<ServerLicence>>,
    licence: Result<Arc<ManageLicence>, Stop>,
    licence_check: Option<Arc<ManageLicenceCheck>>,
    clock: Option<Arc<ServerClock>>,
    /// Where no session came about on 443, or none that can be trusted.
    handshake: Option<Arc<Handshake>>,
    /// The same on the port of the Manage API.
    manage_handshake: Option<Arc<Handshake>>,
    /// Where the proxy leads to the server, and opens no tunnel.
    tunnel: Option<Arc<Tunnel>>,
}

impl Gathered {
    async fn of(cx: &Cx) -> Result<Self, Stop> {
        let endpoint = Api::Server.endpoint(cx.plan())?;
        let run = &OfTheRun;
        let (
            status,
            meta,
            versions,
            maintenance,
            nodes,
            settings,
            rest_licence,
            licence,
            licence_check,
            clock,
        ) = futures::join!(
            cx.fact::<Status>(run),
            cx.fact::<ServerMeta>(run),
            cx.fact::<ManageVersion>(run),
            cx.fact::<ManageMaintenance>(run),
            cx.fact::<ManageNodes>(run),
            cx.fact::<ManageSettings>(run),
            cx.fact::<ServerLicence>(run),
            cx.fact::<ManageLicence>(run),
            cx.fact::<ManageLicenceCheck>(run),
            cx.fact::<ServerClock>(run),
        );
        let status = status?;
        let handshake = match &status.heard {
            Heard::Silence { why: NoReply::NoSession { .. } } => cx.fact::<Handshake>(&endpoint).await.ok(),
            _ => None,
        };
        let manage_handshake = match licence.as_ref().ok().and_then(|licence| licence.answer.refusal()) {
            Some(Refusal::NoReply(NoReply::NoSession { .. })) => {
                cx.fact::<Handshake>(&Api::Manage.endpoint(cx.plan())?).await.ok()
            }
            _ => None,
        };
        let tunnel = match &status.heard {
            Heard::Silence { why: NoReply::NoTunnel } => cx.fact::<Tunnel>(&endpoint).await.ok(),
            _ => None,
        };
        Ok(Self {
            endpoint,
            status,
            meta: meta.ok(),
            versions: versions.ok(),
            maintenance: maintenance.ok(),
            nodes: nodes.ok(),
            settings: settings.ok(),
            rest_licence: rest_licence.ok(),
            licence,
            licence_check: licence_check.ok(),
            clock: clock.ok(),
            handshake,
            manage_handshake,
            tunnel,
        })
    }

    /// Stops where what keeps the server from being reached keeps everything from being reached, which the network's checks
    /// tell of.
    async fn owned_by_the_network(&self, cx: &Cx) -> Result<(), Stop> {
        let plan = cx.plan();
        match &self.status.heard {
            Heard::Silence { why: NoReply::NoAddress } => {
                let direct: Vec<&Target> =
                    plan.targets.iter().filter(|target| plan.route_of(target).is_direct()).collect();
                for target in &direct {
                    let found = cx.fact::<dns::Addresses>(&HostName::new(&target.host)).await;
                    if found.is_ok_and(|found| !found.list.is_empty()) {
                        return Ok(());
                    }
                }
                if direct.is_empty() { Ok(()) } else { Err(Stop::blocked("dns")) }
            }
            Heard::Silence { why: NoReply::NoTunnel } => {
                if let Route::Unusable = plan.route(self.endpoint.host.as_str(), self.endpoint.port) {
                    return Err(Stop::blocked("proxy"));
                }
                for target in &plan.targets {
                    let proxied = matches!(plan.route_of(target), Route::Proxy(_));
                    if proxied
                        && cx
                            .fact::<Tunnel>(&Endpoint::from(target))
                            .await
                            .is_ok_and(|tunnel| !tunnel.is_open())
                    {
                        return Err(Stop::blocked("proxy"));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn seen<'a>(&'a self, cx: &'a Cx) -> Seen<'a> {
        Seen {
            plan: cx.plan(),
            endpoint: &self.endpoint,
            now: time_of_the_server(cx.began(), self.clock.as_deref()),
            status: &self.status,
            meta: self.meta.as_deref(),
            versions: self.versions.as_deref(),
            maintenance: self.maintenance.as_ref().map(|fact| &fact.answer),
            topology: self.nodes.as_ref().and_then(|fact| fact.answer.said()),
            settings: self.settings.as_ref().and_then(|fact| fact.answer.said()),
            licence: Licence {
                manage: match &self.licence {
                    Ok(fact) => Ok(&fact.answer),
                    Err(stop) => Err(stop),
                },
                check: self.licence_check.as_ref().and_then(|fact| fact.answer.said()),
                unchecked: self
                    .licence_check
                    .as_ref()
                    .and_then(|fact| fact.answer.or_trouble("whether its licence is in force").err()),
                rest: self.rest_licence.as_ref().and_then(|fact| fact.answer.said()),
                rest_unread: self.rest_licence.as_ref().and_then(|fact| unread(&fact.answer)),
                settings: self.settings.as_ref().and_then(|fact| fact.answer.said()),
            },
            handshake: self.handshake.as_deref(),
            manage_handshake: self.manage_handshake.as_deref(),
            tunnel: self.tunnel.as_deref(),
        }
    }
}

/// Why what REST says of the licence cannot be read. Where the token may not be permitted to know it, another check tells.
fn unread(answer: &Answer<ServerLicenceSays>) -> Option<Stop> {
    answer.refusal().filter(|why| !why.may_be_of_permission())?;
    match answer.or_trouble("what REST knows of its licence") {
        Err(stop @ Stop::Trouble(_)) => Some(stop),
        _ => None,
    }
}

/// What the server's clock said when it was `now` here, and the latest of what several of its replies say. Up to the exactness
/// of a reply, the clocks agree.
fn time_of_the_server(now: Timestamp, clock: Option<&ServerClock>) -> Timestamp {
    let readings = clock.into_iter().flat_map(|clock| &clock.replies).map(|reply| &reply.reading);
    let ahead = readings.map(|reading| {
        let beyond = (reading.ahead_ms.abs() - reading.within_ms).max(0);
        beyond * reading.ahead_ms.signum()
    });
    let ahead = SignedDuration::from_millis(ahead.min().unwrap_or_default());
    now.checked_sub(ahead).unwrap_or(now)
}

static UNREACHABLE: Kind = Kind {
    id: "server/unreachable",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server cannot be reached, or is not well",
    since: "0.1.0",
    world: include_str!("worlds/unreachable.toml"),
};

static UNTRUSTED: Kind = Kind {
    id: "server/untrusted",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server's certificate is not trusted here",
    since: "0.1.0",
    world: include_str!("worlds/untrusted.toml"),
};

static STORED: Kind = Kind {
    id: "server/stored",
    severity: Severity::Blocker,
    undetermined: true,
    title: "the server's replies come out of a store on the way",
    since: "0.2.0",
    world: include_str!("worlds/stored.toml"),
};

static NOT_GHES: Kind = Kind {
    id: "server/not-ghes",
    severity: Severity::Blocker,
    undetermined: false,
    title: "what answers is no GitHub Enterprise Server",
    since: "0.1.0",
    world: include_str!("worlds/not-ghes.toml"),
};

static TOO_OLD: Kind = Kind {
    id: "server/too-old",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server's release is no longer supported",
    since: "0.1.0",
    world: include_str!("worlds/too-old.toml"),
};

static MAINTENANCE: Kind = Kind {
    id: "server/maintenance",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server is in maintenance mode",
    since: "0.1.0",
    world: include_str!("worlds/maintenance.toml"),
};

static MANAGE_UNREACHABLE: Kind = Kind {
    id: "server/manage-unreachable",
    severity: Severity::Blocker,
    undetermined: true,
    title: "the server's Manage API does not answer",
    since: "0.1.0",
    world: include_str!("worlds/manage-unreachable.toml"),
};

static CONTRADICTORY: Kind = Kind {
    id: "server/contradictory",
    severity: Severity::Blocker,
    undetermined: true,
    title: "two of the server's interfaces contradict each other",
    since: "0.2.0",
    world: include_str!("worlds/contradictory.toml"),
};

static LICENSE_EXPIRED: Kind = Kind {
    id: "server/license-expired",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server's licence has ended",
    since: "0.1.0",
    world: include_str!("worlds/license-expired.toml"),
};

static LICENSE_INVALID: Kind = Kind {
    id: "server/license-invalid",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server does not accept its licence",
    since: "0.1.0",
    world: include_str!("worlds/license-invalid.toml"),
};

static LICENSE_EXCLUDES_CONNECT: Kind = Kind {
    id: "server/license-excludes-connect",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server's licence does not permit GitHub Connect",
    since: "0.1.0",
    world: include_str!("worlds/license-excludes-connect.toml"),
};

static LICENSE_TRIAL: Kind = Kind {
    id: "server/license-trial",
    severity: Severity::Warning,
    undetermined: false,
    title: "the server's licence is a trial licence",
    since: "0.1.0",
    world: include_str!("worlds/license-trial.toml"),
};

static ADDRESS_FAILS: Kind = Kind {
    id: "server/address-fails",
    severity: Severity::Warning,
    undetermined: false,
    title: "one of the server's addresses does not serve",
    since: "0.2.0",
    world: include_str!("worlds/address-fails.toml"),
};
