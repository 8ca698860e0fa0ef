//! What was seen, in words.

use gh_connect_engine::{ProxyUrl, Seconds, Stop, Target};
use gh_connect_probe::tls::{Certificate, Chain, End, Handshake, Statement, Variant, Verdicts};
use jiff::Timestamp;

use crate::wording::{and, few};

pub(super) fn remark(handshake: &Handshake) -> String {
    let version = handshake.version.as_deref().unwrap_or("TLS");
    match handshake.leaf() {
        Some(leaf) => format!("{version}, issued by {}", leaf.issuer.short()),
        None => version.to_owned(),
    }
}

pub(super) fn untrusted_issuer(
    target: &Target,
    own: &Handshake,
    leaf: Option<&Statement>,
    spared: &[String],
) -> String {
    let host = &target.host;
    let mut text = match leaf {
        Some(leaf) if leaf.self_issued => {
            format!(
                "The certificate for {host} is signed by itself ({}), so nobody vouches for it.",
                leaf.issuer
            )
        }
        Some(leaf) => {
            format!(
                "The certificate for {host} was issued by {}, which this machine does not trust.",
                leaf.issuer
            )
        }
        None => format!("The certificate for {host} was issued by nobody whom this machine trusts."),
    };
    if own.verdicts.as_ref().is_some_and(|verdicts| verdicts.public.is_trusted()) {
        text.push_str(" The public does: this machine's store of trusted roots is out of date.");
    } else if let Some(top) = own.chain.as_ref().and_then(Chain::topmost) {
        text.push_str(&highest(top));
    }
    if !spared.is_empty() {
        let verb = if spared.len() == 1 { "is" } else { "are" };
        text.push_str(&format!(" {} {verb} not affected.", and(spared)));
    }
    text
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
    // An intermediate may be the one whose time is over.
    match beyond(own, |says| (says.not_after < own.at).then_some(says.not_after)) {
        Some((whose, end)) => format!(
            "{} {} expired on {}, {} ago by this machine's clock, which says {}.",
            whose,
            target.host,
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
    match beyond(own, |says| (says.not_before > own.at).then_some(says.not_before)) {
        Some((whose, begin)) => format!(
            "{} {} is valid only from {} on, in {} by this machine's clock, which says {}.",
            whose,
            target.host,
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

pub(super) fn inspected(target: &Target, leaf: &Statement, verdicts: &Verdicts) -> String {
    let (host, issuer) = (&target.host, &leaf.issuer);
    match &verdicts.only_by {
        Some(file) => format!(
            "The certificate for {host} was issued by {issuer} and is trusted only because of --ca-file {file}; the \
             server itself needs that root, too."
        ),
        None => format!(
            "The certificate for {host} was issued by {issuer}, which this machine trusts and no public root vouches for."
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

/// The first certificate of which `test` says something, as the beginning of a sentence that goes on with the host.
fn beyond(own: &Handshake, test: impl Fn(&Statement) -> Option<Timestamp>) -> Option<(String, Timestamp)> {
    let says =
        own.chain.iter().flat_map(|chain| &chain.certificates).map(|certificate| certificate.says.as_ref());
    says.enumerate().find_map(|(nth, says)| {
        let (says, at) = says.and_then(|says| Some((says, test(says)?)))?;
        let whose = match nth {
            0 => "The certificate for".to_owned(),
            _ => format!("The intermediate certificate of {} for", says.subject),
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
