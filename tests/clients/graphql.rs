//! GitHub's published GraphQL schema, with graphql-js to read it.

use anyhow::Result;
use serde_json::{Value, json};

use crate::machine::{Machine, node};

/// What the program asks.
const DOCUMENTS: [(&str, &str); 6] = [
    (
        "allow-list-from-both-ends.graphql",
        include_str!("../../github/queries/allow-list-from-both-ends.graphql"),
    ),
    ("allow-list.graphql", include_str!("../../github/queries/allow-list.graphql")),
    ("enterprise.graphql", include_str!("../../github/queries/enterprise.graphql")),
    ("installations.graphql", include_str!("../../github/queries/installations.graphql")),
    ("server-enterprises.graphql", include_str!("../../github/queries/server-enterprises.graphql")),
    ("viewer.graphql", include_str!("../../github/queries/viewer.graphql")),
];

/// What others could ask.
const PROBES: [(&str, &str); 4] = [
    (
        "aliases, fragments and directives",
        "query($slug: String!, $no: Boolean = false) {
           one: enterprise(slug: $slug) { ...e __typename }
           two: enterprise(slug: $slug) { ... on Enterprise { id } name @skip(if: $no) slug @include(if: $no) }
         }
         fragment e on Enterprise { slug url createdAt updatedAt databaseId websiteUrl avatarUrl(size: 20) }",
    ),
    (
        "every kind of connection",
        "query($slug: String!) {
           enterprise(slug: $slug) {
             billingInfo { totalLicenses totalAvailableLicenses allLicensableUsersCount bandwidthQuota }
             ownerInfo {
               enterpriseServerInstallations(first: 1, connectedOnly: true, orderBy: {field: CREATED_AT, direction: DESC}) {
                 totalCount edges { cursor node { id hostName } } pageInfo { startCursor hasPreviousPage }
               }
               ipAllowListEntries(last: 2) { nodes { id createdAt owner { __typename ... on Enterprise { slug } } } }
               oidcProvider { id tenantId } samlIdentityProvider { issuer ssoUrl }
             }
           }
         }",
    ),
    ("the limit", "{ rateLimit { cost limit nodeCount remaining resetAt used } viewer { login } }"),
    ("the viewer", "{ viewer { id login url createdAt databaseId isSiteAdmin enterprises(first: 1) { totalCount } } }"),
];

/// What nobody may ask.
const MISTAKES: [&str; 9] = [
    "{ viewer { nothing } }",
    "{ viewer }",
    "{ viewer { login { x } } }",
    "query($slug: String!) { enterprise(slg: $slug) { name } }",
    "query($slug: Int!) { enterprise(slug: $slug) { name } }",
    "query { enterprise(slug: $slug) { name } }",
    "{ enterprise { name } }",
    "query($slug: String!) { enterprise(slug: $slug) { ...nobody } }",
    "query($slug: String!) { enterprise(slug: $slug) { ... on User { login } } }",
];

const BUSY: &str = r#"
[enterprise]
saml = true
oidc = true
[enterprise.allow-list]
generated = 250
entries = [
    { value = "203.0.113.7", name = "us" },
    { value = "2001:db8::/32" },
    { value = "192.0.2.0/24", active = false, name = "\"quoted\" \\ ü" },
    { value = "198.51.100.0/24", app = true },
]
[[enterprise.installation]]
host-name = "ghes.corp.example"
[[enterprise.installation]]
host-name = "old.corp.example"
is-connected = false
"#;

#[test]
fn the_documents_are_githubs_and_the_answers_have_its_shape() -> Result<()> {
    // The server's token may ask for as much as the cloud's.
    let start = |name: &str, text: &str| {
        Machine::start(name, &format!("token.server.scopes = ['admin:enterprise', 'site_admin']\n{text}"))
    };
    let machines = [
        start("healthy", "")?,
        start("busy", BUSY)?,
        start("ghe.com", "target.ghe-com = 'octo'")?,
        start("not an owner", "enterprise.viewer-is-admin = false")?,
    ];
    let more = json!({
        "documents": object(&DOCUMENTS),
        "probes": object(&PROBES),
        "mistakes": MISTAKES,
        "schema": include_str!("../../lab/src/server/graphql/schema.graphql"),
    });
    node(include_str!("graphql.mjs"), &machines, &more)
}

fn object(texts: &[(&str, &str)]) -> Value {
    texts.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect()
}
