//! What was said, word for word, and where: the input of a plan.

use std::{ops::Range, path::PathBuf, sync::Arc};

use gh_connect_engine::Origin;

use crate::cli::CheckFlags;

/// One value as it was said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The text. In the file, numbers are texts here, too.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) place: Place,
}

/// Where something was said.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// On the command line, as the value of this flag, `--proxy`.
    Flag(&'static str),
    /// In a file, at these bytes.
    File(Arc<Source>, Range<usize>),
}

/// A configuration text and its name.
#[derive(Debug)]
pub(crate) struct Source {
    /// As it is shown.
    pub(crate) name: String,
    /// The text itself.
    pub(crate) text: String,
    /// Where relative paths begin.
    pub(crate) folder: PathBuf,
    /// The lab world that said it, if one did.
    pub(crate) world: Option<String>,
}

impl Said {
    /// The origin that the plan keeps.
    pub(crate) fn origin(&self) -> Origin {
        match &self.place {
            Place::Flag(flag) => Origin::flag(flag),
            Place::File(source, span) => match &source.world {
                Some(world) => Origin::world(world),
                None => Origin::file(&source.name, source.position(span.start).0),
            },
        }
    }

    /// What a message has of it: `part` of what was said on the command line. A file may hold a password in the wrong place, and
    /// is not repeated: `instead` stands for it.
    pub(crate) fn spoken(&self, part: impl Into<String>, instead: &str) -> String {
        match &self.place {
            Place::Flag(_) => part.into(),
            Place::File(..) => instead.to_owned(),
        }
    }

    /// A path that was said; in a file, relative ones begin beside the file.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.place {
            Place::Flag(_) => PathBuf::from(&self.text),
            Place::File(source, _) => source.folder.join(&self.text),
        }
    }
}

impl Source {
    /// Line and column of a byte, in characters, both counted from 1.
    pub(crate) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The whole line of a byte, and where it starts.
    pub(crate) fn line(&self, at: usize) -> (usize, &str) {
        let at = at.min(self.text.len());
        let start =
            self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        (start, line.trim_end_matches('\r'))
    }
}

/// Everything that one place said: the command line, a file or a lab world. Fields are the keys of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) server: Option<Said>,
    pub(crate) enterprise: Option<Said>,
    pub(crate) ghe_com: Option<Said>,
    pub(crate) proxy: Option<Said>,
    pub(crate) no_proxy: Option<Said>,
    pub(crate) ca_file: Vec<Said>,
    pub(crate) resolver: Vec<Said>,
    pub(crate) connect_to: Vec<Said>,
    pub(crate) egress_ip: Vec<Said>,
    pub(crate) echo: Vec<Said>,
    pub(crate) ghe_config: Option<Said>,
    pub(crate) attest_invoiced: Option<Said>,
    pub(crate) invoiced_by: Option<Said>,
    pub(crate) invoiced_on: Option<Said>,
    pub(crate) invoiced_evidence: Option<Said>,
    pub(crate) also: Vec<Said>,
    pub(crate) feature: Vec<Said>,
    pub(crate) only: Vec<Said>,
    pub(crate) skip: Vec<Said>,
    pub(crate) waive: Vec<Said>,
    pub(crate) timeout: Option<Said>,
    pub(crate) deadline: Option<Said>,
    pub(crate) output: Vec<Said>,
    pub(crate) fail_on: Option<Said>,
    pub(crate) color: Option<Said>,
    pub(crate) loopback_only: Option<Said>,
    pub(crate) hosts_file: Option<Said>,
    pub(crate) trust_system: Option<Said>,
    pub(crate) trust_public: Option<Said>,
}

impl Layer {
    /// What the command line said.
    pub(crate) fn of_flags(flags: &CheckFlags, color: Option<&str>) -> Self {
        let one = |flag: &'static str, text: &Option<String>| {
            text.as_ref().map(|text| Said { text: text.clone(), place: Place::Flag(flag) })
        };
        let list = |flag: &'static str, texts: &[String]| -> Vec<Said> {
            texts.iter().map(|text| Said { text: text.clone(), place: Place::Flag(flag) }).collect()
        };
        Self {
            server: one("--server", &flags.server),
            enterprise: one("--enterprise", &flags.enterprise),
            ghe_com: one("--ghe-com", &flags.ghe_com),
            proxy: one("--proxy", &flags.proxy),
            no_proxy: one("--no-proxy", &flags.no_proxy),
            ca_file: list("--ca-file", &flags.ca_file),
            resolver: list("--resolver", &flags.resolver),
            connect_to: list("--connect-to", &flags.connect_to),
            egress_ip: list("--egress-ip", &flags.egress_ip),
            ghe_config: one("--ghe-config", &flags.ghe_config),
            attest_invoiced: one("--attest-invoiced", &flags.attest_invoiced),
            also: list("--also", &flags.also),
            feature: list("--feature", &flags.feature),
            only: list("--only", &flags.only),
            skip: list("--skip", &flags.skip),
            waive: list("--waive", &flags.waive),
            timeout: one("--timeout", &flags.timeout),
            deadline: one("--deadline", &flags.deadline),
            output: list("-o", &flags.output),
            fail_on: one("--fail-on", &flags.fail_on),
            color: color.map(|text| Said { text: text.to_owned(), place: Place::Flag("--color") }),
            ..Self::default()
        }
    }
}
