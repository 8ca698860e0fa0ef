use gh_connect_engine::Cx;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::{End, is_tls};
use crate::{Endpoint, HostName, path};

/// What became of the ClientHello that OpenSSL would send, where the one of this program was refused. OpenSSL has cipher
/// suites that this program leaves out: an exchange of keys by RSA or DHE, and CBC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// It was taken.
    Taken {
        /// The version that was chosen, `TLS 1.2`.
        version: String,
        /// The cipher suite that was chosen, by OpenSSL's name.
        cipher: String,
    },
    /// It was refused with an alert.
    Refused {
        /// Its number.
        code: u8,
        /// Its name.
        name: String,
    },
}

impl Offer {
    /// Makes the offer on a connection of its own. `None` where it was met by anything but TLS 1.2, 1.3 or an alert. No more
    /// than the first answer is read, and the connection is closed.
    pub(super) async fn make(cx: &Cx, endpoint: &Endpoint, deadline: Instant) -> Option<Self> {
        let made = async {
            let mut random = [0; 96];
            getrandom::fill(&mut random).ok()?;
            let mut wire = path::open(cx, endpoint).await.ok()?;
            wire.write_all(&client_hello(&endpoint.host, &random)).await.ok()?;
            let mut head = [0; 5];
            wire.read_exact(&mut head).await.ok()?;
            let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
            if !is_tls(&head) || length > LONGEST_RECORD {
                return None;
            }
            let mut record = vec![0; length];
            wire.read_exact(&mut record).await.ok()?;
            Self::of(head[0], &record)
        };
        tokio::time::timeout_at(deadline, made).await.ok().flatten()
    }

    /// Reads the first record that came back.
    fn of(kind: u8, record: &[u8]) -> Option<Self> {
        match (kind, record) {
            (ALERT, [_, code, ..]) => {
                let End::Alert { code, name } = End::alert((*code).into()) else { return None };
                Some(Self::Refused { code, name })
            }
            (HANDSHAKE, [SERVER_HELLO, _, _, _, hello @ ..]) => {
                let (&[major, minor], rest) = hello.split_first_chunk()?;
                let (&id_length, rest) = rest.get(32..)?.split_first()?;
                let (&cipher, rest) = rest.get(usize::from(id_length)..)?.split_first_chunk()?;
                let version = match (selected_version(rest), [major, minor]) {
                    (Some(TLS_1_3), _) => "TLS 1.3",
                    (None, TLS_1_2) => "TLS 1.2",
                    _ => return None,
                };
                let cipher = u16::from_be_bytes(cipher);
                let (_, cipher) = SUITES.iter().find(|(id, _)| *id == cipher)?;
                Some(Self::Taken { version: version.to_owned(), cipher: (*cipher).to_owned() })
            }
            _ => None,
        }
    }
}

/// The extension `supported_versions` in what follows the cipher suite of a ServerHello.
fn selected_version(rest: &[u8]) -> Option<[u8; 2]> {
    // The compression method and the length of all extensions.
    let mut extensions = rest.get(3..)?;
    while let Some((&[id_high, id_low, length_high, length_low], rest)) = extensions.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let (value, rest) = rest.split_at_checked(length)?;
        if [id_high, id_low] == SUPPORTED_VERSIONS {
            return value.try_into().ok();
        }
        extensions = rest;
    }
    None
}

/// The ClientHello of OpenSSL 3.0 as Debian sets it up. `random` fills the nonce, the session's id and the key share, whose
/// secret half nobody needs: the handshake ends with the answer.
fn client_hello(host: &HostName, random: &[u8; 96]) -> Vec<u8> {
    let suites: Vec<u8> = SUITES.iter().flat_map(|(id, _)| id.to_be_bytes()).collect();
    // An address cannot be told this way (RFC 6066 §3).
    let name = host.address().is_none().then(|| {
        let entry = [&[0][..], &counted(host.as_str().as_bytes())].concat();
        extension([0, 0], &counted(&entry))
    });
    let key_share = counted(&[&[0, 0x1d][..], &counted(&random[64..])].concat());
    let extensions = [
        name.unwrap_or_default(),
        extension([0, 0x0b], &[3, 0, 1, 2]),
        extension([0, 0x0a], &counted(&GROUPS)),
        extension([0, 0x23], &[]),
        extension([0, 0x16], &[]),
        extension([0, 0x17], &[]),
        extension([0, 0x0d], &counted(&SIGNATURES)),
        extension(SUPPORTED_VERSIONS, &[4, 3, 4, 3, 3]),
        extension([0, 0x2d], &[1, 1]),
        extension([0, 0x33], &key_share),
    ];
    let body = [
        &TLS_1_2[..],
        &random[..32],
        &[32],
        &random[32..64],
        &counted(&suites),
        &[1, 0],
        &counted(&extensions.concat()),
    ];
    let body = body.concat();
    let message = [&[CLIENT_HELLO, 0][..], &counted(&body)].concat();
    [&[HANDSHAKE, 3, 1][..], &counted(&message)].concat()
}

fn extension(id: [u8; 2], value: &[u8]) -> Vec<u8> {
    [&id[..], &counted(value)].concat()
}

/// Bytes behind their number in two bytes. None here is longer than a host's name and a few lists.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const TLS_1_2: [u8; 2] = [3, 3];
const TLS_1_3: [u8; 2] = [3, 4];
const SUPPORTED_VERSIONS: [u8; 2] = [0, 0x2b];
/// RFC 8446 §5.1.
const LONGEST_RECORD: usize = 1 << 14;

/// `openssl ciphers DEFAULT:@SECLEVEL=2` without PSK and SRP, and the signal of RFC 5746.
const SUITES: [(u16, &str); 31] = [
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    (0x009f, "DHE-RSA-AES256-GCM-SHA384"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
    (0xccaa, "DHE-RSA-CHACHA20-POLY1305"),
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"),
    (0x009e, "DHE-RSA-AES128-GCM-SHA256"),
    (0xc024, "ECDHE-ECDSA-AES256-SHA384"),
    (0xc028, "ECDHE-RSA-AES256-SHA384"),
    (0x006b, "DHE-RSA-AES256-SHA256"),
    (0xc023, "ECDHE-ECDSA-AES128-SHA256"),
    (0xc027, "ECDHE-RSA-AES128-SHA256"),
    (0x0067, "DHE-RSA-AES128-SHA256"),
    (0xc00a, "ECDHE-ECDSA-AES256-SHA"),
    (0xc014, "ECDHE-RSA-AES256-SHA"),
    (0x0039, "DHE-RSA-AES256-SHA"),
    (0xc009, "ECDHE-ECDSA-AES128-SHA"),
    (0xc013, "ECDHE-RSA-AES128-SHA"),
    (0x0033, "DHE-RSA-AES128-SHA"),
    (0x009d, "AES256-GCM-SHA384"),
    (0x009c, "AES128-GCM-SHA256"),
    (0x003d, "AES256-SHA256"),
    (0x003c, "AES128-SHA256"),
    (0x0035, "AES256-SHA"),
    (0x002f, "AES128-SHA"),
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
];

/// X25519, P-256, X448, P-521, P-384, and the groups of RFC 7919.
const GROUPS: [u8; 20] = [0, 0x1d, 0, 0x17, 0, 0x1e, 0, 0x19, 0, 0x18, 1, 0, 1, 1, 1, 2, 1, 3, 1, 4];

/// ECDSA, EdDSA, RSA-PSS, RSA and DSA with SHA-224 and longer (RFC 8446 §4.2.3).
const SIGNATURES: [u8; 40] = [
    4, 3, 5, 3, 6, 3, 8, 7, 8, 8, 8, 9, 8, 0x0a, 8, 0x0b, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1, 3, 3, 3, 1, 3,
    2, 4, 2, 5, 2, 6, 2,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_server_hello_is_read() {
        let hello = |version: [u8; 2], cipher: [u8; 2], extensions: &[u8]| {
            let body = [&version[..], &[7; 32], &[0], &cipher, &[0], &counted(extensions)].concat();
            [&[SERVER_HELLO, 0][..], &counted(&body)].concat()
        };
        let taken = |version: &str, cipher: &str| {
            Some(Offer::Taken { version: version.to_owned(), cipher: cipher.to_owned() })
        };
        let tls_1_3 = extension(SUPPORTED_VERSIONS, &TLS_1_3);
        for (kind, record, expected) in [
            (HANDSHAKE, hello(TLS_1_2, [0, 0x9d], &[]), taken("TLS 1.2", "AES256-GCM-SHA384")),
            (HANDSHAKE, hello(TLS_1_2, [0x13, 1], &tls_1_3), taken("TLS 1.3", "TLS_AES_128_GCM_SHA256")),
            (HANDSHAKE, hello([3, 2], [0, 0x2f], &[]), None),
            (HANDSHAKE, hello(TLS_1_2, [0, 0x0a], &[]), None),
            (HANDSHAKE, vec![SERVER_HELLO, 0, 0], None),
            (ALERT, vec![2, 40], Some(Offer::Refused { code: 40, name: "handshake_failure".to_owned() })),
            (ALERT, vec![2], None),
            (23, vec![0; 40], None),
        ] {
            assert_eq!(Offer::of(kind, &record), expected, "{record:?}");
        }
    }

    #[test]
    fn the_hello_says_its_length_and_the_host() {
        let hello = client_hello(&HostName::new("github.com"), &[7; 96]);
        assert_eq!(hello.len(), 5 + usize::from(u16::from_be_bytes([hello[3], hello[4]])));
        assert!(hello.windows(10).any(|part| part == b"github.com"));
        let address = client_hello(&HostName::new("127.0.0.1"), &[7; 96]);
        assert!(!address.windows(9).any(|part| part == b"127.0.0.1"), "an address is no server name");
    }

    proptest! {
        #[test]
        fn any_record_is_an_answer_or_not(kind in 20u8..24, record in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Offer::of(kind, &record);
        }
    }
}
