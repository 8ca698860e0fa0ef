//! The company's identity provider: a sign-in of its own, and a form that the browser posts back to the cloud.

use super::memory::random;
use super::page::{field, form, hidden, submit, text};
use super::{Outcome, Visit, script, session};

pub(super) fn answer(visit: &Visit<'_>) -> Outcome {
    match (visit.only_looks(), &visit.call.segments()[..]) {
        (true, ["saml"]) => {
            sign_in_page(visit, &visit.call.parameter("RelayState").unwrap_or_default(), false)
        }
        (false, ["saml"]) => sign_in(visit),
        _ => visit.not_found(),
    }
}

fn sign_in_page(visit: &Visit<'_>, relay: &str, failed: bool) -> Outcome {
    let (words, person) = (visit.words, visit.person());
    if !visit.scene.web.open().0.sign_ons.contains_key(relay) {
        return visit.not_found();
    }
    let fields = [
        hidden("RelayState", relay),
        field("username", "username", words.username, "text", "username"),
        field("password", "password", words.password, "password", "current-password"),
        submit(words.sign_in),
    ];
    let login = session::person_login(visit);
    let acts = script::fills(person, &[("username", &login), ("password", &person.password)]);
    visit
        .page(&words.sign_in_to.replace("{site}", "Corp Identity"))
        .notice(failed.then(|| words.wrong_password.to_owned()))
        .main(&form("/saml", "", &fields.concat()))
        .script(acts.filter(|_| !failed))
        .to_reply(200)
        .into()
}

/// Vouches for who has the password, with a form that a script posts at once.
fn sign_in(visit: &Visit<'_>) -> Outcome {
    let relay = visit.posted("RelayState").unwrap_or_default();
    let login = visit.posted("username").unwrap_or_default();
    let is_known = [session::person_login(visit).as_str(), session::SOMEBODY_ELSE].contains(&login.as_str());
    if !is_known || visit.posted("password").as_ref() != Some(&visit.person().password) {
        return sign_in_page(visit, &relay, true);
    }
    let assertion = random();
    let slug = match visit.scene.web.open().0.sign_ons.get_mut(&relay) {
        None => return visit.not_found(),
        Some(sign_on) => {
            sign_on.assertion = Some(assertion.clone());
            sign_on.slug.clone()
        }
    };
    let cloud = &visit.scene.cloud_host;
    let html = format!(
        "<form action=\"https://{cloud}/enterprises/{}/saml/consume\" method=\"post\" id=\"back\">\n{}{}{}</form>\n",
        text(&slug),
        hidden("SAMLResponse", &assertion),
        hidden("RelayState", &relay),
        submit(visit.words.proceed),
    );
    visit
        .page(visit.words.proceed)
        .main(&html)
        .script(["document.getElementById('back').submit()".to_owned()])
        .forms_lead_to(None)
        .to_reply(200)
        .into()
}
