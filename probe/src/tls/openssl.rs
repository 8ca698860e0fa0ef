//! What OpenSSL, by which the programs of a GitHub Enterprise Server verify, makes of a chain: its rules with the settings
//! that Debian gives it (security level 2, trusted certificates first, no partial chains). Decision 0013 says why.

mod certificate;
mod names;
mod path;
mod rules;

use jiff::Timestamp;
use rustls::{
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName},
};
use serde::{Deserialize, Serialize};

pub(crate) use certificate::canonical;

use self::{
    certificate::Cert,
    path::{NoPath, Path},
    rules::Outcome,
};
use super::{chain::Certificate, verdict::Reason};
use crate::trust::RootSet;

/// What OpenSSL makes of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenSsl {
    /// It accepts it.
    Accepts,
    /// It refuses it.
    Refuses(Box<Fault>),
    /// This program cannot tell, because of this.
    Unknown(String),
}

/// Which certificate OpenSSL finds fault with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The number of OpenSSL's first objection, as in `Verify return code: 10`.
    pub code: u8,
    /// How far the certificate is from the server's own, which is 0.
    pub depth: usize,
    /// The certificate.
    pub certificate: Certificate,
    /// The store or the file that holds it; `None` for one that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// A trusted certificate that has the name of the issuer and is not the issuer, and where it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namesake: Option<(Certificate, String)>,
}

impl Fault {
    /// `unable to get issuer certificate`: the path ends at a trusted certificate that is no root.
    pub const NO_ROOT: u8 = 2;

    fn of(code: u8, depth: usize, cert: &Cert<'_>) -> Self {
        let held_by = cert.held_by.map(str::to_owned);
        Self { code, depth, certificate: cert.shown(), held_by, namesake: None }
    }
}

/// What was presented, to whom it has to lead, and for what.
pub(super) struct Question<'a> {
    pub(super) sent: &'a [CertificateDer<'a>],
    pub(super) sets: &'a [&'a RootSet],
    pub(super) host: &'a ServerName<'a>,
    pub(super) now: Timestamp,
    pub(super) algorithms: &'a WebPkiSupportedAlgorithms,
}

impl Question<'_> {
    /// What OpenSSL says, and for what it refuses.
    pub(super) fn answer(&self) -> (OpenSsl, Option<Reason>) {
        let path = match Path::find(self.sent, self.sets, self.now) {
            Ok(path) => path,
            Err(NoPath::Malformed) => {
                let why = "the certificate cannot be read by this program";
                return (OpenSsl::Unknown(why.to_owned()), Some(Reason::Malformed));
            }
            Err(NoPath::EndsAt { code, last, depth }) => {
                let fault = Fault { namesake: self.namesake(&last), ..Fault::of(code, depth, &last) };
                return (OpenSsl::Refuses(Box::new(fault)), Some(Reason::UnknownIssuer));
            }
        };
        match rules::judge(&path, self.host, self.now, self.algorithms) {
            Outcome::Kept => (OpenSsl::Accepts, None),
            Outcome::CannotTell(why) => (OpenSsl::Unknown(why), None),
            Outcome::Broken(broken) => {
                let at = &path.certs[broken.depth];
                let mut fault = Fault::of(broken.code, broken.depth, at);
                if broken.reason == Reason::UnknownIssuer {
                    fault.namesake = at.held_by.map(|source| (at.shown(), source.to_owned()));
                }
                (OpenSsl::Refuses(Box::new(fault)), Some(broken.reason))
            }
        }
    }

    /// A trusted certificate that has the name of the issuer, and is not the issuer.
    fn namesake(&self, last: &Cert<'_>) -> Option<(Certificate, String)> {
        self.sets.iter().find_map(|set| {
            let der = set.by_subject(&last.issuer).find(|der| *der != last.der)?;
            Some((Certificate::read(der), set.source.clone()))
        })
    }
}

#[cfg(test)]
mod tests;
