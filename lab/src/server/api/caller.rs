//! Who calls: credentials of requests, and what they are worth.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http1::{Reply, Request};
use crate::world::{Side, Token, TokenKind};

use super::{Call, error};

/// Whom a request is from.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// It brings no credentials.
    Nobody,
    /// It brings credentials that nobody has.
    Impostor,
    /// It brings a token, here by its name in the world.
    Holder(&'a str, &'a Token),
}

impl<'a> Caller<'a> {
    pub(crate) fn of(call: &Call<'a>, side: Side) -> Caller<'a> {
        let Some(value) = call.request.header("authorization") else { return Caller::Nobody };
        let tokens = call.scene.world.tokens.iter();
        let mut valid = tokens.filter(|(_, token)| token.side == side && !token.revoked);
        match presented(value).and_then(|value| valid.find(|(_, token)| token.value == value)) {
            Some((name, token)) => Caller::Holder(name, token),
            None => Caller::Impostor,
        }
    }

    pub(crate) fn token(self) -> Option<&'a Token> {
        match self {
            Caller::Holder(_, token) => Some(token),
            Caller::Nobody | Caller::Impostor => None,
        }
    }

    /// The headers that tell a caller what its token has and what the endpoint wants (facts §6). The scopes that an
    /// endpoint wants are alternatives.
    pub(crate) fn describe(self, mut reply: Reply, wanted: &[&str]) -> Reply {
        let Some(token) = self.token() else { return reply };
        match token.kind {
            TokenKind::Classic => {
                reply.set("X-OAuth-Scopes", token.scopes.join(", "));
                reply.set("X-Accepted-OAuth-Scopes", wanted.join(", "));
            }
            TokenKind::FineGrained => {}
        }
        reply
    }
}

/// The token in an `Authorization` header: after `token` or `Bearer`, or as the password of Basic.
fn presented(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "token" | "bearer" => Some(rest.trim().to_owned()),
        "basic" => Some(basic(value)?.1),
        _ => None,
    }
}

/// User and password of Basic authentication.
pub(crate) fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Which of the world's secrets a request carries, by their names: anywhere in it, or as a password of Basic.
pub(crate) fn secrets_in(request: &Request, secrets: &[(String, String)]) -> Vec<String> {
    let passwords: Vec<String> =
        request.headers.iter().filter_map(|(_, value)| basic(value)).map(|(_, password)| password).collect();
    let body = String::from_utf8_lossy(&request.body);
    let headers = request.headers.iter().map(|(_, value)| value.as_str());
    let places: Vec<&str> = headers.chain([request.target.as_str(), &body]).collect();
    let carries = |secret: &str| {
        // A short password is found in anything.
        passwords.iter().any(|password| password == secret)
            || secret.len() >= 12 && places.iter().any(|place| place.contains(secret))
    };
    secrets.iter().filter(|(_, value)| carries(value)).map(|(name, _)| name.clone()).collect()
}

pub(crate) fn bad_credentials(documentation: &str) -> Reply {
    error(401, "Bad credentials", documentation)
}

pub(crate) fn requires_authentication(documentation: &str) -> Reply {
    error(401, "Requires authentication", documentation)
}
