//! Whom TLS trusts: the roots of this machine, those that were added, and those of the public.

mod store;

use std::{fmt, path::Path};

use gh_connect_engine::{Cx, Fact, Roots, Stop, shown};
use rustls::RootCertStore;
use rustls_pki_types::{
    CertificateDer,
    pem::{Error as PemError, PemObject as _},
};
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::tls::canonical;

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
    /// Where they came from: `this machine's store`, `SSL_CERT_FILE=PATH`, `Mozilla's list`, or a file's path.
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
    /// The certificates themselves, each once. Those of Mozilla's list are not kept in the program.
    #[serde(skip)]
    certificates: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    /// The subject in the form in which OpenSSL compares names.
    subject: Vec<u8>,
    der: CertificateDer<'static>,
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
                Err(error) => return Err(format!("{source} is no proper PEM file: {}", words(&error, pem))),
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
            Roots::System => store::of_this_machine(cx),
            Roots::Environment { file, folders } => store::of_environment(cx, file.as_deref(), folders),
            Roots::Mozilla => Ok(Self::of_mozilla()),
            Roots::File(path) => Self::from_file(cx, path),
        }
    }

    /// The certificates whose subject this is, in OpenSSL's form of names.
    pub(crate) fn by_subject(&self, subject: &[u8]) -> impl Iterator<Item = &[u8]> {
        let named = self.certificates.iter().filter(move |held| held.subject == subject);
        named.map(|held| held.der.as_ref())
    }

    fn from_file(cx: &Cx, path: &Path) -> Result<Self, String> {
        let source = shown(&path.display().to_string(), 200);
        let pem = cx.effects().read(path).map_err(|error| format!("{source} cannot be read: {error}"))?;
        Self::from_pem(&source, &pem)
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
        let certificates = Vec::new();
        Self { source: source.to_owned(), roots: 0, unusable: 0, troubles: Vec::new(), store, certificates }
    }

    /// Adds a certificate, unless it is there already.
    fn add(&mut self, certificate: CertificateDer<'static>) {
        let subject = X509Certificate::from_der(&certificate).ok().map(|(_, read)| canonical(read.subject()));
        let known = |subject: &Vec<u8>| self.by_subject(subject).any(|der| der == certificate.as_ref());
        if subject.as_ref().is_some_and(known) {
            return;
        }
        match (self.store.add(certificate.clone()), subject) {
            (Ok(()), Some(subject)) => {
                self.roots += 1;
                self.certificates.push(Held { subject, der: certificate });
            }
            _ => self.unusable += 1,
        }
    }

    fn trouble(&mut self, what: &str) {
        if self.troubles.len() < MOST_TROUBLES {
            self.troubles.push(shown(what, 300));
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
        let mend = match trust.system.value {
            Roots::Environment { .. } => "unset the variable, or let it name a file of certificates in PEM",
            _ => "install the package ca-certificates, or name roots with --ca-file",
        };
        return Err(format!(
            "{} holds no root certificate, so nothing can be verified: {mend}{why}",
            system.source
        ));
    }
    let public = RootSet::load(cx, &trust.public.value)?;
    Ok(TrustedRoots { system, extra, public })
}

/// Why a file is no PEM, in words.
fn words(error: &PemError, pem: &[u8]) -> String {
    let line = |bytes: &[u8]| shown(&String::from_utf8_lossy(bytes), 60);
    match error {
        PemError::IllegalSectionStart { .. } | PemError::MissingSectionEnd { .. }
            if pem.windows(3).any(|part| part == br"-\n") =>
        {
            r"it has \n as two characters where a line should end".to_owned()
        }
        PemError::IllegalSectionStart { line: begun } => {
            format!("the line \"{}\" is not closed by five hyphens", line(begun))
        }
        PemError::MissingSectionEnd { end_marker } => {
            format!("the line \"{}\" is missing", line(end_marker).trim())
        }
        PemError::Base64Decode(_) => "a certificate in it is no Base64".to_owned(),
        _ => "it is damaged".to_owned(),
    }
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
