//! The person, where the world says that they act by themselves: scripts of the page, which press what a hand would.

use crate::world::Person;

/// Fills the fields with these ids and submits their form, after the person's time.
pub(super) fn fills(person: &Person, fields: &[(&str, &str)]) -> Option<String> {
    let filled: String = fields
        .iter()
        .map(|(id, value)| format!("document.getElementById({}).value={};", quoted(id), quoted(value)))
        .collect();
    let (first, _) = fields.first()?;
    let submitted = format!("document.getElementById({}).form.requestSubmit()", quoted(first));
    after(person.delay()?, &format!("{filled}{submitted}"))
}

/// Presses what has this id, after the person's time, while they sign in.
pub(super) fn proceeds(person: &Person, id: &str) -> Option<String> {
    after(person.delay()?, &click(id))
}

/// Presses what has this id, after the person's time, if they press the two buttons at all.
pub(super) fn presses(person: &Person, id: &str) -> Option<String> {
    match person.presses && !person.never {
        true => after(person.delay().unwrap_or_default(), &click(id)),
        false => None,
    }
}

fn click(id: &str) -> String {
    format!("document.getElementById({}).click()", quoted(id))
}

fn after(seconds: u32, act: &str) -> Option<String> {
    Some(format!("setTimeout(()=>{{{act}}},{})", u64::from(seconds) * 1000))
}

/// A string in JavaScript within HTML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}
