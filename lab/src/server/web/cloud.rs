//! The cloud's pages: the selection of an enterprise, its installations, its bills, single sign-on (facts §2).

use super::memory::{Account, SignOn, random};
use super::page::{above, filled, form, hidden, press, submit, text};
use super::session::{self, encoded, heading};
use super::{IDENTITY_PROVIDER, Outcome, Visit, cookie, redirect, script};
use crate::http1::Reply;
use crate::world::{BillingPage, Choice, Csp, ListedAs, Side};

pub(super) fn answer(visit: &Visit<'_>) -> Outcome {
    let segments = visit.call.segments();
    if let Some(outcome) = session::answer(visit, &segments) {
        return outcome;
    }
    match (visit.only_looks(), &segments[..]) {
        (true, [""]) => visit.page("GitHub").to_reply(200).into(),
        (true, ["robots.txt"]) => Reply::new(200)
            .with_body("text/plain; charset=utf-8", "User-agent: *\nDisallow: /*/*/pulse\n")
            .into(),
        // It comes from the identity provider, without the cookie of the session.
        (false, ["enterprises", slug, "saml", "consume"]) => consume(visit, slug),
        (_, ["enterprise_installations" | "enterprises", ..]) if visit.login().is_none() => {
            session::first(visit)
        }
        (looks, _) if !looks && !visit.has_token() => visit.rejected(),
        (true, ["enterprise_installations", "new"]) => {
            let slug = visit.scene.world.enterprise.slug.clone();
            signed_on(visit, &slug, |visit| selection(visit, None))
        }
        (looks, ["enterprises", slug, rest @ ..]) => {
            let Some(choice) = owned(visit).into_iter().find(|choice| choice.slug.eq_ignore_ascii_case(slug))
            else {
                return visit.not_found();
            };
            match (looks, rest) {
                (true, ["sso"]) => sign_on_page(visit, &choice),
                (false, ["saml", "initiate"]) => initiate(visit, &choice.slug),
                (looks, rest) => {
                    signed_on(visit, &choice.slug, |visit| of_enterprise(visit, &choice, looks, rest))
                }
            }
        }
        _ => visit.not_found(),
    }
}

fn of_enterprise(visit: &Visit<'_>, choice: &Choice, looks: bool, rest: &[&str]) -> Outcome {
    match (looks, rest) {
        (true, []) => enterprise_page(visit, choice, &choice.name, ""),
        (true, ["settings", "billing"]) => billing_page(visit, choice),
        (true, ["enterprise_installations"]) => installations_page(visit, choice),
        (false, ["enterprise_installations"]) => connect(visit, choice),
        (false, ["enterprise_installations", host]) => remove(visit, choice, host),
        _ => visit.not_found(),
    }
}

/// The enterprises that the visitor owns, eligible or not.
fn owned(visit: &Visit<'_>) -> Vec<Choice> {
    let enterprise = &visit.scene.world.enterprise;
    if !visit.is_owner() {
        return Vec::new();
    }
    let only = || Choice { slug: enterprise.slug.clone(), name: enterprise.name.clone(), eligible: true };
    visit.web().enterprises.clone().unwrap_or_else(|| vec![only()])
}

/// "Select an enterprise", for the setup whose state the visitor brings.
fn selection(visit: &Visit<'_>, notice: Option<String>) -> Outcome {
    let (web, words) = (visit.web(), visit.words);
    let state = visit.call.parameter("state").unwrap_or_default();
    let (token, server) = (random(), text(&visit.scene.world.server.host));
    {
        let (mut kept, _) = visit.scene.web.open();
        let is_known = kept.announced.contains(&state);
        let session = visit.session.as_ref().and_then(|(cookie, _)| kept.sessions.get_mut(cookie));
        match session.filter(|_| is_known) {
            Some(session) => session.ticket = Some((state.clone(), token.clone())),
            None => return visit.not_found(),
        }
    }
    let is_listed = |choice: &Choice| choice.eligible || web.names_elsewhere;
    let listed: Vec<Choice> = owned(visit).into_iter().filter(is_listed).collect();
    let label = web.connect_label.as_deref().unwrap_or(words.connect);
    let rows = listed.iter().map(|choice| {
        let slug = text(&choice.slug);
        let action = format!("/enterprises/{slug}/enterprise_installations?state={state}&token={token}");
        let other = match web.two_buttons.on_cloud() {
            true => press(
                web,
                &format!("/enterprises/{slug}/azure"),
                visit.token(),
                &format!("azure-{slug}"),
                label,
            ),
            false => String::new(),
        };
        let who = format!("<a href=\"/enterprises/{slug}\">{}</a> <span>{slug}</span>", text(&choice.name));
        let how = match choice.eligible {
            true => press(web, &action, visit.token(), &format!("connect-{slug}"), label),
            false => String::new(),
        };
        match web.listed_as {
            ListedAs::List => format!("<li class=\"row\"><div>{who}</div>\n{other}{how}</li>\n"),
            ListedAs::Table => format!("<tr><th scope=\"row\">{who}</th>\n<td>{other}{how}</td></tr>\n"),
        }
    });
    let rows: String = rows.collect();
    let list = match web.listed_as {
        _ if listed.is_empty() => format!("<p>{}</p>\n", words.nothing_to_select),
        ListedAs::List => format!("<ul class=\"rows\">\n{rows}</ul>\n"),
        ListedAs::Table => format!("<table>\n<tbody>\n{rows}</tbody>\n</table>\n"),
    };
    let enterprise = &visit.scene.world.enterprise.slug;
    let is_first_look = notice.is_none() && listed.iter().any(|choice| choice.slug == *enterprise);
    let acts = script::presses(visit.person(), &format!("connect-{enterprise}"));
    let home = format!("/enterprises/{enterprise}");
    let page = match web.names_elsewhere {
        // The switcher of accounts and the way to the page.
        true => visit.page(words.select).navigation(enterprise, &[(&home, enterprise, true)]),
        false => visit.page(words.select),
    };
    page.notice(notice)
        .covered(web.position)
        .main(&format!(
            "<p>{}</p>\n{}{list}",
            filled(words.to_connect, &[("server", &server)]),
            above(web.position)
        ))
        .script(acts.filter(|_| is_first_look))
        .forms_lead_to(form_action(visit).as_deref())
        .to_reply(200)
        .into()
}

/// Where the selection page lets its forms lead. On GHE.com not back to the server, as the one public report has it.
fn form_action(visit: &Visit<'_>) -> Option<String> {
    let world = &visit.scene.world;
    let (own, usual) = match &world.target.ghe_com {
        Some(subdomain) => (
            format!(" ghe.com copilot-workspace.githubnext.com objects-origin.{subdomain}.ghe.com"),
            Csp::Forbids,
        ),
        None => (" github.com gist.github.com copilot-workspace.githubnext.com".to_owned(), Csp::Permits),
    };
    match world.web.csp.unwrap_or(usual) {
        Csp::Forbids => Some(own),
        Csp::Permits => Some(format!("{own} {}", world.server.url())),
        Csp::None => None,
    }
}

/// The press on "Connect": the record is made, and the visitor led back to the server.
fn connect(visit: &Visit<'_>, choice: &Choice) -> Outcome {
    let world = &visit.scene.world;
    let brought = (visit.call.parameter("state"), visit.call.parameter("token"));
    let ticket = visit.session.as_ref().and_then(|(_, session)| session.ticket.clone());
    let Some((state, _)) = ticket.filter(|(state, token)| {
        choice.eligible && brought.0.as_ref() == Some(state) && brought.1.as_ref() == Some(token)
    }) else {
        return visit.rejected();
    };
    let (mut kept, _) = visit.scene.web.open();
    if kept.knows(&choice.slug, &world.server.host) {
        drop(kept);
        return selection(visit, Some(already_exists(visit, choice)));
    }
    kept.connect(&choice.slug, world);
    kept.granted.insert(state.clone(), Account { slug: choice.slug.clone(), name: choice.name.clone() });
    if choice.slug == world.enterprise.slug {
        kept.happened(Side::Cloud, "enterprise_installation.create", visit.login().unwrap_or_default());
    }
    drop(kept);
    let to = format!("{}/admin/dotcom_connection/change_complete?state={state}", world.server.url());
    Outcome::change(redirect(&to))
}

fn already_exists(visit: &Visit<'_>, choice: &Choice) -> String {
    let words = visit.words;
    let known = format!(
        "<a href=\"/enterprises/{}/enterprise_installations\">{}</a>",
        text(&choice.slug),
        words.known_installations
    );
    filled(words.exists, &[("server", &text(&visit.scene.world.server.host)), ("known", &known)])
}

/// A page of an enterprise's own, with the way to its others.
fn enterprise_page(visit: &Visit<'_>, choice: &Choice, title: &str, html: &str) -> Outcome {
    let path = format!("/enterprises/{}", choice.slug);
    let (installations, billing) =
        (format!("{path}/enterprise_installations"), format!("{path}/settings/billing"));
    let here = visit.request.path();
    let links = [
        (path.as_str(), "Overview"),
        (&installations, "GitHub Connect"),
        (&billing, "Billing and licensing"),
    ];
    let links = links.map(|(to, label)| (to, label, to == here));
    visit.page(title).navigation(&choice.name, &links).main(html).to_reply(200).into()
}

/// The known installations. An orphan counts as connected, as the one public report has it (facts §8).
fn installations_page(visit: &Visit<'_>, choice: &Choice) -> Outcome {
    let known = visit.scene.web.installations(&choice.slug);
    let synchronized = visit.scene.web.license_sync(&visit.scene.world);
    let connected = known.iter().filter(|record| record.is_connected).count();
    let rows = known.iter().map(|record| {
        let host = text(&record.host_name);
        let is_heard = synchronized.iter().any(|sync| sync.host_name.eq_ignore_ascii_case(&record.host_name));
        let heard = if is_heard { "synced" } else { "never synced" };
        let action = format!("/enterprises/{}/enterprise_installations/{}", choice.slug, record.host_name);
        let remove = format!("{}{}", hidden("_method", "delete"), submit(visit.words.remove));
        format!(
            "<li class=\"row\"><div>{host} - GitHub Connect server usage {heard}</div>\n{}</li>\n",
            form(&action, visit.token(), &remove)
        )
    });
    let plural = if connected == 1 { "" } else { "s" };
    let html = format!(
        "{}<ul class=\"rows\">\n{}</ul>\n",
        heading(&format!("{connected} server{plural} connected")),
        rows.collect::<String>()
    );
    enterprise_page(visit, choice, "GitHub Connect", &html)
}

/// Takes a record away, of which the server is not told.
fn remove(visit: &Visit<'_>, choice: &Choice, host: &str) -> Outcome {
    if visit.posted("_method").as_deref() != Some("delete") {
        return visit.not_found();
    }
    let (mut kept, _) = visit.scene.web.open();
    if !kept.forget(&choice.slug, host) {
        drop(kept);
        return visit.not_found();
    }
    if choice.slug == visit.scene.world.enterprise.slug {
        kept.happened(Side::Cloud, "enterprise_installation.destroy", visit.login().unwrap_or_default());
    }
    drop(kept);
    Outcome::change(redirect(&format!("/enterprises/{}/enterprise_installations", choice.slug)))
}

fn billing_page(visit: &Visit<'_>, choice: &Choice) -> Outcome {
    let html = match visit.web().billing {
        BillingPage::Missing => return visit.not_found(),
        BillingPage::Invoice => {
            "<h2>Latest invoice</h2>\n<p>LAB-2026-11, due by bank transfer</p>\n\
             <p><a href=\"#invoice\">View invoice</a></p>\n"
        }
        BillingPage::Trial => {
            "<h2>Enterprise trial</h2>\n<p>12 days left in your trial</p>\n<p><a href=\"#buy\">Activate Enterprise</a></p>\n"
        }
        BillingPage::Card => {
            "<h2>Payment method</h2>\n<p>Visa ending in 4242</p>\n<p><a href=\"#card\">Update payment method</a></p>\n"
        }
    };
    enterprise_page(visit, choice, "Billing and licensing", html)
}

/// A page that needs single sign-on first, where the world has it.
fn signed_on(visit: &Visit<'_>, slug: &str, answer: impl FnOnce(&Visit<'_>) -> Outcome) -> Outcome {
    let session = visit.session.as_ref().map(|(_, session)| session);
    let is_done = session.is_some_and(|session| session.signed_on.contains(slug));
    if !visit.web().sso || is_done || !visit.is_owner() {
        return answer(visit);
    }
    let place = match visit.only_looks() {
        true => visit.request.target.clone(),
        false => format!("/enterprises/{slug}"),
    };
    redirect(&format!("/enterprises/{slug}/sso?return_to={}", encoded(&place))).into()
}

/// "Single sign-on to …", with the button that leads to the identity provider.
fn sign_on_page(visit: &Visit<'_>, choice: &Choice) -> Outcome {
    let words = visit.words;
    let place = visit.call.parameter("return_to").filter(|place| session::is_local(place));
    let place = place.unwrap_or_else(|| format!("/enterprises/{}", choice.slug));
    let fields = format!(
        "{}<button type=\"submit\" id=\"continue\">{}</button>\n",
        hidden("return_to", &place),
        text(words.proceed)
    );
    visit
        .page(&words.single_sign_on.replace("{enterprise}", &choice.name))
        .main(&form(&format!("/enterprises/{}/saml/initiate", choice.slug), visit.token(), &fields))
        .script(script::proceeds(visit.person(), "continue"))
        .forms_lead_to(Some(&format!(" https://{IDENTITY_PROVIDER}")))
        .to_reply(200)
        .into()
}

/// Sends the visitor to the identity provider.
fn initiate(visit: &Visit<'_>, slug: &str) -> Outcome {
    let Some((cookie, _)) = &visit.session else { return session::first(visit) };
    let relay = random();
    let place = visit.posted("return_to").filter(|place| session::is_local(place));
    let (mut kept, _) = visit.scene.web.open();
    let sign_on = SignOn { session: cookie.clone(), slug: slug.to_owned(), assertion: None };
    kept.sign_ons.insert(relay.clone(), sign_on);
    if let Some(session) = kept.sessions.get_mut(cookie) {
        session.return_to = place;
    }
    drop(kept);
    // The answer is posted from elsewhere: a cookie of the same site only would not come along.
    redirect(&format!("https://{IDENTITY_PROVIDER}/saml?RelayState={relay}"))
        .with("Set-Cookie", format!("{SAML_COOKIE}={relay}; path=/; secure; HttpOnly; SameSite=None"))
        .into()
}

/// What the identity provider vouches for, brought by the visitor's browser.
fn consume(visit: &Visit<'_>, slug: &str) -> Outcome {
    let relay = visit.posted("RelayState").unwrap_or_default();
    let bound = cookie(visit.request, SAML_COOKIE).as_ref() == Some(&relay);
    let (mut kept, _) = visit.scene.web.open();
    let sign_on = kept.sign_ons.get(&relay).filter(|sign_on| {
        bound
            && sign_on.slug.eq_ignore_ascii_case(slug)
            && sign_on.assertion.is_some()
            && sign_on.assertion == visit.posted("SAMLResponse")
    });
    let Some(sign_on) = sign_on.cloned() else {
        drop(kept);
        return visit.rejected();
    };
    kept.sign_ons.remove(&relay);
    let place = kept.sessions.get_mut(&sign_on.session).and_then(|session| {
        session.signed_on.insert(sign_on.slug.clone());
        session.return_to.take()
    });
    drop(kept);
    redirect(&place.unwrap_or_else(|| format!("/enterprises/{}", sign_on.slug))).into()
}

const SAML_COOKIE: &str = "saml_csrf_token";
