//! Who does what about it.

use gh_connect_engine::{Finding, Owner, Route};
use gh_connect_github::{NoReply, Refusal, manage::LicenceStatus};
use gh_connect_probe::tls::{End, Handshake, Reason};

use super::{judge::Seen, version::Release, words};

pub(super) fn unreachable(finding: Finding, seen: &Seen<'_>, why: &NoReply) -> Finding {
    let (host, at) = (seen.host(), seen.endpoint);
    match why {
        NoReply::NoAddress => finding
            .step(Owner::Operator, format!("Compare the name {host} with the server's URL in a browser; say the right one with --server"))
            .step(
                Owner::Dns,
                format!("Let the name servers that this machine asks know {host}, or run gh-connect where they do, best on the server itself"),
            ),
        NoReply::NoTunnel => no_tunnel(finding, seen),
        _ => {
            let finding = finding.command(
                Owner::ServerAdmin,
                format!("Look whether the server is up and its services run; in its admin shell (ssh -p 122 admin@{host})"),
                "ghe-service-list",
            );
            let finding = match seen.plan.route(host, seen.endpoint.port) {
                Route::Direct { .. } => finding.step(
                    Owner::Network,
                    format!("Let this machine reach {at} and {host}:8443, or run gh-connect where both are reached, best on the server itself"),
                ),
                _ => no_tunnel(finding, seen),
            };
            finding.step(Owner::Operator, format!("Make sure that --server names the right host and port ({at})"))
        }
    }
}

pub(super) fn stored(finding: Finding, seen: &Seen<'_>) -> Finding {
    let host = seen.host();
    let owner =
        if seen.plan.route(host, seen.endpoint.port).is_direct() { Owner::Network } else { Owner::Proxy };
    finding
        .step(
            owner,
            format!(
                "Keep no copies of what {} answers: exempt it from the cache of the load balancer, gateway or proxy before it",
                seen.endpoint
            ),
        )
        .step(
            Owner::Operator,
            format!("Run gh-connect where nothing stands before the server, best on the server itself (ssh -p 122 admin@{host})"),
        )
}

pub(super) fn another_url(finding: Finding, host: &str) -> Finding {
    finding
        .step(Owner::Operator, format!("Say --server https://{host}"))
        .step(
            Owner::ServerAdmin,
            format!(
                "If the server speaks no TLS, turn it on: GitHub Connect and its browser flow need it. In the Management Console, \
                 https://{host}:8443, under Settings, Privacy"
            ),
        )
}

/// `of_its_own` is whether the server, or who stands before it, says that it is in trouble.
pub(super) fn unwell(finding: Finding, seen: &Seen<'_>, of_its_own: bool) -> Finding {
    let host = seen.host();
    if !of_its_own {
        return finding.step(
            Owner::Network,
            format!(
                "Find the gateway, filter or login page that answers on {} in the server's place for this machine, and let it through \
                 to the server; or run gh-connect on the server itself (ssh -p 122 admin@{host})",
                seen.endpoint
            ),
        );
    }
    finding
        .command(
            Owner::ServerAdmin,
            format!(
                "Look which services do not run, in the admin shell (ssh -p 122 admin@{host}); after ghe-config-apply wait until it \
                 has ended"
            ),
            "ghe-service-list",
        )
        .then_command(
            Owner::ServerAdmin,
            "If they run, and the answer stays the same, apply the configuration anew: after an upgrade services may answer 503 until \
             that is done (GitHub docs: Known issues). It interrupts the server's service for minutes",
            "ghe-config-apply",
        )
        .step(
            Owner::Network,
            format!("Where a load balancer or gateway answers for {host}, look why it has no healthy server behind it"),
        )
}

pub(super) fn not_ghes(finding: Finding, seen: &Seen<'_>, redirects_to: Option<&str>) -> Finding {
    let host = seen.host();
    let finding = match redirects_to.filter(|to| !to.eq_ignore_ascii_case(host)) {
        Some(to) => finding.step(
            Owner::Operator,
            format!("If {to} is the GitHub Enterprise Server, say --server https://{to}"),
        ),
        None => finding,
    };
    let finding = finding.step(
        Owner::Operator,
        format!(
            "Say with --server the address at which people open the server in a browser, https://HOSTNAME; not that of \
             github.com or the enterprise's name on GHE.com ({host} was said)"
        ),
    );
    match seen.plan.route(host, seen.endpoint.port) {
        Route::Direct { .. } => finding
            .step(Owner::Network, format!("If {host} is right, find the gateway or login page that answers in its place for this machine")),
        _ => no_tunnel(finding, seen),
    }
}

pub(super) fn untrusted(finding: Finding, seen: &Seen<'_>, reason: &Reason) -> Finding {
    distrusted(finding, seen, seen.endpoint.port, seen.handshake, reason)
}

pub(super) fn too_old(finding: Finding, seen: &Seen<'_>, release: Release) -> Finding {
    finding
        .step(
            Owner::ServerAdmin,
            format!(
                "Upgrade {} from {release} to a supported release, over the steps that the upgrade assistant names: \
                 https://support.github.com/enterprise/server-upgrade",
                seen.host()
            ),
        )
        .then(Owner::Operator, "Run gh-connect again: nothing else about the server can be relied on before")
}

pub(super) fn maintenance(finding: Finding, seen: &Seen<'_>) -> Finding {
    finding
        .command(
            Owner::ServerAdmin,
            format!(
                "When the work is done, end maintenance mode: in the admin shell of each node (ssh -p 122 admin@{0}), or in the \
                 Management Console at https://{0}:8443 under Maintenance",
                seen.host()
            ),
            "ghe-maintenance -u",
        )
        .then(Owner::Operator, "Run gh-connect again")
}

pub(super) fn manage_unreachable(finding: Finding, seen: &Seen<'_>, why: &Refusal) -> Finding {
    let host = seen.host();
    match why {
        Refusal::NoReply(NoReply::NoSession { end: End::Distrusted(reason) }) => {
            distrusted(finding, seen, 8443, seen.manage_handshake, reason)
        }
        Refusal::NoReply(NoReply::NoTunnel) => no_tunnel(finding, seen),
        Refusal::NoReply(NoReply::NoAddress | NoReply::Unconnected { .. } | NoReply::NoSession { .. }) => finding
            .step(
                Owner::Network,
                format!("Let this machine reach {host} on TCP port 8443, the port of the Management Console"),
            )
            .step(
                Owner::Operator,
                format!("Run gh-connect where that port is reached: on the server itself (ssh -p 122 admin@{host}), or in the administrators' network"),
            ),
        _ => finding
            .command(
                Owner::ServerAdmin,
                format!("Look whether the Management Console works in a browser, https://{host}:8443; if not, see why in the admin shell"),
                "ghe-service-list",
            )
            .step(
                Owner::Network,
                format!("Where a gateway stands in front of {host}:8443, let /manage/v1 pass it unchanged"),
            ),
    }
}

/// The licence that is there has ended.
pub(super) fn renewed_licence(finding: Finding, seen: &Seen<'_>) -> Finding {
    current_licence(
        finding,
        seen,
        "renew the subscription with your GitHub account manager, and then download it again",
    )
}

/// Its interfaces contradict each other about the license that is there.
pub(super) fn contradictory_licence(finding: Finding, seen: &Seen<'_>) -> Finding {
    let host = seen.host();
    let finding = finding.command(
        Owner::ServerAdmin,
        format!(
            "See in the admin shell (ssh -p 122 admin@{host}) which license the server has, and until when"
        ),
        "ghe-license info -j",
    );
    current_licence(finding, seen, "ask https://support.github.com which of the two holds").then(
        Owner::Operator,
        "Run gh-connect again: only when all interfaces say the same of the license is it known to be in force",
    )
}

/// The licence that is there permits too little.
pub(super) fn connecting_licence(finding: Finding, seen: &Seen<'_>) -> Finding {
    current_licence(
        finding,
        seen,
        "ask your GitHub account manager or https://support.github.com for one that permits GitHub Connect",
    )
}

/// The licence that is there is not accepted.
pub(super) fn accepted_licence(finding: Finding, seen: &Seen<'_>, status: &LicenceStatus) -> Finding {
    if *status == LicenceStatus::ClusterModeNotSupported {
        return current_licence(
            finding,
            seen,
            "ask your GitHub account manager or https://support.github.com for one that permits a cluster",
        );
    }
    let again = format!("Download the licence file again from {}", licence_page(seen));
    let number = seen.licence.says().and_then(|says| says.reference_number.as_ref());
    let number = number
        .map_or_else(String::new, |number| format!(", and name the licence's reference number {number}"));
    upload(finding.step(Owner::EnterpriseOwner, again), seen).step(
        Owner::GithubSupport,
        format!("Where a fresh file is not accepted either: https://support.github.com, ask why{number}"),
    )
}

/// What is downloaded may be the file that is there already: `if_the_same` says how another one comes to be.
fn current_licence(finding: Finding, seen: &Seen<'_>, if_the_same: &str) -> Finding {
    upload(
        finding.step(
            Owner::EnterpriseOwner,
            format!(
                "Download the current licence file from {}; if it is no other than the one on the server, {if_the_same}",
                licence_page(seen)
            ),
        ),
        seen,
    )
}

pub(super) fn bought_licence(finding: Finding, seen: &Seen<'_>) -> Finding {
    upload(
        finding.step(
            Owner::EnterpriseOwner,
            format!(
                "Buy licences before the trial ends, then download the licence file from {}",
                licence_page(seen)
            ),
        ),
        seen,
    )
}

fn upload(finding: Finding, seen: &Seen<'_>) -> Finding {
    finding.then(
        Owner::ServerAdmin,
        format!(
            "Upload it in the Management Console, https://{}:8443, and save the settings there (GitHub docs: \
             Uploading a new license to GitHub Enterprise Server)",
            seen.host()
        ),
    )
}

/// Where licence files of an enterprise account are found (GitHub docs: Downloading your license for GitHub Enterprise).
fn licence_page(seen: &Seen<'_>) -> String {
    let slug = seen.plan.enterprise.as_ref().map_or("SLUG", |slug| slug.value.as_str());
    format!(
        "https://{}/enterprises/{slug} under Billing and licensing, Licensing",
        seen.plan.product.value.apex()
    )
}

fn no_tunnel(finding: Finding, seen: &Seen<'_>) -> Finding {
    let host = seen.host();
    finding
        .step(
            Owner::Operator,
            format!("Reach the server without the proxy: add {host} to --no-proxy, or to NO_PROXY where the list comes from the environment"),
        )
        .step(Owner::Proxy, format!("If it must go through the proxy, allow CONNECT to {host}:443 and {host}:8443"))
}

fn distrusted(
    finding: Finding,
    seen: &Seen<'_>,
    port: u16,
    own: Option<&Handshake>,
    reason: &Reason,
) -> Finding {
    let host = seen.host();
    let leaf = own.and_then(Handshake::leaf);
    match reason {
        Reason::UnknownIssuer => {
            let say = "say --ca-file ROOT.pem";
            match leaf {
                Some(leaf) if leaf.self_issued => finding
                    .step(
                        Owner::ServerAdmin,
                        format!(
                            "Give {host} a certificate by an authority: in the Management Console, https://{host}:8443, under \
                             Settings, Privacy"
                        ),
                    )
                    .step(
                        Owner::Operator,
                        format!("If that is the company's own authority, get its root certificate in PEM and {say}"),
                    ),
                _ => {
                    let issuer = leaf.map_or_else(|| "it".to_owned(), |leaf| leaf.issuer.to_string());
                    finding
                        .step(
                            Owner::Operator,
                            format!(
                                "Get the root certificate above {issuer} in PEM from whoever issues certificates in the company, \
                                 and {say}"
                            ),
                        )
                        .step(
                            Owner::ServerAdmin,
                            format!(
                                "If an intermediate certificate is missing, upload the whole chain: https://{host}:8443, Settings, \
                                 Privacy"
                            ),
                        )
                }
            }
        }
        Reason::NameMismatch => {
            let other = leaf.and_then(|leaf| leaf.names.iter().find(|name| !name.contains('*')));
            let finding = match other {
                Some(name) => finding.step(
                    Owner::Operator,
                    format!("If the server is opened as {name} in browsers, say --server https://{name}"),
                ),
                None => finding,
            };
            finding.step(
                Owner::ServerAdmin,
                format!("Otherwise give the server a certificate that names {host}; this one is for {}", leaf.map_or("other names".to_owned(), words::names)),
            )
        }
        Reason::Expired | Reason::NotYetValid => finding
            .command(Owner::Operator, "Compare this machine's clock with a good one first: a wrong one looks the same", "date -u")
            .step(
                Owner::ServerAdmin,
                format!("Where it is right, renew the certificate of {host}:{port}: https://{host}:8443, Settings, Privacy"),
            ),
        Reason::Malformed | Reason::Unacceptable(_) => finding.step(
            Owner::ServerAdmin,
            format!("Replace the certificate of {host}:{port}: https://{host}:8443, Settings, Privacy"),
        ),
    }
}
