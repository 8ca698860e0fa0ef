//! Access tokens in world files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A personal access token that one side knows.
#[derive(Clone, Debug)]
pub struct Token {
    /// Whose it is.
    pub side: Side,
    /// What a client presents.
    pub value: String,
    /// The login of its owner.
    pub user: String,
    /// Its kind.
    pub kind: TokenKind,
    /// The scopes of a classic token.
    pub scopes: Vec<String>,
    /// Whether it is authorized for single sign-on.
    pub sso: Sso,
    /// Whether the run finds it in its environment.
    pub given: bool,
    /// It was revoked: "Bad credentials".
    pub revoked: bool,
    /// The enterprise forbids tokens like it.
    pub forbidden_by_policy: bool,
    /// How many requests of this hour are left; without being said, 5,000 on the cloud and no limit on the server.
    pub remaining: Option<u64>,
}

/// Which side a token belongs to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// GitHub Enterprise Cloud.
    Cloud,
    /// The GitHub Enterprise Server.
    Server,
}

/// The two kinds of personal access tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// With scopes.
    Classic,
    /// With permissions, none of which reaches what an enterprise owner sees.
    FineGrained,
}

/// Single sign-on, where the enterprise enforces it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Sso {
    /// The token is authorized.
    Authorized,
    /// It is not, and is refused.
    Required,
    /// It is not for some organizations, which lists then leave out.
    Partial,
}

/// A token as written. What is not said is as in the token of that name, or of that side.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Keys {
    side: Option<Side>,
    value: Option<String>,
    user: Option<String>,
    kind: Option<TokenKind>,
    scopes: Option<Vec<String>>,
    sso: Option<Sso>,
    given: Option<bool>,
    revoked: Option<bool>,
    forbidden_by_policy: Option<bool>,
    remaining: Option<u64>,
}

/// The tokens of the healthy world, `cloud` and `server`: of owners, with the scopes that every check needs.
pub(super) fn usual() -> BTreeMap<String, Token> {
    [("cloud", Token::of(Side::Cloud)), ("server", Token::of(Side::Server))]
        .map(|(n, t)| (n.to_owned(), t))
        .into()
}

/// `[token.NAME]` tables on top of the usual tokens.
pub(super) fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Token>, D::Error> {
    let mut tokens = usual();
    for (name, keys) in BTreeMap::<String, Keys>::deserialize(deserializer)? {
        let is_usual = tokens.contains_key(&name);
        if is_usual && keys.side.is_some() {
            return Err(D::Error::custom(format!(
                "`token.{name}` has its side by its name; allowed: no `side`"
            )));
        }
        let other = Token { given: false, ..Token::of(keys.side.unwrap_or(Side::Cloud)) };
        let value = keys.value.clone().filter(|value| !value.is_empty());
        if !is_usual && value.is_none() {
            return Err(D::Error::custom(format!("`token.{name}` has no `value`")));
        }
        keys.change(tokens.entry(name).or_insert(other));
    }
    Ok(tokens)
}

impl Keys {
    fn change(self, token: &mut Token) {
        fn set<T>(slot: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *slot = value;
            }
        }
        if self.kind == Some(TokenKind::FineGrained) && token.kind == TokenKind::Classic {
            token.value = format!("github_pat_{}", token.value.trim_start_matches("ghp_"));
            token.scopes.clear();
        }
        set(&mut token.kind, self.kind);
        set(&mut token.value, self.value);
        set(&mut token.user, self.user);
        set(&mut token.scopes, self.scopes);
        set(&mut token.sso, self.sso);
        set(&mut token.given, self.given);
        set(&mut token.revoked, self.revoked);
        set(&mut token.forbidden_by_policy, self.forbidden_by_policy);
        token.remaining = self.remaining.or(token.remaining);
    }
}

impl Token {
    fn of(side: Side) -> Token {
        let (value, user, scopes): (&str, &str, &[&str]) = match side {
            Side::Cloud => (CLOUD_TOKEN, "octo-owner", &["admin:enterprise", "read:audit_log"]),
            Side::Server => (SERVER_TOKEN, "ghe-admin", &["read:audit_log", "read:enterprise", "site_admin"]),
        };
        Token {
            side,
            value: value.to_owned(),
            user: user.to_owned(),
            kind: TokenKind::Classic,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            sso: Sso::Authorized,
            given: true,
            revoked: false,
            forbidden_by_policy: false,
            remaining: None,
        }
    }

    /// Whether a classic token has a scope, by itself or within a larger one (facts §4.3).
    pub(crate) fn grants(&self, scope: &str) -> bool {
        self.kind == TokenKind::Classic
            && self.scopes.iter().any(|has| {
                has == scope
                    || INCLUDED.iter().any(|(larger, smaller)| has == larger && smaller.contains(&scope))
            })
    }
}

/// Scopes that hold others.
const INCLUDED: [(&str, &[&str]); 2] = [
    ("admin:enterprise", &["manage_billing:enterprise", "manage_runners:enterprise", "read:enterprise"]),
    ("user", &["read:user", "user:email", "user:follow"]),
];

// In the form of real tokens, and without their checksum.
const CLOUD_TOKEN: &str = "ghp_LabTokenOfTheOwnerOnTheCloudSide0001";
const SERVER_TOKEN: &str = "ghp_LabTokenOfTheAdminOnTheServerSide002";
