//! A world file of the lab.
#![no_main]

use gh_connect_lab::World;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = World::parse("fuzz.toml", text) {
        assert!(!error.to_string().is_empty());
    }
});
