//! The cloud over GraphQL: documents of every shape, paging, and errors with 200.

use gh_connect_lab::{Asks, Event};
use serde_json::{Value, json};

use crate::client::{cloud_token, graphql, graphql_reply, lab, send, session};

#[tokio::test]
async fn a_query_is_answered_as_it_was_asked() {
    let lab = lab("enterprise.billing.seats = 51\nenterprise.installation = [{ host-name = 'ghes.corp.example' }, { host-name = 'Old.example', is-connected = false }]").await;
    let query = r#"
        query Account($slug: String!, $pages: Int = 2) {
            me: viewer { login ...Person }
            enterprise(slug: $slug) {
                __typename slug name url createdAt databaseId viewerIsAdmin id
                billingInfo { totalLicenses }
                ownerInfo {
                    ipAllowListEnabledSetting
                    ipAllowListForInstalledAppsEnabledSetting
                    oidcProvider { providerType }
                    entries: ipAllowListEntries(first: $pages) {
                        totalCount
                        nodes { allowListValue isActive name owner { __typename ... on Enterprise { slug } ... on App { name } } }
                        pageInfo { hasNextPage endCursor }
                    }
                    connected: enterpriseServerInstallations(connectedOnly: true, first: 10) { nodes { hostName isConnected } }
                    all: enterpriseServerInstallations(first: 10) { edges { cursor node { hostName } } totalCount }
                }
            }
        }
        fragment Person on User { isSiteAdmin @include(if: true) databaseId @skip(if: true) }
    "#;
    let reply = graphql(&lab, query, json!({ "slug": "ACME" })).await;
    assert!(reply.get("errors").is_none(), "{reply}");
    let data = &reply["data"];
    assert_eq!(data["me"], json!({ "login": "octo-owner", "isSiteAdmin": false }));
    let enterprise = &data["enterprise"];
    assert_eq!(enterprise["__typename"], "Enterprise");
    assert_eq!(enterprise["slug"], "acme");
    assert_eq!(enterprise["url"], "https://github.com/enterprises/acme");
    assert_eq!(enterprise["billingInfo"], json!({ "totalLicenses": 51 }));
    let owner = &enterprise["ownerInfo"];
    assert_eq!(owner["ipAllowListEnabledSetting"], "ENABLED");
    assert_eq!(owner["oidcProvider"], Value::Null);
    assert_eq!(owner["entries"]["totalCount"], 2);
    assert_eq!(
        owner["entries"]["nodes"][1],
        json!({ "allowListValue": "203.0.113.0/28", "isActive": true, "name": "Corp egress",
                "owner": { "__typename": "Enterprise", "slug": "acme" } })
    );
    assert_eq!(owner["entries"]["pageInfo"]["hasNextPage"], false);
    assert_eq!(
        owner["connected"]["nodes"],
        json!([{ "hostName": "ghes.corp.example", "isConnected": true }])
    );
    assert_eq!(owner["all"]["totalCount"], 2);
    assert_eq!(owner["all"]["edges"][0]["node"]["hostName"], "Old.example", "by host name");
    // Keys come in the order in which they were asked for.
    let keys: Vec<&str> = enterprise.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys[..3], ["__typename", "slug", "name"]);

    let documents = lab.log().into_iter().filter_map(|event| match event {
        Event::Document { operation, fields, .. } => Some((operation, fields)),
        _ => None,
    });
    let [(operation, fields)] = &documents.collect::<Vec<_>>()[..] else { panic!("one document") };
    assert_eq!(operation.as_deref(), Some("Account"));
    assert!(fields.contains(&"EnterpriseOwnerInfo.ipAllowListEntries".to_owned()), "{fields:?}");
}

#[tokio::test]
async fn a_long_list_is_read_in_pages() {
    let lab = lab("enterprise.allow-list = { refuses = 'nobody', generated = 250, entries = [{ value = '203.0.113.7', app = true }, { value = '192.0.2.1', active = false }] }").await;
    let query = "query($after: String) { enterprise(slug: \"acme\") { ownerInfo { ipAllowListEntries(first: 100, after: $after) {
        totalCount nodes { allowListValue isActive owner { __typename } } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }";
    let (mut seen, mut after, mut sizes) = (Vec::new(), Value::Null, Vec::new());
    loop {
        let reply = graphql(&lab, query, json!({ "after": after })).await;
        let page = &reply["data"]["enterprise"]["ownerInfo"]["ipAllowListEntries"];
        assert_eq!(page["totalCount"], 252);
        let nodes = page["nodes"].as_array().unwrap();
        sizes.push(nodes.len());
        seen.extend(nodes.iter().map(|node| node["allowListValue"].as_str().unwrap().to_owned()));
        assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_null()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(nodes.last().unwrap()["owner"]["__typename"], "App");
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 52]);
    assert!(seen.is_sorted() && seen.contains(&"192.0.2.1".to_owned()));
}

#[tokio::test]
async fn a_list_is_read_backwards_and_in_other_orders() {
    let lab = lab("enterprise.allow-list.entries = [{ value = '192.0.2.3' }, { value = '192.0.2.1' }, { value = '192.0.2.2' }]\nenterprise.allow-list.refuses = 'nobody'").await;
    let values = async |arguments: &str| -> Vec<String> {
        let query = format!(
            "{{ enterprise(slug: \"acme\") {{ ownerInfo {{ ipAllowListEntries({arguments}) {{ edges {{ cursor node {{ allowListValue }} }} pageInfo {{ startCursor }} }} }} }} }}"
        );
        let reply = graphql(&lab, &query, json!({})).await;
        let page = reply["data"]["enterprise"]["ownerInfo"]["ipAllowListEntries"].clone();
        let edges = page["edges"].as_array().unwrap_or_else(|| panic!("{reply}"));
        assert!(edges.is_empty() || edges[0]["cursor"] == page["pageInfo"]["startCursor"]);
        edges.iter().map(|edge| edge["node"]["allowListValue"].as_str().unwrap()[8..].to_owned()).collect()
    };
    assert_eq!(values("first: 2").await, ["1", "2"]);
    assert_eq!(values("last: 2").await, ["2", "3"]);
    assert_eq!(values("first: 0").await, [""; 0]);
    assert_eq!(values("first: 9, orderBy: {field: CREATED_AT, direction: ASC}").await, ["3", "1", "2"]);
    assert_eq!(
        values("first: 9, orderBy: {field: ALLOW_LIST_VALUE, direction: DESC}").await,
        ["3", "2", "1"]
    );
}

/// The first error of a reply, which has `data` or not.
async fn error_of(world: &str, query: &str, variables: Value) -> (Value, Value) {
    let lab = lab(world).await;
    let reply = graphql(&lab, query, variables).await;
    let error = reply["errors"][0].clone();
    assert!(error["message"].is_string(), "{reply}");
    (error, reply)
}

const OWNER_INFO: &str = "query($slug: String!) { viewer { login } enterprise(slug: $slug) { slug ownerInfo { ipAllowListEntries(first: 1) { totalCount } } } }";

#[tokio::test]
async fn what_stands_between_a_token_and_the_enterprise_is_forbidden_with_200() {
    let acme = || json!({ "slug": "acme" });
    for (world, kind, saml, message) in [
        (
            "token.cloud.sso = 'required'",
            "FORBIDDEN",
            Some(true),
            "Resource protected by organization SAML enforcement.",
        ),
        (
            "egress.ipv4 = ['192.0.2.1']",
            "FORBIDDEN",
            Some(false),
            "Although you appear to have the correct authorization credentials, the `acme` enterprise has an IP allow list enabled",
        ),
        (
            "token.cloud.kind = 'fine-grained'",
            "FORBIDDEN",
            Some(false),
            "Resource not accessible by personal access token",
        ),
        ("token.cloud.forbidden-by-policy = true", "FORBIDDEN", Some(false), "The 'acme' enterprise forbids"),
        (
            "enterprise.slug = 'other'",
            "NOT_FOUND",
            None,
            "Could not resolve to a Business with the URL slug of 'acme'.",
        ),
    ] {
        let (error, reply) = error_of(world, OWNER_INFO, acme()).await;
        assert_eq!(error["type"], kind, "{world}");
        assert_eq!(error["path"], json!(["enterprise"]), "{world}");
        assert_eq!(error["locations"], json!([{ "line": 1, "column": 42 }]), "{world}");
        assert_eq!(error["extensions"]["saml_failure"], json!(saml), "{world}");
        assert!(error["message"].as_str().unwrap().starts_with(message), "{world}: {error}");
        assert_eq!(
            reply["data"],
            json!({ "viewer": { "login": "octo-owner" }, "enterprise": null }),
            "{world}"
        );
    }
    let (limited, reply) = error_of("token.cloud.remaining = 0", OWNER_INFO, acme()).await;
    assert!(
        limited["message"].as_str().unwrap().starts_with("API rate limit exceeded for user ID"),
        "{limited}"
    );
    assert!(reply.get("data").is_none());
}

#[tokio::test]
async fn missing_scopes_are_named_with_200() {
    let (error, reply) =
        error_of("token.cloud.scopes = ['read:enterprise', 'repo']", OWNER_INFO, json!({ "slug": "acme" }))
            .await;
    assert_eq!(error["type"], "INSUFFICIENT_SCOPES");
    assert_eq!(
        error["message"],
        "Your token has not been granted the required scopes to execute this query. The 'ipAllowListEntries' field requires \
         one of the following scopes: ['admin:enterprise'], but your token has only been granted the: ['read:enterprise', \
         'repo'] scopes. Please modify your token's scopes at: https://github.com/settings/tokens."
    );
    assert_eq!((&reply["data"], reply["errors"].as_array().unwrap().len()), (&Value::Null, 1));
    let (_, none) = error_of("token.cloud.scopes = []", OWNER_INFO, json!({ "slug": "acme" })).await;
    assert_eq!(none["errors"].as_array().unwrap().len(), 3, "one for every field: {none}");
}

#[tokio::test]
async fn who_is_no_owner_sees_no_owner_info() {
    let lab = lab("enterprise.viewer-is-admin = false").await;
    let query = "{ enterprise(slug: \"acme\") { viewerIsAdmin ownerInfo { ipAllowListEnabledSetting } billingInfo { totalLicenses } } }";
    let reply = graphql(&lab, query, json!({})).await;
    assert_eq!(
        reply,
        json!({ "data": { "enterprise": { "viewerIsAdmin": false, "ownerInfo": null, "billingInfo": null } } })
    );
}

#[tokio::test]
async fn paging_is_demanded_and_bounded() {
    let query = |arguments: &str| {
        format!(
            "{{ enterprise(slug: \"acme\") {{ slug ownerInfo {{ ipAllowListEntries{arguments} {{ totalCount }} }} }} }}"
        )
    };
    for (arguments, kind, message) in [
        (
            "",
            "MISSING_PAGINATION_BOUNDARIES",
            "You must provide a `first` or `last` value to properly paginate the `ipAllowListEntries` connection.",
        ),
        (
            "(first: 101)",
            "EXCESSIVE_PAGINATION",
            "Requesting 101 records on the `ipAllowListEntries` connection exceeds the `first` limit of 100 records.",
        ),
        ("(first: 1, after: \"x\")", "INVALID_CURSOR_ARGUMENTS", "`x` does not appear to be a valid cursor."),
    ] {
        let (error, reply) = error_of("", &query(arguments), json!({})).await;
        assert_eq!((&error["type"], &error["message"]), (&json!(kind), &json!(message)));
        assert_eq!(error["path"], json!(["enterprise", "ownerInfo", "ipAllowListEntries"]));
        // The list must not be null, so what holds it is.
        assert_eq!(reply["data"], json!({ "enterprise": { "slug": "acme", "ownerInfo": null } }));
    }
}

#[tokio::test]
async fn documents_that_are_not_valid_are_not_executed() {
    for (query, variables, message) in [
        (
            "{ enterprise(slug: \"acme\") { nothing } }",
            json!({}),
            "Field 'nothing' doesn't exist on type 'Enterprise'",
        ),
        ("{ enterprise { slug } }", json!({}), "Field 'enterprise' is missing required arguments: slug"),
        (
            "{ enterprise(slug: 1) { slug } }",
            json!({}),
            "Argument 'slug' on Field 'enterprise' has an invalid value (1). Expected type 'String!'.",
        ),
        (
            "{ enterprise(slug: \"a\", x: 1) { slug } }",
            json!({}),
            "Field 'enterprise' doesn't accept argument 'x'",
        ),
        (
            "{ viewer }",
            json!({}),
            "Field must have selections (field 'viewer' returns User but has no selections. Did you mean 'viewer { ... }'?)",
        ),
        (
            "{ viewer { login { x } } }",
            json!({}),
            "Selections can't be made on scalars (field 'login' returns String but has selections)",
        ),
        ("query Q($x: Int) { viewer { login } }", json!({}), "Variable $x is declared by Q but not used"),
        ("query Q { enterprise(slug: $x) { slug } }", json!({}), "Variable $x is used by Q but not declared"),
        (
            "query Q($x: Int!) { enterprise(slug: $x) { slug } }",
            json!({ "x": 1 }),
            "Type mismatch on variable $x and argument slug (Int! / String!)",
        ),
        (
            "query Q($x: String) { enterprise(slug: $x) { slug } }",
            json!({ "x": "a" }),
            "Type mismatch on variable $x and argument slug (String / String!)",
        ),
        (
            "query Q($x: String!) { enterprise(slug: $x) { slug } }",
            json!({}),
            "Variable $x of type String! was provided invalid value",
        ),
        (
            "query Q($x: String!) { enterprise(slug: $x) { slug } }",
            json!({ "x": 7 }),
            "Variable $x of type String! was provided invalid value",
        ),
        ("{ viewer { ...F } }", json!({}), "Fragment F was used, but not defined"),
        (
            "{ viewer { ...F } } fragment F on User { ...F }",
            json!({}),
            "Fragment F contains an infinite loop",
        ),
        (
            "{ viewer { ... on Enterprise { slug } } }",
            json!({}),
            "Fragment on Enterprise can't be spread inside User",
        ),
        (
            "{ viewer { ... on Nobody { slug } } }",
            json!({}),
            "No such type Nobody, so it can't be a fragment condition",
        ),
        ("{ viewer { login @x } }", json!({}), "Directive @x is not defined"),
        ("mutation { x }", json!({}), "Schema is not configured for mutations"),
        (
            "query A { viewer { login } } query B { viewer { login } }",
            json!({}),
            "An operation name is required",
        ),
        ("{ viewer { login }", json!({}), "Parse error"),
    ] {
        let (error, reply) = error_of("", query, variables).await;
        let said = error["message"].as_str().unwrap();
        assert!(
            if message == "Parse error" { said.starts_with(message) } else { said == message },
            "{query}: {said}"
        );
        assert!(reply.get("data").is_none(), "{query}");
    }
}

#[tokio::test]
async fn the_operation_is_chosen_by_name() {
    let lab = lab("").await;
    let body = json!({ "query": "query A { viewer { login } } query B { rateLimit { limit cost remaining } }", "operationName": "B" });
    let reply = graphql_reply(&lab, &body).await;
    assert_eq!(reply.json()["data"], json!({ "rateLimit": { "limit": 5000, "cost": 1, "remaining": 4999 } }));
    assert_eq!(reply.header("x-ratelimit-resource").unwrap(), "graphql");
    assert_eq!(reply.header("x-oauth-scopes").unwrap(), "admin:enterprise, read:audit_log");
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let lab = lab("").await;
    let token = format!("bearer {}", cloud_token(&lab));
    for (body, status, message) in [
        ("nonsense", 400, "Problems parsing JSON"),
        ("{}", 400, "A query attribute must be specified and must be a string."),
    ] {
        let session = session(&lab, "api.github.com").await.unwrap();
        let reply =
            send(session, "POST", "api.github.com", "/graphql", &[("Authorization", &token)], body).await;
        assert_eq!((reply.status, reply.json()["message"].as_str()), (status, Some(message)));
    }
    let session = session(&lab, "api.github.com").await.unwrap();
    let anonymous =
        send(session, "POST", "api.github.com", "/graphql", &[], "{\"query\": \"{ viewer { login } }\"}")
            .await;
    assert_eq!(anonymous.status, 401);
}

#[tokio::test]
async fn the_log_tells_who_asks_for_a_change() {
    const API: &str = "api.github.com";
    const SERVER: &str = "ghes.corp.example";
    for (host, method, path, body, expected) in [
        (API, "GET", "/user", "", Asks::Answer),
        (API, "HEAD", "/meta", "", Asks::Answer),
        (API, "POST", "/graphql", r#"{"query": "{ viewer { login } }"}"#, Asks::Answer),
        (
            API,
            "POST",
            "/graphql",
            r#"{"query": "query A { viewer { login } } fragment B on User { login }"}"#,
            Asks::Answer,
        ),
        (API, "POST", "/graphql", r#"{"query": "mutation { x }"}"#, Asks::Change),
        (
            API,
            "POST",
            "/graphql",
            r#"{"query": "query A { x } mutation B { x }", "operationName": "A"}"#,
            Asks::Change,
        ),
        (API, "POST", "/graphql", r#"{"query": "mutation {"}"#, Asks::Change),
        (API, "POST", "/graphql", "mutation", Asks::Change),
        (API, "PUT", "/graphql", r#"{"query": "{ viewer { login } }"}"#, Asks::Change),
        (API, "DELETE", "/user/installations/1", "", Asks::Change),
        (API, "PATCH", "/user", "{}", Asks::Change),
        ("uploads.github.com", "POST", "/", "", Asks::Change),
        (SERVER, "POST", "/api/graphql", r#"{"query": "{ viewer { login } }"}"#, Asks::Answer),
        (SERVER, "POST", "/api/graphql", r#"{"query": "mutation { x }"}"#, Asks::Change),
        (SERVER, "GET", "/api/v3/meta", "", Asks::Answer),
        (SERVER, "POST", "/api/v3/user/repos", "{}", Asks::Change),
        // What a page does is told by the visit.
        (SERVER, "POST", "/session", "login=ghe-admin", Asks::Page),
        ("github.com", "GET", "/robots.txt", "", Asks::Page),
    ] {
        let lab = lab("").await;
        let session = session(&lab, host).await.unwrap();
        send(session, method, host, path, &[], body).await;
        let asked: Vec<Asks> = lab
            .log()
            .into_iter()
            .filter_map(|event| if let Event::Request { asks, .. } = event { Some(asks) } else { None })
            .collect();
        assert_eq!(asked, [expected], "{method} {host}{path} {body}");
    }
}
