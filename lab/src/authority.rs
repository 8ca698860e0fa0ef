//! The lab's certificate authorities, and the leaves that they sign.

use std::collections::BTreeMap;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer as Signer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use crate::clock;
use crate::world::{self, Ca, Certificate, Issuer, Root};

/// All authorities, and the one key that all leaves share (making keys is most of the work of making certificates).
pub(crate) struct Authorities {
    public: Authority,
    corp: Authority,
    other: Authority,
    leaf_key: KeyPair,
    now: OffsetDateTime,
}

/// A root, and the intermediate that signs for it.
struct Authority {
    root_pem: String,
    intermediate: CertificateDer<'static>,
    signer: Signer<'static, KeyPair>,
    /// Where leaves say that the intermediate's certificate can be fetched.
    issuer_url: Option<&'static str>,
}

/// A chain to present, leaf first, and its key.
pub(crate) struct Chain {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authorities {
    pub(crate) fn new(unusual: &BTreeMap<Ca, world::Authority>) -> Result<Authorities, rcgen::Error> {
        let now = clock::now();
        let root = |ca: Ca| unusual.get(&ca).copied().unwrap_or_default().root;
        Ok(Authorities {
            public: Authority::new(
                ("Lab Trust Services", "Lab Public Root", "Lab Public Issuing CA 1"),
                Some("http://cacerts.lab-trust.example/LabPublicIssuingCA1.crt"),
                root(Ca::Public),
                now,
            )?,
            corp: Authority::new(
                ("Corp IT Security", "Corp Root CA", "Corp Inspection CA 2"),
                None,
                root(Ca::Corp),
                now,
            )?,
            other: Authority::new(
                ("Other Corp", "Other Private CA", "Other Private Issuing CA 1"),
                None,
                root(Ca::Other),
                now,
            )?,
            leaf_key: KeyPair::generate()?,
            now,
        })
    }

    /// The root certificate.
    pub(crate) fn root_pem(&self, ca: Ca) -> &str {
        match ca {
            Ca::Public => &self.public.root_pem,
            Ca::Corp => &self.corp.root_pem,
            Ca::Other => &self.other.root_pem,
        }
    }

    /// A certificate for `host`, as `wanted` says.
    pub(crate) fn chain(&self, host: &str, wanted: &Certificate) -> Result<Chain, rcgen::Error> {
        let names = wanted.names.clone().unwrap_or_else(|| vec![host.to_owned()]);
        let alternative = if wanted.common_name_only { Vec::new() } else { names.clone() };
        let mut leaf = CertificateParams::new(alternative)?;
        leaf.distinguished_name = distinguished_name(None, &names[0]);
        leaf.serial_number = Some(random_serial());
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = match wanted.for_clients {
            true => vec![ExtendedKeyUsagePurpose::ClientAuth],
            false => vec![ExtendedKeyUsagePurpose::ServerAuth],
        };
        leaf.use_authority_key_identifier_extension = true;
        (leaf.not_before, leaf.not_after) = self.validity(wanted);

        let authority = match wanted.issuer {
            Issuer::Public => Some(&self.public),
            Issuer::Corp => Some(&self.corp),
            Issuer::Other => Some(&self.other),
            Issuer::SelfSigned => None,
        };
        let certificates = match authority {
            None => vec![leaf.self_signed(&self.leaf_key)?.into()],
            Some(authority) => {
                if let Some(url) = authority.issuer_url.filter(|_| !wanted.no_aia) {
                    leaf.custom_extensions = vec![authority_information_access(url)];
                }
                let leaf = leaf.signed_by(&self.leaf_key, &authority.signer)?.into();
                match wanted.leaf_only {
                    true => vec![leaf],
                    false => vec![leaf, authority.intermediate.clone()],
                }
            }
        };
        let key = PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()).into();
        Ok(Chain { certificates, key })
    }

    fn validity(&self, wanted: &Certificate) -> (OffsetDateTime, OffsetDateTime) {
        let days = |count: u32| Duration::days(i64::from(count));
        if let Some(count) = wanted.expired_days {
            let end = self.now - days(count);
            return (end - LIFETIME, end);
        }
        if let Some(count) = wanted.not_before_in_days {
            let begin = self.now + days(count);
            return (begin, begin + LIFETIME);
        }
        let end = self.now + days(wanted.expires_in_days.unwrap_or(120));
        (end.min(self.now + Duration::days(120)) - LIFETIME, end)
    }
}

impl Authority {
    fn new(
        (organization, root_name, intermediate_name): (&str, &str, &str),
        issuer_url: Option<&'static str>,
        kind: Root,
        now: OffsetDateTime,
    ) -> Result<Authority, rcgen::Error> {
        let root_key = KeyPair::generate()?;
        let mut root = ca_params(organization, root_name, BasicConstraints::Unconstrained, now);
        match kind {
            Root::Expired => root.not_after = now - Duration::days(5),
            Root::NotYetValid => root.not_before = now + Duration::days(5),
            Root::NoCa => {
                root.is_ca = IsCa::ExplicitNoCa;
                root.key_usages.clear();
            }
            Root::NoCertSign => root.key_usages = vec![KeyUsagePurpose::DigitalSignature],
            Root::Good | Root::Older | Root::Intermediate => {}
        }
        let mut root_pem = match kind {
            Root::Older => root.self_signed(&KeyPair::generate()?)?.pem(),
            _ => root.self_signed(&root_key)?.pem(),
        };
        let root = Signer::new(root, root_key);

        let key = KeyPair::generate()?;
        let params = ca_params(organization, intermediate_name, BasicConstraints::Constrained(0), now);
        let intermediate = params.signed_by(&key, &root)?;
        if kind == Root::Intermediate {
            root_pem = intermediate.pem();
        }
        let intermediate = intermediate.into();
        Ok(Authority { root_pem, intermediate, signer: Signer::new(params, key), issuer_url })
    }
}

fn ca_params(
    organization: &str,
    name: &str,
    reach: BasicConstraints,
    now: OffsetDateTime,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name(Some(organization), name);
    params.serial_number = Some(random_serial());
    params.is_ca = IsCa::Ca(reach);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    // Longer than any leaf, so that only leaves can be out of time.
    params.not_before = now - Duration::days(10 * 365);
    params.not_after = now + Duration::days(10 * 365);
    params
}

fn distinguished_name(organization: Option<&str>, name: &str) -> DistinguishedName {
    let mut dn = DistinguishedName::new();
    if let Some(organization) = organization {
        dn.push(DnType::OrganizationName, organization);
    }
    dn.push(DnType::CommonName, name);
    dn
}

/// 16 random bytes, positive as RFC 5280 §4.1.2.2 demands.
fn random_serial() -> SerialNumber {
    let mut bytes = [0; 16];
    // Without entropy the serial is not random, which nobody verifies; the keys, made elsewhere, would then fail aloud.
    let _ = getrandom::fill(&mut bytes);
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// The extension that tells where the issuer's certificate is (RFC 5280 §4.2.2.1), with one `caIssuers` entry.
fn authority_information_access(url: &str) -> CustomExtension {
    const CA_ISSUERS: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    const SEQUENCE: u8 = 0x30;
    const URI: u8 = 0x86;
    let location = der(URI, url.as_bytes());
    let description = der(SEQUENCE, &[&CA_ISSUERS[..], &location].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der(SEQUENCE, &description))
}

/// A DER element whose content is shorter than 128 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).ok().filter(|&length| length < 128);
    let length = length.expect("the addresses of the lab's issuers are short");
    [&[tag, length], content].concat()
}

/// How long a leaf is good for. Those of the public web are good for 200 days at most since March 2026.
const LIFETIME: Duration = Duration::days(160);
