use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a body tells no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NotAnAddress {
    /// It is neither an address in plain text nor a JSON object.
    #[error("is neither an address nor a JSON object")]
    NeitherTextNorObject,
    /// It is a JSON object, and none of the fields that hold an address is there.
    #[error("has no field ip, ip_addr, ip_address, ipAddress, address, client_ip or query")]
    NoField,
    /// A field that should hold an address holds something else.
    #[error("has something else than an address where the address should be")]
    NotInField,
    /// Two fields hold different addresses.
    #[error("holds two different addresses")]
    Two,
}

/// Reads the address in the body of an echo page: plain text that is an address and nothing else, or a JSON object with it
/// in a field of a usual name. Nothing is guessed. An IPv4 address that is written as IPv6 (RFC 4291 §2.5.5.2) is given as
/// what it is.
pub fn read_address(body: &[u8]) -> Result<IpAddr, NotAnAddress> {
    let text = std::str::from_utf8(body).map_err(|_| NotAnAddress::NeitherTextNorObject)?.trim();
    if let Some(address) = address(text) {
        return Ok(address);
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Err(NotAnAddress::NeitherTextNorObject);
    };
    let mut found: Option<IpAddr> = None;
    for name in FIELDS {
        let here = match fields.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => address(text.trim()).ok_or(NotAnAddress::NotInField)?,
            Some(_) => return Err(NotAnAddress::NotInField),
        };
        if found.is_some_and(|found| found != here) {
            return Err(NotAnAddress::Two);
        }
        found = Some(here);
    }
    found.ok_or(NotAnAddress::NoField)
}

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// What such pages call it.
const FIELDS: [&str; 7] = ["ip", "ip_addr", "ip_address", "ipAddress", "address", "client_ip", "query"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_read_or_what_is_wrong_is_named() {
        use NotAnAddress::{NeitherTextNorObject, NoField, NotInField, Two};
        let v4 = "203.0.113.7";
        for (body, expected) in [
            ("203.0.113.7", Ok(v4)),
            ("203.0.113.7\r\n", Ok(v4)),
            ("::ffff:203.0.113.7\n", Ok(v4)),
            ("2001:db8::7", Ok("2001:db8::7")),
            (r#"{"ip":"203.0.113.7"}"#, Ok(v4)),
            (r#"{"ip_addr":"203.0.113.7","port":"51312","user_agent":"x"}"#, Ok(v4)),
            (r#"{"status":"success","query":"203.0.113.7","address":null}"#, Ok(v4)),
            (r#"{"ip":"203.0.113.7","address":"::ffff:203.0.113.7"}"#, Ok(v4)),
            (r#"{"ip":"203.0.113.7","address":"203.0.113.8"}"#, Err(Two)),
            (r#"{"ip":"203.0.113.7","address":"1 Main Street"}"#, Err(NotInField)),
            (r#"{"ip":"203.0.113.7, 10.0.0.1"}"#, Err(NotInField)),
            (r#"{"ip":3405803783}"#, Err(NotInField)),
            (r#"{"IP":"203.0.113.7"}"#, Err(NoField)),
            ("{}", Err(NoField)),
            (r#"["203.0.113.7"]"#, Err(NeitherTextNorObject)),
            (r#""203.0.113.7""#, Err(NeitherTextNorObject)),
            ("203.0.113.7 203.0.113.8", Err(NeitherTextNorObject)),
            ("Your address is 203.0.113.7", Err(NeitherTextNorObject)),
            ("203.0.113.0/28", Err(NeitherTextNorObject)),
            ("203.0.113.007", Err(NeitherTextNorObject)),
            ("[2001:db8::7]", Err(NeitherTextNorObject)),
            ("<html>203.0.113.7</html>", Err(NeitherTextNorObject)),
            ("", Err(NeitherTextNorObject)),
            ("\u{feff}203.0.113.7", Err(NeitherTextNorObject)),
        ] {
            let expected = expected.map(|text| text.parse::<IpAddr>().expect("an address"));
            assert_eq!(read_address(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(read_address(b"\xff\xfe2\x000\x003\x00"), Err(NeitherTextNorObject));
        let deep = [&b"{\"ip\":"[..], &b"[".repeat(4000)].concat();
        assert_eq!(read_address(&deep), Err(NeitherTextNorObject));
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_name(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_address(&body);
        }

        #[test]
        fn what_is_read_stands_there(body in "[0-9a-f:.\"{}, ip]{0,60}") {
            if let Ok(address) = read_address(body.as_bytes()) {
                let parts = body.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.'));
                let read = parts.filter_map(|part| part.trim_start_matches(':').parse::<IpAddr>().ok().or_else(|| part.parse().ok()));
                prop_assert!(read.map(|it| it.to_canonical()).any(|it| it == address), "{body}");
            }
        }

        #[test]
        fn every_address_is_read_back(bits: u128, v4: u32, as_json: bool) {
            for address in [IpAddr::from(bits.to_be_bytes()), IpAddr::from(v4.to_be_bytes())] {
                let body = if as_json { format!("{{\"ip\":\"{address}\"}}") } else { format!("{address}\n") };
                prop_assert_eq!(read_address(body.as_bytes()), Ok(address.to_canonical()));
            }
        }
    }
}
