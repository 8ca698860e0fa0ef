//! What GitHub says instead of an answer, over REST and GraphQL: safe to show, bounded, and the same out of a record.
#![no_main]

use gh_connect_github::{Api, GraphQlError, Refusal};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Vec<(u8, &[u8])>, Vec<(u8, &str)>, bool, &[u8])| {
    let (status, pairs, words, credential, bytes) = input;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_static(HEADERS[usize::from(name) % HEADERS.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    let words: String = words
        .iter()
        .flat_map(|(phrase, text)| [PHRASES[usize::from(*phrase) % PHRASES.len()], text])
        .collect();
    let body = serde_json::json!({ "message": words }).to_string();
    for body in [bytes, body.as_bytes()] {
        let refusal = Refusal::of_rest(status, &headers, body, credential);
        assert_eq!(refusal.is_none(), status == 200);
        refusal.iter().for_each(holds);
    }
    let error = GraphQlError { message: Some(words), ..GraphQlError::default() };
    holds(&Refusal::of_graphql(&error, &headers));
    if let Ok(error) = serde_json::from_slice::<GraphQlError>(bytes) {
        holds(&Refusal::of_graphql(&error, &headers));
    }
});

fn holds(refusal: &Refusal) {
    let saved = serde_json::to_string(refusal).expect("a refusal can be saved");
    assert!(saved.len() < 32 * 1024, "{} bytes", saved.len());
    assert_eq!(&serde_json::from_str::<Refusal>(&saved).expect("what was saved can be read"), refusal);
    assert!(!refusal.to_string().chars().any(char::is_control));
    if let Refusal::SsoRequired { url: Some(url) } = refusal {
        assert!(url.starts_with("https://") && !url.contains(['?', '@']), "{url}");
    }
    for api in [Api::Cloud, Api::Server, Api::Manage] {
        assert!(gh_connect_checks::check(refusal.owner(api)).is_some(), "a check owns every reason");
    }
}

const HEADERS: [&str; 9] = [
    "content-type",
    "location",
    "retry-after",
    "x-accepted-github-permissions",
    "x-accepted-oauth-scopes",
    "x-github-sso",
    "x-oauth-scopes",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];
/// Of facts §6, in pieces.
const PHRASES: [&str; 14] = [
    "",
    "the `acme` enterprise has an IP allow list enabled, and ",
    "203.0.113.7",
    " is not permitted",
    "the `",
    "` ",
    " has an IP allow list enabled",
    "SAML enforcement",
    "secondary rate limit",
    "API rate limit exceeded",
    "forbids access via a personal access token",
    "has not been granted the required scopes of the following scopes: ['",
    "'], been granted the: ['",
    "Resource not accessible by",
];
