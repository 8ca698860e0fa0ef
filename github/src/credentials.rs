use std::{fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use gh_connect_engine::{Cx, Origin, Redactor, Secret};
use serde::{Deserialize, Serialize};

use crate::Api;

/// Who a run may say it is. Kept beside the plan, never in it: a plan is saved.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// For GitHub Enterprise Cloud.
    pub cloud: Option<Token>,
    /// For the GitHub Enterprise Server.
    pub server: Option<Token>,
    /// For the server's Manage API.
    pub manage: Option<Login>,
}

/// A token and where it was said.
#[derive(Clone, Debug)]
pub struct Token {
    secret: Secret,
    /// Where it was said.
    pub origin: Origin,
}

/// A user name and password for the Manage API: `api_key` and the root site administrator's password, or those of a
/// Management Console user (facts §3.3).
#[derive(Clone, Debug)]
pub struct Login {
    user: Secret,
    password: Secret,
    /// Where the password was said.
    pub origin: Origin,
}

/// What kind of token it is, by its prefix (GitHub docs: GitHub's token formats).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// A personal access token (classic), with scopes.
    Classic,
    /// A fine-grained personal access token, with permissions.
    FineGrained,
    /// An OAuth app's, with scopes: what `gh auth login` leaves.
    OAuth,
    /// A GitHub App's, in the name of a user.
    AppUser,
    /// A GitHub App installation's.
    Installation,
    /// Something else, a token from before there were prefixes for instance.
    Other,
}

impl Credentials {
    /// Variables that hold a token for the cloud, the strongest first, as the `gh` command has them.
    pub const CLOUD: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
    /// Variables that hold a token for the server, the strongest first.
    pub const SERVER: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
    /// The variable that holds a user name for the Manage API; `api_key` unless it is set.
    pub const MANAGE_USER: &str = "GHE_MANAGE_USER";
    /// The variable that holds a password for the Manage API.
    pub const MANAGE_PASSWORD: &str = "GHE_MANAGE_PASSWORD";

    /// What the environment says. Empty variables count as not set.
    pub fn of_environment<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let said = |name: &str| {
            let text = variable(name)?.trim();
            (!text.is_empty()).then(|| (Secret::new(text), Origin::environment(name)))
        };
        let token = |names: [&str; 2]| {
            names.into_iter().find_map(said).map(|(secret, origin)| Token { secret, origin })
        };
        let manage = said(Self::MANAGE_PASSWORD).map(|(password, origin)| Login {
            user: said(Self::MANAGE_USER).map_or_else(|| Secret::new("api_key"), |(user, _)| user),
            password,
            origin,
        });
        Self { cloud: token(Self::CLOUD), server: token(Self::SERVER), manage }
    }

    /// Lets the facts of a run use them. What was given first stays.
    pub fn give_to(self, cx: &Cx) {
        cx.shared(KEPT_AS, || self);
    }

    /// Teaches `redactor` all that is secret.
    pub fn teach(&self, redactor: &mut Redactor) {
        for token in self.cloud.iter().chain(&self.server) {
            redactor.learn(&token.secret);
        }
        if let Some(login) = &self.manage {
            redactor.learn_pair(&login.user, &login.password);
        }
    }

    pub(crate) fn of(cx: &Cx) -> Arc<Self> {
        cx.shared(KEPT_AS, Self::default)
    }

    /// The value of `Authorization`.
    pub(crate) fn authorization(&self, api: Api) -> Option<Secret> {
        match api {
            Api::Cloud => self.cloud.as_ref().map(Token::bearer),
            Api::Server => self.server.as_ref().map(Token::bearer),
            Api::Manage => self.manage.as_ref().map(Login::basic),
        }
    }
}

impl Token {
    /// A token that `origin` said; `None` for a blank one. White space around it is dropped.
    pub fn new(text: &str, origin: Origin) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self { secret: Secret::new(text), origin })
    }

    /// What kind it is.
    pub fn kind(&self) -> TokenKind {
        TokenKind::of(self.secret.expose())
    }

    fn bearer(&self) -> Secret {
        Secret::new(format!("Bearer {}", self.secret.expose()))
    }
}

impl Login {
    /// RFC 7617 §2.
    fn basic(&self) -> Secret {
        let pair = format!("{}:{}", self.user.expose(), self.password.expose());
        Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair)))
    }
}

impl TokenKind {
    fn of(token: &str) -> Self {
        const PREFIXES: [(&str, TokenKind); 5] = [
            ("ghp_", TokenKind::Classic),
            ("github_pat_", TokenKind::FineGrained),
            ("gho_", TokenKind::OAuth),
            ("ghu_", TokenKind::AppUser),
            ("ghs_", TokenKind::Installation),
        ];
        let known = PREFIXES.iter().find(|(prefix, _)| token.starts_with(prefix));
        known.map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Whether what it may do is said by scopes.
    pub fn has_scopes(self) -> bool {
        matches!(self, Self::Classic | Self::OAuth | Self::Other)
    }
}

/// In words that complete "a …".
impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "personal access token (classic)",
            Self::FineGrained => "fine-grained personal access token",
            Self::OAuth => "token of an OAuth app",
            Self::AppUser => "token of a GitHub App for a user",
            Self::Installation => "token of a GitHub App installation",
            Self::Other => "token of an unknown kind",
        })
    }
}

const KEPT_AS: &str = "credentials";

#[cfg(test)]
mod tests {
    use super::*;

    fn said(variables: &[(&str, &'static str)]) -> Credentials {
        Credentials::of_environment(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        })
    }

    #[test]
    fn the_first_variable_that_holds_something_counts() {
        for (variables, origin) in [
            (&[("GH_TOKEN", "a"), ("GITHUB_TOKEN", "b")][..], Some("environment GH_TOKEN")),
            (&[("GH_TOKEN", " \n"), ("GITHUB_TOKEN", "b\n")], Some("environment GITHUB_TOKEN")),
            (&[("GH_ENTERPRISE_TOKEN", "a")], None),
        ] {
            let token = said(variables).cloud;
            assert_eq!(token.map(|token| token.origin.to_string()).as_deref(), origin, "{variables:?}");
        }
        let server = said(&[("GITHUB_ENTERPRISE_TOKEN", "b\n"), ("GITHUB_TOKEN", "a")]).server.expect("one");
        assert_eq!(server.bearer().expose(), "Bearer b");
    }

    #[test]
    fn a_password_alone_is_the_root_site_administrators() {
        let header =
            |variables: &[_]| said(variables).authorization(Api::Manage).map(|it| it.expose().to_owned());
        assert_eq!(
            header(&[("GHE_MANAGE_PASSWORD", "hunter2")]).as_deref(),
            Some("Basic YXBpX2tleTpodW50ZXIy")
        );
        assert_eq!(
            header(&[("GHE_MANAGE_PASSWORD", "hunter2"), ("GHE_MANAGE_USER", "ana")]).as_deref(),
            Some("Basic YW5hOmh1bnRlcjI=")
        );
        assert_eq!(header(&[("GHE_MANAGE_USER", "ana")]), None);
    }

    #[test]
    fn tokens_are_told_by_their_prefix() {
        for (token, expected) in [
            ("ghp_x", TokenKind::Classic),
            ("github_pat_x", TokenKind::FineGrained),
            ("gho_x", TokenKind::OAuth),
            ("ghu_x", TokenKind::AppUser),
            ("ghs_x", TokenKind::Installation),
            ("0123456789abcdef0123456789abcdef01234567", TokenKind::Other),
        ] {
            assert_eq!(TokenKind::of(token), expected, "{token}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let all = said(&[
            ("GH_TOKEN", "canary-1"),
            ("GH_ENTERPRISE_TOKEN", "canary-2"),
            ("GHE_MANAGE_PASSWORD", "canary-3"),
        ]);
        assert!(!format!("{all:?}").contains("canary"));
        let mut redactor = Redactor::new();
        all.teach(&mut redactor);
        for secret in ["canary-1", "canary-2", "canary-3", "YXBpX2tleTpjYW5hcnktMw"] {
            assert!(!redactor.clean(secret).contains(secret), "{secret}");
        }
    }
}
