//! Reading JSON from outside: bounded in depth, forgiving about what is absent or unknown, and exact about what is of another
//! type, about fields that come twice, and about lists that do not hold what they should. Where GitHub's own examples have a list
//! of one in the place of an object, [`One`] and [`Several`] read both.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher as _},
    marker::PhantomData,
};

use gh_connect_engine::shown;
use http::HeaderMap;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
    },
};
use serde_json::error::Category;

use crate::refusal::{Refusal, not_json};

/// Reads a body. What is wrong is told by where it stands and what should stand there, never by what stands there instead:
/// with `secretive`, not even how a body begins that is no JSON.
pub(crate) fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
    secretive: bool,
) -> Result<T, Refusal> {
    // Where something is wrong is found out when something is.
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json);
    let error = match value {
        Ok(value) => match json.end() {
            Ok(()) => return Ok(value),
            Err(_) => return Err(not_json(headers, (!secretive).then_some(body))),
        },
        Err(error) => error,
    };
    let path = error.path().to_string();
    let text = error.inner().to_string();
    Err(match error.inner().classify() {
        Category::Data => {
            let expected = text.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
            let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
            let expected = match expected {
                "" if text.starts_with("duplicate field") => "one in which every field comes once",
                "" => "of the published shape",
                expected => expected,
            };
            Refusal::WrongShape { path: shown(&path, 120), expected: shown(expected, 120) }
        }
        // The only words for it that serde_json has.
        _ if text.starts_with("recursion limit exceeded") => Refusal::TooDeep,
        _ => not_json(headers, (!secretive).then_some(body)),
    })
}

/// An object and nothing else. A list of fields, which derived readers would take for an object, too, is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneObject<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneObject<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(OneObject(PhantomData))
    }
}

/// An object, or a list of one, where an example of the documentation has that (facts §3.3). Of several objects nobody says
/// which one counts.
pub(crate) struct One<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOf<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOf<T> {
            type Value = One<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<One<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<One<T>, A::Error> {
                let Some(first) = list.next_element()? else {
                    return Err(A::Error::invalid_length(0, &self));
                };
                match list.next_element::<IgnoredAny>()? {
                    None => Ok(first),
                    Some(_) => Err(A::Error::invalid_length(2, &"one object alone")),
                }
            }
        }
        deserializer.deserialize_any(OneOf(PhantomData))
    }
}

/// A list of at most [`MOST`] objects, none of them null: a list with a gap is not whole, and nothing follows from what is not in
/// it.
pub(crate) struct Objects<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Objects<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let List(objects) = List::<Object<T>>::deserialize(deserializer)?;
        Ok(Self(objects.into_iter().map(|Object(object)| object).collect()))
    }
}

/// A list as [`Objects`]; an object alone counts as a list of one, and a list of one as an object.
pub(crate) struct Several<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOf<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListOf<T> {
            type Value = Several<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Several<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| Several(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Several<T>, A::Error> {
                let objects = all_of::<A, One<T>>(list)?;
                Ok(Several(objects.into_iter().map(|one| one.0).collect()))
            }
        }
        deserializer.deserialize_any(ListOf(PhantomData))
    }
}

/// A list of at most [`MOST`] elements, whatever they are.
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOf<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListOf<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<List<T>, A::Error> {
                all_of(list).map(List)
            }
        }
        deserializer.deserialize_seq(ListOf(PhantomData))
    }
}

fn all_of<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(mut list: A) -> Result<Vec<T>, A::Error> {
    let mut all = Vec::new();
    while all.len() < MOST {
        let Some(element) = list.next_element()? else { return Ok(all) };
        all.push(element);
    }
    match list.next_element::<IgnoredAny>()? {
        None => Ok(all),
        Some(_) => Err(A::Error::invalid_length(MOST + 1, &"a list of at most 5000 elements")),
    }
}

/// More than a page has entries.
const MOST: usize = 5_000;

/// An object as in [`Object`]; null stays unknown.
pub(crate) fn object<'de, D, T>(json: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(json)?.map(|object| object.0))
}

/// A list as in [`Objects`]; null stays unknown.
pub(crate) fn objects<'de, D, T>(json: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Objects<T>>::deserialize(json)?.map(|list| list.0))
}

/// An object as in [`One`]; null stays unknown.
pub(crate) fn one<'de, D, T>(json: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<One<T>>::deserialize(json)?.map(|one| one.0))
}

/// A list as in [`Several`]; null stays unknown.
pub(crate) fn several<'de, D, T>(json: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Several<T>>::deserialize(json)?.map(|list| list.0))
}

/// An object, or null where there is none.
pub(crate) type Nullable<T> = Option<Object<T>>;

/// A list of objects, in which null keeps its place; null stays unknown.
pub(crate) fn objects_or_nulls<'de, D, T>(json: D) -> Result<Option<Vec<Nullable<T>>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<List<Nullable<T>>>::deserialize(json)?.map(|list| list.0))
}

/// What is made of a text without a copy of it.
pub(crate) fn of_str<'de, T: for<'a> From<&'a str>, D: Deserializer<'de>>(json: D) -> Result<T, D::Error> {
    struct Of<T>(PhantomData<T>);
    impl<T: for<'a> From<&'a str>> Visitor<'_> for Of<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E>(self, text: &str) -> Result<T, E> {
            Ok(text.into())
        }
    }
    json.deserialize_str(Of(PhantomData))
}

/// A text of at most `MOST` characters, safe to show.
#[derive(Hash)]
pub(crate) struct Text<const MOST: usize>(pub(crate) String);

impl<const MOST: usize> From<&str> for Text<MOST> {
    fn from(text: &str) -> Self {
        Self(shown(text, MOST))
    }
}

impl<'de, const MOST: usize> Deserialize<'de> for Text<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        of_str(deserializer)
    }
}

/// What tells a text from others. It is not kept, for it may be long, and nobody is shown it.
pub(crate) struct Hashed(pub(crate) u64);

impl Hashed {
    /// Of anything that has a hash.
    pub(crate) fn of(value: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl From<&str> for Hashed {
    fn from(text: &str) -> Self {
        Self::of(text)
    }
}

impl<'de> Deserialize<'de> for Hashed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        of_str(deserializer)
    }
}

/// A text, safe to show and at most 200 characters long; null stays unknown.
pub(crate) fn text<'de, D: Deserializer<'de>>(json: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Text<200>>::deserialize(json)?.map(|text| text.0))
}

/// A word as in [`text`], also where a truth value stands for it: `true`.
pub(crate) fn word<'de, D: Deserializer<'de>>(json: D) -> Result<Option<String>, D::Error> {
    struct Word;
    impl<'de> Visitor<'de> for Word {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a word")
        }

        fn visit_str<E>(self, text: &str) -> Result<Option<String>, E> {
            Ok(Some(shown(text, 200)))
        }

        fn visit_bool<E>(self, truth: bool) -> Result<Option<String>, E> {
            Ok(Some(truth.to_string()))
        }

        fn visit_unit<E>(self) -> Result<Option<String>, E> {
            Ok(None)
        }

        fn visit_none<E>(self) -> Result<Option<String>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Option<String>, D::Error> {
            json.deserialize_any(self)
        }
    }
    json.deserialize_any(Word)
}

/// Texts as in [`text`].
pub(crate) fn texts<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Vec<String>>, D::Error> {
    let words = Option::<List<Text<200>>>::deserialize(json)?;
    Ok(words.map(|words| words.0.into_iter().map(|text| text.0).collect()))
}

/// Null counts as absent.
pub(crate) fn or_default<'de, D, T>(json: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(json)?.unwrap_or_default())
}

/// The steps of a GraphQL path: names, and the numbers of list elements.
pub(crate) fn steps<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Step {
        Name(String),
        Number(u64),
    }
    let steps = Option::<List<Step>>::deserialize(json)?.map(|words| words.0).unwrap_or_default();
    let names = steps.into_iter().map(|step| match step {
        Step::Name(name) => shown(&name, 100),
        Step::Number(number) => number.to_string(),
    });
    Ok(names.collect())
}

/// A number, or a word in its place: `"unlimited"` (facts §3.2). A number in quotes is a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Count {
    /// So many.
    Number(u64),
    /// In a word, safe to show.
    Word(String),
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrWord;
        impl Visitor<'_> for NumberOrWord {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a word")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
                Ok(Count::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Count, E> {
                Ok(text.trim().parse().map_or_else(|_| Count::Word(shown(text, 40)), Count::Number))
            }
        }
        deserializer.deserialize_any(NumberOrWord)
    }
}

#[cfg(test)]
mod tests;
