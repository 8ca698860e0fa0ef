use gh_connect_engine::{Examination, Finding, Kind, Owner, Plan, Route, Stop, Target};
use gh_connect_probe::{
    Endpoint,
    tls::{Chain, End, Handshake, Offer, OpenSsl, Reason, Statement, Variant, Verdicts},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    ALERT, BAD_CERTIFICATE, EXPIRED, EXPIRES_SOON, HANDSHAKE_RESET, HANDSHAKE_TIMEOUT, INCOMPLETE_CHAIN,
    INSPECTED, NAME_MISMATCH, NOT_TLS, NOT_YET_VALID, ONLY_ON_80, OPENSSL_MAY_DIFFER, PROTOCOL_UNSUPPORTED,
    UNTRUSTED_ISSUER, steps, words,
};

/// What was seen of one host.
pub(super) enum Seen<'a> {
    /// A verified session on its own port.
    Verified(&'a Handshake),
    /// A verified session on port 80, and none on its own.
    On80 {
        /// What became of its own port.
        own: Result<&'a Handshake, &'a Stop>,
        /// The handshake on port 80.
        on_80: &'a Handshake,
    },
    /// No verified session.
    Failed {
        /// The handshake on its own port.
        own: &'a Handshake,
        /// The handshakes of other hosts, as far as they are known.
        others: &'a [(Endpoint, Handshake)],
    },
}

/// Judges what was seen of `target`. Stops as trouble where a handshake ended in a way that says nothing.
pub(super) fn judge(plan: &Plan, target: &Target, seen: &Seen<'_>) -> Result<Examination, Stop> {
    let case = Case { plan, target };
    match seen {
        Seen::Verified(handshake) => Ok(case.verified(handshake, Vec::new())),
        Seen::On80 { own, on_80 } => {
            let only_on_80 = case.finding(&ONLY_ON_80, words::only_on_80(target, *own), on_80);
            let only_on_80 = case.as_443_needs(only_on_80, *own);
            Ok(case.verified(on_80, vec![only_on_80]))
        }
        Seen::Failed { own, others } => case.failed(own, others).map(Examination::from),
    }
}

struct Case<'a> {
    plan: &'a Plan,
    target: &'a Target,
}

impl Case<'_> {
    fn verified(&self, handshake: &Handshake, mut findings: Vec<Finding>) -> Examination {
        if let (Some(leaf), Some(verdicts)) = (handshake.leaf(), &handshake.verdicts) {
            if !verdicts.public.is_trusted() {
                let message = words::inspected(self.plan, self.target, leaf, verdicts);
                let finding = self.finding(&INSPECTED, message, handshake);
                findings.push(steps::inspected(finding, self.plan, self.target, leaf, verdicts));
            }
            if expires_soon(leaf, handshake.at) {
                let finding = self.finding(
                    &EXPIRES_SOON,
                    words::expires_soon(self.target, leaf, handshake.at),
                    handshake,
                );
                findings.push(steps::renewal(finding, self.plan, self.target));
            }
        }
        let remark = findings.is_empty().then(|| words::remark(handshake));
        Examination { findings, remark, ..Examination::default() }
    }

    fn failed(&self, own: &Handshake, others: &[(Endpoint, Handshake)]) -> Result<Finding, Stop> {
        let (plan, target) = (self.plan, self.target);
        let proxy = match plan.route_of(target) {
            Route::Proxy(proxy) => Some(proxy),
            Route::Direct { .. } | Route::Unusable => None,
        };
        let finding = |kind, message| self.finding(kind, message, own);
        if let Some(Offer::Taken { version, cipher }) = &own.offer {
            let message = words::offer_taken(target, own, version, cipher);
            return Ok(steps::wider_offer(finding(&OPENSSL_MAY_DIFFER, message), plan, target));
        }
        Ok(match &own.end {
            End::Verified => return Err(Stop::Trouble("a verified session has not failed".to_owned())),
            End::Distrusted(reason) => self.distrusted(own, reason, others),
            End::Alert { code, name } if PROTOCOL_ALERTS.contains(code) => {
                let why = format!("answers a ClientHello of TLS 1.2 and 1.3 with the alert {name} ({code})");
                steps::old_tls(
                    finding(&PROTOCOL_UNSUPPORTED, words::incompatible(target, &why)),
                    plan,
                    target,
                )
            }
            End::Incompatible(why) => {
                let why = format!("cannot agree with a client of TLS 1.2 and 1.3: {why}");
                steps::old_tls(
                    finding(&PROTOCOL_UNSUPPORTED, words::incompatible(target, &why)),
                    plan,
                    target,
                )
            }
            End::Alert { code, name } => {
                steps::refused(finding(&ALERT, words::alert(target, *code, name)), plan, target, *code)
            }
            End::Reset | End::Closed => {
                steps::cut(finding(&HANDSHAKE_RESET, words::cut(target, own, proxy)), plan, target, own)
            }
            End::Silent => {
                let limit = plan.timeout.value;
                steps::cut(
                    finding(&HANDSHAKE_TIMEOUT, words::silent(target, own, limit, proxy)),
                    plan,
                    target,
                    own,
                )
            }
            End::NotTls => steps::not_tls(finding(&NOT_TLS, words::not_tls(target, own)), plan, target),
            End::Garbage(why) => {
                steps::not_tls(finding(&NOT_TLS, words::broken_tls(target, own, why)), plan, target)
            }
            End::Other(why) => {
                return Err(Stop::Trouble(format!("the handshake with {target} broke off: {why}")));
            }
        })
    }

    fn distrusted(&self, own: &Handshake, reason: &Reason, others: &[(Endpoint, Handshake)]) -> Finding {
        let (plan, target) = (self.plan, self.target);
        let finding = |kind, message| self.finding(kind, message, own);
        let (leaf, fault) = (own.leaf(), own.fault());
        let openssl = own.verdicts.as_ref().and_then(|verdicts| verdicts.openssl.as_ref());
        match (reason, leaf) {
            (Reason::NameMismatch, Some(leaf)) if self.is_in_common_name_only(leaf, openssl) => {
                let message = words::common_name_only(target, leaf, openssl);
                steps::alternative_name(finding(&BAD_CERTIFICATE, message), plan, target)
            }
            _ if openssl == Some(&OpenSsl::Accepts)
                || matches!(openssl, Some(OpenSsl::Unknown(_))) && *reason != Reason::Malformed =>
            {
                let message = words::openssl_may_differ(target, own, reason, openssl);
                steps::wrong_certificate(finding(&OPENSSL_MAY_DIFFER, message), plan, target)
            }
            (Reason::Malformed, _) => {
                let message = words::bad_certificate(target, own, "it is malformed");
                steps::wrong_certificate(finding(&BAD_CERTIFICATE, message), plan, target)
            }
            (Reason::UnknownIssuer, Some(leaf)) if is_incomplete(own.chain.as_ref(), leaf) => {
                let message = words::incomplete_chain(target, leaf);
                steps::incomplete_chain(finding(&INCOMPLETE_CHAIN, message), plan, target, leaf)
            }
            (Reason::UnknownIssuer, leaf) => {
                let spared = spared(others);
                let message = words::untrusted_issuer(plan, target, own, leaf, &spared);
                let finding = finding(&UNTRUSTED_ISSUER, message);
                steps::untrusted_issuer(finding, plan, target, own, &spared)
            }
            (Reason::NameMismatch, leaf) => {
                let message = words::name_mismatch(own, target, leaf);
                steps::wrong_server(finding(&NAME_MISMATCH, message), plan, target)
            }
            (Reason::Expired, _) => {
                steps::wrong_time(finding(&EXPIRED, words::expired(target, own)), plan, target, own)
            }
            (Reason::NotYetValid, _) => steps::wrong_time(
                finding(&NOT_YET_VALID, words::not_yet_valid(target, own)),
                plan,
                target,
                own,
            ),
            (Reason::Unacceptable(why), _) => {
                let finding = finding(&BAD_CERTIFICATE, words::bad_certificate(target, own, why));
                match fault.filter(|fault| fault.depth > 0) {
                    Some(fault) => steps::wrong_authority(finding, plan, target, fault),
                    None => steps::wrong_certificate(finding, plan, target),
                }
            }
        }
    }

    /// Whether the certificate names a host of this run, and only where clients have stopped to look.
    fn is_in_common_name_only(&self, leaf: &Statement, openssl: Option<&OpenSsl>) -> bool {
        let has_dns_name = leaf.names.iter().any(|name| name.parse::<std::net::IpAddr>().is_err());
        let named = |host: &str| {
            leaf.subject.common_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(host))
        };
        !has_dns_name
            && (openssl == Some(&OpenSsl::Accepts)
                || self.plan.targets.iter().any(|target| named(&target.host)))
    }

    /// What to do is what to do about the host's own port.
    fn as_443_needs(&self, finding: Finding, own: Result<&Handshake, &Stop>) -> Finding {
        let target = self.target;
        match own {
            Ok(own) if own.verified() => {
                finding.step(Owner::Network, format!("Find what makes sessions with {target} slow"))
            }
            Ok(own) => match self.failed(own, &[]) {
                Ok(failed) => Finding { fix: failed.fix, ..finding },
                Err(_) => finding.step(steps::answering(self.plan, target), steps::open_443(target)),
            },
            Err(_) => finding.step(steps::answering(self.plan, target), steps::open_443(target)),
        }
    }

    fn finding(&self, kind: &'static Kind, message: String, handshake: &Handshake) -> Finding {
        Finding::new(kind, self.target.to_string(), message).evidence(Evidence {
            end: &handshake.end,
            version: handshake.version.as_deref(),
            server_name: handshake.server_name.as_deref(),
            chain: handshake.chain.as_ref(),
            verdicts: handshake.verdicts.as_ref(),
            clock: handshake.at,
            hello_bytes: handshake.hello_bytes,
            received_bytes: handshake.received_bytes,
            began: handshake.began.as_deref(),
            other_hellos: &handshake.variants,
            openssl_hello: handshake.offer.as_ref(),
        })
    }
}

/// Whether an intermediate certificate is missing, rather than a root being unknown: nothing above the server's own
/// certificate was sent, no known root signed it, and it says where its issuer's certificate can be fetched, as those of
/// public authorities do and those that inspecting proxies make do not. Where an intermediate was sent, what is missing
/// above it is most likely the root, which is not sent.
fn is_incomplete(chain: Option<&Chain>, leaf: &Statement) -> bool {
    let alone = chain.is_some_and(|chain| chain.top == 0 && !chain.leads_to_known_root);
    let fetchable =
        leaf.ca_issuers.iter().any(|url| url.starts_with("http://") || url.starts_with("https://"));
    alone && fetchable && !leaf.self_issued
}

/// The hosts of this run whose sessions are verified and not inspected, whichever of their addresses is used.
fn spared(others: &[(Endpoint, Handshake)]) -> Vec<String> {
    let is_spared = |handshake: &Handshake| {
        handshake.verified()
            && handshake.verdicts.as_ref().is_some_and(|verdicts| verdicts.public.is_trusted())
    };
    let mut hosts: Vec<String> = others.iter().map(|(endpoint, _)| endpoint.host.to_string()).collect();
    hosts.sort();
    hosts.dedup();
    hosts.retain(|host| {
        others
            .iter()
            .filter(|(endpoint, _)| endpoint.host.as_str() == host)
            .all(|(_, handshake)| is_spared(handshake))
    });
    hosts
}

/// Certificates that live for a few days only are renewed in their last third.
fn expires_soon(leaf: &Statement, now: Timestamp) -> bool {
    let left = leaf.not_after.duration_since(now);
    let life = leaf.not_after.duration_since(leaf.not_before);
    left < SOON && left < life / 3
}

/// The measured values behind a finding.
#[derive(Serialize)]
struct Evidence<'a> {
    end: &'a End,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<&'a Chain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdicts: Option<&'a Verdicts>,
    /// What this machine's clock said.
    clock: Timestamp,
    hello_bytes: u64,
    received_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    other_hellos: &'a [Variant],
    #[serde(skip_serializing_if = "Option::is_none")]
    openssl_hello: Option<&'a Offer>,
}

/// `protocol_version` and `insufficient_security` (RFC 8446 §6.2).
const PROTOCOL_ALERTS: [u8; 2] = [70, 71];
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
