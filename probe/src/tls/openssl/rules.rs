use jiff::Timestamp;
use rustls::{crypto::WebPkiSupportedAlgorithms, pki_types::ServerName};

use super::{
    certificate::{Ca, Cert},
    names,
    path::Path,
};
use crate::tls::verdict::Reason;

/// What is wrong with a path: OpenSSL's number for it, which certificate, and why.
pub(super) struct Broken {
    pub(super) code: u8,
    pub(super) depth: usize,
    pub(super) reason: Reason,
}

/// What became of looking at a path.
pub(super) enum Outcome {
    Kept,
    Broken(Broken),
    /// This program has no means to tell, and why.
    CannotTell(String),
}

/// Holds a path against the rules of `X509_verify_cert`. Of several faults the first in the order of [`Reason`] is given.
pub(super) fn judge(
    path: &Path<'_>,
    host: &ServerName<'_>,
    now: Timestamp,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Outcome {
    let broken = extensions(path)
        .or_else(|| strengths(path))
        .or_else(|| signatures(path, algorithms))
        .or_else(|| constraints(path));
    if let Some(broken) = broken {
        return Outcome::Broken(broken);
    }
    if !names::fit(&path.certs[0], host) {
        return Outcome::Broken(Broken { code: HOSTNAME_MISMATCH, depth: 0, reason: Reason::NameMismatch });
    }
    if let Some(broken) = times(path, now) {
        return Outcome::Broken(broken);
    }
    match unverifiable(path, algorithms) {
        Some(why) => Outcome::CannotTell(why),
        None => Outcome::Kept,
    }
}

fn unacceptable(code: u8, depth: usize, why: String) -> Option<Broken> {
    Some(Broken { code, depth, reason: Reason::Unacceptable(why) })
}

/// What the certificates say that they may be used for (`check_extensions`).
fn extensions(path: &Path<'_>) -> Option<Broken> {
    let last = path.certs.len() - 1;
    let mut below = 0;
    for (depth, cert) in path.certs.iter().enumerate() {
        let who = who(cert, depth);
        if let Some(id) = &cert.unknown_critical {
            let why = format!("{who} has a critical extension that OpenSSL does not know ({id})");
            return unacceptable(UNHANDLED_CRITICAL, depth, why);
        }
        if depth > 0 {
            match cert.ca() {
                Ca::Yes => {}
                Ca::AsOldRoot if depth == last => {}
                _ if !cert.may_sign_certificates() => {
                    let why = format!("{who} may not sign certificates: its keyUsage lacks keyCertSign");
                    return unacceptable(INVALID_CA, depth, why);
                }
                _ => {
                    return unacceptable(
                        INVALID_CA,
                        depth,
                        format!("{who} is no CA: its basicConstraints do not say so"),
                    );
                }
            }
        }
        if last > 0 && cert.has_explicit_curve() {
            let why = format!("the key of {who} spells out its curve in place of naming it");
            return unacceptable(EXPLICIT_CURVE, depth, why);
        }
        if cert.for_servers == Some(false) || depth == 0 && cert.netscape_for_servers == Some(false) {
            let why = match depth {
                0 => "it is not meant for servers".to_owned(),
                _ => format!("{who} may not vouch for servers: its extendedKeyUsage lacks serverAuth"),
            };
            return unacceptable(INVALID_PURPOSE, depth, why);
        }
        if depth == 0 && cert.key_usage.is_some_and(|usage| usage & FOR_TLS == 0) {
            let why =
                "it is not meant for TLS: its keyUsage allows neither signatures nor the exchange of keys";
            return unacceptable(INVALID_PURPOSE, depth, why.to_owned());
        }
        let most = cert.basic_constraints.as_ref().and_then(|says| says.path_len_constraint);
        if let Some(most) = most.filter(|most| depth > 1 && below > *most) {
            let why = format!("{who} allows {most} CAs below itself, and there are {below}");
            return unacceptable(PATH_TOO_LONG, depth, why);
        }
        if depth > 0 && !cert.self_issued() {
            below += 1;
        }
    }
    None
}

/// Keys and digests have 112 bits of security, as at level 2 (`check_auth_level`).
fn strengths(path: &Path<'_>) -> Option<Broken> {
    let last = path.certs.len() - 1;
    for (depth, cert) in path.certs.iter().enumerate() {
        let who = who(cert, depth);
        if let Some((bits, strength)) = cert.key_strength()
            && strength < LEAST_STRENGTH
        {
            let whose = if depth == 0 { "its key".to_owned() } else { format!("the key of {who}") };
            let least =
                if cert.shown().says.is_some_and(|says| says.key.starts_with("RSA")) { 2048 } else { 224 };
            let code = if depth == 0 { EE_KEY_TOO_SMALL } else { CA_KEY_TOO_SMALL };
            let why = format!("{whose} has {bits} bits, and OpenSSL accepts none below {least}");
            return unacceptable(code, depth, why);
        }
        // Nobody relies on the signature of a root.
        if depth < last && cert.signature_strength().is_some_and(|bits| usize::from(bits) < LEAST_STRENGTH) {
            let signed = if depth == 0 {
                "it is signed".to_owned()
            } else {
                format!("the certificate of {who} is signed")
            };
            let why = format!("{signed} with MD5 or SHA-1, an algorithm that is not accepted any more");
            return unacceptable(DIGEST_TOO_WEAK, depth, why);
        }
    }
    None
}

fn signatures(path: &Path<'_>, algorithms: &WebPkiSupportedAlgorithms) -> Option<Broken> {
    for (depth, pair) in path.certs.windows(2).enumerate() {
        if pair[0].is_signed_by(&pair[1], algorithms) != Some(false) {
            continue;
        }
        // A root of the same name, made anew, is not the one that signed.
        let reason = match pair[1].held_by {
            Some(_) => Reason::UnknownIssuer,
            None => {
                let whose = if depth == 0 {
                    "its signature".to_owned()
                } else {
                    format!("the signature of {}", who(&pair[0], depth))
                };
                Reason::Unacceptable(format!("{whose} was not made by the issuer that it names"))
            }
        };
        let depth = if reason == Reason::UnknownIssuer { depth + 1 } else { depth };
        return Some(Broken { code: SIGNATURE_FAILURE, depth, reason });
    }
    None
}

fn constraints(path: &Path<'_>) -> Option<Broken> {
    for (below, cert) in path.certs.iter().enumerate().rev() {
        if below != 0 && cert.self_issued() && below + 1 != path.certs.len() {
            continue;
        }
        for (depth, above) in path.certs.iter().enumerate().skip(below + 1).rev() {
            if let Err(constraint) = names::within(cert, above, below == 0) {
                let why = format!("{} {constraint}", who(above, depth));
                return unacceptable(constraint.code(), depth, why);
            }
        }
    }
    None
}

fn times(path: &Path<'_>, now: Timestamp) -> Option<Broken> {
    let from_the_top = path.certs.iter().enumerate().rev();
    let early = |cert: &Cert<'_>| cert.not_before() > now;
    let mut untimely = from_the_top.filter(|(_, cert)| !cert.is_timely(now));
    let (depth, cert) = untimely.next()?;
    Some(match early(cert) {
        true => Broken { code: NOT_YET_VALID, depth, reason: Reason::NotYetValid },
        false => Broken { code: EXPIRED, depth, reason: Reason::Expired },
    })
}

/// What OpenSSL can verify and this program cannot.
fn unverifiable(path: &Path<'_>, algorithms: &WebPkiSupportedAlgorithms) -> Option<String> {
    let pair = path
        .certs
        .windows(2)
        .enumerate()
        .find(|(_, pair)| pair[0].is_signed_by(&pair[1], algorithms).is_none());
    let (depth, pair) = pair?;
    let said = pair[0].shown().says?;
    let key = pair[1].shown().says?.key;
    let whose = if depth == 0 {
        "its signature".to_owned()
    } else {
        format!("the signature of {}", who(&pair[0], depth))
    };
    Some(format!(
        "{whose} ({} by a key {key}) is of a kind that this program does not verify",
        said.signature_algorithm
    ))
}

/// As the subject of a sentence on the server's own certificate.
fn who(cert: &Cert<'_>, depth: usize) -> String {
    let kind = if cert.self_issued() { "root" } else { "intermediate certificate" };
    match (depth, cert.held_by) {
        (0, _) => "it".to_owned(),
        (_, Some(source)) => format!("the {kind} {} in {source}", cert.name()),
        (_, None) => format!("the {kind} {}", cert.name()),
    }
}

/// `digitalSignature`, `keyEncipherment` and `keyAgreement` (RFC 5280 §4.2.1.3).
const FOR_TLS: u16 = 1 | 1 << 2 | 1 << 4;
const LEAST_STRENGTH: usize = 112;

// OpenSSL's numbers (x509_vfy.h).
const SIGNATURE_FAILURE: u8 = 7;
const NOT_YET_VALID: u8 = 9;
const EXPIRED: u8 = 10;
const INVALID_CA: u8 = 79;
const PATH_TOO_LONG: u8 = 25;
const INVALID_PURPOSE: u8 = 26;
const UNHANDLED_CRITICAL: u8 = 34;
const HOSTNAME_MISMATCH: u8 = 62;
const EE_KEY_TOO_SMALL: u8 = 66;
const CA_KEY_TOO_SMALL: u8 = 67;
const DIGEST_TOO_WEAK: u8 = 68;
const EXPLICIT_CURVE: u8 = 94;
