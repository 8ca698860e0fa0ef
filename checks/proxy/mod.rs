//! `proxy`: whether the egress proxy is set properly and opens a tunnel to each host.

mod dead;
mod exclusions;
mod setting;
#[cfg(test)]
mod tests;
mod tunnel;
mod wording;

use std::net::IpAddr;

use futures::{FutureExt as _, future::BoxFuture, future::join_all};
use gh_connect_engine::{
    Category, Check, Cx, Examination, Finding, InDoubt, Kind, Meta, Owner, Plan, ProxySetting, Route,
    Severity, Stop, Subject, Target,
};
use gh_connect_github::{OfTheRun, manage::ManageSettings};
use gh_connect_probe::{
    Endpoint, HostName,
    dns::Resolution,
    path,
    proxy::{DirectPath, Outcome, Tunnel},
    tcp::Attempt,
};
use serde_json::json;

use crate::{addresses, server};
use tunnel::{Other, Seen};

/// The check.
pub struct Proxy;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "proxy",
    title: "the egress proxy",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[
        &INVALID_URL,
        &UNSUPPORTED_SCHEME,
        &UNRESOLVED,
        &UNREACHABLE,
        &REFUSED,
        &TIMEOUT,
        &UNTRUSTED,
        &TLS_FAILED,
        &NOT_A_PROXY,
        &AUTH_REQUIRED,
        &AUTH_REJECTED,
        &AUTH_UNSUPPORTED,
        &DENIED,
        &UPSTREAM_FAILED,
        &BYPASSED,
        &SERVER_NOT_EXCLUDED,
        &SETTING_DIFFERS,
        &EXCLUSIONS_DIFFER,
        &ADDRESS_DEAD,
        &DIRECT_WORKS,
    ],
    in_doubt: InDoubt {
        owner: Owner::ServerAdmin,
        text: "Look up the proxy in the Management Console under Privacy > HTTP Proxy Server; run gh-connect again with exactly that one, --proxy URL, or with --proxy off where there is none",
        command: None,
    },
};

impl Check for Proxy {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// The setting, the tunnel to each host, and the run as a whole for what is merely worth knowing.
    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        let off = |setting: &ProxySetting| matches!(setting, ProxySetting::Off);
        if off(&plan.proxy.value) {
            // A proxy that is set in one place and not in the other is a difference all the same.
            let elsewhere = plan.other_proxies.iter().any(|other| !off(&other.value));
            return if elsewhere || plan.server.is_some() { vec![Subject::Proxy] } else { Vec::new() };
        }
        let targets = proxied(plan).cloned().map(Subject::Target);
        let whole = proxied(plan).next().map(|_| Subject::Run);
        std::iter::once(Subject::Proxy).chain(targets).chain(whole).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            match subject {
                Subject::Target(target) => {
                    addresses::each(cx, &Endpoint::from(target), |endpoint| ask(target, endpoint, cx)).await
                }
                Subject::Run => whole(cx).await,
                _ => {
                    let settings = cx.fact::<ManageSettings>(&OfTheRun).await.ok();
                    let said = settings.as_ref().and_then(|settings| settings.answer.said());
                    if let Err(stop) = setting::is_the_way(cx.plan(), said) {
                        let is_unsaid = said.is_some_and(|said| said.http_proxy.is_none());
                        return Err(match is_unsaid && server::owns_hollow_answers(cx).await {
                            true => Stop::blocked("server"),
                            false => stop,
                        });
                    }
                    let judged = setting::judge(cx.plan(), said);
                    Ok(Examination { what_if: setting::what_if(cx.plan(), said), ..judged })
                }
            }
        })
    }
}

/// The targets that go through the proxy.
fn proxied(plan: &Plan) -> impl Iterator<Item = &Target> {
    plan.targets.iter().filter(|target| matches!(plan.route_of(target), Route::Proxy(_)))
}

async fn ask(target: &Target, endpoint: Endpoint, cx: &Cx) -> Result<Examination, Stop> {
    let tunnel = cx.fact::<Tunnel>(&endpoint).await?;
    if endpoint.at.is_some() && dead::is_dead(&tunnel) {
        // Whatever the host, and told once.
        return Err(Stop::blocked("proxy"));
    }
    // How others fare tells a rule about this host from a proxy that is none. They are being asked at this moment.
    if let Outcome::Unconnected { failure } = &tunnel.outcome
        && let Some(lack) = failure.lack()
    {
        return Err(lack.stop());
    }
    let others = match tunnel::depends_on_others(&tunnel) {
        true => others(target, endpoint.at, cx).await,
        false => Vec::new(),
    };
    let resolution = match (&tunnel.outcome, cx.plan().route_of(target)) {
        (Outcome::Unresolved, Route::Proxy(proxy)) => {
            cx.fact::<Resolution>(&HostName::new(&proxy.host)).await.ok()
        }
        _ => None,
    };
    let resolution = resolution.as_deref();
    Ok(tunnel::judge(&Seen { target, tunnel: &tunnel, others: &others, resolution, plan: cx.plan() }))
}

async fn others(target: &Target, at: Option<IpAddr>, cx: &Cx) -> Vec<Other> {
    let others = proxied(cx.plan()).filter(|other| *other != target);
    let asked = others.take(MOST_OTHERS).map(async |other| {
        let tunnel = cx.fact::<Tunnel>(&Endpoint { at, ..Endpoint::from(other) }).await.ok()?;
        Some(Other { host: other.host.clone(), open: tunnel.is_open() })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// What concerns the proxy whatever the host: whether each of its addresses answers, and whether the hosts of GitHub
/// Connect can be connected to without it. For the latter nobody waits.
async fn whole(cx: &Cx) -> Result<Examination, Stop> {
    let hosts: Vec<Endpoint> =
        proxied(cx.plan()).filter(|target| target.required()).map(Endpoint::from).collect();
    for host in &hosts {
        // Begins the measurement, so that all are under way at the same time.
        let _ = cx.fact::<DirectPath>(host).now_or_never();
    }
    let ways = async { path::ways(cx, hosts.first()?).await };
    let dead = match ways.await {
        Some(ways) if ways.left_out > 0 => {
            return Err(Stop::Trouble(format!(
                "the proxy has {} addresses, of which a run looks at {}; the server may be led to any of them",
                ways.others.len() + 1 + ways.left_out,
                ways.others.len() + 1
            )));
        }
        Some(ways) => dead::judge(cx.plan(), ways.used, &dead(&ways.others, cx).await),
        None => None,
    };
    let direct = direct_path(&hosts, cx).await;
    Ok(dead.into_iter().chain(direct).collect::<Vec<_>>().into())
}

/// What became of connecting to the proxy's further addresses, where nothing did.
async fn dead(others: &[Endpoint], cx: &Cx) -> Vec<Attempt> {
    let tunnels = join_all(others.iter().map(|other| cx.fact::<Tunnel>(other))).await;
    let dead = tunnels.into_iter().flatten().filter(|tunnel| dead::is_dead(tunnel));
    dead.filter_map(|tunnel| tunnel.attempts.first().cloned()).collect()
}

async fn direct_path(hosts: &[Endpoint], cx: &Cx) -> Option<Finding> {
    let mut reached = Vec::new();
    for host in hosts {
        if let Some(path) = cx.fact_at_leisure::<DirectPath>(host).await {
            reached.extend(path.connected().map(|attempt| (host.clone(), attempt.clone())));
        }
    }
    let ((first, attempt), further) = reached.split_first()?;
    let others = match further.len() {
        0 => String::new(),
        1 => " and 1 further host".to_owned(),
        more => format!(" and {more} further hosts"),
    };
    let message = format!(
        "{first}{others} can also be connected to without the proxy ({} in {}). This run uses the proxy, as the server does \
         when it is set there.",
        attempt.address,
        wording::span(attempt.took_us)
    );
    let evidence: Vec<_> = reached
        .iter()
        .map(|(host, attempt)| json!({ "host": host.to_string(), "attempt": attempt }))
        .collect();
    Some(Finding::new(&DIRECT_WORKS, "proxy", message).evidence(json!({ "direct": evidence })))
}

/// Enough to see a pattern in.
const MOST_OTHERS: usize = 8;

const fn kind(id: &'static str, severity: Severity, title: &'static str, world: &'static str) -> Kind {
    Kind { id, severity, undetermined: false, title, since: "0.1.0", world }
}

static INVALID_URL: Kind = kind(
    "proxy/invalid-url",
    Severity::Blocker,
    "The proxy setting is no URL",
    include_str!("worlds/invalid-url.toml"),
);
static UNSUPPORTED_SCHEME: Kind = kind(
    "proxy/unsupported-scheme",
    Severity::Blocker,
    "The proxy setting has a scheme that cannot be used",
    include_str!("worlds/unsupported-scheme.toml"),
);
static UNRESOLVED: Kind = kind(
    "proxy/unresolved",
    Severity::Blocker,
    "The proxy's name has no address",
    include_str!("worlds/unresolved.toml"),
);
static UNREACHABLE: Kind = kind(
    "proxy/unreachable",
    Severity::Blocker,
    "There is no way to the proxy",
    include_str!("worlds/unreachable.toml"),
);
static REFUSED: Kind = kind(
    "proxy/refused",
    Severity::Blocker,
    "The proxy refuses connections",
    include_str!("worlds/refused.toml"),
);
static TIMEOUT: Kind = kind(
    "proxy/timeout",
    Severity::Blocker,
    "The proxy does not answer",
    include_str!("worlds/timeout.toml"),
);
static UNTRUSTED: Kind = kind(
    "proxy/untrusted",
    Severity::Blocker,
    "The proxy's own certificate is not trusted",
    include_str!("worlds/untrusted.toml"),
);
static TLS_FAILED: Kind = kind(
    "proxy/tls-failed",
    Severity::Blocker,
    "TLS to the proxy fails",
    include_str!("worlds/tls-failed.toml"),
);
static NOT_A_PROXY: Kind = kind(
    "proxy/not-a-proxy",
    Severity::Blocker,
    "What answers is no proxy",
    include_str!("worlds/not-a-proxy.toml"),
);
static AUTH_REQUIRED: Kind = kind(
    "proxy/auth-required",
    Severity::Blocker,
    "The proxy demands authentication",
    include_str!("worlds/auth-required.toml"),
);
static AUTH_REJECTED: Kind = kind(
    "proxy/auth-rejected",
    Severity::Blocker,
    "The proxy rejects the user or the password",
    include_str!("worlds/auth-rejected.toml"),
);
static AUTH_UNSUPPORTED: Kind = kind(
    "proxy/auth-unsupported",
    Severity::Blocker,
    "The proxy demands an authentication that cannot be given",
    include_str!("worlds/auth-unsupported.toml"),
);
static DENIED: Kind = kind(
    "proxy/denied",
    Severity::Blocker,
    "The proxy's rules deny the host",
    include_str!("worlds/denied.toml"),
);
static UPSTREAM_FAILED: Kind = kind(
    "proxy/upstream-failed",
    Severity::Blocker,
    "The proxy itself cannot reach the host",
    include_str!("worlds/upstream-failed.toml"),
);
static BYPASSED: Kind = kind(
    "proxy/bypassed",
    Severity::Warning,
    "An exclusion sends a host around the proxy",
    include_str!("worlds/bypassed.toml"),
);
static SERVER_NOT_EXCLUDED: Kind = kind(
    "proxy/server-not-excluded",
    Severity::Warning,
    "The server itself is not excluded from the proxy",
    include_str!("worlds/server-not-excluded.toml"),
);
static SETTING_DIFFERS: Kind = kind(
    "proxy/setting-differs",
    Severity::Warning,
    "Two places name different proxies",
    include_str!("worlds/setting-differs.toml"),
);
static EXCLUSIONS_DIFFER: Kind = kind(
    "proxy/exclusions-differ",
    Severity::Warning,
    "Programs read the exclusion list differently",
    include_str!("worlds/exclusions-differ.toml"),
);
static ADDRESS_DEAD: Kind = Kind {
    since: "0.2.0",
    ..kind(
        "proxy/address-dead",
        Severity::Warning,
        "One of the proxy's addresses does not answer",
        include_str!("worlds/address-dead.toml"),
    )
};
static DIRECT_WORKS: Kind = kind(
    "proxy/direct-works",
    Severity::Note,
    "The hosts can also be reached without the proxy",
    include_str!("worlds/direct-works.toml"),
);
