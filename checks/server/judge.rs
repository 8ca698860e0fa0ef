//! The judgement of what answers at the server's name.

use gh_connect_engine::{Examination, Finding, Plan, Product, Severity, Stop, Subject, shown};
use gh_connect_github::{
    Answer, Api, NoReply, Refusal,
    manage::{ManageVersion, NodeMaintenance, Settings, Topology},
    server::{Heard, ServerMeta, Status},
};
use gh_connect_probe::{
    Endpoint,
    proxy::Tunnel,
    tls::{End, Handshake},
};
use jiff::Timestamp;

use super::{
    MAINTENANCE, NOT_GHES, OLDEST, STORED, TOO_OLD, UNREACHABLE, UNTRUSTED, contradiction,
    licence::{self, Licence},
    maintenance::Maintenance,
    steps,
    version::Release,
    words,
};

/// What is judged.
#[derive(Clone)]
pub(super) struct Seen<'a> {
    pub(super) plan: &'a Plan,
    pub(super) endpoint: &'a Endpoint,
    /// The time by the server's own clock, where it tells it.
    pub(super) now: Timestamp,
    pub(super) status: &'a Status,
    pub(super) meta: Option<&'a ServerMeta>,
    pub(super) versions: Option<&'a ManageVersion>,
    /// The Manage API's word on each node, where it was asked for.
    pub(super) maintenance: Option<&'a Answer<Vec<NodeMaintenance>>>,
    /// Which nodes there are, where that was said.
    pub(super) topology: Option<&'a Topology>,
    /// The server's own settings, where they were said.
    pub(super) settings: Option<&'a Settings>,
    pub(super) licence: Licence<'a>,
    pub(super) handshake: Option<&'a Handshake>,
    pub(super) manage_handshake: Option<&'a Handshake>,
    pub(super) tunnel: Option<&'a Tunnel>,
}

/// Judges the server as a whole.
pub(super) fn server(seen: &Seen<'_>) -> Result<Examination, Stop> {
    if let Some(fault) = fault(seen) {
        return Ok(fault.into());
    }
    let version = seen.version();
    let Some(version) = version else { return Err(version_unsaid(seen)) };
    let Some(release) = Release::parse(version) else {
        return Err(Stop::Trouble(format!(
            "{} says it has the version {version}, which is none",
            seen.host()
        )));
    };
    if is_too_old(seen.plan, release) {
        let finding = seen.finding(&TOO_OLD, words::too_old(seen, version));
        return Ok(steps::too_old(finding, seen, release).into());
    }
    Ok(Examination::passed(words::remark(seen, version)))
}

/// Judges what the Manage API says: the licence, and what else has to be known of a server that is well.
pub(super) fn manage(seen: &Seen<'_>) -> Result<Examination, Stop> {
    let mut judged = licence::judge(seen)?;
    let is_bad = |finding: &Finding| finding.kind.severity == Severity::Blocker;
    if judged.findings.iter().any(is_bad) {
        return Ok(judged);
    }
    // Where something is wrong with the server as a whole, that is told alone.
    if fault(seen).is_none() {
        if let Some(stop) = maintenance_untold(seen) {
            return Err(stop);
        }
        if let Some(why) = contradiction::unknown_name(seen) {
            return Err(Stop::Trouble(why));
        }
        judged.findings.extend(contradiction::all(seen));
    }
    Ok(judged)
}

/// Why nobody knows whether the server is in maintenance mode, although it answers: it does so for addresses on the list of
/// exceptions.
fn maintenance_untold(seen: &Seen<'_>) -> Option<Stop> {
    match seen.maintenance?.or_trouble("whether maintenance mode is on") {
        Err(stop) => Some(stop),
        Ok(_) => match seen.maintenance()? {
            Maintenance::Untold(why) => Some(Stop::Trouble(format!(
                "whether {} is in maintenance mode is not known: {why}",
                seen.host()
            ))),
            _ => None,
        },
    }
}

/// Judges a URL at which nothing is asked.
pub(super) fn unusable(plan: &Plan, subject: &Subject, why: &str) -> Result<Examination, Stop> {
    let Some(server) = plan.server.as_ref().filter(|_| *subject == Subject::Server) else {
        return Err(Stop::NotApplicable("the server itself is not reached".to_owned()));
    };
    let host = plan.server_host().unwrap_or("HOSTNAME");
    let message = format!("The server's URL {} ({}) {why}.", shown(&server.value, 200), server.origin);
    let finding = Finding::new(&UNREACHABLE, host, message);
    Ok(steps::another_url(finding, host).into())
}

/// What is wrong with what answers, before its version and licence matter.
pub(super) fn fault(seen: &Seen<'_>) -> Option<Finding> {
    match &seen.status.heard {
        Heard::Silence { why: NoReply::NoSession { end: End::Distrusted(reason) } } => {
            let finding = seen.finding(&UNTRUSTED, words::untrusted(seen, reason));
            Some(steps::untrusted(finding, seen, reason))
        }
        Heard::Silence { why: NoReply::NotHttp } => {
            let what = format!("What answers on {} does not speak HTTP.", seen.endpoint);
            Some(steps::not_ghes(seen.finding(&NOT_GHES, what), seen, None))
        }
        Heard::Silence { why: NoReply::Stored { sign } } => Some(stored(seen, "/status", sign)),
        Heard::Silence { why } => {
            let finding = seen.finding(&UNREACHABLE, words::unreachable(seen, why));
            Some(steps::unreachable(finding, seen, why))
        }
        // Whoever is excepted from it still gets an answer (GitHub docs: Enabling and scheduling maintenance mode, IP
        // exception list).
        Heard::Reply { status: 200, .. } if matches!(seen.maintenance(), Some(Maintenance::On(_))) => {
            Some(steps::maintenance(seen.finding(&MAINTENANCE, words::maintenance(seen, 200)), seen))
        }
        Heard::Reply { status: 200, .. } => match seen.stored_meta() {
            Some(sign) => Some(stored(seen, "/api/v3/meta", sign)),
            None if seen.is_proven() => {
                let refusal = api_trouble(seen.meta?)?;
                let finding = seen.finding(&UNREACHABLE, words::api_unwell(seen, refusal));
                Some(steps::unwell(finding, seen, true))
            }
            None if seen.looks_like_one() => unproven(seen),
            None => Some(another(seen, None)),
        },
        Heard::Reply { status: 503, .. } if is_in_maintenance(seen) => {
            Some(steps::maintenance(seen.finding(&MAINTENANCE, words::maintenance(seen, 503)), seen))
        }
        Heard::Reply { status, .. } if *status >= 500 || seen.is_proven() => {
            let finding = seen.finding(&UNREACHABLE, words::unwell(seen, *status));
            Some(steps::unwell(finding, seen, *status >= 500))
        }
        Heard::Reply { redirects_to, .. } => Some(another(seen, redirects_to.as_deref())),
    }
}

/// What keeps the API of something that is a server from answering, or makes its answer none. The check of the token tells
/// where who asks is not liked. A page that a server itself refuses to show, with its version in the header, is none of that.
pub(super) fn api_trouble(meta: &ServerMeta) -> Option<&Refusal> {
    let refusal = meta.answer.refusal().filter(|why| why.owner(Api::Server) == "server")?;
    let by_itself = matches!(refusal, Refusal::NotFound { .. } | Refusal::Forbidden { .. });
    (!by_itself || meta.said_version().is_none()).then_some(refusal)
}

/// Something else that has the server's name.
fn another(seen: &Seen<'_>, redirects_to: Option<&str>) -> Finding {
    steps::not_ghes(seen.finding(&NOT_GHES, words::not_ghes(seen)), seen, redirects_to)
}

/// A status page like that of a server, and nothing that only a server would say.
fn unproven(seen: &Seen<'_>) -> Option<Finding> {
    let refusal = seen.meta.and_then(|meta| meta.answer.refusal())?;
    match refusal {
        // Who asks is not liked; the check of the token tells.
        why if why.owner(Api::Server) == "token" => None,
        Refusal::NoReply(_) | Refusal::ServerError { .. } => {
            let finding = seen.finding(&UNREACHABLE, words::api_unwell(seen, refusal));
            Some(steps::unwell(finding, seen, true))
        }
        _ => Some(steps::not_ghes(seen.finding(&NOT_GHES, words::no_api(seen, refusal)), seen, None)),
    }
}

/// What was asked of the server was answered by something before it.
fn stored(seen: &Seen<'_>, path: &str, sign: &str) -> Finding {
    steps::stored(seen.finding(&STORED, words::stored(seen, path, sign)), seen)
}

/// Whether the release is one that is not supported any more. Where the target is GHE.com, that check tells.
pub(super) fn is_too_old(plan: &Plan, release: Release) -> bool {
    release < OLDEST && plan.product.value == Product::GithubCom
}

fn is_in_maintenance(seen: &Seen<'_>) -> bool {
    match seen.maintenance() {
        Some(Maintenance::On(_) | Maintenance::Partly(_)) => true,
        Some(Maintenance::Off(_)) => false,
        Some(Maintenance::Untold(_)) | None => seen.is_proven() || seen.looks_like_one(),
    }
}

fn version_unsaid(seen: &Seen<'_>) -> Stop {
    let trouble = || Stop::Trouble(format!("{} does not say which version it has", seen.host()));
    match seen.meta.map(|meta| &meta.answer) {
        None | Some(Answer::Said(_)) => trouble(),
        Some(answer) => answer.or_trouble("which version it has").err().unwrap_or_else(trouble),
    }
}

impl<'a> Seen<'a> {
    pub(super) fn host(&self) -> &'a str {
        self.endpoint.host.as_str()
    }

    pub(super) fn version(&self) -> Option<&'a str> {
        super::version(self.meta, self.versions)
    }

    pub(super) fn finding(&self, kind: &'static gh_connect_engine::Kind, message: String) -> Finding {
        let evidence = serde_json::json!({
            "status": self.status,
            "meta": self.meta,
            "version": self.version(),
            "licence": self.licence,
            "handshake": self.handshake.map(words::presented),
        });
        Finding::new(kind, self.host(), message).evidence(evidence)
    }

    /// What the Manage API says of maintenance, where it says anything.
    pub(super) fn maintenance(&self) -> Option<Maintenance<'a>> {
        let modes = self.maintenance.and_then(Answer::said)?;
        Some(Maintenance::of(modes, self.topology, self.now))
    }

    /// The same node by node.
    pub(super) fn modes(&self) -> &'a [NodeMaintenance] {
        self.maintenance.and_then(Answer::said).map_or(&[], Vec::as_slice)
    }

    /// What says that its answer about its version came out of a store on the way.
    fn stored_meta(&self) -> Option<&'a str> {
        match self.meta?.answer.refusal()? {
            Refusal::NoReply(NoReply::Stored { sign }) => Some(sign),
            _ => None,
        }
    }

    /// Whether only a GitHub Enterprise Server would say what was said.
    pub(super) fn is_proven(&self) -> bool {
        let of_github = |meta: &ServerMeta| {
            meta.answer.said().is_some_and(|said| said.verifiable_password_authentication.is_some())
        };
        self.version().is_some() || self.meta.is_some_and(of_github)
    }

    /// Whether the status is in the words, or with the headers, of GitHub's own software.
    fn looks_like_one(&self) -> bool {
        match &self.status.heard {
            Heard::Silence { .. } => false,
            Heard::Reply { text, title, server, has_request_id, .. } => {
                let is_named = |text: &str| text.contains("GitHub");
                *has_request_id
                    || server.as_deref() == Some("GitHub.com")
                    || is_named(text)
                    || title.as_deref().is_some_and(is_named)
            }
        }
    }
}
