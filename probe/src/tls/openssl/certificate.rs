use jiff::Timestamp;
use rustls::crypto::WebPkiSupportedAlgorithms;
use x509_parser::{
    asn1_rs::{Any, Oid, ToDer as _},
    certificate::X509Certificate,
    extensions::{BasicConstraints, ParsedExtension},
    prelude::FromDer as _,
    public_key::PublicKey,
    x509::{AlgorithmIdentifier, X509Name, X509Version},
};

use super::super::chain::{Certificate, Name, timestamp};

/// A certificate as OpenSSL sees it.
pub(super) struct Cert<'a> {
    pub(super) der: &'a [u8],
    pub(super) x509: X509Certificate<'a>,
    /// The store or the file that holds it; `None` for one that was sent.
    pub(super) held_by: Option<&'a str>,
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    /// The bits of keyUsage, `digitalSignature` the lowest.
    pub(super) key_usage: Option<u16>,
    /// Whether extendedKeyUsage, where there is one, names servers.
    pub(super) for_servers: Option<bool>,
    /// Whether Netscape's certificate type, where there is one, names servers.
    pub(super) netscape_for_servers: Option<bool>,
    /// The critical extension that OpenSSL does not know.
    pub(super) unknown_critical: Option<String>,
    /// An extension that matters cannot be read, so it is nobody's issuer and nobody's subject.
    invalid: bool,
}

impl<'a> Cert<'a> {
    pub(super) fn read(der: &'a [u8], held_by: Option<&'a str>) -> Option<Self> {
        let (rest, x509) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let mut cert = Self {
            der,
            held_by,
            subject: canonical(x509.subject()),
            issuer: canonical(x509.issuer()),
            basic_constraints: None,
            key_usage: None,
            for_servers: None,
            netscape_for_servers: None,
            unknown_critical: None,
            invalid: false,
            x509,
        };
        cert.read_extensions();
        Some(cert)
    }

    fn read_extensions(&mut self) {
        let mut seen: Vec<&Oid<'_>> = Vec::new();
        for extension in self.x509.extensions() {
            let id = extension.oid.to_id_string();
            let matters = MATTER.contains(&id.as_str());
            if matters && (seen.contains(&&extension.oid) || extension.parsed_extension().error().is_some()) {
                self.invalid = true;
            }
            seen.push(&extension.oid);
            if extension.critical && !KNOWN.contains(&id.as_str()) {
                self.unknown_critical.get_or_insert(id);
            }
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(says) => self.basic_constraints = Some(says.clone()),
                ParsedExtension::KeyUsage(usage) => {
                    self.key_usage = Some(usage.flags);
                    self.invalid |= usage.flags == 0;
                }
                // Any purpose is not the purpose of servers, to OpenSSL.
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    let gated = |oid: &Oid<'_>| GATED.contains(&oid.to_id_string().as_str());
                    self.for_servers = Some(usage.server_auth || usage.other.iter().any(gated));
                }
                ParsedExtension::NSCertType(kind) => self.netscape_for_servers = Some(kind.ssl_server()),
                _ => {}
            }
        }
    }

    /// What a person may read of it.
    pub(super) fn shown(&self) -> Certificate {
        Certificate::read(self.der)
    }

    pub(super) fn name(&self) -> Name {
        Name::of(self.x509.subject())
    }

    pub(super) fn not_before(&self) -> Timestamp {
        timestamp(self.x509.validity().not_before)
    }

    pub(super) fn not_after(&self) -> Timestamp {
        timestamp(self.x509.validity().not_after)
    }

    pub(super) fn is_timely(&self, now: Timestamp) -> bool {
        self.not_before() <= now && now < self.not_after()
    }

    pub(super) fn self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// By its names and identifiers; nobody looks at the signature.
    pub(super) fn self_signed(&self) -> bool {
        self.self_issued() && self.identifies(self) && self.may_have_signed(self)
    }

    /// Whether this may be the issuer of `subject`, before any signature is looked at.
    pub(super) fn likely_issued(&self, subject: &Self) -> bool {
        !self.invalid
            && !subject.invalid
            && self.subject == subject.issuer
            && self.identifies(subject)
            && self.may_have_signed(subject)
    }

    /// Whether the authorityKeyIdentifier of `subject` speaks of this certificate, as far as it speaks.
    fn identifies(&self, subject: &Self) -> bool {
        let find = |cert: &'_ Self, key: fn(&ParsedExtension<'_>) -> bool| {
            cert.x509.extensions().iter().position(|extension| key(extension.parsed_extension()))
        };
        let authority =
            find(subject, |extension| matches!(extension, ParsedExtension::AuthorityKeyIdentifier(_)));
        let own = find(self, |extension| matches!(extension, ParsedExtension::SubjectKeyIdentifier(_)));
        let Some(ParsedExtension::AuthorityKeyIdentifier(authority)) =
            authority.map(|at| subject.x509.extensions()[at].parsed_extension())
        else {
            return true;
        };
        if let (Some(wanted), Some(ParsedExtension::SubjectKeyIdentifier(own))) =
            (&authority.key_identifier, own.map(|at| self.x509.extensions()[at].parsed_extension()))
            && wanted.0 != own.0
        {
            return false;
        }
        if authority.authority_cert_serial.is_some_and(|serial| serial != self.x509.raw_serial()) {
            return false;
        }
        let named = authority.authority_cert_issuer.iter().flatten().find_map(|name| match name {
            x509_parser::extensions::GeneralName::DirectoryName(name) => Some(canonical(name)),
            _ => None,
        });
        named.is_none_or(|named| named == self.issuer)
    }

    /// Whether the key is of the kind by which `subject` says that it is signed.
    fn may_have_signed(&self, subject: &Self) -> bool {
        let signature = subject.x509.signature_algorithm.algorithm.to_id_string();
        let family = SIGNATURES.iter().find(|(id, ..)| *id == signature).map(|(_, family, _)| *family);
        let key = self.key_kind();
        family.is_some_and(|family| family == key || family == RSA_PSS && key == RSA)
    }

    pub(super) fn key_kind(&self) -> String {
        self.x509.public_key().algorithm.algorithm.to_id_string()
    }

    /// By how many bits of security the certificate is signed; `None` when that is not known.
    pub(super) fn signature_strength(&self) -> Option<u16> {
        let id = self.x509.signature_algorithm.algorithm.to_id_string();
        SIGNATURES.iter().find(|(known, ..)| *known == id).map(|(.., bits)| *bits)
    }

    /// The size of the key, and the bits of security that it has in OpenSSL's eyes; `None` when that is not known.
    pub(super) fn key_strength(&self) -> Option<(usize, usize)> {
        match self.x509.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => {
                let zeros = key.modulus.iter().take_while(|byte| **byte == 0).count();
                let modulus = key.modulus.get(zeros..)?;
                let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
                Some((bits, if bits < LEAST_RSA { 80 } else { 112 }))
            }
            Ok(PublicKey::EC(_)) => {
                let curve = self.x509.public_key().algorithm.parameters.as_ref()?;
                let curve = curve.as_oid().ok()?.to_id_string();
                CURVES.iter().find(|(id, _)| *id == curve).map(|(_, bits)| (*bits, bits / 2))
            }
            _ => match self.key_kind().as_str() {
                "1.3.101.112" => Some((256, 128)),
                "1.3.101.113" => Some((456, 224)),
                _ => None,
            },
        }
    }

    /// Whether the elliptic curve is spelled out, in place of its name.
    pub(super) fn has_explicit_curve(&self) -> bool {
        let algorithm = &self.x509.public_key().algorithm;
        self.key_kind() == EC && algorithm.parameters.as_ref().is_some_and(|curve| curve.as_oid().is_err())
    }

    /// Whether this is a CA to OpenSSL: without a doubt, as an old root may be, or not.
    pub(super) fn ca(&self) -> Ca {
        if self.key_usage.is_some_and(|usage| usage & KEY_CERT_SIGN == 0) {
            return Ca::No;
        }
        match &self.basic_constraints {
            Some(says) if says.ca => Ca::Yes,
            Some(_) => Ca::No,
            None if self.x509.version() == X509Version::V1 && self.self_signed() => Ca::AsOldRoot,
            None if self.key_usage.is_some() => Ca::AsOldRoot,
            None => Ca::No,
        }
    }

    pub(super) fn may_sign_certificates(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage & KEY_CERT_SIGN != 0)
    }

    /// Whether `issuer` has signed this; `None` when this program has no means to find out.
    pub(super) fn is_signed_by(&self, issuer: &Self, algorithms: &WebPkiSupportedAlgorithms) -> Option<bool> {
        if self.x509.signature_algorithm != self.x509.tbs_certificate.signature {
            return Some(false);
        }
        let signature = content_of(&self.x509.signature_algorithm)?;
        let key = &issuer.x509.public_key();
        let key_algorithm = content_of(&key.algorithm)?;
        let known = algorithms.all.iter().find(|known| {
            known.signature_alg_id().as_ref() == signature
                && known.public_key_alg_id().as_ref() == key_algorithm
        })?;
        if key.algorithm.algorithm.to_id_string() == RSA
            && issuer.key_strength().is_some_and(|(bits, _)| !(2048..=8192).contains(&bits))
        {
            return None;
        }
        let verified = known.verify_signature(
            &key.subject_public_key.data,
            self.x509.tbs_certificate.as_ref(),
            &self.x509.signature_value.data,
        );
        Some(verified.is_ok())
    }
}

/// Whether a certificate is a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ca {
    Yes,
    /// It does not say so, and is taken for one where it stands at the top.
    AsOldRoot,
    No,
}

/// A name in the form in which OpenSSL compares names: strings in UTF-8 and lower case, white space as one blank.
pub(crate) fn canonical(name: &X509Name<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for rdn in name.iter() {
        let mut attributes: Vec<Vec<u8>> = rdn
            .iter()
            .map(|attribute| {
                let mut one = attribute.attr_type().as_bytes().to_vec();
                one.push(0);
                one.extend(canonical_value(attribute.attr_value()));
                one
            })
            .collect();
        attributes.sort();
        for attribute in attributes {
            bytes.extend((attribute.len() as u64).to_be_bytes());
            bytes.extend(attribute);
        }
        bytes.extend(u64::MAX.to_be_bytes());
    }
    bytes
}

fn canonical_value(value: &Any<'_>) -> Vec<u8> {
    let text = match value.tag().0 {
        // UTF8String, PrintableString, IA5String and VisibleString
        12 | 19 | 22 | 26 => String::from_utf8_lossy(value.data).into_owned(),
        // T61String, read as Latin-1
        20 => value.data.iter().map(|byte| char::from(*byte)).collect(),
        // BMPString
        30 => {
            let units = value
                .data
                .chunks(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        tag => return [&[u8::try_from(tag).unwrap_or(u8::MAX)], value.data].concat(),
    };
    let words: Vec<&str> =
        text.split([' ', '\t', '\n', '\r', '\x0b', '\x0c']).filter(|word| !word.is_empty()).collect();
    let mut bytes = vec![12];
    bytes.extend(words.join(" ").to_ascii_lowercase().into_bytes());
    bytes
}

/// What stands inside the SEQUENCE of an AlgorithmIdentifier.
fn content_of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Vec<u8>> {
    let mut bytes = algorithm.algorithm.to_der_vec().ok()?;
    if let Some(parameters) = &algorithm.parameters {
        bytes.extend(parameters.to_der_vec().ok()?);
    }
    Some(bytes)
}

/// `keyCertSign` (RFC 5280 §4.2.1.3).
const KEY_CERT_SIGN: u16 = 1 << 5;
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const DSA: &str = "1.2.840.10040.4.1";
/// Below this many bits a modulus has less than 112 bits of security, as OpenSSL computes and rounds it.
const LEAST_RSA: usize = 1962;

/// Signature algorithms, the kind of key that signs, and the bits of security of their digests.
const SIGNATURES: [(&str, &str, u16); 21] = [
    ("1.2.840.113549.1.1.2", RSA, 0),
    ("1.2.840.113549.1.1.4", RSA, 39),
    ("1.2.840.113549.1.1.5", RSA, 63),
    ("1.2.840.113549.1.1.14", RSA, 112),
    ("1.2.840.113549.1.1.11", RSA, 128),
    ("1.2.840.113549.1.1.12", RSA, 192),
    ("1.2.840.113549.1.1.13", RSA, 256),
    ("1.2.840.113549.1.1.15", RSA, 112),
    ("1.2.840.113549.1.1.16", RSA, 128),
    (RSA_PSS, RSA_PSS, 128),
    ("1.2.840.10045.4.1", EC, 63),
    ("1.2.840.10045.4.3.1", EC, 112),
    ("1.2.840.10045.4.3.2", EC, 128),
    ("1.2.840.10045.4.3.3", EC, 192),
    ("1.2.840.10045.4.3.4", EC, 256),
    ("1.2.840.10040.4.3", DSA, 63),
    ("2.16.840.1.101.3.4.3.1", DSA, 112),
    ("2.16.840.1.101.3.4.3.2", DSA, 128),
    ("1.3.14.3.2.29", RSA, 63),
    ("1.3.101.112", "1.3.101.112", 128),
    ("1.3.101.113", "1.3.101.113", 224),
];

/// Named curves and the bits of their orders.
const CURVES: [(&str, usize); 8] = [
    ("1.2.840.10045.3.1.1", 192),
    ("1.3.132.0.33", 224),
    ("1.2.840.10045.3.1.7", 256),
    ("1.3.132.0.10", 256),
    ("1.3.132.0.34", 384),
    ("1.3.132.0.35", 521),
    ("1.3.36.3.3.2.8.1.1.7", 256),
    ("1.3.36.3.3.2.8.1.1.11", 384),
];

/// The extensions that OpenSSL reads before it judges: those of keys, names and constraints.
const MATTER: [&str; 8] = [
    "2.5.29.19",
    "2.5.29.15",
    "2.5.29.37",
    "2.5.29.14",
    "2.5.29.35",
    "2.5.29.17",
    "2.5.29.30",
    "2.16.840.1.113730.1.1",
];

/// The critical extensions that OpenSSL 3.0 handles.
const KNOWN: [&str; 14] = [
    "2.16.840.1.113730.1.1",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.32",
    "2.5.29.31",
    "2.5.29.37",
    "1.3.6.1.5.5.7.1.7",
    "1.3.6.1.5.5.7.1.8",
    "2.5.29.36",
    "1.3.6.1.5.5.7.48.1.5",
    "2.5.29.30",
    "2.5.29.33",
    "2.5.29.54",
];

/// Server Gated Cryptography, of Microsoft and of Netscape, which OpenSSL takes for the purpose of servers.
const GATED: [&str; 2] = ["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"];
