use std::{collections::BTreeMap, fmt};

use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// What of `GET /meta` has the published shape (facts §7). Read as far as it goes: a reply that is cut, or only begun, shows
/// what it showed until then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaShape {
    /// The published lists of address ranges that are there, with the number of ranges in each.
    pub ranges: BTreeMap<String, usize>,
    /// The other published keys that are there and of the published type.
    pub others: Vec<String>,
    /// The published keys that are there and of another type.
    pub wrong: Vec<String>,
    /// How many keys are there that are not published.
    pub unpublished: usize,
    /// Whether it was a whole JSON object.
    pub whole: bool,
}

impl MetaShape {
    /// Reads a reply, or its beginning.
    pub fn read(body: &[u8]) -> Self {
        let mut shape = Self::default();
        let mut json = serde_json::Deserializer::from_slice(body);
        shape.whole = json.deserialize_map(Top(&mut shape)).is_ok() && json.end().is_ok();
        shape
    }

    /// Whether nobody but GitHub answers like this: the one boolean and two lists of ranges at least are as published,
    /// and nothing published is of another type.
    pub fn is_github(&self) -> bool {
        let lists = self.ranges.values().filter(|ranges| **ranges > 0).count();
        self.wrong.is_empty() && lists >= 2 && self.others.iter().any(|key| key == BOOLEAN)
    }
}

/// The top level.
struct Top<'a>(&'a mut MetaShape);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let shape = self.0;
        for _ in 0..MOST_KEYS {
            let Some(key) = map.next_key::<String>()? else { return Ok(()) };
            let right = if RANGES.contains(&key.as_str()) {
                let ranges = map.next_value_seed(Ranges)?;
                if let Some(ranges) = ranges {
                    shape.ranges.insert(key.clone(), ranges);
                }
                ranges.is_some()
            } else if let Some((_, kind)) = OTHERS.iter().find(|(name, _)| *name == key) {
                let right = map.next_value_seed(*kind)?;
                if right && !shape.others.contains(&key) {
                    shape.others.push(key.clone());
                }
                right
            } else {
                map.next_value::<IgnoredAny>()?;
                shape.unpublished += 1;
                continue;
            };
            if !right && !shape.wrong.contains(&key) {
                shape.wrong.push(key);
            }
        }
        Err(A::Error::custom("more keys than GitHub has"))
    }
}

/// A list of address ranges: how many there are, or `None` when it is something else.
struct Ranges;

impl<'de> DeserializeSeed<'de> for Ranges {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_any(Anything(|text| text.parse::<IpNet>().is_ok())).map(
            |found| match found {
                Found::List { strings, right: true } => Some(strings),
                _ => None,
            },
        )
    }
}

/// A published type.
#[derive(Clone, Copy)]
enum Kind {
    Boolean,
    Strings,
    Object,
}

impl<'de> DeserializeSeed<'de> for Kind {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let found = deserializer.deserialize_any(Anything(|_| true))?;
        Ok(matches!(
            (self, found),
            (Self::Boolean, Found::Boolean)
                | (Self::Strings, Found::List { right: true, .. })
                | (Self::Object, Found::Object)
        ))
    }
}

/// What a value turned out to be.
enum Found {
    Boolean,
    /// Whether all of it are strings that fit, and how many do.
    List {
        strings: usize,
        right: bool,
    },
    Object,
    Text(bool),
    Another,
}

/// Any value, whose strings are asked whether they fit. Nothing of it is kept.
#[derive(Clone, Copy)]
struct Anything(fn(&str) -> bool);

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Boolean)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found::Another)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(Found::Another)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found::Another)
    }
    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Another)
    }
    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(Found::Text((self.0)(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let (mut strings, mut right) = (0, true);
        while let Some(found) = seq.next_element_seed(self)? {
            match found {
                Found::Text(true) => strings += 1,
                _ => right = false,
            }
        }
        Ok(Found::List { strings, right })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Object)
    }
}

const BOOLEAN: &str = "verifiable_password_authentication";
const RANGES: [&str; 13] = [
    "hooks",
    "github_enterprise_importer",
    "web",
    "api",
    "git",
    "packages",
    "pages",
    "importer",
    "actions",
    "actions_macos",
    "codespaces",
    "dependabot",
    "copilot",
];
const OTHERS: [(&str, Kind); 5] = [
    (BOOLEAN, Kind::Boolean),
    ("ssh_key_fingerprints", Kind::Object),
    ("ssh_keys", Kind::Strings),
    ("commit_signing_keys", Kind::Strings),
    ("domains", Kind::Object),
];
const MOST_KEYS: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const META: &str = r#"{"verifiable_password_authentication":false,"ssh_keys":["a","b"],"hooks":["192.30.252.0/22"],
        "web":["140.82.112.0/20","2606:50c0::/32"],"domains":{"website":["*.github.com"]},"new":{"a":[1]}}"#;

    #[test]
    fn the_published_shape_is_read() {
        let shape = MetaShape::read(META.as_bytes());
        assert!(shape.is_github() && shape.whole);
        assert_eq!(shape.ranges, BTreeMap::from([("hooks".to_owned(), 1), ("web".to_owned(), 2)]));
        assert_eq!(shape.others, [BOOLEAN, "ssh_keys", "domains"]);
        assert_eq!((shape.wrong.len(), shape.unpublished), (0, 1));
    }

    #[test]
    fn a_beginning_is_read_as_far_as_it_goes() {
        let until_web = META.find("\"domains\"").expect("there");
        let shape = MetaShape::read(&META.as_bytes()[..until_web]);
        assert!(shape.is_github() && !shape.whole);
        let shape = MetaShape::read(&META.as_bytes()[..META.find("\"web\"").expect("there")]);
        assert!(!shape.is_github());
    }

    #[test]
    fn what_others_answer_is_not_the_shape() {
        for body in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"message":"Not Found"}"#,
            r#"{"verifiable_password_authentication":"no","hooks":["192.30.252.0/22"],"web":["192.30.252.0/22"]}"#,
            r#"{"verifiable_password_authentication":true,"hooks":["everywhere"],"web":["192.30.252.0/22"],"api":["1.0.0.0/8"]}"#,
            r#"{"verifiable_password_authentication":true,"hooks":[],"web":[],"api":[]}"#,
        ] {
            assert!(!MetaShape::read(body.as_bytes()).is_github(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_shape(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(!MetaShape::read(&bytes).is_github());
        }

        #[test]
        fn any_change_and_any_cut_is_read(at in any::<prop::sample::Index>(), byte in any::<u8>(), end in any::<prop::sample::Index>()) {
            let mut body = META.as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] = byte;
            body.truncate(end.index(body.len()) + 1);
            let shape = MetaShape::read(&body);
            prop_assert!(shape.ranges.len() + shape.others.len() + shape.wrong.len() <= RANGES.len() + OTHERS.len() + 1);
        }

        #[test]
        fn deep_nesting_ends(depth in 0usize..5000, open in prop::sample::select(vec!["[", "{\"a\":"])) {
            let body = format!("{{\"web\":{}", open.repeat(depth));
            prop_assert!(!MetaShape::read(body.as_bytes()).is_github());
        }
    }
}
