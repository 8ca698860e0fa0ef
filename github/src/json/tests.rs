use proptest::prelude::*;

use super::*;

#[derive(Debug, Deserialize)]
struct Sample {
    number: Option<u64>,
    #[serde(default, deserialize_with = "one")]
    inner: Option<Inner>,
    #[serde(default, deserialize_with = "several")]
    list: Option<Vec<Inner>>,
    #[serde(default, deserialize_with = "text")]
    word: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    flag: Option<bool>,
}

fn sample(body: &str) -> Result<Sample, Refusal> {
    read::<One<Sample>>(&HeaderMap::new(), body.as_bytes(), false).map(|One(sample)| sample)
}

#[test]
fn lists_of_one_stand_for_objects_and_objects_for_lists_of_one() {
    for body in [
        r#"{"number": 1, "inner": {"flag": true}, "list": [{"flag": true}]}"#,
        r#"[{"number": 1, "inner": [{"flag": true}], "list": {"flag": true}}]"#,
        r#"[[{"number": 1, "inner": [[{"flag": true}]], "list": [[{"flag": true}]]}]]"#,
        r#"{"number": 1, "inner": {"flag": true, "more": {}}, "list": [{"flag": true}], "more": null}"#,
    ] {
        let sample = sample(body).unwrap_or_else(|why| panic!("{body}: {why}"));
        let flags: Vec<_> = sample.list.unwrap_or_default().iter().map(|inner| inner.flag).collect();
        assert_eq!(
            (sample.number, sample.inner.and_then(|inner| inner.flag)),
            (Some(1), Some(true)),
            "{body}"
        );
        assert_eq!(flags, [Some(true)], "{body}");
    }
    for body in ["{}", r#"{"number": null, "inner": null, "list": null, "word": null}"#] {
        let sample = sample(body).unwrap_or_else(|why| panic!("{body}: {why}"));
        assert!(sample.number.is_none() && sample.inner.is_none() && sample.list.is_none(), "{body}");
        assert!(sample.word.is_none());
    }
}

#[test]
fn where_no_example_has_a_list_it_is_no_object_and_an_object_no_list() {
    #[derive(Debug, Deserialize)]
    struct Exact {
        #[serde(default, deserialize_with = "object")]
        inner: Option<Inner>,
        #[serde(default, deserialize_with = "objects")]
        list: Option<Vec<Inner>>,
        #[serde(default, deserialize_with = "objects_or_nulls")]
        gaps: Option<Vec<Nullable<Inner>>>,
    }
    let exact = |body: &str| read::<Object<Exact>>(&HeaderMap::new(), body.as_bytes(), false);
    let body = r#"{"inner": {"flag": true, "more": []}, "list": [{"flag": true}, {}], "gaps": [null, {"flag": true}]}"#;
    let Object(Exact { inner, list, gaps }) = exact(body).unwrap_or_else(|why| panic!("{why}"));
    let flags: Vec<_> = list.into_iter().flatten().map(|inner| inner.flag).collect();
    let gaps: Vec<_> =
        gaps.into_iter().flatten().map(|gap| gap.and_then(|Object(inner)| inner.flag)).collect();
    assert_eq!(inner.and_then(|inner| inner.flag), Some(true));
    assert_eq!((flags, gaps), (vec![Some(true), None], vec![None, Some(true)]));
    for body in ["{}", r#"{"inner": null, "list": null, "gaps": null}"#] {
        let Object(Exact { inner, list, gaps }) = exact(body).unwrap_or_else(|why| panic!("{body}: {why}"));
        assert!(inner.is_none() && list.is_none() && gaps.is_none(), "{body}");
    }
    for (body, path) in [
        (r#"[{"inner": {"flag": true}}]"#, "."),
        (r#"[{"flag": true}]"#, "."),
        ("[]", "."),
        ("[[], null, null]", "."),
        (r#"{"inner": [{"flag": true}]}"#, "inner"),
        (r#"{"inner": [true]}"#, "inner"),
        (r#"{"list": {"flag": true}}"#, "list"),
        (r#"{"list": [[{"flag": true}]]}"#, "list[0]"),
        (r#"{"list": [{"flag": true}, null]}"#, "list[1]"),
        (r#"{"gaps": {"flag": true}}"#, "gaps"),
        (r#"{"gaps": [null, [{"flag": true}]]}"#, "gaps[1]"),
    ] {
        let why = exact(body).expect_err(body);
        assert!(matches!(&why, Refusal::WrongShape { path: told, .. } if told == path), "{body}: {why:?}");
    }
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let shape = |path: &str, expected: &str| Refusal::WrongShape {
        path: path.to_owned(),
        expected: expected.to_owned(),
    };
    for (body, expected) in [
        (r#"{"number": "canary"}"#, shape("number", "u64")),
        (r#"{"number": -1}"#, shape("number", "u64")),
        (r#"{"inner": {"flag": "canary"}}"#, shape("inner.flag", "a boolean")),
        (r#"{"inner": "canary"}"#, shape("inner", "an object")),
        (r#"{"inner": []}"#, shape("inner", "an object")),
        (r#"{"list": [{}, {"flag": 1}]}"#, shape("list[1].flag", "a boolean")),
        (r#"{"word": 5}"#, shape("word", "a string")),
        // Which of two counts, nobody says; and nothing follows from a list with a gap.
        (r#"{"inner": [{"flag": true}, {"flag": false}]}"#, shape("inner", "one object alone")),
        (r#"[{"number": 1}, null]"#, shape(".", "one object alone")),
        (r#"{"list": [{"flag": true}, null]}"#, shape("list[1]", "an object")),
        (
            &format!(r#"{{"list": [{}{{}}]}}"#, "{},".repeat(5_000)),
            shape("list", "a list of at most 5000 elements"),
        ),
        (r#""canary""#, shape(".", "an object")),
    ] {
        assert_eq!(sample(body).expect_err(body), expected, "{body}");
    }
    assert_eq!(shape("inner.flag", "a boolean").to_string(), "the answer's inner.flag is not a boolean");
    assert_eq!(shape(".", "an object").to_string(), "the answer is not an object");
}

#[test]
fn a_field_that_comes_twice_is_no_answer() {
    for body in [
        r#"{"number": 1, "number": 2}"#,
        r#"{"inner": {"flag": true, "flag": true}}"#,
        r#"{"inner": null, "inner": {"flag": true}}"#,
    ] {
        assert!(matches!(sample(body), Err(Refusal::WrongShape { .. })), "{body}");
    }
}

#[test]
fn a_word_may_be_a_truth_value() {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default, deserialize_with = "word")]
        status: Option<String>,
    }
    for (body, expected) in [
        (r#"{"status": "on"}"#, Some(Some("on"))),
        (r#"{"status": true}"#, Some(Some("true"))),
        (r#"{"status": null}"#, Some(None)),
        ("{}", Some(None)),
        (r#"{"status": 1}"#, None),
        (r#"{"status": ["on"]}"#, None),
    ] {
        let said = serde_json::from_str::<Said>(body).ok().map(|said| said.status);
        assert_eq!(said.as_ref().map(Option::as_deref), expected, "{body}");
    }
}

#[test]
fn what_is_no_json_is_told_by_its_beginning_or_not_at_all() {
    for (body, began) in [
        ("<html>\u{1b}[31m", r"<html>\x1b[31m"),
        ("", ""),
        (r#"{"number": 1"#, r#"{"number": 1"#),
        (r#"{"number": 1} trailing"#, r#"{"number": 1} trailing"#),
        ("{\"word\": \"\u{fffd}", "{\"word\": \"\u{fffd}"),
    ] {
        let expected = Refusal::NotJson { content_type: None, began: Some(began.to_owned()) };
        assert_eq!(sample(body).expect_err(body), expected);
        let secretive = read::<One<Sample>>(&HeaderMap::new(), body.as_bytes(), true).map(|_| ());
        assert_eq!(secretive, Err(Refusal::NotJson { content_type: None, began: None }));
    }
    let utf_16: Vec<u8> = r#"{"number": 1}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let refused = read::<One<Sample>>(&HeaderMap::new(), &utf_16, false).map(|_| ());
    assert!(matches!(refused, Err(Refusal::NotJson { .. })), "{refused:?}");
}

#[test]
fn depth_has_an_end() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    for body in [
        deep("[", "]"),
        format!("{{\"inner\": {}}}", deep("[", "]")),
        format!("{{\"list\": {}}}", deep("[", "]")),
    ] {
        assert_eq!(sample(&body).expect_err("too deep"), Refusal::TooDeep, "{}", &body[..20]);
    }
    // What nobody asked for is passed over without going down.
    for body in [
        deep("{\"x\":", "}"),
        format!("{{\"more\": {}}}", deep("[", "]")),
        format!("{{\"list\": {}}}", deep("[{\"x\":", "}]")),
    ] {
        assert!(sample(&body).is_ok(), "{}", &body[..20]);
    }
}

#[test]
fn counts_may_be_words() {
    let count = |body: &str| serde_json::from_str::<Count>(body).ok();
    assert_eq!(count("5"), Some(Count::Number(5)));
    assert_eq!(count("\"5\""), Some(Count::Number(5)));
    assert_eq!(count("\"unlimited\""), Some(Count::Word("unlimited".to_owned())));
    assert_eq!((count("-1"), count("true"), count("[]")), (None, None, None));
}

#[test]
fn steps_of_a_path_are_names_and_numbers() {
    #[derive(Deserialize)]
    struct Error {
        #[serde(default, deserialize_with = "steps")]
        path: Vec<String>,
    }
    for (body, expected) in [
        (r#"{"path": ["enterprise", "nodes", 3]}"#, &["enterprise", "nodes", "3"][..]),
        (r#"{"path": null}"#, &[]),
        ("{}", &[]),
    ] {
        assert_eq!(serde_json::from_str::<Error>(body).expect(body).path, expected);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read::<One<Sample>>(&HeaderMap::new(), &body, false);
    }

    #[test]
    fn anything_like_json_is_read_or_refused(body in r#"(\[|\]|\{|\}|,|:|1|-|null|true|"number"|"inner"|"list"|"flag"|"word"|"x"){0,24}"#) {
        if let Err(why) = sample(&body) {
            let known = matches!(why, Refusal::NotJson { .. } | Refusal::WrongShape { .. } | Refusal::TooDeep);
            prop_assert!(known, "{why}");
        }
    }
}
