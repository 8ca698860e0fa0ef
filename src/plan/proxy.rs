//! Which proxy, and by whose word: flag, then file, then environment.

use gh_connect_engine::{NoProxy, Origin, ProxySetting, ProxyUrl, ProxyUrlError, Sourced};

use super::{
    error::UsageError,
    said::{Place, Said},
};
use crate::environment::Environment;

/// The proxy of the run, and the settings that were seen and not used.
pub(super) struct Proxies {
    pub(super) used: Sourced<ProxySetting>,
    pub(super) others: Vec<Sourced<ProxySetting>>,
    /// Whether somebody said it for this run.
    pub(super) for_this_run: bool,
}

/// Of all settings, the nearest is used. `said` is in order of precedence.
pub(super) fn settle(said: &[&Said], environment: &Environment, errors: &mut Vec<UsageError>) -> Proxies {
    let mut all: Vec<Sourced<ProxySetting>> = Vec::new();
    for said in said {
        match setting(said) {
            Ok(setting) => all.push(Sourced::new(setting, said.origin())),
            Err(error) => errors.push(error),
        }
    }
    let for_this_run = !all.is_empty();
    all.extend(VARIABLES.iter().filter_map(|name| {
        let value = environment.text(name)?;
        Some(Sourced::new(found(value), Origin::environment(name)))
    }));
    let mut all = all.into_iter();
    let used = all.next().unwrap_or_else(|| Sourced::default(ProxySetting::Off));
    Proxies { used, others: all.collect(), for_this_run }
}

/// The exclusion list.
pub(super) fn exclusions(said: Option<&Said>, environment: &Environment) -> Sourced<NoProxy> {
    if let Some(said) = said {
        return Sourced::new(NoProxy::parse(&said.text), said.origin());
    }
    let variable =
        ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| Some((name, environment.text(name)?)));
    match variable {
        Some((name, list)) => Sourced::new(NoProxy::parse(list), Origin::environment(name)),
        None => Sourced::default(NoProxy::default()),
    }
}

/// What somebody wrote for this run must be right; a scheme that cannot work is their server's setting and worth a finding.
fn setting(said: &Said) -> Result<ProxySetting, UsageError> {
    let text = said.text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("off") {
        return Ok(ProxySetting::Off);
    }
    match ProxyUrl::parse(text) {
        Ok(url) => Ok(ProxySetting::Use(url)),
        Err(ProxyUrlError::UnsupportedScheme(scheme)) => {
            Ok(ProxySetting::Unsupported { shown: ProxyUrl::shown(text), scheme })
        }
        Err(reason) => {
            let mut error = UsageError::at(said, format!("this is not the URL of a proxy: {reason}"))
                .hint("allowed: http://HOST:PORT, https://HOST:PORT, or `off` for none");
            if reason == ProxyUrlError::NoScheme && names_a_port(said, text) {
                error = error.meant(&format!("http://{}", ProxyUrl::shown(text)));
            }
            Err(error)
        }
    }
}

/// Whether what was said without a scheme can be repeated with one: in a file only what ends in a port.
fn names_a_port(said: &Said, text: &str) -> bool {
    let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    matches!(said.place, Place::Flag(_)) || port.is_some()
}

/// What the environment holds is a fact about it, right or wrong.
fn found(text: &str) -> ProxySetting {
    match ProxyUrl::parse(text) {
        Ok(url) => ProxySetting::Use(url),
        Err(ProxyUrlError::UnsupportedScheme(scheme)) => {
            ProxySetting::Unsupported { shown: ProxyUrl::shown(text), scheme }
        }
        Err(reason) => ProxySetting::Invalid { shown: ProxyUrl::shown(text), reason: reason.to_string() },
    }
}

/// For HTTPS, in the order in which they are asked. HTTP_PROXY is for plain HTTP and has no say here.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
