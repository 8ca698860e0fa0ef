//! The server's settings page of GitHub Connect, and the return to it (facts §2).

use std::collections::BTreeSet;
use std::time::Duration;

use super::memory::Connected;
use super::page::{above, filled, form, hidden, press, submit, text};
use super::session::{self, heading};
use super::{Outcome, Visit, redirect, script};
use crate::world::Side;

pub(super) fn answer(visit: &Visit<'_>) -> Outcome {
    let segments = visit.call.segments();
    if let Some(outcome) = session::answer(visit, &segments) {
        return outcome;
    }
    let web = visit.web();
    match (visit.only_looks(), &segments[..]) {
        (true, [""]) => start_page(visit),
        (_, ["enterprises", slug, "settings", "dotcom_connection", ..])
            if web.settings_page_missing
                || !slug.eq_ignore_ascii_case(&visit.scene.world.server.enterprise) =>
        {
            visit.not_found()
        }
        (looks, ["enterprises", _, "settings", "dotcom_connection", rest @ ..]) => {
            for_owner(visit, |visit| match (looks, rest) {
                (true, []) => settings_page(visit, None),
                (false, []) if visit.posted("_method").as_deref() == Some("delete") => disable(visit),
                (false, []) => enable(visit, false),
                (false, ["resume_dotcom_connection"]) => enable(visit, true),
                (false, ["features"]) => set_feature(visit),
                _ => visit.not_found(),
            })
        }
        (true, ["admin", "dotcom_connection", "change_complete"]) => for_owner(visit, complete),
        _ => visit.not_found(),
    }
}

/// A page for administrators; to others there is none. What changes something comes from a page of their own session.
fn for_owner(visit: &Visit<'_>, answer: impl FnOnce(&Visit<'_>) -> Outcome) -> Outcome {
    if visit.login().is_none() {
        session::first(visit)
    } else if !visit.is_owner() {
        visit.not_found()
    } else if !visit.only_looks() && !visit.has_token() {
        visit.rejected()
    } else {
        answer(visit)
    }
}

fn start_page(visit: &Visit<'_>) -> Outcome {
    if visit.login().is_none() {
        return redirect("/login").into();
    }
    let link = format!("<p><a href=\"{}\">GitHub Connect</a></p>\n", text(&settings_path(visit)));
    visit.page("Dashboard").main(if visit.is_owner() { &link } else { "" }).to_reply(200).into()
}

fn settings_page(visit: &Visit<'_>, notice: Option<&str>) -> Outcome {
    let (words, path) = (visit.words, settings_path(visit));
    let state = {
        let (kept, now) = visit.scene.web.open();
        (kept.connected.clone(), kept.awaited(now).is_some())
    };
    let notice = notice.map(|words| filled(words, &[("cloud", cloud(visit))]));
    // Who was told that it did not work does not press the same for ever.
    let acts = script::presses(visit.person(), ENABLE).filter(|_| notice.is_none());
    let mut page = visit
        .page("GitHub Connect")
        .navigation(words.settings, &[("/", "Dashboard", false), (&path, "GitHub Connect", true)])
        .notice(notice)
        .covered(visit.web().position);
    page = match state {
        (Some(connected), _) => page.main(&connected_html(visit, &connected)),
        (None, true) => page.main(&unfinished_html(visit)),
        (None, false) => page.main(&not_enabled_html(visit)).script(acts),
    };
    // The form of a setup leads to the cloud.
    page.forms_lead_to(Some(&format!(" {}", cloud(visit)))).to_reply(200).into()
}

fn not_enabled_html(visit: &Visit<'_>) -> String {
    let (web, words, path) = (visit.web(), visit.words, settings_path(visit));
    let label = web.enable_label.as_deref().unwrap_or(words.enable);
    let terms = format!("<a href=\"{TERMS}\">GitHub Terms for Additional Products and Features</a>");
    let terms =
        filled(words.terms, &[("enable", &format!("<strong>{}</strong>", text(label))), ("terms", &terms)]);
    // A second button of the same name is not the one of this page's heading.
    let other = match web.two_buttons.on_server() {
        true => press(web, &format!("{path}/trial"), visit.token(), "enable-trial", label),
        false => String::new(),
    };
    format!(
        "{other}{}<p>{}</p>\n{}<p>{terms}</p>\n{}",
        heading(words.not_enabled),
        filled(words.about, &[("cloud", cloud(visit))]),
        above(web.position),
        press(web, &path, visit.token(), ENABLE, label),
    )
}

fn unfinished_html(visit: &Visit<'_>) -> String {
    let (web, words) = (visit.web(), visit.words);
    let action = format!("{}/resume_dotcom_connection", settings_path(visit));
    format!(
        "{}<p>{}</p>\n{}{}",
        heading(words.not_enabled),
        filled(words.unfinished, &[("cloud", cloud(visit))]),
        above(web.position),
        press(web, &action, visit.token(), "complete", words.complete),
    )
}

/// The account with the way out beside it, and the features (facts §1.7).
fn connected_html(visit: &Visit<'_>, connected: &Connected) -> String {
    let (words, path, token) = (visit.words, settings_path(visit), visit.token());
    let account = &connected.account;
    let disable = text(words.disable);
    let mut html = format!(
        "{}<div class=\"row\"><a href=\"https://{}/enterprises/{}\">{}</a>\n<button type=\"button\" \
         data-opens=\"disconnect\">{disable}</button></div>\n\
         <dialog id=\"disconnect\" aria-labelledby=\"disconnect-title\">\n<h2 id=\"disconnect-title\">{disable}</h2>\n\
         <p>{}</p>\n{}</dialog>\n{}",
        heading(words.connected_to),
        cloud(visit),
        text(&account.slug),
        text(&account.name),
        words.disconnection,
        form(&path, token, &format!("{}{}", hidden("_method", "delete"), submit(words.disable))),
        heading(words.features),
    );
    for (id, name) in features(visit) {
        let is_on = connected.features.contains(id);
        let option = |value: &str, label: &str, selected: bool| {
            let selected = if selected { " selected" } else { "" };
            format!("<option value=\"{value}\"{selected}>{}</option>", text(label))
        };
        let (name, save) = (text(name), text(words.save));
        let fields = format!(
            "{}<label for=\"{id}\">{name}</label>\n<select id=\"{id}\" name=\"value\">{}{}</select>\n<button \
             type=\"submit\" aria-label=\"{save}: {name}\">{save}</button>\n",
            hidden("feature", id),
            option("disabled", words.disabled, !is_on),
            option("enabled", words.enabled, is_on),
        );
        html.push_str(&form(&format!("{path}/features"), token, &fields));
    }
    html
}

/// Begins the setup, or goes on with it, and leads to the cloud.
fn enable(visit: &Visit<'_>, resumes: bool) -> Outcome {
    let Some((cookie, _)) = &visit.session else { return session::first(visit) };
    if !visit.web().reaches_cloud {
        return settings_page(visit, Some(visit.words.unreachable));
    }
    let (mut kept, now) = visit.scene.web.open();
    let until = match kept.awaited(now).map(|pending| pending.until) {
        _ if kept.connected.is_some() => Err(None),
        Some(until) if resumes => Ok(until),
        None if resumes => Err(Some(visit.words.missed)),
        _ => Ok(now + Duration::from_secs(visit.web().window_seconds.into())),
    };
    let state = until.map(|until| kept.announce(cookie, until));
    drop(kept);
    match state {
        Ok(state) => {
            let to = format!("https://{}/enterprise_installations/new?state={state}", cloud(visit));
            Outcome::change(redirect(&to))
        }
        Err(notice) => settings_page(visit, notice),
    }
}

/// The return from the cloud, within the window and in the session of the press.
fn complete(visit: &Visit<'_>) -> Outcome {
    let state = visit.call.parameter("state").unwrap_or_default();
    let session = visit.session.as_ref().map(|(cookie, _)| cookie);
    let (mut kept, now) = visit.scene.web.open();
    let is_awaited = kept
        .awaited(now)
        .is_some_and(|pending| pending.state == state && pending.session.as_ref() == session);
    let Some(account) = kept.granted.get(&state).filter(|_| is_awaited).cloned() else {
        drop(kept);
        return settings_page(visit, Some(visit.words.missed));
    };
    kept.connected = Some(Connected { account, features: BTreeSet::new() });
    kept.pending = None;
    if visit.web().logs_connection {
        kept.happened(Side::Server, "dotcom_connection.create", visit.login().unwrap_or_default());
    }
    drop(kept);
    Outcome::change(redirect(&settings_path(visit)))
}

/// Ends the connection on both sides (facts §1.7).
fn disable(visit: &Visit<'_>) -> Outcome {
    let (mut kept, _) = visit.scene.web.open();
    if let Some(connected) = kept.connected.take() {
        kept.forget(&connected.account.slug, &visit.scene.world.server.host);
        let actor = visit.login().unwrap_or_default();
        kept.happened(Side::Cloud, "enterprise_installation.destroy", &visit.scene.login(Side::Cloud));
        if visit.web().logs_connection {
            kept.happened(Side::Server, "dotcom_connection.destroy", actor);
        }
    }
    drop(kept);
    Outcome::change(redirect(&settings_path(visit)))
}

/// Switches a feature on or off. With the synchronization of licences the account hears of them.
fn set_feature(visit: &Visit<'_>) -> Outcome {
    let wanted = visit.posted("feature").unwrap_or_default();
    let Some((id, _)) = features(visit).find(|(id, _)| *id == wanted) else { return visit.not_found() };
    let on = visit.posted("value").as_deref() == Some("enabled");
    let (mut kept, _) = visit.scene.web.open();
    if let Some(connected) = &mut kept.connected {
        match on {
            true => connected.features.insert(id.to_owned()),
            false => connected.features.remove(id),
        };
        if on && id == LICENSE_SYNC {
            kept.synchronized(&visit.scene.world.server.host);
        }
    }
    drop(kept);
    Outcome::change(redirect(&settings_path(visit)))
}

/// The features and what they are called. Not all are there for GHE.com (facts §1.2).
fn features(visit: &Visit<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let ghe_com = visit.scene.world.target.ghe_com.is_some();
    FEATURES.into_iter().filter(move |(id, _)| !(ghe_com && ["server_statistics", "actions"].contains(id)))
}

fn settings_path(visit: &Visit<'_>) -> String {
    format!("/enterprises/{}/settings/dotcom_connection", visit.scene.world.server.enterprise)
}

fn cloud<'a>(visit: &Visit<'a>) -> &'a str {
    &visit.scene.cloud_host
}

const ENABLE: &str = "enable";
const TERMS: &str = "https://docs.github.com/en/site-policy/github-terms/github-terms-for-additional-products-and-features#connect";
const LICENSE_SYNC: &str = "license_sync";
const FEATURES: [(&str, &str); 6] = [
    (LICENSE_SYNC, "License sync"),
    ("server_statistics", "Server Statistics"),
    ("actions", "Users can utilize actions from GitHub.com in workflow runs"),
    ("dependabot", "Dependabot"),
    ("unified_search", "Unified search"),
    ("unified_contributions", "Unified contributions"),
];
