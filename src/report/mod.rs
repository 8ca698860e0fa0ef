//! Reports: one record, any format, pure bytes out.
//!
//! A format is one small file with one function from a record to bytes. None knows a check; what several of them tell,
//! which findings belong together and what the verdict says in words, is worked out once in [`story`].

mod glyph;
mod header;
mod json;
pub(crate) mod page;
mod short;
pub(crate) mod story;
mod table;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use gh_connect_engine::Record;

pub(crate) use json::schema;

/// How a record is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For a person, on one screen.
    #[default]
    Table,
    /// Only problems and the verdict, a line each.
    Short,
    /// The record itself.
    Json,
}

impl Format {
    /// All of them, in the order of the documentation.
    pub(crate) const ALL: [Self; 3] = [Self::Table, Self::Short, Self::Json];

    /// The name on the command line.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Short => "short",
            Self::Json => "json",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|format| format.id() == text);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::id).join(", ")))
    }
}

/// How the formats for people look; the others ignore it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Whether to use colours. Every state also has a word, so that nothing depends on them.
    pub(crate) color: bool,
    /// Whether the reader's terminal shows more than ASCII.
    pub(crate) unicode: bool,
    /// Columns; less than 60 is taken as 60, more than 120 as 120, beyond which prose is hard to read.
    pub(crate) width: usize,
    /// How much to say.
    pub(crate) detail: Detail,
}

/// How much to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// The verdict only: `-q`.
    Quiet,
    /// What a person needs to act.
    #[default]
    Normal,
    /// Evidence and facts as well: `-v`.
    Verbose,
}

/// Writes `record` in `format`. Text in the record is escaped once more before it is shown, since a record may come from a
/// file that somebody else wrote.
pub(crate) fn render(format: Format, record: &Record, look: &Look) -> Vec<u8> {
    match format {
        Format::Table => table::render(record, look),
        Format::Short => short::render(record, look),
        Format::Json => json::render(record),
    }
}
