//! What `ghe-config` prints: what is read can be written and read again, and the last of several lines counts.
#![no_main]

use gh_connect_checks::ghe_com::{GheConfig, Unreadable, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let config = read(text);
    match &config {
        Ok(config) => assert_eq!(read(&written(config)).as_ref(), Ok(config)),
        Err(Unreadable::NoTruthValue(value)) => assert!(text.contains(value) && !value.contains('\n')),
        Err(Unreadable::NothingOfIt) => assert!(!text.trim().is_empty()),
    }
    if !matches!(config, Err(Unreadable::NoTruthValue(_))) {
        let last = GheConfig { enabled: Some(false), subdomain: Some("acme".to_owned()) };
        assert_eq!(read(&format!("{text}\n{}", written(&last))), Ok(last));
    }
});

fn written(config: &GheConfig) -> String {
    let enabled = config.enabled.map(|enabled| format!("{KEYS}-enabled {enabled}\n"));
    let subdomain = config.subdomain.as_ref().map(|value| format!("{KEYS}-subdomain \"{value}\"\n"));
    enabled.unwrap_or_default() + &subdomain.unwrap_or_default()
}

const KEYS: &str = "app.github.github-connect-ghe-com";
