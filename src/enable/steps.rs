//! `--save-steps FILE`: what was seen, as roles, names, paths and times, without contents: for a report of which assumption about a
//! page is wrong.

use std::time::Instant;

use gh_connect_enable::flow::Page;
use serde_json::{Value, json};

/// The steps so far.
pub(super) struct Steps {
    began: Instant,
    list: Vec<Value>,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), list: Vec::new() }
    }

    /// A page was seen.
    pub(super) fn saw(&mut self, page: &Page) {
        let matches: Vec<Value> = page
            .matches
            .iter()
            .map(|found| json!({ "row": found.row, "beside": format!("{:?}", found.beside).to_lowercase() }))
            .collect();
        self.add(json!({ "saw": { "authority": page.authority, "path": page.path, "verified": page.verified, "matches": matches } }));
    }

    /// A button was pressed.
    pub(super) fn pressed(&mut self, name: &str) {
        self.add(json!({ "pressed": name }));
    }

    /// As JSON lines.
    pub(super) fn text(&self) -> String {
        self.list.iter().map(|step| format!("{step}\n")).collect()
    }

    fn add(&mut self, mut step: Value) {
        if self.list.len() < MOST_STEPS {
            step["at_ms"] = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).into();
            self.list.push(step);
        }
    }
}

const MOST_STEPS: usize = 2_000;
