use gh_connect_engine::shown;
use jiff::Timestamp;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use serde::{Deserialize, Serialize};

use crate::trust::TrustedRoots;

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
    /// Judges a chain, the server's own certificate first, for a name and a time.
    pub(crate) fn on(
        chain: &Presented<'_>,
        roots: &TrustedRoots,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Self {
        let verdict = |store| chain.judge(store, algorithms);
        let system = verdict(&roots.system.store);
        let public = verdict(&roots.public.store);
        // A chain ends at one root, so it is trusted by two sets together exactly when one of them trusts it.
        let mut with_extra = system.clone();
        let mut only_by = None;
        for set in roots.extra.iter().take_while(|_| !system.is_trusted()) {
            let by_this = verdict(&set.store);
            if by_this.is_trusted() {
                only_by = Some(set.source.clone());
                with_extra = by_this;
                break;
            }
            // A set that knows the issuer has more to say than one that does not.
            if with_extra.reason() == Some(&Reason::UnknownIssuer) {
                with_extra = by_this;
            }
        }
        Self { system, with_extra, public, only_by }
    }
}

/// A chain as it was presented, and what it was presented for.
pub(crate) struct Presented<'a> {
    pub(crate) leaf: &'a CertificateDer<'a>,
    pub(crate) intermediates: &'a [CertificateDer<'a>],
    pub(crate) name: &'a ServerName<'a>,
    pub(crate) now: Timestamp,
    /// The beginnings and ends of all certificates in the chain.
    pub(crate) turning_points: &'a [Timestamp],
}

impl Presented<'_> {
    fn judge(&self, roots: &RootCertStore, algorithms: &WebPkiSupportedAlgorithms) -> Verdict {
        let Ok(leaf) = ParsedCertificate::try_from(self.leaf) else {
            return Verdict::Distrusted(Reason::Malformed);
        };
        let leads_to_root = |at: Timestamp| {
            let verified = verify_server_cert_signed_by_trust_anchor(
                &leaf,
                roots,
                self.intermediates,
                unix_time(at),
                algorithms.all,
            );
            verified.map_err(|error| reason(&error))
        };
        let mut untimely = None;
        match leads_to_root(self.now) {
            Ok(()) => {}
            Err(time @ (Reason::Expired | Reason::NotYetValid)) => {
                // Times are looked at before issuers. Whether the issuer is known shows at a time that all agree with;
                // where there is none, what is told is the time.
                let other_times: Vec<_> = self
                    .turning_points
                    .iter()
                    .take(MOST_TURNING_POINTS)
                    .map(|at| leads_to_root(*at))
                    .collect();
                let beside_time = other_times.iter().find_map(|other| match other {
                    Err(Reason::Expired | Reason::NotYetValid) | Ok(()) => None,
                    Err(reason) => Some(reason.clone()),
                });
                if let Some(reason) = beside_time.filter(|_| other_times.iter().all(Result::is_err)) {
                    return Verdict::Distrusted(reason);
                }
                untimely = Some(time);
            }
            Err(reason) => return Verdict::Distrusted(reason),
        }
        if verify_server_name(&leaf, self.name).is_err() {
            return Verdict::Distrusted(Reason::NameMismatch);
        }
        untimely.map_or(Verdict::Trusted, Verdict::Distrusted)
    }
}

fn reason(error: &Error) -> Reason {
    let Error::InvalidCertificate(error) = error else { return Reason::Unacceptable(words(error)) };
    match error {
        CertificateError::BadEncoding => Reason::Malformed,
        CertificateError::UnknownIssuer => Reason::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Reason::NotYetValid,
        CertificateError::BadSignature => {
            Reason::Unacceptable("its signature was not made by the issuer that it names".to_owned())
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Reason::Unacceptable("it is not meant for servers".to_owned())
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Reason::Unacceptable("it is signed by an algorithm that is not accepted any more".to_owned())
        }
        CertificateError::UnhandledCriticalExtension => {
            Reason::Unacceptable("it has a critical extension that nobody knows".to_owned())
        }
        other => Reason::Unacceptable(words(other)),
    }
}

fn words(error: &impl std::fmt::Display) -> String {
    shown(&error.to_string(), 200)
}

fn unix_time(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0)))
}

/// The beginnings and ends of four certificates: more than a chain needs, few enough to verify.
const MOST_TURNING_POINTS: usize = 8;
