//! What was seen, in words.

use gh_connect_engine::{Plan, ProxyUrl, Roots, Seconds, Stop, Target};
use gh_connect_probe::tls::{
    Certificate, Chain, End, Fault, Handshake, OpenSsl, Reason, Statement, Variant, Verdicts,
};
use jiff::Timestamp;

use crate::wording::{and, few, leads_to};

pub(super) fn remark(handshake: &Handshake) -> String {
    let version = handshake.version.as_deref().unwrap_or("TLS");
    match handshake.leaf() {
        Some(leaf) => format!("{version}, issued by {}", leaf.issuer.short()),
        None => version.to_owned(),
    }
}

pub(super) fn untrusted_issuer(
    plan: &Plan,
    target: &Target,
    own: &Handshake,
    leaf: Option<&Statement>,
    spared: &[String],
) -> String {
    let host = &target.host;
    if let Some(what) = own.fault().and_then(|fault| leads_to(fault, &Reason::UnknownIssuer)) {
        return format!("The certificate for {host} leads to {what}.{}", not_affected(spared));
    }
    let mut text = match leaf {
        Some(leaf) if leaf.self_issued => {
            format!(
                "The certificate for {host} is signed by itself ({}), so nobody vouches for it.",
                leaf.issuer
            )
        }
        Some(leaf) => {
            format!(
                "The certificate for {host} was issued by {}, which {} does not trust.",
                leaf.issuer,
                trusting(plan)
            )
        }
        None => format!("The certificate for {host} was issued by nobody whom this machine trusts."),
    };
    if let Some(why) = own.fault().and_then(namesake) {
        text.push_str(&why);
    } else if own.verdicts.as_ref().is_some_and(|verdicts| verdicts.public.is_trusted()) {
        text.push_str(&match variable(plan) {
            Some(variable) => format!(
                " The public does: {variable} names other roots, which take the place of the machine's own store."
            ),
            None => " The public does: this machine's store of trusted roots is out of date.".to_owned(),
        });
    } else if let Some(top) = own.chain.as_ref().and_then(Chain::topmost) {
        text.push_str(&highest(top));
    }
    text + &not_affected(spared)
}

fn not_affected(spared: &[String]) -> String {
    match spared {
        [] => String::new(),
        [only] => format!(" {only} is not affected."),
        several => format!(" {} are not affected.", and(several)),
    }
}

/// Who trusts what this run trusts.
fn trusting(plan: &Plan) -> String {
    match variable(plan) {
        Some(variable) => format!("this machine, with the roots of {variable},"),
        None => "this machine".to_owned(),
    }
}

/// The variable of the environment whose roots take the place of the machine's own store.
pub(super) fn variable(plan: &Plan) -> Option<String> {
    let said = plan.trust.system.origin.to_string();
    match plan.trust.system.value {
        Roots::Environment { .. } => Some(said.trim_start_matches("environment ").to_owned()),
        Roots::System | Roots::Mozilla | Roots::File(_) => None,
    }
}

/// A name above the certificate is trusted, with another key.
fn namesake(fault: &Fault) -> Option<String> {
    let (certificate, source) = fault.namesake.as_ref()?;
    let name = certificate
        .says
        .as_ref()
        .map_or("a CA of the issuer's name".to_owned(), |says| says.subject.to_string());
    Some(format!(
        " {source} holds another {name}, SHA-256 {}, which did not sign it: the CA was made anew, or is another one.",
        certificate.sha256
    ))
}

pub(super) fn common_name_only(target: &Target, leaf: &Statement, openssl: Option<&OpenSsl>) -> String {
    let fits = match openssl {
        Some(OpenSsl::Accepts) => "OpenSSL falls back to the common name, and programs in Go do not",
        _ => "no program takes it for this host",
    };
    format!(
        "The certificate for {}, issued by {}, names \"{}\" in its common name only and has no DNS name in its \
         subjectAltName: {fits}.",
        target.host,
        leaf.issuer,
        leaf.subject.short()
    )
}

/// What this program does not take, and OpenSSL may.
pub(super) fn openssl_may_differ(
    target: &Target,
    own: &Handshake,
    reason: &Reason,
    openssl: Option<&OpenSsl>,
) -> String {
    let why = match reason {
        Reason::Unacceptable(why) => why.as_str(),
        Reason::NameMismatch => "its names do not cover the host by the rules of RFC 6125",
        Reason::UnknownIssuer => "its issuer was not found",
        Reason::Expired | Reason::NotYetValid => "it is out of its time",
        Reason::Malformed => "its library cannot read it",
    };
    let other = match openssl {
        Some(OpenSsl::Accepts) => "OpenSSL, by which the server verifies, would accept it",
        _ => "Whether OpenSSL accepts it is not known",
    };
    let text =
        bad_certificate(target, own, why).replace("is not accepted:", "is not accepted by this program:");
    format!("{text} {other}.")
}

pub(super) fn offer_taken(target: &Target, own: &Handshake, version: &str, cipher: &str) -> String {
    let how = match &own.end {
        End::Alert { code, name } => {
            format!("refused the ClientHello of this program with the alert {name} ({code})")
        }
        End::Incompatible(why) => format!("cannot agree with this program: {why}"),
        _ => "ended the connection at the ClientHello of this program".to_owned(),
    };
    format!(
        "{target} {how}, and answered that of OpenSSL with {version} and {cipher}. This program has ECDHE with AES-GCM or \
         ChaCha20 only, OpenSSL has more: the server may get through, and what it would be shown there is not known."
    )
}

pub(super) fn incomplete_chain(target: &Target, leaf: &Statement) -> String {
    format!(
        "The certificate for {} was sent without that of its issuer, {}, so it leads to no root.",
        target.host, leaf.issuer
    )
}

pub(super) fn bad_certificate(target: &Target, own: &Handshake, why: &str) -> String {
    match own.leaf() {
        Some(leaf) => {
            format!("The certificate for {}, issued by {}, is not accepted: {why}.", target.host, leaf.issuer)
        }
        None => format!("The certificate for {} is not accepted: {why}.", target.host),
    }
}

pub(super) fn name_mismatch(own: &Handshake, target: &Target, leaf: Option<&Statement>) -> String {
    let host = &target.host;
    let Some(leaf) = leaf else { return format!("The certificate presented for {host} is for other names.") };
    let names = match leaf.names.as_slice() {
        [] => format!("no name at all (it belongs to {})", leaf.subject),
        names => few(names, MOST_LISTED, leaf.more_names),
    };
    let mut text = format!(
        "The certificate presented for {host} is for {names}, issued by {}: another server answers.",
        leaf.issuer
    );
    if own.server_name.is_none() {
        text.push_str(" An address cannot be told to the server, which may have presented its default.");
    }
    text
}

pub(super) fn expired(target: &Target, own: &Handshake) -> String {
    // A root or an intermediate may be the one whose time is over.
    match beyond(target, own, |says| (says.not_after < own.at).then_some(says.not_after)) {
        Some((whose, end)) => format!(
            "{whose} expired on {}, {} ago by this machine's clock, which says {}.",
            date(end),
            span(end, own.at),
            date(own.at)
        ),
        None => format!(
            "The certificate for {} has expired by this machine's clock, which says {}.",
            target.host,
            date(own.at)
        ),
    }
}

pub(super) fn not_yet_valid(target: &Target, own: &Handshake) -> String {
    match beyond(target, own, |says| (says.not_before > own.at).then_some(says.not_before)) {
        Some((whose, begin)) => format!(
            "{whose} is valid only from {} on, in {} by this machine's clock, which says {}.",
            date(begin),
            span(own.at, begin),
            date(own.at)
        ),
        None => format!(
            "The certificate for {} is not valid yet by this machine's clock, which says {}.",
            target.host,
            date(own.at)
        ),
    }
}

pub(super) fn incompatible(target: &Target, why: &str) -> String {
    format!("{target} {why}.")
}

pub(super) fn alert(target: &Target, code: u8, name: &str) -> String {
    let meaning = match code {
        112 => ": it does not know the name",
        42 | 116 => ": it wants a certificate from the client",
        48 => ": it does not trust who it takes the client for",
        49 => ": it forbids the access",
        _ => "",
    };
    format!("{target} refused the handshake with the alert {name} ({code}){meaning}.")
}

pub(super) fn cut(target: &Target, own: &Handshake, proxy: Option<&ProxyUrl>) -> String {
    let how = if own.end == End::Reset { "reset" } else { "closed" };
    if let (Some(proxy), 0) = (proxy, own.received_bytes) {
        return format!(
            "The proxy {} opened the tunnel to {target}, and it was {how} before anything came back through it.{}",
            proxy.authority(),
            other_hellos(&own.variants)
        );
    }
    let way = if proxy.is_some() { "proxy's tunnel" } else { "connection" };
    let when = match own.received_bytes {
        0 => format!("as soon as the ClientHello of {} bytes was sent", own.hello_bytes),
        bytes => format!("in the middle of the handshake, after {bytes} bytes of an answer"),
    };
    format!("The {way} to {target} was {how} {when}.{}", other_hellos(&own.variants))
}

pub(super) fn silent(target: &Target, own: &Handshake, limit: Seconds, proxy: Option<&ProxyUrl>) -> String {
    let what = match (own.received_bytes, proxy) {
        (0, Some(proxy)) => format!(
            "The proxy {} opened the tunnel to {target}, and nothing came back through it within {limit}.",
            proxy.authority()
        ),
        (0, None) => {
            format!("{target} did not answer the ClientHello of {} bytes within {limit}.", own.hello_bytes)
        }
        (bytes, _) => format!(
            "{target} did not complete the handshake within {limit}: {bytes} bytes came, then nothing."
        ),
    };
    what + &other_hellos(&own.variants)
}

pub(super) fn not_tls(target: &Target, own: &Handshake) -> String {
    let began = own.began.as_deref().unwrap_or_default();
    format!("What answers on {target} does not speak TLS; it begins with \"{began}\".")
}

pub(super) fn broken_tls(target: &Target, own: &Handshake, why: &str) -> String {
    let began = own.began.as_deref().unwrap_or_default();
    format!("What answers on {target} speaks no proper TLS: {why}; it begins with \"{began}\".")
}

pub(super) fn inspected(plan: &Plan, target: &Target, leaf: &Statement, verdicts: &Verdicts) -> String {
    let (host, issuer) = (&target.host, &leaf.issuer);
    match &verdicts.only_by {
        Some(file) => format!(
            "The certificate for {host} was issued by {issuer} and is trusted only because of --ca-file {file}; the \
             server itself needs that root, too."
        ),
        None => format!(
            "The certificate for {host} was issued by {issuer}, which {} trusts and no public root vouches for.",
            trusting(plan)
        ),
    }
}

pub(super) fn expires_soon(target: &Target, leaf: &Statement, now: Timestamp) -> String {
    format!(
        "The certificate for {}, issued by {}, expires on {}, in {}.",
        target.host,
        leaf.issuer,
        date(leaf.not_after),
        span(now, leaf.not_after)
    )
}

pub(super) fn only_on_80(target: &Target, own: Result<&Handshake, &Stop>) -> String {
    let why = match own {
        Err(Stop::Blocked(check)) => format!("nothing gets there ({check})"),
        Err(Stop::Skipped(why) | Stop::NotApplicable(why) | Stop::Trouble(why)) => why.clone(),
        Ok(handshake) => match &handshake.end {
            End::Verified => "it came too late".to_owned(),
            End::Distrusted(_) => "the certificate there is not trusted".to_owned(),
            End::Alert { name, .. } => format!("the handshake there is refused ({name})"),
            End::Reset | End::Closed => "the connection there ends during the handshake".to_owned(),
            End::Silent => "the handshake there is not answered".to_owned(),
            End::NotTls | End::Garbage(_) => "what answers there does not speak TLS".to_owned(),
            End::Incompatible(_) => "no TLS version is spoken in common there".to_owned(),
            End::Other(why) => why.clone(),
        },
    };
    format!("{} has a verified TLS session on port 80 and none on {}: {why}.", target.host, target.port)
}

fn highest(top: &Certificate) -> String {
    match &top.says {
        Some(says) => {
            format!(" The highest certificate sent is that of {}, SHA-256 {}.", says.subject, top.sha256)
        }
        None => format!(" The highest certificate sent cannot be read, SHA-256 {}.", top.sha256),
    }
}

/// The certificate of which `test` says something, first the one that OpenSSL blames, as the subject of a sentence.
fn beyond(
    target: &Target,
    own: &Handshake,
    test: impl Fn(&Statement) -> Option<Timestamp>,
) -> Option<(String, Timestamp)> {
    let host = &target.host;
    let blamed = own.fault().and_then(|fault| Some((fault, fault.certificate.says.as_ref()?)));
    if let Some((fault, says)) = blamed
        && let Some(at) = test(says)
    {
        let kind = if says.self_issued { "root" } else { "intermediate certificate" };
        let whose = match (&fault.held_by, fault.depth) {
            (_, 0) => format!("The certificate for {host}"),
            (Some(source), _) => {
                format!("The {kind} {} in {source}, to which the certificate for {host} leads,", says.subject)
            }
            (None, _) => format!("The {kind} of {} for {host}", says.subject),
        };
        return Some((whose, at));
    }
    let says =
        own.chain.iter().flat_map(|chain| &chain.certificates).map(|certificate| certificate.says.as_ref());
    says.enumerate().find_map(|(nth, says)| {
        let (says, at) = says.and_then(|says| Some((says, test(says)?)))?;
        let whose = match nth {
            0 => format!("The certificate for {host}"),
            _ => format!("The intermediate certificate of {} for {host}", says.subject),
        };
        Some((whose, at))
    })
}

/// What became of other hellos.
fn other_hellos(variants: &[Variant]) -> String {
    let said = |variant: &Variant| format!("the {} one of {} bytes", variant.hello, variant.hello_bytes);
    let named = |answered: bool| -> Vec<String> {
        variants.iter().filter(|variant| variant.answered == answered).map(said).collect()
    };
    match (named(true), named(false)) {
        (answered, _) if !answered.is_empty() => format!(" It does answer {}.", and(&answered)),
        (_, unanswered) if !unanswered.is_empty() => {
            format!(" Neither {} fares better.", unanswered.join(" nor "))
        }
        _ => String::new(),
    }
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The time between two moments, in its largest unit.
fn span(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins().max(0);
    let (count, unit) = match minutes {
        0..120 => (minutes, "minute"),
        120..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

const MOST_LISTED: usize = 3;
