use gh_connect_engine::shown;
use jiff::Timestamp;
use rustls::{
    CertificateError, Error,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use serde::{Deserialize, Serialize};

use super::openssl::{OpenSsl, Question};
use crate::trust::{RootSet, TrustedRoots};

/// What three sets of roots make of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// This machine's roots alone.
    pub system: Verdict,
    /// This machine's roots and those of `--ca-file`: whether a session is verified.
    pub with_extra: Verdict,
    /// The roots that the public trusts.
    pub public: Verdict,
    /// The `--ca-file` without which the chain would not be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_by: Option<String>,
    /// What OpenSSL makes of it by this machine's roots and those of `--ca-file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openssl: Option<OpenSsl>,
}

/// Whether a chain is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    Trusted,
    /// It is not.
    Distrusted(Reason),
}

/// Why a chain is not trusted. Of several reasons the first in this order is given, because who removes it removes what
/// follows from it: a chain by an unknown issuer says nothing about names and times, and a certificate for other names
/// is that of another server, whose times matter to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The server's certificate cannot be read.
    Malformed,
    /// No root leads to it.
    UnknownIssuer,
    /// No root leads to it by the rules: a signature that does not fit, a wrong purpose, an algorithm that nobody takes
    /// any more.
    Unacceptable(String),
    /// It is for other names.
    NameMismatch,
    /// Its time, or an intermediate's, is over.
    Expired,
    /// Its time, or an intermediate's, has not come.
    NotYetValid,
}

impl Verdict {
    /// Whether it is trusted.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted)
    }

    /// Why not.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Trusted => None,
            Self::Distrusted(reason) => Some(reason),
        }
    }
}

impl Verdicts {
    /// Judges a chain.
    pub(crate) fn on(chain: &Presented<'_>, roots: &TrustedRoots) -> Self {
        let (system, of_system) = chain.verdict(&[&roots.system]);
        let public = chain.by_webpki(&roots.public);
        if system.is_trusted() || roots.extra.is_empty() {
            let openssl = Some(of_system);
            return Self { with_extra: system.clone(), system, public, only_by: None, openssl };
        }
        let all: Vec<&RootSet> = std::iter::once(&roots.system).chain(&roots.extra).collect();
        let (with_extra, of_all) = chain.verdict(&all);
        let only_by = with_extra.is_trusted().then(|| {
            let alone = |set: &&RootSet| chain.verdict(&[&roots.system, *set]).0.is_trusted();
            let set = roots.extra.iter().find(alone).or(roots.extra.first());
            set.map(|set| set.source.clone())
        });
        Self { system, with_extra, public, only_by: only_by.flatten(), openssl: Some(of_all) }
    }
}

/// A chain as it was presented, and what it was presented for.
pub(crate) struct Presented<'a> {
    /// The server's own certificate first.
    pub(crate) sent: &'a [CertificateDer<'a>],
    pub(crate) name: &'a ServerName<'a>,
    pub(crate) now: Timestamp,
    pub(crate) algorithms: &'a WebPkiSupportedAlgorithms,
}

impl Presented<'_> {
    /// Trusted is what OpenSSL, which the server's programs use, and webpki, which keeps this program's sessions, both
    /// accept. OpenSSL's reason is the one that counts.
    fn verdict(&self, sets: &[&RootSet]) -> (Verdict, OpenSsl) {
        let Self { sent, name, now, algorithms } = *self;
        let (openssl, reason) = Question { sent, sets, host: name, now, algorithms }.answer();
        let verdict = match (reason, &openssl) {
            (Some(reason), _) => Verdict::Distrusted(reason),
            (None, OpenSsl::Unknown(why)) => Verdict::Distrusted(Reason::Unacceptable(why.clone())),
            // A chain ends at one root, so all sets together trust it when one of them does.
            (None, _) => {
                let verdicts: Vec<Verdict> = sets.iter().map(|set| self.by_webpki(set)).collect();
                let known = |verdict: &&Verdict| verdict.reason() != Some(&Reason::UnknownIssuer);
                let best = verdicts.iter().find(|verdict| verdict.is_trusted());
                let best = best.or_else(|| verdicts.iter().find(known)).cloned();
                best.unwrap_or(Verdict::Distrusted(Reason::UnknownIssuer))
            }
        };
        (verdict, openssl)
    }

    fn by_webpki(&self, set: &RootSet) -> Verdict {
        let Some((leaf, intermediates)) = self.sent.split_first() else {
            return Verdict::Distrusted(Reason::Malformed);
        };
        let leaf = match ParsedCertificate::try_from(leaf) {
            Ok(leaf) => leaf,
            Err(error) => return Verdict::Distrusted(reason(&error)),
        };
        let now = unix_time(self.now);
        let verified = verify_server_cert_signed_by_trust_anchor(
            &leaf,
            &set.store,
            intermediates,
            now,
            self.algorithms.all,
        );
        match verified {
            Err(error) => Verdict::Distrusted(reason(&error)),
            Ok(()) if verify_server_name(&leaf, self.name).is_err() => {
                Verdict::Distrusted(Reason::NameMismatch)
            }
            Ok(()) => Verdict::Trusted,
        }
    }
}

fn reason(error: &Error) -> Reason {
    let Error::InvalidCertificate(error) = error else {
        return Reason::Unacceptable(shown(&error.to_string(), 200));
    };
    match error {
        CertificateError::BadEncoding => Reason::Malformed,
        CertificateError::UnknownIssuer => Reason::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Reason::NotYetValid,
        CertificateError::BadSignature => {
            Reason::Unacceptable("no path from it to a root has signatures that fit".to_owned())
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Reason::Unacceptable("it is not meant for servers".to_owned())
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Reason::Unacceptable("it is signed by an algorithm that this program does not accept".to_owned())
        }
        CertificateError::UnhandledCriticalExtension => {
            Reason::Unacceptable("it has a critical extension that this program does not know".to_owned())
        }
        CertificateError::Other(other) => Reason::Unacceptable(of_webpki(&other.0.to_string())),
        other => Reason::Unacceptable(spelled(&format!("{other:?}"))),
    }
}

/// Errors that only webpki knows, by the names that it gives them.
fn of_webpki(name: &str) -> String {
    match name {
        "CaUsedAsEndEntity" => "it is the certificate of an authority, not of a server".to_owned(),
        "EndEntityUsedAsCa" => "one of its issuers is no CA".to_owned(),
        "NameConstraintViolation" => "one of its issuers may not vouch for these names".to_owned(),
        "PathLenConstraintViolated" => "one of its issuers allows fewer CAs below itself".to_owned(),
        other => spelled(other),
    }
}

/// What a library calls by a name, in words: `NoCipherSuitesInCommon` becomes `no cipher suites in common`.
pub(super) fn spelled(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        match letter {
            'A'..='Z' if words.ends_with(|last: char| last.is_ascii_lowercase()) => {
                words.push(' ');
                words.push(letter.to_ascii_lowercase());
            }
            letter if letter.is_ascii_alphanumeric() => words.push(letter.to_ascii_lowercase()),
            _ if words.ends_with(' ') => {}
            _ => words.push(' '),
        }
    }
    shown(words.trim(), 200)
}

fn unix_time(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0)))
}
