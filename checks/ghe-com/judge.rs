//! The judgement of where the server points.

use gh_connect_engine::{Examination, Finding, Owner, Plan, Product, Stop, shown};

use super::{
    NO_LICENCE_SYNC, NOT_CONFIGURED, STILL_CONFIGURED, TOO_OLD, UNREADABLE,
    config::{ENABLED, GheConfig, SUBDOMAIN, Unreadable, read},
};
use crate::server::version::Release;

/// What is judged.
pub(super) struct Seen<'a> {
    pub(super) plan: &'a Plan,
    /// The server's version; `Ok(None)` where it does not matter, otherwise why nobody knows it.
    pub(super) version: Result<Option<&'a str>, Stop>,
}

pub(super) fn judge(seen: &Seen<'_>) -> Result<Examination, Stop> {
    // Settings of nobody in particular are no settings of the server that is to be connected.
    if seen.plan.server_host().is_none() {
        return Err(Stop::Skipped("no server is named: --server URL".to_owned()));
    }
    let mut findings = Vec::new();
    let version = seen.version.as_ref().ok().copied().flatten();
    let release = version.and_then(Release::parse);
    let wanted = match &seen.plan.product.value {
        Product::GithubCom => None,
        Product::GheCom(subdomain) => Some(subdomain.as_str()),
    };
    if let (Some(_), Some(version), Some(release)) = (wanted, version, release) {
        if release < FIRST {
            // What would have to be set is not there to be set.
            return Ok(too_old(seen, version).into());
        }
        if release < FIRST_WITH_LICENCE_SYNC {
            findings.push(no_licence_sync(seen, version));
        }
    }
    let remark = match config(seen.plan) {
        Err(_) if wanted.is_none() && release.is_some_and(|release| release < FIRST) => {
            Some(format!("points at github.com: releases before {FIRST} cannot point at GHE.com"))
        }
        Err(why) => {
            findings.push(unreadable(seen, &why));
            None
        }
        Ok(config) => match (wanted, config.enabled == Some(true)) {
            (None, false) => Some("points at github.com".to_owned()),
            (None, true) => {
                findings.push(still_configured(seen, &config));
                None
            }
            (Some(wanted), true)
                if config.subdomain.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(wanted)) =>
            {
                Some(format!("points at {wanted}.ghe.com"))
            }
            (Some(wanted), _) => {
                findings.push(not_configured(seen, &config, wanted));
                None
            }
        },
    };
    let blocks = findings.iter().any(|finding| finding.kind.severity == gh_connect_engine::Severity::Blocker);
    match (&seen.version, release) {
        _ if blocks || wanted.is_none() => {}
        (Err(stop), _) => return Err(stop.clone()),
        (Ok(Some(version)), None) => {
            return Err(Stop::Trouble(format!(
                "{} says it has the version {version}, of which nobody knows whether it can be connected to GHE.com",
                host(seen.plan)
            )));
        }
        _ => {}
    }
    Ok(Examination { findings, remark, ..Examination::default() })
}

/// The settings, or why they are not known, as the end of a sentence.
pub(super) fn config(plan: &Plan) -> Result<GheConfig, String> {
    let account = &plan.account;
    if let Some(unread) = &account.ghe_config_unread {
        return Err(format!("{} gives nothing that tells: {}", unread.origin, shown(&unread.value, 200)));
    }
    let Some(said) = &account.ghe_config else {
        return Err("nobody has said, and no interface tells".to_owned());
    };
    read(&said.value).map_err(|why| match why {
        Unreadable::NoTruthValue(value) => {
            format!("by {}, {ENABLED} is \"{}\", neither true nor false", said.origin, shown(&value, 40))
        }
        Unreadable::Broken(line) => format!(
            "{} gives the line \"{}\", which is not `KEY VALUE` as ghe-config prints it",
            said.origin,
            shown(&line, 120)
        ),
        Unreadable::NothingOfIt => format!("what {} gives has no line about GitHub Connect", said.origin),
    })
}

fn still_configured(seen: &Seen<'_>, config: &GheConfig) -> Finding {
    let at = match &config.subdomain {
        Some(subdomain) => format!("{}.ghe.com", shown(subdomain, 80)),
        None => "GHE.com".to_owned(),
    };
    let message = format!(
        "{} still points at {at}: {ENABLED} is true, and it is to be connected to github.com.",
        host(seen.plan)
    );
    finding(seen, &STILL_CONFIGURED, message)
        .step(
            Owner::EnterpriseOwner,
            format!("If the server is connected to {at} now, decide whether it may be: it can have one connection only. Disable the old one first, in the \
                 server's enterprise settings under GitHub Connect"),
        )
        .then_command(
            Owner::ServerAdmin,
            format!("Point the server at github.com, in the admin shell (ssh -p 122 admin@{}); {WHERE}. {DISRUPTIVE}", host(seen.plan)),
            format!("ghe-config {ENABLED} false && ghe-config-apply"),
        )
        .step(Owner::Operator, format!("If it is to be connected to {at} after all, say --ghe-com SUBDOMAIN"))
}

fn not_configured(seen: &Seen<'_>, config: &GheConfig, wanted: &str) -> Finding {
    let host = host(seen.plan);
    let points = match (config.enabled, &config.subdomain) {
        (Some(true), Some(other)) => {
            format!("points at {}.ghe.com: {SUBDOMAIN} is {}", shown(other, 80), shown(other, 80))
        }
        (Some(true), None) => format!("points at GHE.com without a subdomain: {SUBDOMAIN} is not set"),
        (Some(false), _) => format!("points at github.com: {ENABLED} is false"),
        (None, _) => format!("points at github.com: {ENABLED} is not set"),
    };
    let finding = finding(
        seen,
        &NOT_CONFIGURED,
        format!("{host} {points}, and it is to be connected to {wanted}.ghe.com."),
    );
    let finding = match &config.subdomain {
        Some(other) if config.enabled == Some(true) && !other.eq_ignore_ascii_case(wanted) => finding.step(
            Owner::EnterpriseOwner,
            format!(
                "Make sure that {wanted} is the subdomain at which people open the enterprise in a browser, \
                 https://{wanted}.ghe.com; it is neither the enterprise's slug nor the server's name"
            ),
        ),
        _ => finding,
    };
    finding.then_command(
        Owner::ServerAdmin,
        format!("Point the server at {wanted}.ghe.com, in the admin shell (ssh -p 122 admin@{host}); {WHERE}. {DISRUPTIVE}"),
        format!("ghe-config {ENABLED} true && ghe-config {SUBDOMAIN} \"{wanted}\" && ghe-config-apply"),
    )
}

fn too_old(seen: &Seen<'_>, version: &str) -> Finding {
    let message = format!(
        "{} runs GitHub Enterprise Server {version}; the first release that can be connected to GHE.com is {FIRST}.",
        host(seen.plan)
    );
    upgrade(finding(seen, &TOO_OLD, message), seen, FIRST_WITH_LICENCE_SYNC)
}

fn no_licence_sync(seen: &Seen<'_>, version: &str) -> Finding {
    let message = format!(
        "{} runs GitHub Enterprise Server {version}; it can be connected to GHE.com, and licences are synchronized with it only \
         from {FIRST_WITH_LICENCE_SYNC} on.",
        host(seen.plan)
    );
    upgrade(finding(seen, &NO_LICENCE_SYNC, message), seen, FIRST_WITH_LICENCE_SYNC)
}

fn upgrade(finding: Finding, seen: &Seen<'_>, to: Release) -> Finding {
    finding.step(
        Owner::ServerAdmin,
        format!(
            "Upgrade {} to {to} or later, over the steps that the upgrade assistant names: \
             https://support.github.com/enterprise/server-upgrade",
            host(seen.plan)
        ),
    )
}

fn unreadable(seen: &Seen<'_>, why: &str) -> Finding {
    let host = host(seen.plan);
    let message = format!("Whether {host} points at GHE.com or at github.com is not known: {why}.");
    finding(seen, &UNREADABLE, message).command(
        Owner::ServerAdmin,
        "Read the two settings in the admin shell and hand them over. Where none is set, ghe-config prints nothing and ends with \
         exit code 1; every other failure must not look like that",
        format!(
            "{{ ssh -p 122 admin@{host} -- ghe-config --get-regexp github-connect || [ $? = 1 ] || echo failed; }} | gh-connect \
             check --ghe-config -"
        ),
    )
    .step(
        Owner::Operator,
        "If somebody else has read them, check again with what was printed: --ghe-config 'TEXT' (empty if it was nothing), or \
         --ghe-config @FILE",
    )
}

fn finding(seen: &Seen<'_>, kind: &'static gh_connect_engine::Kind, message: String) -> Finding {
    let said = seen.plan.account.ghe_config.as_ref();
    Finding::new(kind, host(seen.plan), message).evidence(serde_json::json!({
        "target": seen.plan.product.value.apex(),
        "ghe-config": said.map(|said| shown(&said.value, 400)),
        "said-by": said.or(seen.plan.account.ghe_config_unread.as_ref()).map(|said| said.origin.to_string()),
        "version": seen.version.as_ref().ok(),
    }))
}

fn host(plan: &Plan) -> &str {
    plan.server_host().unwrap_or("the server")
}

/// The first release that can be connected to GHE.com (facts §1.2).
const FIRST: Release = crate::server::OLDEST;
/// The first that synchronizes licences with it (facts §1.2).
const FIRST_WITH_LICENCE_SYNC: Release = Release::new(3, 15);
const WHERE: &str = "with high availability on the primary node, in a cluster on any node";
const DISRUPTIVE: &str = "Applying may restart services, so choose the time";
