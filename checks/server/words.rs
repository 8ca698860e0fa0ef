//! What was seen, in words.

use gh_connect_engine::{Plan, Sourced};
use gh_connect_github::{
    NoReply, Refusal,
    manage::{LicenceStatus, ManageLicenceSays},
    server::Heard,
};
use gh_connect_probe::{
    net::Failure,
    proxy::Outcome,
    tls::{End, Handshake, Reason, Statement},
};
use jiff::Timestamp;

use super::{
    judge::Seen,
    licence::End as Ends,
    maintenance::{self, Maintenance},
};
use crate::wording::{and, few, leads_to};

/// `3.19.1, licensed to Acme Corp for 240 more days`
pub(super) fn remark(seen: &Seen<'_>, version: &str) -> String {
    let company = seen.licence.says().and_then(|says| says.company.as_deref());
    let company = company.map_or_else(String::new, |company| format!(" to {company}"));
    let version = with_others(seen, version);
    let mut text = match seen.licence.end(seen.now) {
        Ends::Never => format!("{version}, licensed{company} without an end"),
        Ends::Days(A_CENTURY..) => format!("{version}, licensed{company} for more than a hundred years"),
        Ends::Days(days) if days > 0 => {
            format!("{version}, licensed{company} for {days} more day{}", if days == 1 { "" } else { "s" })
        }
        _ => version,
    };
    if let Some(at) = maintenance::scheduled(seen.modes()) {
        text.push_str(&format!(
            ", maintenance scheduled{}",
            at.map_or(String::new(), |at| format!(" for {at}"))
        ));
    }
    text
}

/// A version, with the others that are said.
fn with_others(seen: &Seen<'_>, version: &str) -> String {
    let all = super::versions(seen.meta, seen.versions).into_iter();
    let others: Vec<&str> = all.filter(|other| *other != version).collect();
    match others.is_empty() {
        true => version.to_owned(),
        false => {
            format!("{version} (others of its interfaces and nodes say {})", few(&others, MOST_LISTED, 0))
        }
    }
}

pub(super) fn unreachable(seen: &Seen<'_>, why: &NoReply) -> String {
    let (at, limit) = (seen.endpoint, seen.plan.timeout.value);
    match why {
        NoReply::NoAddress => {
            format!("The server's name {} ({}) has no address here.", seen.host(), said_at(seen.plan))
        }
        NoReply::Unconnected { failure: Failure::Refused } => {
            format!("{at} refuses connections: nothing listens there, or a firewall says so.")
        }
        NoReply::Unconnected { failure: Failure::TimedOut } => {
            format!("{at} does not answer within {limit}: packets to it vanish.")
        }
        NoReply::Unconnected { failure } => format!("No connection to {at} comes about: {failure}."),
        NoReply::NoTunnel => no_tunnel(seen),
        NoReply::NoSession { end } => format!("No TLS session with {at} comes about: {}.", ended(end)),
        NoReply::TimedOut => {
            format!("{at} takes the connection and gives no whole reply to GET /status within {limit}.")
        }
        NoReply::Closed => format!("{at} closes the connection before it has replied to GET /status."),
        NoReply::NotHttp | NoReply::Stored { .. } | NoReply::Other { .. } => {
            format!("{at} does not reply to GET /status: {why}.")
        }
    }
}

/// Something answers for the server out of what it kept.
pub(super) fn stored(seen: &Seen<'_>, path: &str, sign: &str) -> String {
    format!(
        "The reply of {} to GET {path} came out of a store on the way ({sign}). It shows how the server was once, not how it is \
         now, so neither its state nor its version is known.",
        seen.endpoint
    )
}

/// Something replies, and not as it does when all is well.
pub(super) fn unwell(seen: &Seen<'_>, status: u16) -> String {
    let is_off = matches!(seen.maintenance(), Some(Maintenance::Off(_)));
    let but = match (status, is_off) {
        (503, true) => ", although maintenance mode is not on: its services are down or still starting",
        (503, false) => ": a load balancer without a server behind it, or a server whose services are not up",
        _ => "",
    };
    let away = match &seen.status.heard {
        Heard::Reply { redirects_to: Some(host), .. } => format!(", and redirects to {host}"),
        _ => began(seen),
    };
    format!("{} answers GET /status with {status} in place of 200{but}{away}.", seen.endpoint)
}

pub(super) fn api_unwell(seen: &Seen<'_>, why: &Refusal) -> String {
    format!(
        "{} answers GET /status with 200, but its API does not answer GET /api/v3/meta as it should: {why}.",
        seen.endpoint
    )
}

pub(super) fn not_ghes(seen: &Seen<'_>) -> String {
    let Heard::Reply { status, server, redirects_to, .. } = &seen.status.heard else {
        return format!("What answers on {} is no GitHub Enterprise Server.", seen.endpoint);
    };
    let software = server.as_ref().map_or_else(String::new, |server| format!(" (it calls itself {server})"));
    let away = redirects_to.as_ref().map_or_else(String::new, |host| format!(", and redirects to {host}"));
    format!(
        "What answers on {}{software} is no GitHub Enterprise Server: GET /status gives {status}{away}{}.",
        seen.endpoint,
        if redirects_to.is_some() { String::new() } else { began(seen) }
    )
}

pub(super) fn no_api(seen: &Seen<'_>, why: &Refusal) -> String {
    format!(
        "What answers on {} has a page at /status, and not the API of a GitHub Enterprise Server at /api/v3/meta: {why}.",
        seen.endpoint
    )
}

pub(super) fn untrusted(seen: &Seen<'_>, reason: &Reason) -> String {
    distrusted(seen.endpoint.host.as_str(), seen.handshake, reason)
}

/// Why a certificate that was presented for `host` is not trusted.
fn distrusted(host: &str, handshake: Option<&Handshake>, reason: &Reason) -> String {
    let leaf = handshake.and_then(Handshake::leaf);
    let at = handshake.map(|handshake| handshake.at);
    if let Some(what) = handshake.and_then(Handshake::fault).and_then(|fault| leads_to(fault, reason)) {
        return format!("The certificate of {host} leads to {what}.");
    }
    match (reason, leaf) {
        (Reason::UnknownIssuer, Some(leaf)) if leaf.self_issued => {
            format!(
                "The certificate of {host} is signed by itself ({}), so this machine does not trust it.",
                leaf.issuer
            )
        }
        (Reason::UnknownIssuer, Some(leaf)) => {
            format!(
                "The certificate of {host} was issued by {}, which this machine does not trust.",
                leaf.issuer
            )
        }
        (Reason::NameMismatch, Some(leaf)) => {
            format!("The certificate that {host} presents is for {}, issued by {}.", names(leaf), leaf.issuer)
        }
        (Reason::Expired, Some(leaf)) if at.is_some_and(|at| leaf.not_after < at) => {
            format!(
                "The certificate of {host}, issued by {}, expired on {}.",
                leaf.issuer,
                date(leaf.not_after)
            )
        }
        (Reason::NotYetValid, Some(leaf)) if at.is_some_and(|at| leaf.not_before > at) => format!(
            "The certificate of {host}, issued by {}, is valid only from {} on, by this machine's clock.",
            leaf.issuer,
            date(leaf.not_before)
        ),
        (Reason::Unacceptable(why), Some(leaf)) => {
            format!("The certificate of {host}, issued by {}, is not accepted: {why}.", leaf.issuer)
        }
        (reason, _) => format!(
            "The certificate of {host} is not accepted: {}.",
            match reason {
                Reason::Malformed => "it is malformed",
                Reason::UnknownIssuer => "nobody whom this machine trusts issued it",
                Reason::NameMismatch => "it is for other names",
                Reason::Expired => "it, or an intermediate certificate, has expired",
                Reason::NotYetValid => "it, or an intermediate certificate, is not valid yet",
                Reason::Unacceptable(why) => why,
            }
        ),
    }
}

pub(super) fn too_old(seen: &Seen<'_>, version: &str) -> String {
    format!(
        "{} runs GitHub Enterprise Server {}; releases before {} are no longer supported, and their Manage API is \
         not the one that is asked here.",
        seen.host(),
        with_others(seen, version),
        super::OLDEST
    )
}

pub(super) fn maintenance(seen: &Seen<'_>, status: u16) -> String {
    let on = match seen.maintenance() {
        Some(Maintenance::On(nodes) | Maintenance::Partly(nodes)) => nodes,
        _ => Vec::new(),
    };
    let nodes: Vec<&str> = on.iter().filter_map(|node| node.hostname.as_deref()).take(MOST_LISTED).collect();
    let nodes = if nodes.is_empty() { String::new() } else { format!(" ({})", nodes.join(", ")) };
    let said =
        on.iter().find_map(|node| node.maintenance_mode_message.as_deref().filter(|it| !it.is_empty()));
    let said = said.map_or_else(String::new, |said| format!(" People are told: \"{said}\"."));
    let by = match status {
        200 => ", by the Manage API's word, although it answers this machine",
        _ => ": it answers GET /status with 503",
    };
    format!("{} is in maintenance mode{nodes}{by}.{said}", seen.host())
}

pub(super) fn manage_unreachable(seen: &Seen<'_>, why: &Refusal) -> String {
    let (host, path) = (seen.host(), "/manage/v1/config/license");
    match why {
        Refusal::NoReply(NoReply::NoSession { end: End::Distrusted(reason) }) => format!(
            "The Manage API is not trusted. {}",
            distrusted(&format!("{host}:8443"), seen.manage_handshake, reason)
        ),
        Refusal::NoReply(NoReply::NoSession { end }) => {
            format!("No TLS session with the Manage API at {host}:8443 comes about: {}.", ended(end))
        }
        Refusal::NoReply(why) => format!("The Manage API at {host}:8443 does not answer: {why}."),
        why => format!("The Manage API at {host}:8443 does not answer GET {path} as it should: {why}."),
    }
}

pub(super) fn expired(seen: &Seen<'_>) -> String {
    let whose = subject(seen);
    let ends = seen.licence.ends(seen.now);
    let to_come: Vec<String> = ends.iter().filter(|end| end.days > 0).map(ToString::to_string).collect();
    let although = if to_come.is_empty() { String::new() } else { format!(", although {}", and(&to_come)) };
    let over = seen.licence.expires().filter(|at| *at <= seen.now);
    match (over.and_then(|_| seen.licence.day_of_end(seen.now)), ends.first().map(|end| end.days)) {
        (Some((day, ago)), _) => {
            let ago = match ago {
                ..=0 => String::new(),
                1 => ", a day ago".to_owned(),
                days => format!(", {days} days ago"),
            };
            format!("The licence of {whose} ended on {day}{ago}{although}.")
        }
        (None, Some(days)) if days < 0 => {
            format!("The licence of {whose} ended {} days ago{although}.", -days)
        }
        _ => format!(
            "The licence of {whose} has ended: the server's own check of it says \"expired\"{although}."
        ),
    }
}

pub(super) fn invalid(seen: &Seen<'_>, status: &LicenceStatus) -> String {
    format!(
        "The server does not accept the licence of {}: its own check of it says \"{}\".",
        whose(seen),
        String::from(status.clone())
    )
}

pub(super) fn excludes_connect(seen: &Seen<'_>, says: &ManageLicenceSays) -> String {
    let number = says.reference_number.as_ref();
    let number = number.map_or_else(String::new, |number| format!(" Its reference number is {number}."));
    format!(
        "The licence of {} does not permit GitHub Connect: the Manage API says \"croquetSupport\": false of it.{number}",
        subject(seen)
    )
}

pub(super) fn trial(seen: &Seen<'_>, says: &ManageLicenceSays) -> String {
    let until =
        seen.licence.day_of_end(seen.now).map_or_else(String::new, |(day, _)| format!(" It ends on {day}."));
    let by = match (says.evaluation, seen.licence.kind_of_trial()) {
        (Some(false), Some(kind)) => {
            format!(
                "REST says \"kind\": \"{kind}\" of it, although the Manage API says \"evaluation\": false"
            )
        }
        (None, Some(kind)) => format!("REST says \"kind\": \"{kind}\" of it"),
        (Some(false), None) if seen.licence.is_trial_by_settings() => {
            "/manage/v1/config/settings says \"evaluation\": true of it, although /manage/v1/config/license says \"evaluation\": false"
                .to_owned()
        }
        (None, None) if seen.licence.is_trial_by_settings() => {
            "/manage/v1/config/settings says \"evaluation\": true of it".to_owned()
        }
        _ => "the Manage API says \"evaluation\": true of it".to_owned(),
    };
    format!("The licence of {} is a trial licence: {by}.{until}", subject(seen))
}

/// What was presented, for the evidence.
pub(super) fn presented(handshake: &Handshake) -> serde_json::Value {
    serde_json::json!({
        "end": handshake.end,
        "chain": handshake.chain,
        "verdicts": handshake.verdicts,
        "clock": handshake.at,
        "began": handshake.began,
    })
}

/// The first few names that a certificate is for.
pub(super) fn names(leaf: &Statement) -> String {
    if leaf.names.is_empty() && leaf.more_names == 0 {
        return format!("no name at all (it belongs to {})", leaf.subject);
    }
    few(&leaf.names, MOST_LISTED, leaf.more_names)
}

/// `ghes.corp.example, made out to Acme Corp`
fn whose(seen: &Seen<'_>) -> String {
    match seen.licence.says().and_then(|says| says.company.as_deref()) {
        Some(company) => format!("{}, made out to {company}", seen.host()),
        None => seen.host().to_owned(),
    }
}

/// The same before a verb: `ghes.corp.example, made out to Acme Corp,`
fn subject(seen: &Seen<'_>) -> String {
    let whose = whose(seen);
    if whose == seen.host() { whose } else { whose + "," }
}

fn no_tunnel(seen: &Seen<'_>) -> String {
    let at = seen.endpoint;
    let Some(tunnel) = seen.tunnel else {
        return format!("The egress proxy opens no tunnel to {at}, and the server is not excluded from it.");
    };
    let why = match &tunnel.outcome {
        Outcome::Replied(reply) => format!("it answers CONNECT with {} {}", reply.status, reply.reason),
        Outcome::Silent { .. } => format!("it does not answer CONNECT within {}", seen.plan.timeout.value),
        Outcome::Unresolved => "its name has no address".to_owned(),
        Outcome::Unconnected { failure } => format!("no connection to it comes about, {failure}"),
        Outcome::ProxyTls { end, .. } => format!("no TLS session with it comes about, {}", ended(end)),
        Outcome::Ended { .. } => "it ends the connection without an answer".to_owned(),
        Outcome::NotHttp { .. } | Outcome::Endless => "what it answers is no HTTP".to_owned(),
        Outcome::Open { .. } => "the tunnel was open, and then not".to_owned(),
    };
    format!("The egress proxy {} opens no tunnel to {at}: {}.", tunnel.proxy, why.trim_end())
}

fn ended(end: &End) -> String {
    match end {
        End::Verified => "it came too late".to_owned(),
        End::Distrusted(_) => "the certificate is not trusted".to_owned(),
        End::Alert { code, name } => format!("it is refused with the alert {name} ({code})"),
        End::Reset => "the connection is reset during the handshake".to_owned(),
        End::Closed => "the connection is closed during the handshake".to_owned(),
        End::Silent => "the handshake is not answered in time".to_owned(),
        End::NotTls => "what answers does not speak TLS".to_owned(),
        End::Incompatible(why) => format!("no version in common, {why}"),
        End::Garbage(why) | End::Other(why) => why.clone(),
    }
}

/// How the reply's body begins.
fn began(seen: &Seen<'_>) -> String {
    match &seen.status.heard {
        Heard::Reply { text, .. } if !text.is_empty() => {
            let short = gh_connect_engine::shown(text, 60);
            format!("; the reply begins with \"{short}\"")
        }
        _ => String::new(),
    }
}

/// Where the server's URL was said.
pub(super) fn said_at(plan: &Plan) -> String {
    plan.server.as_ref().map_or_else(String::new, |Sourced { origin, .. }| origin.to_string())
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

const MOST_LISTED: usize = 3;
/// In days.
const A_CENTURY: i64 = 36_525;
