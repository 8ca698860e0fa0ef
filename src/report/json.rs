use gh_connect_engine::Record;

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
    schema.insert("$id".to_owned(), SCHEMA_ID.into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    text.push('\n');
    text
}

const SCHEMA_ID: &str = "urn:gh-connect:record:1";
