//! Goldens of every format over records made by hand, and what must hold whatever the record says.

mod records;

use insta::assert_snapshot;

use super::{Detail, Format, Look, render, schema};

fn look(width: usize) -> Look {
    Look { color: false, unicode: true, width, detail: Detail::Normal }
}

fn text(format: Format, record: &gh_connect_engine::Record, look: &Look) -> String {
    String::from_utf8(render(format, record, look)).expect("text")
}

#[test]
fn table() {
    for (name, record) in records::all() {
        for width in [80, 120] {
            assert_snapshot!(format!("table-{width}-{name}"), text(Format::Table, &record, &look(width)));
        }
    }
}

#[test]
fn table_in_ascii_colours_and_detail() {
    let record = records::several_hosts();
    let ascii = Look { unicode: false, ..look(60) };
    assert_snapshot!("table-ascii", text(Format::Table, &record, &ascii));
    let color = Look { color: true, ..look(80) };
    assert_snapshot!("table-colour", text(Format::Table, &record, &color).replace('\u{1b}', "^"));
    let verbose = Look { detail: Detail::Verbose, ..look(100) };
    assert_snapshot!("table-verbose", text(Format::Table, &records::one_blocker(), &verbose));
}

/// A further step stays with the choice that it belongs to, and is not offered as another one.
#[test]
fn what_follows_a_step_stays_behind_it() {
    let mut record = records::several_hosts();
    let tls = record.checks.iter_mut().find(|check| check.id == "tls").expect("tls");
    let choices =
        [&["find it", "=mend it", "ask"][..], &["look here", "=look there"], &["find it", "=mend it"]];
    for (finding, texts) in tls.findings.iter_mut().zip(choices) {
        let step = finding.fix[0].clone();
        let steps = texts.iter().map(|text| gh_connect_engine::StepRecord {
            text: text.trim_start_matches('=').to_owned(),
            then: text.starts_with('='),
            ..step.clone()
        });
        finding.fix = steps.collect();
    }
    let text = text(Format::Table, &record, &look(120));
    let done = [
        "    Do     proxy team: find it",
        "           then proxy team: mend it",
        "           and proxy team: look here",
        "           then proxy team: look there",
        "           or proxy team: ask",
    ];
    assert!(text.contains(&(done.join("\n") + "\n")), "{text}");
}

#[test]
fn what_follows_the_first_step_of_a_warning_is_shown_with_it() {
    let mut record = records::warnings();
    for finding in record.checks.iter_mut().flat_map(|check| &mut check.findings) {
        let Some(step) = finding.fix.first().filter(|_| finding.id == "port-80/closed").cloned() else {
            continue;
        };
        let steps = [("buy it", false), ("upload it", true), ("ask", false)];
        let step = |(text, then): (&str, bool)| gh_connect_engine::StepRecord {
            text: text.to_owned(),
            command: None,
            then,
            ..step.clone()
        };
        finding.fix = steps.map(step).into();
    }
    let text = text(Format::Table, &record, &look(120));
    let done = ["    network team: buy it", "    then network team: upload it", "    gh-connect explain"];
    assert!(text.contains(&done.join("\n")), "{text}");
}

#[test]
fn the_sides_of_the_account_plane_are_named_in_one_sentence() {
    for (sides, named) in [
        (&["cloud", "server"][..], "cloud and server: a token is given"),
        (&["cloud", "server", "manage"], "cloud, server and manage: a token is given"),
    ] {
        let mut record = records::healthy();
        let text_of = |side: &&str| (*side).to_owned();
        let said = |subject| gh_connect_engine::Remark { subject, text: "a token is given".to_owned() };
        record.checks[0].remarks = sides.iter().map(text_of).map(said).collect();
        let text = text(Format::Table, &record, &look(120));
        assert!(text.contains(named), "{text}");
    }
}

#[test]
fn short() {
    let all: Vec<String> = records::all()
        .into_iter()
        .filter(|(name, _)| *name != "many-hosts")
        .map(|(name, record)| format!("# {name}\n{}", text(Format::Short, &record, &look(80))))
        .collect();
    assert_snapshot!("short", all.join("\n"));
}

#[test]
fn json() {
    assert_snapshot!("json-one-blocker", text(Format::Json, &records::one_blocker(), &look(80)));
}

#[test]
fn quiet_is_one_line() {
    let quiet = Look { detail: Detail::Quiet, ..look(80) };
    for format in [Format::Table, Format::Short] {
        let mut all = String::new();
        for (_, record) in records::all() {
            let line = text(format, &record, &quiet);
            assert_eq!(line.lines().count(), 1, "{line}");
            all.push_str(&line);
        }
        assert_snapshot!(format!("quiet-{}", format.id()), all);
    }
}

#[test]
fn json_is_the_record_and_matches_its_schema() {
    let schema = serde_json::from_str(&schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (name, record) in records::all() {
        let json: serde_json::Value =
            serde_json::from_slice(&render(Format::Json, &record, &look(80))).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let again: gh_connect_engine::Record = serde_json::from_value(json.clone()).expect("a record");
        assert_eq!(serde_json::to_value(&again).expect("JSON"), json, "{name}");
    }
    let refused = |spoil: fn(&mut serde_json::Value)| {
        let mut broken = serde_json::to_value(records::healthy()).expect("JSON");
        spoil(&mut broken);
        !validator.is_valid(&broken)
    };
    assert!(refused(|record| record["summary"]["verdict"] = "splendid".into()), "no such verdict");
    assert!(refused(|record| record["schema_version"] = 2.into()), "another version");
    assert!(refused(|record| drop(
        record["summary"]["counts"].as_object_mut().and_then(|counts| counts.remove("waived"))
    )));
    assert!(refused(|record| record["checks"][0]["state"] = "fine".into()), "no such state");
}

#[test]
fn no_line_is_longer_than_the_screen_and_no_terminal_is_commanded() {
    use unicode_width::UnicodeWidthStr as _;
    for (name, record) in records::all() {
        for (width, unicode, detail) in
            [(60, false, Detail::Verbose), (80, true, Detail::Normal), (120, true, Detail::Verbose)]
        {
            let look = Look { color: false, unicode, width, detail };
            let table = text(Format::Table, &record, &look);
            for line in table.lines() {
                assert!(line.width() <= width, "{name}: {line}");
            }
            for text in [table, text(Format::Short, &record, &look)] {
                assert!(!text.replace('\n', "").chars().any(char::is_control), "{name}");
                assert!(!text.contains(['\u{202e}', '\u{200b}']), "{name}");
                assert!(unicode || text.is_ascii(), "{name}");
                assert!(!text.contains("hunter2"), "{name}");
            }
        }
    }
}

#[test]
fn a_format_is_named_as_it_is_read() {
    for format in Format::ALL {
        assert_eq!(format.id().parse(), Ok(format));
    }
    assert_eq!("yaml".parse::<Format>(), Err("one of table, short, json".to_owned()));
}
