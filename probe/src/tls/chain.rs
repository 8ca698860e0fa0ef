use std::{fmt, net::IpAddr};

use gh_connect_engine::{shown, shown_bytes};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS,
    prelude::FromDer as _,
    public_key::PublicKey,
    time::ASN1Time,
    x509::{AttributeTypeAndValue, X509Name},
};

/// The certificates that the other side sent, as it sent them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// In the order in which they came: the server's own first. At most [`MOST_CERTIFICATES`].
    pub certificates: Vec<Certificate>,
    /// How many more there were.
    pub more: usize,
    /// Which of them stands highest: the one that is reached from the first by going from issuer to issuer.
    pub top: usize,
    /// Whether any root that this run knows has the name of the highest one's issuer.
    pub leads_to_known_root: bool,
}

/// A certificate, and what it says when it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The SHA-256 fingerprint, in the form of `openssl x509 -fingerprint`.
    pub sha256: String,
    /// Its length in bytes.
    pub length: usize,
    /// What it says; `None` when it is malformed.
    pub says: Option<Statement>,
}

/// What a certificate says of itself. Every text in it is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Whose it is.
    pub subject: Name,
    /// Who signed it.
    pub issuer: Name,
    /// Whether both are the same.
    pub self_issued: bool,
    /// The host names and addresses that it is for, at most [`MOST_NAMES`].
    pub names: Vec<String>,
    /// How many more there are.
    pub more_names: usize,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// In hexadecimal.
    pub serial: String,
    /// The kind of its public key, `EC 256` or `RSA 2048`, or the kind's object identifier.
    pub key: String,
    /// The object identifier of the algorithm by which it is signed.
    pub signature_algorithm: String,
    /// Whether it may sign others.
    pub is_ca: bool,
    /// Where its issuer's certificate can be fetched (RFC 5280 §4.2.2.1).
    pub ca_issuers: Vec<String>,
}

/// The parts of a distinguished name that people know it by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// CN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// O.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl Chain {
    /// Reads certificates as they came, which may be anything at all. `is_root` says whether a root has this DER-encoded
    /// name.
    pub fn read(sent: &[CertificateDer<'_>], is_root: impl Fn(&[u8]) -> bool) -> Self {
        let kept = &sent[..sent.len().min(MOST_CERTIFICATES)];
        let parsed: Vec<Option<X509Certificate<'_>>> = kept.iter().map(|der| parse(der)).collect();
        let top = top(&parsed);
        let leads_to_known_root = parsed
            .get(top)
            .and_then(Option::as_ref)
            .is_some_and(|certificate| is_root(certificate.issuer().as_raw()));
        let certificates = kept.iter().zip(&parsed).map(|(der, parsed)| Certificate {
            sha256: fingerprint(der),
            length: der.len(),
            says: parsed.as_ref().map(Statement::of),
        });
        let more = sent.len() - kept.len();
        Self { certificates: certificates.collect(), more, top, leads_to_known_root }
    }

    /// What the server's own certificate says, if it can be read.
    pub fn leaf(&self) -> Option<&Statement> {
        self.certificates.first()?.says.as_ref()
    }

    /// The certificate that stands highest.
    pub fn topmost(&self) -> Option<&Certificate> {
        self.certificates.get(self.top)
    }
}

impl Certificate {
    /// Reads one certificate.
    pub fn read(der: &[u8]) -> Self {
        Self {
            sha256: fingerprint(der),
            length: der.len(),
            says: parse(der).map(|certificate| Statement::of(&certificate)),
        }
    }
}

impl Statement {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let names = alternative_names(certificate);
        let mut serial = hex(certificate.raw_serial(), "");
        serial.truncate(64);
        Self {
            subject: Name::of(certificate.subject()),
            issuer: Name::of(certificate.issuer()),
            self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            more_names: names.len().saturating_sub(MOST_NAMES),
            names: names.into_iter().take(MOST_NAMES).collect(),
            not_before: timestamp(certificate.validity().not_before),
            not_after: timestamp(certificate.validity().not_after),
            serial,
            key: key(certificate),
            signature_algorithm: shown(&certificate.signature_algorithm.algorithm.to_id_string(), 64),
            is_ca: certificate.is_ca(),
            ca_issuers: ca_issuers(certificate),
        }
    }
}

impl Name {
    /// The one name that people would call it by.
    pub fn short(&self) -> &str {
        self.common_name.as_deref().or(self.organization.as_deref()).unwrap_or("nameless")
    }

    pub(super) fn of(name: &X509Name<'_>) -> Self {
        let mut common_name = name.iter_common_name().next().map(text);
        let organization = name.iter_organization().next().map(text);
        if common_name.is_none() && organization.is_none() {
            common_name = name.iter_attributes().last().map(text);
        }
        Self { common_name, organization }
    }
}

/// `"Corp Inspection CA 2" (Corp IT Security)`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.common_name, &self.organization) {
            (Some(name), Some(organization)) => write!(f, "\"{name}\" ({organization})"),
            _ => write!(f, "\"{}\"", self.short()),
        }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8], separator: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(separator)
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der)
        .ok()
        .filter(|(rest, _)| rest.is_empty())
        .map(|(_, certificate)| certificate)
}

/// Goes from issuer to issuer, each certificate at most once.
fn top(parsed: &[Option<X509Certificate<'_>>]) -> usize {
    let (mut at, mut seen) = (0, vec![0]);
    while let Some(Some(certificate)) = parsed.get(at) {
        let issuer = certificate.issuer().as_raw();
        let next = (0..parsed.len()).find(|next| {
            !seen.contains(next)
                && parsed[*next].as_ref().is_some_and(|found| found.subject().as_raw() == issuer)
        });
        let Some(next) = next else { break };
        seen.push(next);
        at = next;
    }
    at
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(shown(name, LONGEST)),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    });
    names.collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

fn ca_issuers(certificate: &X509Certificate<'_>) -> Vec<String> {
    let access = certificate.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => Some(access),
        _ => None,
    });
    let issuers = access
        .flat_map(|access| &access.accessdescs)
        .filter(|access| access.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS);
    let urls = issuers.filter_map(|access| match access.access_location {
        GeneralName::URI(url) => Some(shown(url, 200)),
        _ => None,
    });
    urls.take(MOST_URLS).collect()
}

fn key(certificate: &X509Certificate<'_>) -> String {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
        _ => shown(&certificate.public_key().algorithm.algorithm.to_id_string(), 64),
    }
}

fn text(attribute: &AttributeTypeAndValue<'_>) -> String {
    match attribute.as_str() {
        Ok(text) => shown(text, LONGEST),
        Err(_) => shown_bytes(attribute.as_slice(), LONGEST),
    }
}

/// Times beyond what a calendar holds become its ends.
pub(super) fn timestamp(time: ASN1Time) -> Timestamp {
    let seconds = time.timestamp();
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(seconds).unwrap_or(end)
}

fn fingerprint(der: &[u8]) -> String {
    // The one digest that TLS 1.3 obliges every provider to have.
    let rustls::SupportedCipherSuite::Tls13(suite) =
        rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256
    else {
        return String::new();
    };
    hex(suite.common.hash_provider.hash(der).as_ref(), ":")
}

/// Public chains have two to four certificates.
pub const MOST_CERTIFICATES: usize = 10;
/// The certificates of content networks name hundreds of hosts.
pub const MOST_NAMES: usize = 24;
const MOST_URLS: usize = 2;
const LONGEST: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Authority, Leaf};

    #[test]
    fn a_chain_is_read_as_sent() {
        let root = Authority::new("Root");
        let issuing = root.intermediate("Issuing");
        let leaf = issuing.leaf(&Leaf { names: &["a.example", "192.0.2.1"], ..Leaf::default() });
        let sent = [leaf, issuing.der()];
        let chain = Chain::read(&sent, |name| name == root.name_der());
        let says = chain.leaf().expect("readable");
        assert_eq!(says.names, ["a.example", "192.0.2.1"]);
        assert_eq!(says.issuer.to_string(), "\"Issuing\" (Testing)");
        assert_eq!((says.key.as_str(), says.is_ca, says.self_issued), ("EC 256", false, false));
        assert_eq!(says.ca_issuers, Vec::<String>::new());
        assert_eq!((chain.top, chain.leads_to_known_root), (1, true));
        assert_eq!(chain.topmost().map(|top| top.sha256.len()), Some(32 * 3 - 1));
    }

    #[test]
    fn the_top_is_found_in_any_order_and_among_strangers() {
        let root = Authority::new("Root");
        let (issuing, stranger) = (root.intermediate("Issuing"), Authority::new("Stranger"));
        let leaf = issuing.leaf(&Leaf::default());
        let sent = [leaf.clone(), stranger.der(), root.der(), issuing.der()];
        assert_eq!(Chain::read(&sent, |_| false).top, 2);
        assert_eq!(Chain::read(&[leaf], |_| false).top, 0);
        assert_eq!(Chain::read(&[], |_| true).topmost(), None);
    }

    #[test]
    fn nothing_a_certificate_says_can_disturb_a_terminal() {
        let authority = Authority::new("\u{1b}[2J\u{202e}evil");
        let says = Certificate::read(&authority.der()).says.expect("readable");
        assert_eq!(says.subject.common_name.as_deref(), Some(r"\x1b[2J\u{202e}evil"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_certificate_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let certificate = Certificate::read(&bytes);
            prop_assert_eq!(certificate.length, bytes.len());
        }

        #[test]
        fn a_damaged_certificate_is_read_or_not(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in 0usize..3) {
            let mut der = Authority::once().leaf(&Leaf::default()).to_vec();
            let at = at.index(der.len());
            der[at] = byte;
            der.truncate(der.len() - cut);
            let chain = Chain::read(&[der.into()], |_| false);
            prop_assert_eq!(chain.certificates.len(), 1);
        }
    }
}
