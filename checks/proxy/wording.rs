//! Words that several findings share.

use std::time::Duration;

use gh_connect_engine::{Plan, ProxySetting, Sourced, Target};

/// `12 ms`, `1.0 s`.
pub(super) fn span(micros: u64) -> String {
    match micros {
        0..=999 => "less than 1 ms".to_owned(),
        1_000..=999_999 => format!("{} ms", micros / 1_000),
        _ => format!("{:.1} s", Duration::from_micros(micros).as_secs_f64()),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[impl AsRef<str>]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [all @ .., last] => {
            let all: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", all.join(", "), last.as_ref())
        }
    }
}

/// A setting in words.
pub(super) fn setting(setting: &ProxySetting) -> String {
    match setting {
        ProxySetting::Off => "no proxy".to_owned(),
        ProxySetting::Use(url) => url.to_string(),
        ProxySetting::Invalid { shown, .. } | ProxySetting::Unsupported { shown, .. } => {
            format!("\"{shown}\"")
        }
    }
}

/// Where it was said, for the middle of a sentence: nothing for what nobody said.
pub(super) fn origin<T>(sourced: &Sourced<T>) -> String {
    format!("({})", sourced.origin)
}

/// The hosts that GitHub Connect needs, as a rule of a proxy names them.
pub(super) fn required(plan: &Plan) -> String {
    let required: Vec<String> =
        plan.targets.iter().filter(|target| target.required()).map(Target::to_string).collect();
    list(&required)
}

/// Where the setting lives on a GitHub Enterprise Server (GitHub docs: Configuring an outbound web proxy server).
pub(super) const SETTING: &str = "Management Console > Privacy > HTTP Proxy Server";
/// And its exclusions.
pub(super) const EXCLUSION: &str = "Management Console > Privacy > HTTP Proxy Exclusion";
