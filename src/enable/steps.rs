//! `--save-steps FILE`: what was seen, as roles, names, paths and times, without contents: for a report of which assumption about a
//! page is wrong. Each step is in the file as soon as it is seen.

use std::{fs::File, io::Write as _, path::Path, time::Instant};

use gh_connect_enable::{
    flow::{Page, Why},
    pages,
};
use gh_connect_engine::ConnectTarget;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    plan::{Place, Said, UsageError},
    platform, sink,
};

/// Where the steps go.
pub(super) struct Steps {
    began: Instant,
    file: Option<File>,
    written: usize,
}

impl Steps {
    /// Opens the file before anything is done, so that a path that cannot be written is no surprise later.
    pub(super) fn begin(path: Option<&str>) -> Result<Self, UsageError> {
        let open = |path: &str| {
            platform::private_anew(Path::new(path)).map_err(|error| {
                let said = Said { text: path.to_owned(), place: Place::Flag("--save-steps") };
                UsageError::at(&said, format!("this file cannot be written: {error}"))
            })
        };
        Ok(Self { began: Instant::now(), file: path.map(open).transpose()?, written: 0 })
    }

    /// A page was seen. Of a page of neither side, an identity provider's, nothing but that is kept.
    pub(super) fn saw(&mut self, page: &Page, target: &ConnectTarget) {
        let is_of_a_side =
            page.authority == target.server || page.authority == format!("{}:443", target.cloud);
        if !is_of_a_side {
            return self.add(json!({ "saw": "a page of neither side" }));
        }
        let matches: Vec<Value> = page
            .matches
            .iter()
            .map(|found| {
                let row = pages::ALL.iter().find(|row| row.id == found.row);
                let (role, name) = row.map_or(("", ""), |row| (row.role, row.name));
                let beside = format!("{:?}", found.beside).to_lowercase();
                json!({ "row": found.row, "role": role, "name": name, "beside": beside })
            })
            .collect();
        self.add(json!({ "saw": {
            "authority": page.authority,
            "path": without_tokens(&page.path),
            "verified": page.verified,
            "matches": matches,
        } }));
    }

    /// A button was pressed.
    pub(super) fn pressed(&mut self, name: &str) {
        self.add(json!({ "pressed": name }));
    }

    /// Something was noticed by asking both sides, or the person.
    pub(super) fn noticed(&mut self, what: &str) {
        self.add(json!({ "noticed": what }));
    }

    /// An assumption about a page was wrong, or the page is not as it should be.
    pub(super) fn missed(&mut self, why: Why) {
        let (what, row) = match why {
            Why::NoMatch(row) => ("no-match", Some(row)),
            Why::Several(row) => ("several", Some(row)),
            Why::NotVerified => ("not-verified", None),
            Why::NotReached => ("not-reached", None),
            Why::NoProgress => ("no-progress", None),
            Why::Restless => ("restless", None),
            Why::Dialog => ("dialog", None),
            Why::Silent => ("silent", None),
            Why::OtherSetup => ("other-setup", Some(pages::COMPLETE.id)),
            Why::OtherServer => ("other-server", Some(pages::SELECTION_SERVER.id)),
            Why::NotFollowed => ("not-followed", Some(pages::SELECTION.id)),
            Why::Blocked(_) => ("blocked", None),
            Why::PressedBefore(_) => ("pressed-before", None),
            Why::OutOfReach(_) => ("out-of-reach", None),
            Why::OtherAccount(_) => ("other-account", None),
        };
        let row = row.and_then(|id| pages::ALL.iter().find(|row| row.id == id));
        self.add(json!({ "missed": { "why": what, "row": row } }));
    }

    /// The flow ended in a trap.
    pub(super) fn ended(&mut self, how: impl Serialize) {
        self.add(json!({ "ended": how }));
    }

    fn add(&mut self, mut step: Value) {
        let Some(file) = self.file.as_mut().filter(|_| self.written < MOST_STEPS) else { return };
        step["at_ms"] = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).into();
        self.written += 1;
        // A disk that is full is no reason to leave a flow half-way.
        let _ = file.write_all(sink::clean_document(&format!("{step}\n")).as_bytes());
    }
}

/// A path in which a part that may be a token is left out: one that is long, or that looks random.
fn without_tokens(path: &str) -> String {
    let looks_random = |part: &str| part.len() >= 16 && part.bytes().any(|byte| byte.is_ascii_digit());
    let part = |part| if looks_random(part) || part.len() > MOST_PART { "..." } else { part };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

const MOST_STEPS: usize = 2_000;
const MOST_PART: usize = 60;

#[cfg(test)]
mod tests {
    use super::without_tokens;

    #[test]
    fn a_path_keeps_its_words_and_no_token() {
        for (path, kept) in [
            ("/enterprises/corp/settings/dotcom_connection", "/enterprises/corp/settings/dotcom_connection"),
            ("/admin/dotcom_connection/change_complete", "/admin/dotcom_connection/change_complete"),
            ("/reset/6f1c2d9a7be04e55a1", "/reset/..."),
            ("/", "/"),
        ] {
            assert_eq!(without_tokens(path), kept);
        }
    }
}
