//! `GET /` of the REST API: where everything else is. The `gh` command asks it for the scopes of a token.

use serde_json::{Value, json};

/// The addresses as published, below `api` (`https://api.github.com`) and `web` (`https://github.com`).
pub(crate) fn root(web: &str, api: &str) -> Value {
    let mut urls: serde_json::Map<_, _> =
        BELOW_API.iter().map(|(name, path)| (format!("{name}_url"), json!(format!("{api}{path}")))).collect();
    let authorizations = format!("{web}/settings/connections/applications{{/client_id}}");
    urls.insert("current_user_authorizations_html_url".to_owned(), json!(authorizations));
    Value::Object(urls)
}

const BELOW_API: [(&str, &str); 32] = [
    ("current_user", "/user"),
    ("authorizations", "/authorizations"),
    ("code_search", "/search/code?q={query}{&page,per_page,sort,order}"),
    ("commit_search", "/search/commits?q={query}{&page,per_page,sort,order}"),
    ("emails", "/user/emails"),
    ("emojis", "/emojis"),
    ("events", "/events"),
    ("feeds", "/feeds"),
    ("followers", "/user/followers"),
    ("following", "/user/following{/target}"),
    ("gists", "/gists{/gist_id}"),
    ("hub", "/hub"),
    ("issue_search", "/search/issues?q={query}{&page,per_page,sort,order}"),
    ("issues", "/issues"),
    ("keys", "/user/keys"),
    ("label_search", "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}"),
    ("notifications", "/notifications"),
    ("organization", "/orgs/{org}"),
    ("organization_repositories", "/orgs/{org}/repos{?type,page,per_page,sort}"),
    ("organization_teams", "/orgs/{org}/teams"),
    ("public_gists", "/gists/public"),
    ("rate_limit", "/rate_limit"),
    ("repository", "/repos/{owner}/{repo}"),
    ("repository_search", "/search/repositories?q={query}{&page,per_page,sort,order}"),
    ("current_user_repositories", "/user/repos{?type,page,per_page,sort}"),
    ("starred", "/user/starred{/owner}{/repo}"),
    ("starred_gists", "/gists/starred"),
    ("topic_search", "/search/topics?q={query}{&page,per_page}"),
    ("user", "/users/{user}"),
    ("user_organizations", "/user/orgs"),
    ("user_repositories", "/users/{user}/repos{?type,page,per_page,sort}"),
    ("user_search", "/search/users?q={query}{&page,per_page,sort,order}"),
];
