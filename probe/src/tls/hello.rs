use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use gh_connect_engine::Cx;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms,
        aws_lc_rs::{self, kx_group},
        verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};
use serde::{Deserialize, Serialize};

use super::{
    chain::Chain,
    verdict::{Presented, Reason, Verdict, Verdicts},
};
use crate::trust::TrustedRoots;

/// A kind of ClientHello. Boxes on the way cut some and let others pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hello {
    /// TLS 1.2 and 1.3 with key shares of the classical groups: about 250 bytes, the usual one here.
    Usual,
    /// With a post-quantum key share: about 1,400 bytes, more than one packet holds.
    Large,
    /// TLS 1.2 alone, with a single group.
    Smallest,
}

impl Hello {
    /// The configuration of a client that says this, verifies by `witness` and resumes nothing: a resumed session would
    /// never show its certificates.
    pub(crate) fn config(self, witness: Arc<Witness>) -> Result<ClientConfig, Error> {
        let provider = CryptoProvider { kx_groups: self.groups(), ..aws_lc_rs::default_provider() };
        let versions: &[_] = match self {
            Self::Usual | Self::Large => &[&TLS13, &TLS12],
            Self::Smallest => &[&TLS12],
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(witness)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn groups(self) -> Vec<&'static dyn rustls::crypto::SupportedKxGroup> {
        match self {
            Self::Usual => vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
            Self::Large => vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1],
            Self::Smallest => vec![kx_group::SECP256R1],
        }
    }
}

/// In words that complete "the … hello".
impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usual => "usual",
            Self::Large => "large, post-quantum",
            Self::Smallest => "smallest, TLS 1.2",
        })
    }
}

/// A verifier that keeps what it was shown, good or bad, and accepts only what the roots of this machine and of
/// `--ca-file` trust.
pub(crate) struct Witness {
    cx: Cx,
    roots: Arc<TrustedRoots>,
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Option<(Chain, Verdicts)>>,
}

impl Witness {
    pub(crate) fn new(cx: &Cx, roots: Arc<TrustedRoots>) -> Self {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Self { cx: cx.clone(), roots, algorithms, seen: Mutex::default() }
    }

    /// What it was shown, and what it thought of it.
    pub(crate) fn seen(&self) -> Option<(Chain, Verdicts)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent: Vec<CertificateDer<'_>> =
            std::iter::once(end_entity).chain(intermediates).cloned().collect();
        let chain = Chain::read(&sent, |name| self.roots.knows(name));
        let now = self.cx.effects().now();
        let presented = Presented { sent: &sent, name: server_name, now, algorithms: &self.algorithms };
        let verdicts = Verdicts::on(&presented, &self.roots);
        let verdict = verdicts.with_extra.clone();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((chain, verdicts));
        match verdict {
            Verdict::Trusted => Ok(ServerCertVerified::assertion()),
            // The error decides which alert the other side gets (RFC 8446 §6.2).
            Verdict::Distrusted(reason) => Err(Error::InvalidCertificate(match reason {
                Reason::Malformed => CertificateError::BadEncoding,
                Reason::UnknownIssuer => CertificateError::UnknownIssuer,
                Reason::NameMismatch => CertificateError::NotValidForName,
                Reason::Expired => CertificateError::Expired,
                Reason::NotYetValid => CertificateError::NotValidYet,
                Reason::Unacceptable(text) => {
                    CertificateError::Other(OtherError(Arc::from(
                        Box::<dyn std::error::Error + Send + Sync>::from(text),
                    )))
                }
            })),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}
