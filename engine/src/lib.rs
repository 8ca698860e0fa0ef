//! Vocabulary and runner of `gh-connect`.
//!
//! Data runs one way: a [`Plan`] says what was asked for, [`Fact`]s are measured once each, [`Check`]s judge them without
//! touching the world, [`Run`] gathers their outcomes, and the [`Record`] keeps all of it so that it can be saved, rendered
//! and judged again. Only a live run can pass the [`gate`]. This crate holds no network code.

mod check;
mod context;
mod effects;
mod event;
mod fact;
mod finding;
mod gate;
mod lack;
mod no_proxy;
mod plan;
mod proxy_url;
mod record;
mod redact;
mod run;
mod text;
mod waits;
mod what_if;
mod words;

pub use check::{Category, Check, Examination, InDoubt, Meta, Subject};
pub use context::Cx;
pub use effects::{Effects, LONGEST_READ, MOST_OF_A_FILE, Machine};
pub use event::Event;
pub use fact::{Fact, Stop};
pub use finding::{Finding, Kind, Owner, Severity, Step};
pub use gate::{Clear, ConnectTarget, Permit, Reason, Stale, gate, reasons};
pub use lack::Lack;
pub use no_proxy::{Dialect, NoProxy};
pub use plan::{
    AccountPlan, Attestation, ConnectTo, Origin, Plan, Product, ProxySetting, Role, Roots, Route, Seconds,
    Selection, Sourced, Target, Trust, Waiver, WayToServer,
};
pub use proxy_url::{Credentials, ProxyScheme, ProxyUrl, ProxyUrlError};
pub use record::{
    CheckRecord, FactRecord, FindingRecord, NotJudged, Policy, Record, Remark, RunRecord, SCHEMA_VERSION,
    State, StepRecord, Summary, ToolRecord, Verdict, exit_code,
};
pub use redact::{Redactor, Secret};
pub use run::{Interrupt, Measured, Preparation, Run, judge_again};
pub use text::{MOST_OF_A_BYTE, is_legible, shown, shown_bytes, visible, without_invisible};
pub use what_if::WhatIf;
pub use words::{Section, section};
