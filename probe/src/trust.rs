//! Whom TLS trusts: the roots of this machine, those that were added, and those of the public.

use std::{fmt, path::Path};

use gh_connect_engine::{Cx, Fact, Lack, Roots, Stop, shown};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};

/// The roots of a run, loaded once. The record keeps how many there are and where they came from; the roots themselves
/// live only as long as the run.
#[derive(Debug, Serialize, Deserialize)]
pub struct TrustedRoots {
    /// What this machine trusts.
    pub system: RootSet,
    /// What `--ca-file` added, a set for each file.
    pub extra: Vec<RootSet>,
    /// What the public trusts.
    pub public: RootSet,
}

/// Roots that came from one place.
#[derive(Debug, Serialize, Deserialize)]
pub struct RootSet {
    /// Where they came from: `this machine's store`, `Mozilla's list`, or a file's path.
    pub source: String,
    /// How many there are.
    pub roots: usize,
    /// How many certificates of this place cannot be used as roots, malformed ones for instance.
    pub unusable: usize,
    /// What went wrong while this machine's store was read, at most a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<String>,
    #[serde(skip, default = "RootCertStore::empty")]
    pub(crate) store: RootCertStore,
}

/// There is one set of roots per run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfTheRun;

impl fmt::Display for OfTheRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("run")
    }
}

/// Stops as trouble, naming the file, when a PEM file cannot be read or holds no certificate, and when there is nothing
/// at all that could be trusted.
impl Fact for TrustedRoots {
    const ID: &'static str = "trust.roots";
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let for_thread = cx.clone();
        // Reading and parsing 150 certificates takes milliseconds in which the first packets should leave.
        let loaded = tokio::task::spawn_blocking(move || load(&for_thread)).await;
        loaded
            .unwrap_or_else(|_| Err("the trusted roots could not be loaded".to_owned()))
            .map_err(Stop::Trouble)
    }
}

impl TrustedRoots {
    /// Whether a root of any set has this name, a DER-encoded `Name`.
    pub(crate) fn knows(&self, name: &[u8]) -> bool {
        let sets = self.extra.iter().chain([&self.system, &self.public]);
        sets.flat_map(|set| &set.store.roots).any(|root| content(name) == Some(root.subject.as_ref()))
    }
}

impl RootSet {
    /// The certificates of a PEM file. What else the file holds is passed over.
    pub fn from_pem(source: &str, pem: &[u8]) -> Result<Self, String> {
        let mut set = Self::empty(source);
        for certificate in CertificateDer::pem_slice_iter(pem) {
            match certificate {
                Ok(certificate) => set.add(certificate),
                Err(error) => return Err(format!("{source} is no proper PEM file: {error}")),
            }
        }
        match (set.roots, set.unusable) {
            (0, 0) => Err(format!("{source} holds no PEM certificate")),
            (0, _) => Err(format!("{source} holds no certificate that could be trusted as a root")),
            _ => Ok(set),
        }
    }

    fn load(cx: &Cx, roots: &Roots) -> Result<Self, String> {
        match roots {
            Roots::System => Self::of_this_machine(),
            Roots::Mozilla => Ok(Self::of_mozilla()),
            Roots::File(path) => Self::from_file(cx, path),
        }
    }

    fn from_file(cx: &Cx, path: &Path) -> Result<Self, String> {
        let source = shown(&path.display().to_string(), 200);
        let pem = cx.effects().read(path).map_err(|error| format!("{source} cannot be read: {error}"))?;
        Self::from_pem(&source, &pem)
    }

    fn of_this_machine() -> Result<Self, String> {
        let mut set = Self::empty("this machine's store");
        let found = rustls_native_certs::load_native_certs();
        // A store that was read in part only because nothing more could be opened would distrust what the machine trusts.
        let lack = found.errors.iter().find_map(|error| match &error.kind {
            rustls_native_certs::ErrorKind::Io { inner, .. } => Lack::of(inner),
            _ => None,
        });
        if let Some(lack) = lack {
            return Err(lack.to_string());
        }
        found.certs.into_iter().for_each(|certificate| set.add(certificate));
        set.troubles =
            found.errors.iter().take(MOST_TROUBLES).map(|error| shown(&error.to_string(), 300)).collect();
        Ok(set)
    }

    fn of_mozilla() -> Self {
        let mut set = Self::empty("Mozilla's list");
        // These roots are part of the program: the store only points at them.
        set.store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        set.roots = set.store.len();
        set
    }

    fn empty(source: &str) -> Self {
        let store = RootCertStore::empty();
        Self { source: source.to_owned(), roots: 0, unusable: 0, troubles: Vec::new(), store }
    }

    fn add(&mut self, certificate: CertificateDer<'_>) {
        match self.store.add(certificate) {
            Ok(()) => self.roots += 1,
            Err(_) => self.unusable += 1,
        }
    }
}

fn load(cx: &Cx) -> Result<TrustedRoots, String> {
    let trust = &cx.plan().trust;
    let extra: Vec<RootSet> = trust
        .extra
        .iter()
        .map(|path| {
            RootSet::from_file(cx, &path.value)
                .map_err(|error| format!("{error} (said by {}): {NAME_A_PEM_FILE}", path.origin))
        })
        .collect::<Result<_, _>>()?;
    let system = RootSet::load(cx, &trust.system.value).map_err(|error| match &trust.system.value {
        Roots::System => error,
        _ => format!("{error} (said by {}): {NAME_A_PEM_FILE}", trust.system.origin),
    })?;
    if system.roots == 0 && extra.is_empty() {
        let why: String = system.troubles.iter().map(|trouble| format!("; {trouble}")).collect();
        return Err(format!(
            "{} holds no root certificate, so nothing can be verified: install the package ca-certificates, or name \
             roots with --ca-file{why}",
            system.source
        ));
    }
    let public = RootSet::load(cx, &trust.public.value)?;
    Ok(TrustedRoots { system, extra, public })
}

/// What is inside of a DER element, when it is one and nothing more. Trust anchors keep names without their outermost
/// tag and length.
fn content(element: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = element.get(1..)?.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    (rest.len() == length).then_some(rest)
}

const MOST_TROUBLES: usize = 4;
const NAME_A_PEM_FILE: &str = "name a readable file of certificates in PEM there, or leave it out";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Authority, cx, plan};

    #[test]
    fn a_pem_file_is_read_or_says_why_not() {
        let authority = Authority::new("Root");
        let set = RootSet::from_pem("a.pem", authority.pem().as_bytes()).expect("a root");
        assert_eq!((set.roots, set.unusable), (1, 0));
        for (pem, expected) in [
            ("", "a.pem holds no PEM certificate"),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "a.pem holds no PEM certificate",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "a.pem holds no certificate that could be trusted as a root",
            ),
            ("-----BEGIN CERTIFICATE-----\n!\n", "a.pem is no proper PEM file"),
        ] {
            let error = RootSet::from_pem("a.pem", pem.as_bytes()).expect_err(pem);
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let mut plan = plan(&[]);
        plan.trust.system.value = Roots::File("/nonexistent/roots.pem".into());
        let stop = cx(plan).fact::<TrustedRoots>(&OfTheRun).await.expect_err("no such file");
        assert!(
            matches!(&stop, Stop::Trouble(text) if text.contains("/nonexistent/roots.pem cannot be read")
                && text.ends_with(NAME_A_PEM_FILE)),
            "{stop:?}"
        );
    }

    #[test]
    fn the_list_of_mozilla_is_there() {
        assert!(RootSet::of_mozilla().roots > 100);
    }

    #[test]
    fn roots_are_known_by_name() {
        let (known, other) = (Authority::new("Known"), Authority::new("Other"));
        let set = RootSet::from_pem("a.pem", known.pem().as_bytes()).expect("a root");
        let roots = TrustedRoots { system: set, extra: Vec::new(), public: RootSet::empty("") };
        assert!(roots.knows(&known.name_der()));
        assert!(!roots.knows(&other.name_der()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_pem_file_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = RootSet::from_pem("x", &bytes);
            if let Some(inside) = content(&bytes) {
                prop_assert!(bytes.ends_with(inside));
            }
        }
    }
}
