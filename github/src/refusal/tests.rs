use proptest::prelude::*;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a value")))
        .collect()
}

fn said(message: &str) -> String {
    serde_json::json!({ "message": message, "documentation_url": "https://docs.github.com/rest" }).to_string()
}

fn list(address: Option<&str>, owner_kind: &str, owner: &str) -> Refusal {
    Refusal::AllowList {
        address: address.map(|address| address.parse().expect("an address")),
        owner_kind: Some(owner_kind.to_owned()),
        owner: Some(owner.to_owned()),
    }
}

/// The texts of facts §6, word for word.
#[test]
fn refusals_over_rest_are_recognised() {
    let organization = "Although you appear to have the correct authorization credentials, the `ORG` organization has an IP allow \
        list enabled, and your IP address is not permitted to access this resource.";
    let with_address = "Although you appear to have the correct authorization credentials, the `acme` enterprise has an IP allow \
        list enabled, and 13.52.4.51 is not permitted to access this resource.";
    let with_v6 = with_address.replace("13.52.4.51", "2001:db8::7");
    let saml = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this \
        organization.";
    let sso = "required; url=https://github.com/orgs/octodocs-test/sso?authorization_request=AZSCKtL4U8yX1H3sCQIVnVgmjmon5fWxks5YrqhJgah0b2tlbl9pZM4EuMz4";
    let policy = "The 'ORG' organization forbids access via a personal access tokens (classic) if the token's lifetime is greater \
        than 180 days.";
    let primary = "API rate limit exceeded for 203.0.113.7. (But here's the good news: Authenticated requests get a higher rate \
        limit. Check out the documentation for more details.)";
    let message = |text: &str| text.to_owned();
    let scopes = |needs: &[&str], has: &[&str]| Refusal::MissingScopes {
        needs: needs.iter().map(ToString::to_string).collect(),
        has: has.iter().map(ToString::to_string).collect(),
    };
    let limited = |limit, resets_at: Option<i64>, retry_after_s| Refusal::RateLimited {
        limit,
        resets_at: resets_at.map(|at| Timestamp::from_second(at).expect("a time")),
        retry_after_s,
    };
    for (status, pairs, body, expected) in [
        (403, &[][..], said(organization), list(None, "organization", "ORG")),
        (403, &[], said(with_address), list(Some("13.52.4.51"), "enterprise", "acme")),
        (403, &[], said(&with_v6), list(Some("2001:db8::7"), "enterprise", "acme")),
        (
            403,
            &[("x-github-sso", sso)],
            said(saml),
            Refusal::SsoRequired { url: Some("https://github.com/orgs/octodocs-test/sso".to_owned()) },
        ),
        (403, &[], said(saml), Refusal::SsoRequired { url: None }),
        (
            403,
            &[("x-github-sso", "required; url=javascript:alert(1)")],
            said("x"),
            Refusal::SsoRequired { url: None },
        ),
        (401, &[], said("Bad credentials"), Refusal::BadCredentials { message: message("Bad credentials") }),
        (
            403,
            &[],
            said("Maximum number of login attempts exceeded. Please try again later."),
            Refusal::BadCredentials {
                message: message("Maximum number of login attempts exceeded. Please try again later."),
            },
        ),
        (
            404,
            &[
                ("x-oauth-scopes", "repo, user"),
                ("x-accepted-oauth-scopes", "admin:enterprise, read:enterprise"),
            ],
            said("Not Found"),
            scopes(&["admin:enterprise", "read:enterprise"], &["repo", "user"]),
        ),
        (
            403,
            &[("x-oauth-scopes", ""), ("x-accepted-oauth-scopes", "read:enterprise")],
            said("Must have admin rights to Enterprise."),
            scopes(&["read:enterprise"], &[]),
        ),
        (
            404,
            &[("x-oauth-scopes", "admin:enterprise"), ("x-accepted-oauth-scopes", "read:enterprise")],
            said("Not Found"),
            Refusal::NotFound { message: message("Not Found") },
        ),
        (
            404,
            &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "")],
            said("Not Found"),
            Refusal::NotFound { message: message("Not Found") },
        ),
        (
            403,
            &[("x-accepted-github-permissions", "enterprise_administration=read")],
            said("Resource not accessible by personal access token"),
            Refusal::MissingPermission { accepted: Some("enterprise_administration=read".to_owned()) },
        ),
        (
            403,
            &[],
            said("Resource not accessible by integration"),
            Refusal::MissingPermission { accepted: None },
        ),
        (403, &[], said(policy), Refusal::Policy { message: message(policy) }),
        (
            403,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1372700873")],
            said(primary),
            limited(RateLimit::Primary, Some(1_372_700_873), None),
        ),
        (429, &[("x-ratelimit-remaining", "0")], String::new(), limited(RateLimit::Primary, None, None)),
        (
            403,
            &[("retry-after", "60"), ("x-ratelimit-remaining", "4987")],
            said("You have exceeded a secondary rate limit. Please wait a few minutes before you try again."),
            limited(RateLimit::Secondary, None, Some(60)),
        ),
        (429, &[], said("Slow down"), limited(RateLimit::Secondary, None, None)),
        (403, &[], said("No."), Refusal::Forbidden { message: message("No.") }),
        (403, &[], "<html>".to_owned(), Refusal::Forbidden { message: message("status 403 Forbidden") }),
        (404, &[], said("Not Found"), Refusal::NotFound { message: message("Not Found") }),
        (
            422,
            &[],
            said("Validation Failed"),
            Refusal::Unexpected { status: 422, message: message("Validation Failed") },
        ),
        (500, &[], said("Server Error"), Refusal::ServerError { status: 500 }),
        (503, &[], "<html>".to_owned(), Refusal::ServerError { status: 503 }),
        (
            302,
            &[("location", "https://user:canary@login.example/x?token=canary")],
            String::new(),
            Refusal::Redirected { status: 302, host: Some("login.example".to_owned()) },
        ),
        (301, &[("location", "/elsewhere")], String::new(), Refusal::Redirected { status: 301, host: None }),
    ] {
        let refusal = Refusal::of_rest(status, &headers(pairs), body.as_bytes(), true);
        assert_eq!(refusal, Some(expected), "{status} {body}");
    }
    assert_eq!(Refusal::of_rest(200, &HeaderMap::new(), said(organization).as_bytes(), true), None);
}

#[test]
fn of_all_that_is_well_only_200_is_an_answer() {
    for (status, expected) in [
        (201, "status 201 Created"),
        (202, "status 202 Accepted"),
        (204, "status 204 No Content"),
        (206, "status 206 Partial Content"),
    ] {
        let refusal = Refusal::of_rest(status, &HeaderMap::new(), b"[]", true);
        assert_eq!(refusal, Some(Refusal::Unexpected { status, message: expected.to_owned() }));
    }
    let refusal = Refusal::of_rest(202, &HeaderMap::new(), said("Try again later").as_bytes(), true);
    assert_eq!(refusal, Some(Refusal::Unexpected { status: 202, message: "Try again later".to_owned() }));
}

#[test]
fn a_stranger_is_told_from_a_caller_with_bad_credentials() {
    for text in ["Must authenticate to access this API.", "Requires authentication"] {
        let refusal =
            |credential| Refusal::of_rest(401, &HeaderMap::new(), said(text).as_bytes(), credential);
        assert_eq!(refusal(false), Some(Refusal::Anonymous { message: text.to_owned() }));
        assert_eq!(refusal(true), Some(Refusal::BadCredentials { message: text.to_owned() }));
    }
}

#[test]
fn refusals_over_graphql_are_recognised() {
    let error = |json: &str| serde_json::from_str::<GraphQlError>(json).expect(json);
    let allow = r#"{"type":"FORBIDDEN","path":["enterprise"],"extensions":{"saml_failure":false},"locations":[{"line":1,"column":2}],
        "message":"Although you appear to have the correct authorization credentials, the `acme` enterprise has an IP allow list enabled, and 203.0.113.9 is not permitted to access this resource."}"#;
    let saml = r#"{"type":"FORBIDDEN","path":["enterprise"],"extensions":{"saml_failure":true},
        "message":"Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization."}"#;
    let scopes = r#"{"message":"Your token has not been granted the required scopes to execute this query. The 'email' field requires one of the following scopes: ['user:email', 'read:user'], but your token has only been granted the: ['repo'] scopes. Please modify your token's scopes at: https://github.com/settings/tokens."}"#;
    let none = r#"{"type":"INSUFFICIENT_SCOPES","message":"Your token has not been granted the required scopes to execute this query. The 'ipAllowListEntries' field requires one of the following scopes: ['admin:enterprise'], but your token has only been granted the: [''] scopes. Please modify your token's scopes at: https://github.com/settings/tokens."}"#;
    let business = r#"{"type":"NOT_FOUND","path":["enterprise"],"message":"Could not resolve to a Business with the URL slug of 'acme'."}"#;
    let missing = |needs: &[&str], has: &[&str]| Refusal::MissingScopes {
        needs: needs.iter().map(ToString::to_string).collect(),
        has: has.iter().map(ToString::to_string).collect(),
    };
    let not_found = || Refusal::NotFound {
        message: "Could not resolve to a Business with the URL slug of 'acme'.".to_owned(),
    };
    let with_header =
        headers(&[("x-github-sso", "required; url=https://github.com/enterprises/acme/sso?x=y")]);
    let url = Some("https://github.com/enterprises/acme/sso".to_owned());
    for (json, headers, expected) in [
        (allow, HeaderMap::new(), list(Some("203.0.113.9"), "enterprise", "acme")),
        (saml, with_header, Refusal::SsoRequired { url }),
        (scopes, HeaderMap::new(), missing(&["user:email", "read:user"], &["repo"])),
        (none, HeaderMap::new(), missing(&["admin:enterprise"], &[])),
        (
            r#"{"type":"INSUFFICIENT_SCOPES"}"#,
            headers(&[("x-oauth-scopes", "repo")]),
            missing(&[], &["repo"]),
        ),
        (business, HeaderMap::new(), not_found()),
        (&business.replace("\"type\":\"NOT_FOUND\",", ""), HeaderMap::new(), not_found()),
        (
            r#"{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1."}"#,
            HeaderMap::new(),
            Refusal::RateLimited { limit: RateLimit::Primary, resets_at: None, retry_after_s: None },
        ),
        (
            r#"{"type":"FORBIDDEN","message":"Resource not accessible by personal access token"}"#,
            HeaderMap::new(),
            Refusal::MissingPermission { accepted: None },
        ),
        (
            r#"{"type":"FORBIDDEN","message":"No."}"#,
            HeaderMap::new(),
            Refusal::Forbidden { message: "No.".to_owned() },
        ),
        (
            r#"{"message":"Something went wrong\u001b[31m"}"#,
            HeaderMap::new(),
            Refusal::Unexpected { status: 200, message: r"Something went wrong\x1b[31m".to_owned() },
        ),
    ] {
        assert_eq!(Refusal::of_graphql(&error(json), &headers), expected, "{json}");
    }
}

#[test]
fn a_reason_has_one_owner() {
    let text = String::new;
    let strings = Vec::new;
    let limited = Refusal::RateLimited { limit: RateLimit::Primary, resets_at: None, retry_after_s: None };
    for (refusal, cloud, server) in [
        (Refusal::BadCredentials { message: text() }, "token", "token"),
        (Refusal::Anonymous { message: text() }, "token", "token"),
        (Refusal::SsoRequired { url: None }, "token", "token"),
        (Refusal::MissingScopes { needs: strings(), has: strings() }, "token", "token"),
        (Refusal::MissingPermission { accepted: None }, "token", "token"),
        (Refusal::Policy { message: text() }, "token", "token"),
        (limited, "token", "token"),
        (list(None, "enterprise", "acme"), "allow-list", "server"),
        (Refusal::NotFound { message: text() }, "enterprise", "server"),
        (Refusal::Forbidden { message: text() }, "enterprise", "server"),
        (Refusal::Null { path: text() }, "enterprise", "server"),
        (Refusal::Redirected { status: 302, host: None }, "enterprise", "server"),
        (Refusal::ServerError { status: 502 }, "enterprise", "server"),
        (Refusal::Unexpected { status: 422, message: text() }, "enterprise", "server"),
        (Refusal::NotJson { content_type: None, began: None }, "enterprise", "server"),
        (Refusal::TooLarge { limit: 1 }, "enterprise", "server"),
        (Refusal::TooDeep, "enterprise", "server"),
        (Refusal::WrongShape { path: text(), expected: text() }, "enterprise", "server"),
        (Refusal::NoReply(NoReply::TimedOut), "enterprise", "server"),
    ] {
        let owners = [Api::Cloud, Api::Server, Api::Manage].map(|api| refusal.owner(api));
        assert_eq!(owners, [cloud, server, server], "{refusal:?}");
    }
}

#[test]
fn a_refusal_is_saved_and_read_again() {
    for refusal in [
        list(Some("203.0.113.9"), "enterprise", "acme"),
        Refusal::RateLimited {
            limit: RateLimit::Primary,
            resets_at: Some(Timestamp::UNIX_EPOCH),
            retry_after_s: None,
        },
        Refusal::NoReply(NoReply::Unconnected { failure: gh_connect_probe::net::Failure::Refused }),
        Refusal::NoReply(NoReply::NoSession { end: gh_connect_probe::tls::End::Reset }),
        Refusal::TooDeep,
    ] {
        let text = serde_json::to_string(&refusal).expect("JSON");
        assert_eq!(serde_json::from_str::<Refusal>(&text).expect(&text), refusal);
    }
}

proptest! {
    #[test]
    fn any_reply_is_an_answer_or_a_refusal(
        status in 100u16..=599,
        body in proptest::collection::vec(any::<u8>(), 0..200),
        value in "[ -~]{0,60}",
        credential: bool,
    ) {
        let names = ["x-github-sso", "x-oauth-scopes", "x-accepted-oauth-scopes", "x-ratelimit-reset", "retry-after", "location"];
        let headers: HeaderMap = names
            .into_iter()
            .filter_map(|name| Some((http::HeaderName::from_static(name), value.parse().ok()?)))
            .collect();
        let refusal = Refusal::of_rest(status, &headers, &body, credential);
        prop_assert_eq!(refusal.is_none(), status == 200);
    }

    #[test]
    fn any_words_of_an_error_mean_something(
        message in "(IP allow list enabled, and |SAML enforcement|following scopes: \\[|granted the: \\[|'|\\]|`|is not permitted|the `|[ -~]{0,8}|\u{1b}){0,12}",
    ) {
        let error = GraphQlError { message: Some(message), ..GraphQlError::default() };
        let refusal = Refusal::of_graphql(&error, &HeaderMap::new());
        let shown = serde_json::to_string(&refusal).expect("JSON");
        prop_assert!(!shown.chars().any(char::is_control));
    }
}
