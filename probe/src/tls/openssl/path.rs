use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::{Fault, certificate::Cert};
use crate::trust::RootSet;

/// Certificates from the server's own up to a root that is trusted.
pub(super) struct Path<'a> {
    pub(super) certs: Vec<Cert<'a>>,
}

/// Why there is no such path.
pub(super) enum NoPath<'a> {
    /// The server's own certificate cannot be read.
    Malformed,
    /// It ends at this one.
    EndsAt { code: u8, last: Box<Cert<'a>>, depth: usize },
}

/// Where issuers are looked for.
struct Search<'a, 's> {
    sent: Vec<Cert<'a>>,
    sets: &'s [&'a RootSet],
    now: Timestamp,
}

impl<'a> Path<'a> {
    /// Goes from issuer to issuer as `X509_verify_cert` does: an issuer that is trusted comes before one that was sent,
    /// after a trusted one only trusted ones are looked at, and no step is ever taken back.
    pub(super) fn find(
        sent: &'a [CertificateDer<'a>],
        sets: &[&'a RootSet],
        now: Timestamp,
    ) -> Result<Self, NoPath<'a>> {
        let Some(leaf) = sent.first().and_then(|leaf| Cert::read(leaf, None)) else {
            return Err(NoPath::Malformed);
        };
        let others = sent.iter().skip(1).filter_map(|der| Cert::read(der, None)).collect();
        let mut search = Search { sent: others, sets, now };
        let mut path = Self { certs: Vec::new() };
        let mut last = leaf;
        loop {
            let self_signed = last.self_signed();
            match search.trusted_issuer(&last) {
                // What was sent is the root itself.
                Some(issuer) if self_signed && issuer.der == last.der => {
                    path.certs.push(issuer);
                    return Ok(path);
                }
                Some(issuer) if !self_signed => {
                    path.certs.push(last);
                    if issuer.self_signed() {
                        path.certs.push(issuer);
                        return Ok(path);
                    }
                    last = issuer;
                }
                _ if self_signed => {
                    let code =
                        if path.certs.is_empty() { DEPTH_ZERO_SELF_SIGNED } else { SELF_SIGNED_IN_CHAIN };
                    return Err(path.ends_at(code, last));
                }
                _ if last.held_by.is_some() => return Err(path.ends_at(Fault::NO_ROOT, last)),
                _ => match search.sent_issuer(&last, &path) {
                    Some(issuer) => path.certs.push(std::mem::replace(&mut last, issuer)),
                    None => return Err(path.ends_at(NO_LOCAL_ISSUER, last)),
                },
            }
            if path.certs.len() > DEEPEST {
                return Err(path.ends_at(TOO_LONG, last));
            }
        }
    }

    fn ends_at(&self, code: u8, last: Cert<'a>) -> NoPath<'a> {
        NoPath::EndsAt { code, last: Box::new(last), depth: self.certs.len() }
    }
}

impl<'a> Search<'a, '_> {
    fn trusted_issuer(&self, subject: &Cert<'_>) -> Option<Cert<'a>> {
        let named =
            self.sets.iter().flat_map(|set| set.by_subject(&subject.issuer).map(|der| (der, &set.source)));
        let candidates = named.filter_map(|(der, source)| Cert::read(der, Some(source)));
        self.best(candidates.filter(|issuer| issuer.likely_issued(subject)).collect())
    }

    /// Takes it out: no certificate is sent twice in one path.
    fn sent_issuer(&mut self, subject: &Cert<'_>, path: &Path<'_>) -> Option<Cert<'a>> {
        let fits = |(_, issuer): &(usize, &Cert<'_>)| {
            issuer.likely_issued(subject)
                && issuer.der != subject.der
                && path.certs.iter().all(|cert| cert.der != issuer.der)
        };
        let candidates: Vec<usize> = self.sent.iter().enumerate().filter(fits).map(|(nth, _)| nth).collect();
        let timely = candidates.iter().copied().find(|nth| self.sent[*nth].is_timely(self.now));
        let nth =
            timely.or_else(|| candidates.into_iter().rev().max_by_key(|nth| self.sent[*nth].not_after()))?;
        Some(self.sent.remove(nth))
    }

    /// The first whose time it is, or else the one that ends last.
    fn best(&self, candidates: Vec<Cert<'a>>) -> Option<Cert<'a>> {
        let timely = candidates.iter().position(|issuer| issuer.is_timely(self.now));
        let latest = || (0..candidates.len()).rev().max_by_key(|nth| candidates[*nth].not_after());
        let nth = timely.or_else(latest)?;
        candidates.into_iter().nth(nth)
    }
}

const DEPTH_ZERO_SELF_SIGNED: u8 = 18;
const SELF_SIGNED_IN_CHAIN: u8 = 19;
const NO_LOCAL_ISSUER: u8 = 20;
const TOO_LONG: u8 = 22;
/// How many issuers a path may have, at most, by default.
const DEEPEST: usize = 100;
