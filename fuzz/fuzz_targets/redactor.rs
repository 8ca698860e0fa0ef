//! The last filter before every sink: no secret that is unmistakable gets through, in none of the forms in which it travels.
#![no_main]

use gh_connect_engine::{Redactor, Secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (user, password, text) = input;
    let mut redactor = Redactor::new();
    redactor.learn_pair(&Secret::new(user), &Secret::new(password));
    // Of what the filter itself writes nothing can be kept out.
    let unmistakable =
        password.len() >= 8 && !password.contains(['[', ']']) && !"redacted".contains(password);
    if unmistakable {
        let json = serde_json::to_string(password).expect("a text");
        let percent: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let html: String = password.chars().map(|c| format!("&#{};", u32::from(c))).collect();
        let hex: String = password.bytes().map(|byte| format!("{byte:02X}")).collect();
        for form in [password, json.trim_matches('"'), &percent, &html, &hex] {
            let through = format!("{text} {form} {text}");
            assert!(!redactor.clean(&through).contains(form));
            assert!(!redactor.clean_report(&through).contains(form));
        }
    }
    let nobody = Redactor::new();
    assert_eq!(nobody.clean(text), text);
});
