//! `dns`: whether the names resolve, from here, to addresses that can be GitHub's.

mod delay;
mod disagreement;
mod judge;
mod wording;

use std::net::IpAddr;

use futures::{
    FutureExt as _,
    future::{BoxFuture, join3},
};
use gh_connect_engine::{
    Category, Check, Cx, Examination, Finding, InDoubt, Kind, Meta, Owner, Plan, ProxyUrl, Route, Severity,
    Stop, Subject, Target,
};
use gh_connect_probe::{
    HostName,
    dns::{NameServers, Nat64, Resolution, Scope, System, ask_all, may_be_translated},
    hosts_file::HostsFile,
};

use judge::{Seen, judge};

/// The check.
pub struct Dns;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "dns",
    title: "names resolve",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[
        &NO_RESOLVER,
        &UNREACHABLE,
        &TIMEOUT,
        &GARBAGE,
        &REFUSED,
        &SERVFAIL,
        &TRUNCATED_NO_TCP,
        &NXDOMAIN,
        &NO_ADDRESS,
        &SINKHOLED,
        &PARTLY_SINKHOLED,
        &NOT_PUBLIC,
        &RESOLVERS_DISAGREE,
        &HOSTS_OVERRIDE,
        &SLOW,
        &LOCAL_ANSWER,
    ],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "On the machine that gh-connect ran on, compare what it resolves itself with what its name servers say; where the two differ, its nsswitch.conf, its DNS cache and its own firewall are to look at",
        command: Some("getent ahosts APEX; dig APEX"),
    },
};

impl Check for Dns {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        let mut hosts: Vec<&Target> = Vec::new();
        for target in &plan.targets {
            // A name resolves alike for every port.
            if !hosts.iter().any(|known| known.host == target.host) {
                hosts.push(target);
            }
        }
        hosts.into_iter().cloned().map(Subject::Target).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let Subject::Target(target) = subject else {
                return Err(Stop::NotApplicable("only hosts have names".to_owned()));
            };
            let host = HostName::new(&target.host);
            if host.address().is_some() {
                return Err(Stop::NotApplicable("it is an address already".to_owned()));
            }
            match cx.plan().route_of(target) {
                Route::Unusable => Err(Stop::blocked("proxy")),
                Route::Proxy(proxy) => match cx.fact_at_leisure::<Resolution>(&host).await {
                    Some(resolution) => Ok(local_answer(&host, proxy, &resolution)),
                    None => Err(Stop::NotApplicable(the_proxy_resolves(proxy))),
                },
                Route::Direct { .. } => judge(&look(cx, host).await?),
            }
        })
    }
}

/// Asks for all facts at the same time.
async fn look(cx: &Cx, host: HostName) -> Result<Seen, Stop> {
    // Begins the lookup. It may wait for the very file that cannot be read for the name servers, which is told at once.
    let _ = cx.fact::<Resolution>(&host).now_or_never();
    let servers = cx.fact::<NameServers>(&System).await?;
    let (asked, hosts_file, resolution) =
        join3(ask_all(cx, &servers, &host), cx.fact::<HostsFile>(&host), cx.fact::<Resolution>(&host)).await;
    let (asked, hosts_file, resolution) = (asked?, hosts_file?, resolution?);
    // Only what is no address of the internet by itself makes it worth waiting for.
    let odd = |address: &IpAddr| may_be_translated(*address) && Scope::of(*address) != Scope::Public;
    let nat64 = match resolution.addresses.iter().any(odd) {
        true => cx.fact::<Nat64>(&System).await.ok(),
        false => None,
    };
    Ok(Seen { host, limit: cx.plan().timeout.value, servers, hosts_file, resolution, asked, nat64 })
}

/// Behind a proxy nobody uses what this machine resolves. It is worth knowing and never judged.
fn local_answer(host: &HostName, proxy: &ProxyUrl, resolution: &Resolution) -> Examination {
    let here = match resolution.addresses.as_slice() {
        [] => format!("This machine itself does not resolve {host}"),
        addresses => format!("This machine itself resolves {host} to {}", wording::list(addresses)),
    };
    let message = format!("{here}. It makes no difference: the proxy {} resolves it.", proxy.authority());
    let note = Finding::new(&LOCAL_ANSWER, host.as_str(), message).evidence(resolution);
    Examination::aside(note, the_proxy_resolves(proxy))
}

fn the_proxy_resolves(proxy: &ProxyUrl) -> String {
    format!("the proxy {} resolves it", proxy.authority())
}

static NO_RESOLVER: Kind = kind(
    "dns/no-resolver",
    Severity::Blocker,
    "no name server is configured",
    include_str!("worlds/no-resolver.toml"),
);
static UNREACHABLE: Kind = kind(
    "dns/unreachable",
    Severity::Blocker,
    "the name servers cannot be reached",
    include_str!("worlds/unreachable.toml"),
);
static TIMEOUT: Kind = kind(
    "dns/timeout",
    Severity::Blocker,
    "the name servers do not answer",
    include_str!("worlds/timeout.toml"),
);
static GARBAGE: Kind = kind(
    "dns/garbage",
    Severity::Blocker,
    "the name servers' replies cannot be used",
    include_str!("worlds/garbage.toml"),
);
static REFUSED: Kind = kind(
    "dns/refused",
    Severity::Blocker,
    "the name servers refuse to answer",
    include_str!("worlds/refused.toml"),
);
static SERVFAIL: Kind =
    kind("dns/servfail", Severity::Blocker, "the name servers fail", include_str!("worlds/servfail.toml"));
static TRUNCATED_NO_TCP: Kind = kind(
    "dns/truncated-no-tcp",
    Severity::Blocker,
    "the answer does not fit, and TCP does not work",
    include_str!("worlds/truncated-no-tcp.toml"),
);
static NXDOMAIN: Kind =
    kind("dns/nxdomain", Severity::Blocker, "the name does not exist", include_str!("worlds/nxdomain.toml"));
static NO_ADDRESS: Kind = kind(
    "dns/no-address",
    Severity::Blocker,
    "the name has no address",
    include_str!("worlds/no-address.toml"),
);
static SINKHOLED: Kind = kind(
    "dns/sinkholed",
    Severity::Blocker,
    "the name resolves to this machine or to nowhere",
    include_str!("worlds/sinkholed.toml"),
);
static PARTLY_SINKHOLED: Kind = kind(
    "dns/partly-sinkholed",
    Severity::Warning,
    "one of the addresses is this machine or nowhere",
    include_str!("worlds/partly-sinkholed.toml"),
);
static NOT_PUBLIC: Kind = kind(
    "dns/not-public",
    Severity::Warning,
    "the name resolves to an address inside",
    include_str!("worlds/not-public.toml"),
);
static RESOLVERS_DISAGREE: Kind = kind(
    "dns/resolvers-disagree",
    Severity::Warning,
    "the name servers do not agree",
    include_str!("worlds/resolvers-disagree.toml"),
);
static HOSTS_OVERRIDE: Kind = kind(
    "dns/hosts-override",
    Severity::Warning,
    "the hosts file decides, not DNS",
    include_str!("worlds/hosts-override.toml"),
);
static SLOW: Kind =
    kind("dns/slow", Severity::Warning, "resolving takes a second or more", include_str!("worlds/slow.toml"));
static LOCAL_ANSWER: Kind = kind(
    "dns/local-answer",
    Severity::Note,
    "what this machine resolves, although the proxy does it",
    include_str!("worlds/local-answer.toml"),
);

const fn kind(id: &'static str, severity: Severity, title: &'static str, world: &'static str) -> Kind {
    Kind { id, severity, undetermined: false, title, since: "0.1.0", world }
}
