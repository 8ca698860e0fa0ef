//! Words that several findings share.

use std::time::Duration;

use gh_connect_engine::{Plan, ProxySetting, Sourced, Target, shown};
use gh_connect_probe::{
    proxy::Reply,
    tls::{Chain, End, Fault, Reason},
};

use crate::wording::{and, leads_to};

/// `12 ms`, `1.0 s`.
pub(super) fn span(micros: u64) -> String {
    match micros {
        0..=999 => "less than 1 ms".to_owned(),
        1_000..=999_999 => format!("{} ms", micros / 1_000),
        _ => format!("{:.1} s", Duration::from_micros(micros).as_secs_f64()),
    }
}

/// A setting in words.
pub(super) fn setting(setting: &ProxySetting) -> String {
    match setting {
        ProxySetting::Off => "no proxy".to_owned(),
        ProxySetting::Use(url) => url.to_string(),
        ProxySetting::Invalid { shown, .. } | ProxySetting::Unsupported { shown, .. } => {
            format!("\"{shown}\"")
        }
    }
}

/// Where it was said, in brackets.
pub(super) fn origin<T>(sourced: &Sourced<T>) -> String {
    format!("({})", sourced.origin)
}

/// The hosts that GitHub Connect needs, as a rule of a proxy names them.
pub(super) fn required(plan: &Plan) -> String {
    let required: Vec<String> =
        plan.targets.iter().filter(|target| target.required()).map(Target::to_string).collect();
    and(&required)
}

/// `403 Forbidden, "Access denied", pointing to "https://…"`.
pub(super) fn said(reply: &Reply) -> String {
    let mut said = reply.status.to_string();
    if !reply.reason.is_empty() {
        said.push_str(&format!(" {}", shown(&reply.reason, 60)));
    }
    if !reply.words.is_empty() && reply.words != said {
        said.push_str(&format!(", \"{}\"", shown(&reply.words, 160)));
    }
    if let Some(place) = reply.header("location") {
        said.push_str(&format!(", pointing to \"{}\"", shown(place, 120)));
    }
    said
}

/// What the proxy says of its own trouble: `Proxy-Status` (RFC 9209), or squid's `X-Squid-Error`.
pub(super) fn upstream_cause(reply: &Reply) -> Option<String> {
    if let Some((_, error)) = reply.header("proxy-status").and_then(|status| status.split_once("error=")) {
        let error = error.split([';', ',', ' ']).next().unwrap_or_default();
        return Some(format!("the reason is {}", shown(error, 60)));
    }
    let squid = reply.header("x-squid-error")?;
    let mut words = squid.split_whitespace();
    Some(match (words.next()?, words.next()) {
        ("ERR_DNS_FAIL", _) => "it cannot resolve the name".to_owned(),
        ("ERR_CONNECT_FAIL", Some("111")) => "the host refuses its connection".to_owned(),
        ("ERR_CONNECT_FAIL", Some("110")) => "the host does not answer it".to_owned(),
        ("ERR_CONNECT_FAIL", Some("101" | "113")) => "it has no route to the host".to_owned(),
        ("ERR_CANNOT_FORWARD", _) => "it has no way to forward the request".to_owned(),
        (error, _) => format!("the reason is {}", shown(error, 60)),
    })
}

/// Why a certificate is not trusted, after a colon.
pub(super) fn distrust(reason: &Reason, chain: Option<&Chain>, fault: Option<&Fault>) -> String {
    if let Some(what) = fault.and_then(|fault| leads_to(fault, reason)) {
        return format!("it leads to {what}");
    }
    let leaf = chain.and_then(Chain::leaf);
    let issuer = leaf.map_or(String::new(), |leaf| format!(" by {}", leaf.issuer));
    match (reason, leaf) {
        (Reason::Malformed, _) => "it cannot be read".to_owned(),
        (Reason::UnknownIssuer, _) => format!("it was issued{issuer}, which this machine does not know"),
        (Reason::Unacceptable(why), _) => shown(why, 160),
        (Reason::NameMismatch, Some(leaf)) => format!("it is for {}", shown(&and(&leaf.names), 160)),
        (Reason::NameMismatch, None) => "it is for other names".to_owned(),
        (Reason::Expired, Some(leaf)) => {
            format!("its time, or its issuer's, is over (it ended {})", leaf.not_after)
        }
        (Reason::Expired, None) => "its time is over".to_owned(),
        (Reason::NotYetValid, Some(leaf)) => {
            format!("its time, or its issuer's, has not come (it begins {})", leaf.not_before)
        }
        (Reason::NotYetValid, None) => "its time has not come".to_owned(),
    }
}

/// What a handshake died of, after a colon.
pub(super) fn tls_end(end: &End) -> String {
    match end {
        End::Alert { code: code @ (40 | 71), name } => format!(
            "it ends the handshake with the alert {name} ({code}); this program has ECDHE with AES-GCM or ChaCha20 only, and \
             OpenSSL, which has more, may agree with it"
        ),
        End::Alert { code, name } => format!("it ends the handshake with the alert {name} ({code})"),
        End::Reset => "it resets the connection during the handshake".to_owned(),
        End::Closed => "it closes the connection during the handshake".to_owned(),
        End::Incompatible(why) => format!("there is no version or cipher in common ({why})"),
        End::Garbage(why) => format!("its messages make no sense ({why})"),
        End::Other(why) => why.clone(),
        End::Verified | End::Distrusted(_) | End::Silent | End::NotTls => {
            "it ends without a session".to_owned()
        }
    }
}

/// Where the setting lives on a GitHub Enterprise Server (GitHub docs: Configuring an outbound web proxy server).
pub(super) const SETTING: &str = "Management Console > Privacy > HTTP Proxy Server";
/// And its exclusions.
pub(super) const EXCLUSION: &str = "Management Console > Privacy > HTTP Proxy Exclusion";
