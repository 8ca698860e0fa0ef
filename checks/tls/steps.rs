//! Who does what about it.

use gh_connect_engine::{Finding, Owner, Plan, Route, Target};
use gh_connect_probe::tls::{Fault, Handshake, Statement, Verdicts};

use super::words;
use crate::wording::and;

pub(super) fn untrusted_issuer(
    finding: Finding,
    plan: &Plan,
    target: &Target,
    own: &Handshake,
    spared: &[String],
) -> Finding {
    let leaf = own.leaf();
    let fault = own.fault().filter(|fault| fault.held_by.is_some() || fault.namesake.is_some());
    let outdated = own.verdicts.as_ref().is_some_and(|verdicts| verdicts.public.is_trusted());
    if outdated && fault.is_none() {
        return match words::variable(plan) {
            Some(variable) => finding.step(
                Owner::Operator,
                format!(
                    "Unset {variable} and run gh-connect again; name a root that is wanted beside the machine's own store \
                     with --ca-file"
                ),
            ),
            None => finding.command(
                Owner::ServerAdmin,
                "Bring the store of trusted roots up to date",
                UPDATE,
            ),
        };
    }
    let already = match spared {
        [] => String::new(),
        [only] => format!(" ({only} is exempt already)"),
        several => format!(" ({} are exempt already)", and(several)),
    };
    let issuer = leaf.map_or_else(|| "the issuer".to_owned(), |leaf| leaf.issuer.to_string());
    let finding = finding.step(Owner::Proxy, format!("Exempt {target} from TLS inspection{already}"));
    let wanted = match fault.map(|fault| (&fault.namesake, fault.certificate.says.as_ref())) {
        Some((Some(_), _)) => format!("the present certificate of {issuer}, from whoever runs that CA,"),
        Some((None, Some(says))) => format!("the root {} as well, from whoever runs that CA,", says.issuer),
        _ => format!("the root above {issuer}"),
    };
    install(finding, plan, &wanted).step(
        Owner::Operator,
        "To see beforehand whether that root is enough, check again with --ca-file rootCA.crt",
    )
}

pub(super) fn inspected(
    finding: Finding,
    plan: &Plan,
    target: &Target,
    leaf: &Statement,
    verdicts: &Verdicts,
) -> Finding {
    let finding = match &verdicts.only_by {
        Some(file) => install(finding, plan, &format!("the root in {file}")),
        None => finding.step(
            Owner::ServerAdmin,
            format!(
                "Make sure that the GitHub Enterprise Server trusts the root above {}, too, if this machine is another one",
                leaf.issuer
            ),
        ),
    };
    finding.step(Owner::Proxy, format!("Better, exempt {target} from TLS inspection"))
}

pub(super) fn incomplete_chain(finding: Finding, plan: &Plan, target: &Target, leaf: &Statement) -> Finding {
    let fetched = leaf.ca_issuers.first().map_or(String::new(), |url| format!(", which {url} offers"));
    let finding = match target.required() {
        true => finding.step(
            answering(plan, target),
            format!(
                "Find what answers for {target}: GitHub's own servers send the whole chain. Let it pass the chain on \
                 unchanged, or send the intermediate certificate{fetched}"
            ),
        ),
        false => finding.step(
            Owner::Operator,
            format!("Ask whoever runs {target} to send the intermediate certificate{fetched}"),
        ),
    };
    install(finding, plan, "the intermediate certificate, in PEM, where the chain cannot be repaired,")
}

pub(super) fn wrong_server(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    let owner = answering(plan, target);
    let finding = finding.step(
        owner,
        format!(
            "Find what answers for {target} in the place of the host, and let the connection through to it"
        ),
    );
    match plan.route_of(target).is_direct() {
        true => {
            finding.step(Owner::Dns, format!("Make sure that {} leads to its own addresses", target.host))
        }
        false => finding,
    }
}

pub(super) fn wrong_time(finding: Finding, plan: &Plan, target: &Target, own: &Handshake) -> Finding {
    let finding = finding.command(
        Owner::ServerAdmin,
        "Compare the clock first: a wrong one looks the same. Where it is wrong, let NTP through (UDP 123) and set it",
        "sudo chronyc -a makestep",
    );
    if let Some(fault) = own.fault().filter(|fault| fault.held_by.is_some()) {
        if own.verdicts.as_ref().is_some_and(|verdicts| verdicts.public.is_trusted()) {
            return finding.command(
                Owner::ServerAdmin,
                "Where it is right, bring the store of trusted roots up to date: the public has a root for this host",
                UPDATE,
            );
        }
        let finding = finding.step(
            answering(plan, target),
            format!(
                "Where it is right, get a CA certificate for {} that is in its time, and let it sign",
                whose(fault)
            ),
        );
        return then_install(finding, plan, "that certificate");
    }
    match target.required() {
        true => finding.step(
            answering(plan, target),
            format!(
                "Where it is right, find what answers for {target}: GitHub renews its certificates in time"
            ),
        ),
        false => finding.step(
            Owner::Operator,
            format!("Where it is right, ask whoever runs {target} to renew the certificate"),
        ),
    }
}

/// A certificate above the server's own is one that OpenSSL does not take.
pub(super) fn wrong_authority(finding: Finding, plan: &Plan, target: &Target, fault: &Fault) -> Finding {
    let owner = if target.required() { answering(plan, target) } else { Owner::Operator };
    let finding = finding.step(
        owner,
        format!(
            "Let whoever runs {} make a proper CA certificate (CA:TRUE, keyCertSign, RSA 2048 or EC 256 and larger, SHA-256, no \
             constraint that shuts out {}), and let it sign; or exempt {target} from TLS inspection",
            whose(fault),
            target.host
        ),
    );
    match fault.held_by {
        Some(_) => then_install(finding, plan, "that certificate"),
        None => finding,
    }
}

pub(super) fn alternative_name(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    let owner = if target.required() { answering(plan, target) } else { Owner::Operator };
    finding.step(
        owner,
        format!(
            "Let what signs certificates for {target} put {} into their subjectAltName, or exempt it from TLS inspection",
            target.host
        ),
    )
}

pub(super) fn wider_offer(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    let owner = if target.required() { answering(plan, target) } else { Owner::Operator };
    finding
        .step(
            owner,
            format!(
                "Let what answers for {target} speak ECDHE with AES-GCM or ChaCha20, as GitHub does, or let the connection \
                 through to the host itself"
            ),
        )
        .command(
            Owner::ServerAdmin,
            "Until then, see on the server itself whether it gets through",
            format!("openssl s_client -connect {target} -servername {} </dev/null", target.host),
        )
}

/// Whose certificate it is.
fn whose(fault: &Fault) -> String {
    fault.certificate.says.as_ref().map_or_else(|| "that CA".to_owned(), |says| says.subject.to_string())
}

pub(super) fn wrong_certificate(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    match target.required() {
        true => finding.step(
            answering(plan, target),
            format!("Find what presents this certificate for {target} in the place of GitHub, and replace it there"),
        ),
        false => finding.step(Owner::Operator, format!("Ask whoever runs {target} to replace the certificate")),
    }
}

pub(super) fn renewal(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    match target.required() {
        true => finding.step(
            answering(plan, target),
            format!("Renew the certificate that is presented for {target}, where it is not GitHub's own"),
        ),
        false => finding.step(Owner::Operator, format!("Ask whoever runs {target} to renew the certificate")),
    }
}

pub(super) fn old_tls(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    finding.step(
        answering(plan, target),
        format!("Let what answers for {target} speak TLS 1.2 or 1.3, or let the connection through to the host itself"),
    )
}

pub(super) fn refused(finding: Finding, plan: &Plan, target: &Target, code: u8) -> Finding {
    let what = match code {
        112 => format!(
            "Let what answers for {target} know the name, or let the connection through to the host itself"
        ),
        _ => format!("Find what refuses the handshake with {target}, and allow it"),
    };
    finding.step(answering(plan, target), what)
}

pub(super) fn cut(finding: Finding, plan: &Plan, target: &Target, own: &Handshake) -> Finding {
    let by_size = own.variants.iter().any(|variant| variant.answered);
    let cause = if by_size { "cuts ClientHellos by their size or kind" } else { "ends TLS for this host" };
    let owner = answering(plan, target);
    if owner == Owner::Proxy && own.received_bytes == 0 && !by_size {
        return finding.step(
            owner,
            format!(
                "Look in the proxy's log for CONNECT {target}: whether the proxy, or the firewall behind it, reaches the host \
                 at all, and lets TLS to it pass; then allow {target} there"
            ),
        );
    }
    let finding = finding.step(
        owner,
        format!("Find the firewall, gateway or proxy on the way that {cause}, often by the server name, and allow {target}"),
    );
    match by_size {
        true => finding
            .step(Owner::Network, "Update that device: hellos of more than one packet are ordinary today"),
        false => finding,
    }
}

pub(super) fn not_tls(finding: Finding, plan: &Plan, target: &Target) -> Finding {
    finding.step(
        answering(plan, target),
        format!(
            "Find what answers on {target} in the place of the host, and let TLS through to the host itself"
        ),
    )
}

pub(super) fn open_443(target: &Target) -> String {
    format!(
        "Let {target} through: port 80 is the exception that GitHub allows, and other clients do not use it for TLS"
    )
}

/// Installs a certificate on the appliance (GitHub docs: Troubleshooting TLS errors).
fn install(finding: Finding, plan: &Plan, what: &str) -> Finding {
    finding.command(Owner::ServerAdmin, copy(plan, what), INSTALL)
}

/// As [`install`], once the step before is done.
fn then_install(finding: Finding, plan: &Plan, what: &str) -> Finding {
    finding.then_command(Owner::ServerAdmin, copy(plan, what), INSTALL)
}

fn copy(plan: &Plan, what: &str) -> String {
    format!(
        "Copy {what} to the server (scp -P 122 rootCA.crt admin@{}:/home/admin) and let it be trusted there",
        appliance(plan)
    )
}

/// The name of the GitHub Enterprise Server, as far as it was said.
fn appliance(plan: &Plan) -> &str {
    let url = plan.server.as_ref().map_or("", |server| server.value.as_str());
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ if authority.is_empty() => "HOSTNAME",
        _ => authority,
    }
}

/// Who runs what answers in a host's place.
pub(super) fn answering(plan: &Plan, target: &Target) -> Owner {
    match plan.route_of(target) {
        Route::Proxy(_) => Owner::Proxy,
        Route::Direct { .. } | Route::Unusable => Owner::Network,
    }
}

const UPDATE: &str = "sudo update-ca-certificates --verbose --fresh";
const INSTALL: &str = "ghe-ssl-ca-certificate-install -c rootCA.crt && ghe-config-apply";
