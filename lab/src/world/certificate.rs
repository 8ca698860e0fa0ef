//! Certificates and TLS behaviour in world files.

use serde::Deserialize;

/// A certificate authority of the lab.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Ca {
    /// "Lab Public Root", in the place of the roots that Mozilla ships.
    Public,
    /// "Corp Root CA", above the issuer of a TLS-inspecting proxy, "Corp Inspection CA 2".
    Corp,
    /// "Other Private CA", a private authority that has nothing to do with the proxy.
    Other,
}

/// What an authority's root is like: the certificate that is in stores and in files.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// Good.
    #[default]
    Good,
    /// It ended five days ago.
    Expired,
    /// It begins in five days.
    NotYetValid,
    /// It says that it is no CA.
    NoCa,
    /// Its keyUsage lacks keyCertSign.
    NoCertSign,
    /// The one that was replaced under the same name, with another key.
    Older,
    /// None: in its place is the intermediate.
    Intermediate,
}

/// An authority that differs from the healthy world.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Authority {
    /// What its root is like.
    pub root: Root,
}

/// Who signs a leaf certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Issuer {
    /// "Lab Public Issuing CA 1", under "Lab Public Root".
    #[default]
    Public,
    /// "Corp Inspection CA 2", under "Corp Root CA".
    Corp,
    /// "Other Private Issuing CA 1", under "Other Private CA".
    Other,
    /// Nobody: self-signed.
    #[serde(rename = "self")]
    SelfSigned,
}

/// What differs from a certificate that is good: by "Lab Public Issuing CA 1", for the host's own name, begun 40 days ago
/// and good for 120 more.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Keys")]
pub struct Certificate {
    /// Who signed it.
    pub issuer: Issuer,
    /// It ended this many days ago.
    pub expired_days: Option<u32>,
    /// It begins only in this many days.
    pub not_before_in_days: Option<u32>,
    /// It ends in this many days.
    pub expires_in_days: Option<u32>,
    /// The names that it is for (names or addresses), in place of the host's own.
    pub names: Option<Vec<String>>,
    /// The intermediate certificate is not sent.
    pub leaf_only: bool,
    /// It does not say where its issuer's certificate can be fetched (a leaf of the public CA otherwise does).
    pub no_aia: bool,
    /// It is made for clients, so that no client takes it from a server.
    pub for_clients: bool,
    /// It has its name in the subject only, and no subjectAltName.
    pub common_name_only: bool,
}

/// A certificate as written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[derive(Default)]
struct Keys {
    issuer: Issuer,
    expired_days: Option<u32>,
    not_before_in_days: Option<u32>,
    expires_in_days: Option<u32>,
    names: Option<Vec<String>>,
    leaf_only: bool,
    no_aia: bool,
    for_clients: bool,
    common_name_only: bool,
}

impl TryFrom<Keys> for Certificate {
    type Error = &'static str;

    fn try_from(keys: Keys) -> Result<Certificate, &'static str> {
        let Keys {
            issuer,
            expired_days,
            not_before_in_days,
            expires_in_days,
            names,
            leaf_only,
            no_aia,
            for_clients,
            common_name_only,
        } = keys;
        if [expired_days, not_before_in_days, expires_in_days].iter().flatten().count() > 1 {
            return Err("of `expired-days`, `not-before-in-days` and `expires-in-days` only one is allowed");
        }
        if [expired_days, not_before_in_days, expires_in_days].iter().flatten().any(|&days| days > 3000) {
            return Err("more days than the lab's authorities live; allowed: at most 3000");
        }
        if names.as_ref().is_some_and(Vec::is_empty) {
            return Err("`names` is empty; allowed: at least one name");
        }
        let is_name = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        if !names.iter().flatten().all(is_name) {
            return Err(
                "what is in `names` is no name; allowed: host names, also with `*.` in front, and addresses",
            );
        }
        Ok(Certificate {
            issuer,
            expired_days,
            not_before_in_days,
            expires_in_days,
            names,
            leaf_only,
            no_aia,
            for_clients,
            common_name_only,
        })
    }
}

/// How a port answers a ClientHello.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// TLS 1.2 or 1.3, as it should be.
    #[default]
    Serve,
    /// Never.
    Silent,
    /// With an RST.
    Reset,
    /// With an RST when its record is longer than `hello-limit`, else as it should be.
    ResetOnLargeHello,
    /// With an RST when its record is not longer than `hello-limit`, else as it should be.
    ResetOnSmallHello,
    /// As a server that speaks TLS 1.1 at most: the alert `protocol_version` to a client that lists its versions, else a
    /// ServerHello of TLS 1.1.
    #[serde(rename = "only-1.1")]
    Only11,
    /// With a ServerHello of TLS 1.1 whatever was offered, as servers do that predate the list of versions.
    #[serde(rename = "server-hello-1.1")]
    ServerHello11,
    /// As a TLS 1.2 server whose only cipher suite exchanges keys by RSA: a ServerHello to a client that has it, else the
    /// alert `handshake_failure`.
    OnlyRsaKeyExchange,
    /// With the fatal alert named by `alert`.
    Alert,
    /// With bytes that are no TLS.
    Garbage,
    /// With `400 Bad Request` in plain HTTP. What speaks HTTP in plain gets the answers of port 80.
    #[serde(alias = "none")]
    PlainHttp,
    /// With a FIN.
    Close,
    /// With half a ServerHello, then a FIN.
    Truncated,
}

/// A TLS alert by its name (RFC 8446 §6). The value is its code.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[expect(missing_docs, reason = "the names and codes are the RFC's own")]
pub enum Alert {
    CloseNotify = 0,
    UnexpectedMessage = 10,
    BadRecordMac = 20,
    RecordOverflow = 22,
    #[default]
    HandshakeFailure = 40,
    BadCertificate = 42,
    UnsupportedCertificate = 43,
    CertificateRevoked = 44,
    CertificateExpired = 45,
    CertificateUnknown = 46,
    IllegalParameter = 47,
    UnknownCa = 48,
    AccessDenied = 49,
    DecodeError = 50,
    DecryptError = 51,
    ProtocolVersion = 70,
    InsufficientSecurity = 71,
    InternalError = 80,
    InappropriateFallback = 86,
    UserCanceled = 90,
    MissingExtension = 109,
    UnsupportedExtension = 110,
    UnrecognizedName = 112,
    BadCertificateStatusResponse = 113,
    UnknownPskIdentity = 115,
    CertificateRequired = 116,
    NoApplicationProtocol = 120,
}
