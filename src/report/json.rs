use gh_connect_engine::{Record, SCHEMA_VERSION, State};

/// The record itself, for scripts.
pub(super) fn render(record: &Record) -> Vec<u8> {
    // A record is plain data with text keys: writing it cannot fail, and an empty report would only hide that it did.
    let mut text = serde_json::to_string_pretty(record).expect("a record is plain data");
    text.push('\n');
    text.into_bytes()
}

/// The JSON schema of the record, as in `docs/schema/record-1.json`.
pub(crate) fn schema() -> String {
    let mut schema = schemars::schema_for!(Record);
    schema.insert("$id".to_owned(), format!("urn:gh-connect:record:{SCHEMA_VERSION}").into());
    // Promises that the types alone do not tell.
    if let Some(version) = schema.pointer_mut("/properties/schema_version") {
        version["const"] = SCHEMA_VERSION.into();
    }
    if let Some(counts) = schema.pointer_mut("/$defs/Summary/properties/counts") {
        counts["required"] = State::ALL.map(State::id).to_vec().into();
    }
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    text.push('\n');
    text
}
