use std::io;

use gh_connect_engine::shown;
use rustls::{AlertDescription, Error, PeerIncompatible};
use serde::{Deserialize, Serialize};

use super::verdict::{Reason, Verdicts, spelled};
use crate::net::Failure;

/// How a handshake ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// In a session whose other end is proven.
    Verified,
    /// The certificates were not trusted.
    Distrusted(Reason),
    /// The other side ended it with an alert (RFC 8446 §6.2).
    Alert {
        /// Its number.
        code: u8,
        /// Its name there, `handshake_failure`, or `unknown`.
        name: String,
    },
    /// The connection was torn down.
    Reset,
    /// The other side closed the connection.
    Closed,
    /// The time was over before it was agreed on.
    Silent,
    /// What the other side sent is no TLS.
    NotTls,
    /// Both sides speak no version, or no means, in common.
    Incompatible(String),
    /// What the other side sent begins like TLS and is none.
    Garbage(String),
    /// Anything else.
    Other(String),
}

impl End {
    /// Classifies an error. `began` is how the other side's bytes began.
    pub(crate) fn of(error: &io::Error, began: &[u8], verdicts: Option<&Verdicts>) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match tls {
            Some(Error::InvalidCertificate(_)) => {
                // The witness noted the reason; only a broken signature over the handshake itself leaves none.
                let reason = verdicts.and_then(|verdicts| verdicts.with_extra.reason().cloned());
                let broken = || Reason::Unacceptable("its key did not sign this handshake".to_owned());
                Self::Distrusted(reason.unwrap_or_else(broken))
            }
            Some(Error::AlertReceived(alert)) => Self::alert(*alert),
            Some(_) | None if !is_tls(began) => Self::NotTls,
            Some(Error::PeerIncompatible(why)) => Self::Incompatible(match why {
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
                    "it chose an older version".to_owned()
                }
                // The library has names for these, and no words.
                other => spelled(&format!("{other:?}")),
            }),
            Some(
                error @ (Error::InvalidMessage(_)
                | Error::InappropriateMessage { .. }
                | Error::InappropriateHandshakeMessage { .. }
                | Error::DecryptError
                | Error::PeerSentOversizedRecord
                | Error::PeerMisbehaved(_)),
            ) => Self::Garbage(shown(&error.to_string(), 200)),
            Some(error) => Self::Other(shown(&error.to_string(), 200)),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Closed,
            None => match Failure::of(error) {
                Failure::Reset => Self::Reset,
                Failure::TimedOut => Self::Silent,
                other => Self::Other(shown(&other.to_string(), 200)),
            },
        }
    }

    /// The end of a handshake whose time was over.
    pub(crate) fn timed_out(began: &[u8]) -> Self {
        if is_tls(began) { Self::Silent } else { Self::NotTls }
    }

    pub(super) fn alert(alert: AlertDescription) -> Self {
        let code = u8::from(alert);
        let name = ALERTS.iter().find(|(number, _)| *number == code).map_or("unknown", |(_, name)| name);
        Self::Alert { code, name: name.to_owned() }
    }
}

/// Whether bytes may be the beginning of a TLS record (RFC 8446 §5.1); no bytes at all may.
pub fn is_tls(began: &[u8]) -> bool {
    matches!(began, [] | [20..=24] | [20..=24, 3, ..])
}

/// RFC 8446 §6, and those of older versions.
const ALERTS: [(u8, &str); 34] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_classified() {
        let tls = |error: Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let record = [22, 3, 3, 0, 50];
        for (error, began, expected) in [
            (io::Error::from(io::ErrorKind::UnexpectedEof), &[][..], End::Closed),
            (io::Error::from(io::ErrorKind::UnexpectedEof), b"SSH-2.0", End::NotTls),
            (io::Error::from(io::ErrorKind::ConnectionReset), &record, End::Reset),
            (io::Error::from(io::ErrorKind::BrokenPipe), &[], End::Reset),
            (
                tls(Error::AlertReceived(AlertDescription::UnrecognisedName)),
                &[21, 3, 3],
                End::Alert { code: 112, name: "unrecognized_name".to_owned() },
            ),
            (
                tls(Error::AlertReceived(AlertDescription::Unknown(200))),
                &[21, 3, 3],
                End::Alert { code: 200, name: "unknown".to_owned() },
            ),
            (tls(Error::DecryptError), b"HTTP/1.1 400", End::NotTls),
            (
                tls(Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)),
                &record,
                End::Incompatible("it chose an older version".to_owned()),
            ),
            (tls(Error::DecryptError), &record, End::Garbage("cannot decrypt peer's message".to_owned())),
        ] {
            assert_eq!(End::of(&error, began, None), expected);
        }
    }

    #[test]
    fn the_first_bytes_tell_tls() {
        for (began, expected) in [
            (&b""[..], true),
            (&[22], true),
            (&[22, 3, 1], true),
            (&[22, 4], false),
            (b"H", false),
            (&[0], false),
        ] {
            assert_eq!(is_tls(began), expected, "{began:?}");
        }
    }
}
