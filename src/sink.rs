//! The only way out: everything that reaches stdout, stderr or a file passes the redactor here.

use std::{
    borrow::Cow,
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use gh_connect_engine::{Record, Redactor, StepRecord, Stop, visible};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Every secret that was learned so far. One for the process, because a panic must find it too.
static REDACTOR: Mutex<Option<Redactor>> = Mutex::new(None);

/// Adds to the secrets that are never shown.
pub(crate) fn learn(teach: impl FnOnce(&mut Redactor)) {
    teach(REDACTOR.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default());
}

/// The text without any secret that was learned.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    with_redactor(|redactor| redactor.clean(text))
}

/// A record whose text from outside holds no secret, and none of whose text has characters that are invisible or that a
/// terminal obeys, whoever wrote it. Ids and states stay whole, whatever somebody's password is.
pub(crate) fn clean_record(mut record: Record) -> Record {
    with_redactor(|redactor| {
        each_text(&mut record.plan, &mut |text| clean_name(redactor, text));
        for what_if in &mut record.run.what_if {
            [&mut what_if.text, &mut what_if.origin].into_iter().for_each(|text| clean_name(redactor, text));
        }
        for check in &mut record.checks {
            for finding in &mut check.findings {
                let texts =
                    [&mut finding.subject, &mut finding.message].into_iter().chain(&mut finding.waived);
                texts.for_each(|text| clean_text(redactor, text));
                clean_value(redactor, &mut finding.evidence);
                clean_steps(redactor, &mut finding.fix);
            }
            check.remarks.iter_mut().for_each(|remark| clean_text(redactor, &mut remark.text));
            for not_judged in &mut check.not_judged {
                clean_stop(redactor, &mut not_judged.stop);
                clean_steps(redactor, &mut not_judged.fix);
            }
        }
        for fact in &mut record.facts {
            clean_name(redactor, &mut fact.key);
            clean_value(redactor, &mut fact.value);
            fact.stop.iter_mut().for_each(|stop| clean_stop(redactor, stop));
        }
    });
    record
}

/// A fact as [`clean_record`] leaves those of a record.
pub(crate) fn clean_fact<T: Serialize + DeserializeOwned>(fact: &T) -> serde_json::Result<T> {
    let mut value = serde_json::to_value(fact)?;
    with_redactor(|redactor| clean_value(redactor, &mut value));
    serde_json::from_value(value)
}

/// As [`clean`], for a report made from a clean record. JSON stays JSON. Reports are UTF-8; what is not becomes U+FFFD.
pub(crate) fn clean_report(report: &[u8]) -> Cow<'_, [u8]> {
    let bytes = |text: Cow<'_, str>| text.into_owned().into_bytes();
    match std::str::from_utf8(report) {
        Ok(text) => match with_redactor(|redactor| redactor.clean_report_document(text)) {
            Cow::Borrowed(_) => Cow::Borrowed(report),
            clean @ Cow::Owned(_) => Cow::Owned(bytes(clean)),
        },
        Err(_) => {
            let text = String::from_utf8_lossy(report);
            Cow::Owned(with_redactor(|redactor| bytes(redactor.clean_report(&text))))
        }
    }
}

/// Writes a whole text to stdout. Nobody reading any more is no error: `gh-connect explain | head` ends quietly.
pub(crate) fn stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(clean(text).as_bytes()).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a whole text to stderr. There is nowhere to tell of a failure.
pub(crate) fn stderr(text: &str) {
    let _ = io::stderr().lock().write_all(clean(text).as_bytes());
}

/// As [`clean`], for a document that may be JSON and then is so still.
pub(crate) fn clean_document(text: &str) -> String {
    with_redactor(|redactor| redactor.clean_document(text).into_owned())
}

fn with_redactor<T>(use_it: impl FnOnce(&Redactor) -> T) -> T {
    use_it(REDACTOR.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

fn clean_text(redactor: &Redactor, text: &mut String) {
    replace(text, |text| redactor.clean(text));
    replace(text, visible);
}

/// What may be an id, a host or a path, which a short password must not break.
fn clean_name(redactor: &Redactor, text: &mut String) {
    replace(text, |text| redactor.clean_report(text));
    replace(text, visible);
}

fn replace(text: &mut String, by: impl FnOnce(&str) -> Cow<'_, str>) {
    if let Cow::Owned(clean) = by(text) {
        *text = clean;
    }
}

/// Texts are looked at together, as there may be thousands of a few letters, and one by one where that shows anything.
fn clean_value(redactor: &Redactor, value: &mut Value) {
    let (mut texts, mut together) = (Vec::new(), String::new());
    let clean = |texts: &mut Vec<&mut String>, together: &mut String| {
        if !redactor.is_plain(together) {
            texts.iter_mut().for_each(|text| clean_text(redactor, text));
        }
        texts.clear();
        together.clear();
    };
    each_text(value, &mut |text| {
        together.extend([text.as_str(), " "]);
        texts.push(text);
        if together.len() >= TOGETHER {
            clean(&mut texts, &mut together);
        }
    });
    clean(&mut texts, &mut together);
}

fn each_text<'a>(value: &'a mut Value, clean: &mut impl FnMut(&'a mut String)) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(values) => values.iter_mut().for_each(|value| each_text(value, clean)),
        Value::Object(values) => values.values_mut().for_each(|value| each_text(value, clean)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn clean_steps(redactor: &Redactor, steps: &mut [StepRecord]) {
    for step in steps {
        [&mut step.text].into_iter().chain(&mut step.command).for_each(|text| clean_text(redactor, text));
    }
}

fn clean_stop(redactor: &Redactor, stop: &mut Stop) {
    match stop {
        Stop::Skipped(text) | Stop::NotApplicable(text) | Stop::Trouble(text) => clean_text(redactor, text),
        // The id of a check.
        Stop::Blocked(_) => {}
    }
}
/// Bytes of texts that are looked at together.
const TOGETHER: usize = 4 * 1024;
