use futures::{FutureExt as _, future::BoxFuture};
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};

use super::{UnknownId, explain, reference};
use crate::report::{Detail, Look};

static CHECKS: &[&'static dyn Check] = &[&Pipes];

struct Pipes;

static META: Meta = Meta {
    id: "pipes",
    title: "Pipes that lead out",
    category: Category::Network,
    words: WORDS,
    kinds: &[&LEAKY, &DRIPPING, &UNSEEN, &LONG],
    in_doubt: InDoubt {
        owner: Owner::Network,
        text: "Look under the floor of SERVER",
        command: Some("lift-floor SERVER"),
    },
};

static LEAKY: Kind = kind("pipes/leaky", Severity::Blocker, false, "A pipe lets everything out");
static DRIPPING: Kind = kind("pipes/dripping", Severity::Warning, false, "A pipe drips");
static UNSEEN: Kind = kind("pipes/unseen", Severity::Blocker, true, "Nobody could look into a pipe");
static LONG: Kind = kind("pipes/long", Severity::Note, false, "A pipe is long | winding");

const fn kind(id: &'static str, severity: Severity, undetermined: bool, title: &'static str) -> Kind {
    Kind {
        id,
        severity,
        undetermined,
        title,
        since: "0.1.0",
        world: "about = \"The pipe to `github.com` leaks.\"",
    }
}

const WORDS: &str = "\
# pipes

Looks at every pipe, from **both** ends.

## How it measures

It listens.

## pipes/leaky

Water is lost between `a` and `b`.

**Why** GitHub Connect needs all of it.

**Fix**

- network: weld the pipe, as in [the plumber's guide](https://plumbers.example/guide)
- server-admin: run `ghe-weld -c pipe.crt && ghe-config-apply`, and look again after a while, for it may drip still

## pipes/dripping

A drop at a time.

**Why** It adds up.

**Fix**

- network: a bucket
";

impl Check for Pipes {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Run]
    }

    fn examine<'a>(&'a self, _: &'a Subject, _: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        async { Ok(Examination::default()) }.boxed()
    }
}

fn look() -> Look {
    Look { color: false, unicode: true, width: 80, detail: Detail::Normal }
}

#[test]
fn everything_is_explained() {
    for id in [
        None,
        Some("pipes"),
        Some("pipes/leaky"),
        Some("pipes/dripping"),
        Some("pipes/unseen"),
        Some("pipes/long"),
    ] {
        let text = explain(CHECKS, id, &look()).expect("known");
        insta::assert_snapshot!(id.unwrap_or("catalogue").replace('/', "-"), text);
    }
}

#[test]
fn an_unknown_id_names_the_nearest() {
    let error = explain(CHECKS, Some("pipes/leeky"), &look()).expect_err("unknown");
    assert_eq!(error.to_string(), "there is no check or finding `pipes/leeky`; did you mean `pipes/leaky`?");
    let error = explain(CHECKS, Some("quite another thing"), &look()).expect_err("unknown");
    assert_eq!(error, UnknownId { id: "quite another thing".to_owned(), meant: None });
}

#[test]
fn the_reference_is_made_from_the_checks() {
    let files = reference::files(CHECKS);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "docs/schema/record-1.json",
            "docs/schema/status-1.json",
            "docs/findings.md",
            "docs/checks/README.md",
            "docs/checks/pipes.md"
        ]
    );
    for (path, text) in &files[2..] {
        insta::assert_snapshot!(path.replace('/', "-"), text);
    }
}
