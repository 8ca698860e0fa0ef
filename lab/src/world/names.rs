//! Host names in world files: checked and lower-cased where they are read, so that nothing later has to.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A host name as a map key, so that the error points at the key and not at its table.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        let text = String::deserialize(deserializer)?;
        checked(&text).map(Name).map_err(D::Error::custom)
    }
}

/// A table whose keys are host names.
pub(super) fn keyed<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct ByName<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for ByName<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table with host names as keys")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some(Name(name)) = map.next_key()? {
                let value = map.next_value()?;
                if entries.insert(name.clone(), value).is_some() {
                    return Err(A::Error::custom(format!("`{name}` is given twice")));
                }
            }
            Ok(entries)
        }
    }

    deserializer.deserialize_map(ByName(PhantomData))
}

/// One host name.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Name::deserialize(deserializer).map(|name| name.0)
}

/// A host name that may be absent.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    one(deserializer).map(Some)
}

/// A list of host names.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Vec::<Name>::deserialize(deserializer).map(|names| names.into_iter().map(|name| name.0).collect())
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, at most 253 in all (RFC 1035 §2.3.4).
fn checked(text: &str) -> Result<String, String> {
    let allowed = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if text.len() <= 253 && text.split('.').all(allowed) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!(
            "`{text}` is not a host name; allowed: labels of letters, digits and hyphens with a dot between"
        ))
    }
}
