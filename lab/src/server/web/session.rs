//! Signing in and out, with a second factor, on either side.

use super::page::{field, form, hidden, submit, text};
use super::{Outcome, Site, Visit, redirect, script};
use crate::http1::Reply;
use crate::world::Side;

/// The answer of a page that is about sessions.
pub(super) fn answer(visit: &Visit<'_>, path: &[&str]) -> Option<Outcome> {
    Some(match (visit.only_looks(), path) {
        (true, ["login"]) => form_page(visit, visit.call.parameter("return_to"), false),
        (false, ["session"]) => sign_in(visit),
        (true, ["sessions", "two-factor"]) => second_factor_page(visit, false),
        (false, ["sessions", "two-factor"]) => second_factor(visit),
        (false, ["logout"]) => sign_out(visit),
        _ => return None,
    })
}

/// Sends a visitor who is not signed in to the form, and back afterwards.
pub(super) fn first(visit: &Visit<'_>) -> Outcome {
    let to = match visit.only_looks() {
        true => format!("/login?return_to={}", encoded(&visit.request.target)),
        false => "/login".to_owned(),
    };
    redirect(&to).into()
}

fn form_page(visit: &Visit<'_>, return_to: Option<String>, failed: bool) -> Outcome {
    let site = match visit.site {
        Site::Server => "your account",
        Site::Cloud | Site::IdentityProvider => "GitHub",
    };
    let words = visit.words;
    let title = words.sign_in_to.replace("{site}", site);
    // A form needs a session of nobody, too.
    let (cookie, token) = match &visit.session {
        Some((cookie, session)) => (cookie.clone(), session.token.clone()),
        None => begin(visit, None),
    };
    let return_to = return_to.map(|place| hidden("return_to", &place)).unwrap_or_default();
    let fields = [
        return_to,
        field("login_field", "login", words.username, "text", "username"),
        field("password", "password", words.password, "password", "current-password"),
        submit(words.sign_in),
    ];
    let person = visit.person();
    let login = person_login(visit);
    let acts = script::fills(person, &[("login_field", &login), ("password", &person.password)]);
    let page = visit
        .page(&title)
        .notice(failed.then(|| words.wrong_password.to_owned()))
        .main(&form("/session", &token, &fields.concat()))
        // Who was refused does not try the same for ever.
        .script(acts.filter(|_| !failed));
    with_cookie(page.to_reply(200), &cookie).into()
}

fn sign_in(visit: &Visit<'_>) -> Outcome {
    if !visit.has_token() {
        return visit.rejected();
    }
    let return_to = visit.posted("return_to").filter(|place| is_local(place));
    let login = visit.posted("login").unwrap_or_default();
    let accounts = [visit.scene.login(side(visit.site)), SOMEBODY_ELSE.to_owned()];
    let account = accounts.into_iter().find(|account| account.eq_ignore_ascii_case(&login));
    let Some(account) =
        account.filter(|_| visit.posted("password").as_ref() == Some(&visit.person().password))
    else {
        return form_page(visit, return_to, true);
    };
    let (cookie, _) = begin(visit, Some(account));
    let place = return_to.unwrap_or_else(|| "/".to_owned());
    let to = match visit.web().otp {
        true => {
            with_session(visit, &cookie, |session| session.return_to = Some(place));
            "/sessions/two-factor".to_owned()
        }
        false => {
            with_session(visit, &cookie, |session| session.verified = true);
            place
        }
    };
    with_cookie(redirect(&to), &cookie).into()
}

fn second_factor_page(visit: &Visit<'_>, failed: bool) -> Outcome {
    let words = visit.words;
    let awaits =
        visit.session.as_ref().is_some_and(|(_, session)| session.login.is_some() && !session.verified);
    if !awaits {
        return redirect("/login").into();
    }
    let fields = [field("app_totp", "app_otp", words.code, "text", "one-time-code"), submit(words.verify)];
    let person = visit.person();
    let page = visit
        .page(words.two_factor)
        .notice(failed.then(|| words.wrong_code.to_owned()))
        .main(&form("/sessions/two-factor", visit.token(), &fields.concat()))
        .script(script::fills(person, &[("app_totp", &person.code)]).filter(|_| !failed));
    page.to_reply(200).into()
}

fn second_factor(visit: &Visit<'_>) -> Outcome {
    let Some((cookie, session)) = visit.session.as_ref().filter(|(_, session)| session.login.is_some())
    else {
        return redirect("/login").into();
    };
    if !visit.has_token() {
        return visit.rejected();
    }
    if visit.posted("app_otp").as_ref() != Some(&visit.person().code) {
        return second_factor_page(visit, true);
    }
    with_session(visit, cookie, |session| session.verified = true);
    redirect(session.return_to.as_deref().unwrap_or("/")).into()
}

fn sign_out(visit: &Visit<'_>) -> Outcome {
    let Some((cookie, _)) = visit.session.as_ref().filter(|_| visit.has_token()) else {
        return visit.rejected();
    };
    visit.scene.web.open().0.sessions.remove(cookie);
    redirect("/login")
        .with("Set-Cookie", format!("{COOKIE}=; path=/; secure; HttpOnly; SameSite=Lax; Max-Age=0"))
        .into()
}

/// Begins a session in place of the present one, and gives its cookie and its token.
fn begin(visit: &Visit<'_>, login: Option<String>) -> (String, String) {
    let (mut kept, now) = visit.scene.web.open();
    if let Some((old, _)) = &visit.session {
        kept.sessions.remove(old);
    }
    let cookie = kept.begin(visit.site, login, now);
    let token = kept.sessions.get(&cookie).map(|session| session.token.clone());
    (cookie, token.unwrap_or_default())
}

fn with_session(visit: &Visit<'_>, cookie: &str, change: impl FnOnce(&mut super::Session)) {
    if let Some(session) = visit.scene.web.open().0.sessions.get_mut(cookie) {
        change(session);
    }
}

fn with_cookie(reply: Reply, value: &str) -> Reply {
    reply.with("Set-Cookie", format!("{COOKIE}={value}; path=/; secure; HttpOnly; SameSite=Lax"))
}

/// As whom the person of the world signs in here.
pub(super) fn person_login(visit: &Visit<'_>) -> String {
    let person = visit.person();
    let said = match visit.site {
        Site::Server => &person.on_server,
        Site::Cloud | Site::IdentityProvider => &person.on_cloud,
    };
    said.clone().unwrap_or_else(|| visit.scene.login(side(visit.site)))
}

pub(super) fn side(site: Site) -> Side {
    match site {
        Site::Server => Side::Server,
        Site::Cloud | Site::IdentityProvider => Side::Cloud,
    }
}

/// A place on this site, not on another.
pub(super) fn is_local(place: &str) -> bool {
    place.starts_with('/') && !place.starts_with("//") && !place.contains(['\\', '\r', '\n'])
}

/// A value within a query.
pub(super) fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The heading of a section, as HTML.
pub(super) fn heading(words: &str) -> String {
    format!("<h2>{}</h2>\n", text(words))
}

pub(super) const COOKIE: &str = "user_session";
/// Who has an account on both sides, and owns nothing.
pub(super) const SOMEBODY_ELSE: &str = "somebody-else";
