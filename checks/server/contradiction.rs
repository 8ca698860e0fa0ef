//! Two interfaces of one server that contradict each other: neither can be relied upon then.

use std::net::IpAddr;

use gh_connect_engine::{Finding, Owner};
use gh_connect_github::{cloud::is_same_host, manage::LicenceStatus, server::Heard};

use super::{
    CONTRADICTORY,
    judge::Seen,
    maintenance::{Maintenance, is_said_on},
    steps, words,
};
use crate::wording::and;

/// All that contradicts, as findings.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Finding> {
    [maintenance(seen), licence(seen), name(seen)].into_iter().flatten().collect()
}

/// A page that says maintenance, from a server of which the Manage API says that it serves.
fn maintenance(seen: &Seen<'_>) -> Option<Finding> {
    let Heard::Reply { status, text, title, words, .. } = &seen.status.heard else { return None };
    let page =
        [title.as_ref(), words.as_ref(), Some(text)].into_iter().flatten().find(|page| is_said_on(page))?;
    let by_manage = match seen.maintenance()? {
        Maintenance::Off(_) => "no node that serves is in maintenance mode",
        Maintenance::Partly(_) => "others of its nodes serve",
        Maintenance::On(_) | Maintenance::Untold(_) => return None,
    };
    let host = seen.host();
    let message = format!(
        "Two interfaces contradict each other about the maintenance of {host}: it answers GET /status with {status} and \"{page}\", \
         and by the Manage API {by_manage}."
    );
    let finding = seen.finding(&CONTRADICTORY, message).step(
        Owner::ServerAdmin,
        format!(
            "Look in the Management Console, https://{host}:8443 under Maintenance, whether maintenance mode is on, and end it when \
             the work is done"
        ),
    );
    let finding = finding.step(
        Owner::Network,
        format!("Where it is off, look what answers for {host} on the way: a load balancer or gateway with a page of its own"),
    );
    Some(finding.then(Owner::Operator, "Run gh-connect again"))
}

/// A license that the server's own check calls valid, and that has ended by its dates. Where the check calls it expired, that
/// is the worse word, and a finding of its own. One without an end has no date that matters.
fn licence(seen: &Seen<'_>) -> Option<Finding> {
    let licence = &seen.licence;
    let status = licence.check.and_then(|check| check.status.as_ref())?;
    if licence.is_perpetual() || *status != LicenceStatus::Valid {
        return None;
    }
    let over: Vec<String> =
        licence.ends(seen.now).into_iter().filter(|end| end.days <= 0).map(|end| end.to_string()).collect();
    if over.is_empty() {
        return None;
    }
    let message = format!(
        "Two interfaces contradict each other about the license of {}: the server's own check of it says \"valid\", and {}.",
        seen.host(),
        and(&over)
    );
    Some(steps::contradictory_licence(seen.finding(&CONTRADICTORY, message), seen))
}

/// A name that is not the one under which the server is asked. An address is no name.
fn name(seen: &Seen<'_>) -> Option<Finding> {
    let (own, host) = (own_name(seen)?, seen.host());
    if is_same_host(own, host) || host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let message = format!(
        "The server's name is contradictory: it is asked as {host} ({}), and its settings say github_hostname \"{own}\". GitHub \
         Connect makes the server known under the name of its settings, and GitHub sends the browser back there.",
        words::said_at(seen.plan)
    );
    let finding = seen.finding(&CONTRADICTORY, message);
    Some(
        finding
            .step(Owner::Operator, format!("If people open the server as {own}, say --server https://{own}, and run gh-connect again"))
            .step(
                Owner::ServerAdmin,
                format!(
                    "If its name is {host}, correct the host name in the Management Console, https://{host}:8443 under Settings, \
                     Hostname"
                ),
            ),
    )
}

/// Why nobody can tell whether the names agree. Settings that do not say which proxy there is either are no settings: the check
/// of the proxy tells.
pub(super) fn unknown_name(seen: &Seen<'_>) -> Option<String> {
    let says_other_things = seen.settings?.http_proxy.is_some();
    (says_other_things && own_name(seen).is_none())
        .then(|| format!("the settings of {} do not say which name it has (github_hostname)", seen.host()))
}

fn own_name<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    seen.settings?.github_hostname.as_deref().map(str::trim).filter(|name| !name.is_empty())
}
