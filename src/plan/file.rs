//! The configuration file: the flags' names without dashes, and a few keys for machines whose stores live elsewhere.

use std::{cmp::Ordering, ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::UsageError,
    said::{Layer, Place, Said, Source},
    toml_values::key,
};
use crate::secrets::credentials;

/// Reads a configuration: what could be understood, and everything that is wrong with the rest.
pub(crate) fn read(source: &Arc<Source>) -> (Layer, Vec<UsageError>) {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        // One slip can have a long tail.
        let errors = errors.iter().take(MOST_SLIPS).map(|error| syntax(source, error));
        return (Layer::default(), errors.collect());
    }
    let mut reading = Reading { source, layer: Layer::default(), errors: Vec::new() };
    reading.table(table.get_ref(), &[], KEYS);
    (reading.layer, reading.errors)
}

struct Reading<'a> {
    source: &'a Arc<Source>,
    layer: Layer,
    errors: Vec<UsageError>,
}

/// A key, what stands after it, and where it goes.
struct Key {
    name: &'static str,
    takes: Takes,
    slot: fn(&mut Layer) -> Slot<'_>,
}

/// What a key takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    Texts,
    /// One text with commas, or a list.
    TextOrTexts,
    Number,
    Boolean,
    /// A date, or a text that is one.
    Date,
    /// A table with keys of its own.
    Table(&'static [Key]),
}

/// Where a value goes.
enum Slot<'a> {
    One(&'a mut Option<Said>),
    Many(&'a mut Vec<Said>),
    /// Tables have none.
    Nowhere,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &[&str], keys: &'static [Key]) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let spoken = name.get_ref().as_ref();
            let full = path.iter().copied().chain([spoken]).collect::<Vec<_>>().join(".");
            match keys.iter().find(|key| key.name == spoken) {
                Some(key) => self.value(key, &full, value),
                None => self.complain(|this| this.unknown(name, &full, spoken, path, keys)),
            }
        }
    }

    fn value(&mut self, key: &'static Key, name: &str, value: &Spanned<DeValue<'_>>) {
        let span = value.span();
        let said = |text: &str, span: Range<usize>| Said {
            text: text.to_owned(),
            place: Place::File(Arc::clone(self.source), span),
        };
        let said = match (key.takes, value.get_ref()) {
            (Takes::Table(keys), DeValue::Table(table)) => return self.table(table, &[name], keys),
            (Takes::Text | Takes::TextOrTexts | Takes::Date, DeValue::String(text)) => vec![said(text, span)],
            (Takes::Date, DeValue::Datetime(date)) => vec![said(&date.to_string(), span)],
            (Takes::Number, DeValue::Integer(number)) => vec![said(&number.to_string(), span)],
            (Takes::Number, DeValue::Float(number)) => vec![said(&number.to_string(), span)],
            (Takes::Boolean, DeValue::Boolean(yes)) => vec![said(if *yes { "true" } else { "false" }, span)],
            (Takes::Texts | Takes::TextOrTexts, DeValue::Array(items)) => {
                let mut all = Vec::new();
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::String(text) => all.push(said(text, item.span())),
                        other => self.complain(|this| this.mistyped(key, name, other, item.span())),
                    }
                }
                if matches!(key.takes, Takes::TextOrTexts) {
                    let list: Vec<&str> = all.iter().map(|item| item.text.as_str()).collect();
                    all = vec![said(&list.join(","), span)];
                }
                all
            }
            (_, other) => return self.complain(|this| this.mistyped(key, name, other, span)),
        };
        let holds_one = match key.takes_a_url() {
            true => credentials::stands_for_a_host,
            false => credentials::stands_in,
        };
        if let Some(said) = said.iter().find(|said| holds_one(&said.text)) {
            let error = UsageError::at(said, "this is a credential, or holds one");
            return self.errors.push(error.hint(credentials::NOT_IN_A_FILE).hint(credentials::WHERE));
        }
        match (key.slot)(&mut self.layer) {
            Slot::One(slot) => *slot = said.into_iter().next(),
            Slot::Many(slot) => *slot = said,
            Slot::Nowhere => {}
        }
    }

    /// Takes down an error. What comes after many is not even worded: nobody reads it.
    fn complain(&mut self, error: impl FnOnce(&Self) -> UsageError) {
        match self.errors.len().cmp(&MOST_ERRORS) {
            Ordering::Less => self.errors.push(error(self)),
            Ordering::Equal => {
                self.errors.push(UsageError::new(format!("{} has further errors", self.source.name)));
            }
            Ordering::Greater => {}
        }
    }

    fn unknown(
        &self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        full: &str,
        spoken: &str,
        path: &[&str],
        keys: &[Key],
    ) -> UsageError {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let error = UsageError::at_key(self.source, name.span(), format!("there is no key `{full}`"));
        if credentials::names_one(spoken) {
            return error.hint(credentials::NOT_IN_A_FILE).hint(credentials::WHERE);
        }
        let elsewhere = match (path, spoken) {
            ([], "lab" | "config") => Some(format!("`{spoken}` can only be said as a flag, --{spoken}")),
            ([], "attest-invoiced") => {
                Some("in the file it has its day: [billing] invoiced = { by = \"…\", on = 2026-05-03, evidence = \"…\" }".to_owned())
            }
            ([], "quiet" | "verbose") => Some(format!("`{spoken}` can only be said as a flag")),
            _ => None,
        };
        match elsewhere {
            Some(hint) => error.hint(hint),
            None => error.did_you_mean(spoken, &names).hint(format!("allowed: {}", names.join(", "))),
        }
    }

    fn mistyped(&self, key: &Key, name: &str, found: &DeValue<'_>, span: Range<usize>) -> UsageError {
        let (wanted, example) = match key.takes {
            Takes::Text => ("a text", format!("{} = \"…\"", key.name)),
            Takes::Texts | Takes::TextOrTexts => {
                ("a list of texts", format!("{} = [\"…\", \"…\"]", key.name))
            }
            Takes::Number => ("a number of seconds", format!("{} = 5", key.name)),
            Takes::Boolean => ("true or false", format!("{} = true", key.name)),
            Takes::Date => ("a date", format!("{} = 2026-05-03", key.name)),
            Takes::Table(_) => ("a table", format!("[{name}]")),
        };
        UsageError::in_file(self.source, span, format!("`{name}` is {wanted}, not {}", kind(found)))
            .hint(format!("allowed: {example}"))
    }
}

fn syntax(source: &Source, error: &toml::de::Error) -> UsageError {
    let at = error.span().unwrap_or(source.text.len()..source.text.len());
    let message = format!("this is not TOML: {}", error.message());
    let (_, line) = source.line(at.start);
    let name = key(line);
    let error = if name.is_some_and(is_known) || line.trim_start().starts_with('[') || line.trim().is_empty()
    {
        UsageError::in_file(source, at, message)
    } else {
        UsageError::at_key(source, at.start..at.start, message)
    };
    // `token: …` and `export TOKEN=…` are meant as keys, too.
    match line.split(['=', ':']).next().is_some_and(credentials::names_one) {
        true => error.hint(credentials::NOT_IN_A_FILE).hint(credentials::WHERE),
        false => error,
    }
}

/// Whether each part of a key is one that this file can have.
fn is_known(name: &str) -> bool {
    let known = |part: &str| {
        let mut all = [KEYS, EGRESS, BILLING, INVOICED, TRUST].into_iter().flatten();
        all.any(|key| key.name == part.trim().trim_matches(['"', '\'']))
    };
    name.split('.').all(known)
}

impl Key {
    /// Such a value may hold a user name and password, and is read by itself.
    fn takes_a_url(&self) -> bool {
        matches!(self.name, "proxy" | "server")
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The keys of the file, in the order of the documentation.
const KEYS: &[Key] = &[
    Key { name: "server", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.server) },
    Key { name: "enterprise", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.enterprise) },
    Key { name: "ghe-com", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.ghe_com) },
    Key { name: "proxy", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.proxy) },
    Key { name: "no-proxy", takes: Takes::TextOrTexts, slot: |layer| Slot::One(&mut layer.no_proxy) },
    Key { name: "ca-file", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.ca_file) },
    Key { name: "resolver", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.resolver) },
    Key { name: "connect-to", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.connect_to) },
    Key { name: "egress-ip", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.egress_ip) },
    Key { name: "ghe-config", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.ghe_config) },
    Key { name: "also", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.also) },
    Key { name: "feature", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.feature) },
    Key { name: "only", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.only) },
    Key { name: "skip", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.skip) },
    Key { name: "waive", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.waive) },
    Key { name: "timeout", takes: Takes::Number, slot: |layer| Slot::One(&mut layer.timeout) },
    Key { name: "deadline", takes: Takes::Number, slot: |layer| Slot::One(&mut layer.deadline) },
    Key { name: "output", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.output) },
    Key { name: "fail-on", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.fail_on) },
    Key { name: "color", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.color) },
    Key { name: "hosts-file", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.hosts_file) },
    Key { name: "loopback-only", takes: Takes::Boolean, slot: |layer| Slot::One(&mut layer.loopback_only) },
    Key { name: "trust", takes: Takes::Table(TRUST), slot: |_| Slot::Nowhere },
    Key { name: "egress", takes: Takes::Table(EGRESS), slot: |_| Slot::Nowhere },
    Key { name: "billing", takes: Takes::Table(BILLING), slot: |_| Slot::Nowhere },
];

const EGRESS: &[Key] =
    &[Key { name: "echo", takes: Takes::Texts, slot: |layer| Slot::Many(&mut layer.echo) }];

const BILLING: &[Key] = &[Key { name: "invoiced", takes: Takes::Table(INVOICED), slot: |_| Slot::Nowhere }];

const INVOICED: &[Key] = &[
    Key { name: "by", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.invoiced_by) },
    Key { name: "on", takes: Takes::Date, slot: |layer| Slot::One(&mut layer.invoiced_on) },
    Key { name: "evidence", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.invoiced_evidence) },
];

const TRUST: &[Key] = &[
    Key { name: "system", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.trust_system) },
    Key { name: "public", takes: Takes::Text, slot: |layer| Slot::One(&mut layer.trust_public) },
];

const MOST_SLIPS: usize = 5;
/// More than anybody mends before trying again.
const MOST_ERRORS: usize = 20;
