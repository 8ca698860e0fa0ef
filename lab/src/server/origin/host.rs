//! What a host answers: its own server's reply, or what the world puts in its place.

use crate::http1::{Reply, Request, http_date};
use crate::scene::{Role, Scene, Site};
use crate::server::api::{Call, from_github, rate_limit};
use crate::server::web::identity_provider_page;
use crate::server::{cloud, echo, ghes, trouble};
use crate::world::{Answer, PlainAnswer};

use super::deed::{Deed, Manner};
use super::{Arrival, endpoint, pages, web};

/// The deed of a host over TLS, with what the world file overrides.
pub(crate) fn https_deed(
    host: &str,
    site: &Site,
    arrival: Arrival,
    request: &Request,
    scene: &Scene,
) -> Deed {
    let https = &site.host.https;
    let by_itself = arrival.port == MANAGE || https.answer == Answer::Github;
    if let Some(endpoint) = endpoint::of(host, arrival, request, scene).filter(|_| by_itself) {
        let date = http_date(https.date_offset_seconds);
        return endpoint::deed(endpoint, request, usual(site.role, arrival, request, scene), &date);
    }
    if arrival.port == MANAGE {
        let reply = usual(site.role, arrival, request, scene);
        return Deed::new(reply.with("Date", http_date(https.date_offset_seconds)), Manner::Proper);
    }
    let to = |usual: &str| https.location.clone().unwrap_or_else(|| usual.to_owned());
    let usual = || usual(site.role, arrival, request, scene);
    let (mut reply, manner) = match https.answer {
        Answer::Github => (usual(), Manner::Proper),
        Answer::HugeHeader => (trouble::with_huge_header(usual()), Manner::Proper),
        // It is the limit of nobody in particular: a token has one of its own.
        Answer::RateLimit if request.header("authorization").is_some() => (usual(), Manner::Proper),
        Answer::RateLimit => {
            (from_github(rate_limit::anonymous_refusal(&arrival.observed.to_string())), Manner::Proper)
        }
        Answer::Unavailable => (web::unavailable(), Manner::Proper),
        Answer::BlockPage => (pages::block_page(host), Manner::Proper),
        Answer::CaptivePortal => (pages::redirect(302, &to(pages::PORTAL)), Manner::Proper),
        Answer::LoginPage => (pages::login_page(https.location.as_deref()), Manner::Proper),
        Answer::Redirect => (pages::redirect(302, &to("https://elsewhere.example/")), Manner::Proper),
        Answer::Escape => (trouble::escapes(), Manner::Proper),
        Answer::Drip => (usual(), Manner::Drip),
        Answer::EndlessHead => (usual(), Manner::EndlessHead),
        Answer::EndlessBody => (usual(), Manner::EndlessBody),
        Answer::Silent => (Reply::new(200), Manner::Silent),
        Answer::Garbage => (Reply::new(200), Manner::Garbage),
        Answer::Close => (Reply::new(200), Manner::Close),
    };
    reply.set("Date", http_date(https.date_offset_seconds));
    if let Some(status) = https.status {
        reply.status(status);
    }
    if let Some(body) = &https.body {
        reply.body = body.clone().into_bytes();
    }
    for (name, value) in &https.headers {
        match value.is_empty() {
            true => reply.remove(name),
            false => reply.set(name, value.as_bytes()),
        }
    }
    Deed::new(reply, manner)
}

/// The deed of a host's port 80. `target` is the request's path and query, which a proxy is told with more around it.
pub(crate) fn plain_deed(
    host: &str,
    target: &str,
    site: &Site,
    arrival: Arrival,
    request: &Request,
    scene: &Scene,
) -> Deed {
    let port = &site.host.port_80;
    let to = |usual: &str| port.location.clone().unwrap_or_else(|| usual.to_owned());
    let redirect = || pages::redirect(301, &to(&format!("https://{host}{target}")));
    let (mut reply, manner) = match port.answer {
        // TLS in a plain request's place: a server that expects a hello.
        PlainAnswer::Tls => (pages::bad_request(), Manner::Proper),
        PlainAnswer::Redirect => (redirect(), Manner::Proper),
        PlainAnswer::Drip => (redirect(), Manner::Drip),
        PlainAnswer::EndlessHead => (redirect(), Manner::EndlessHead),
        PlainAnswer::EndlessBody => (redirect(), Manner::EndlessBody),
        PlainAnswer::RedirectElsewhere => {
            (pages::redirect(301, &to("https://elsewhere.example/")), Manner::Proper)
        }
        PlainAnswer::GithubPage => (usual(site.role, arrival, request, scene), Manner::Proper),
        PlainAnswer::CaptivePortal => (pages::redirect(302, &to(pages::PORTAL)), Manner::Proper),
        PlainAnswer::BlockPage => (pages::block_page(host), Manner::Proper),
        PlainAnswer::Unavailable => (web::unavailable(), Manner::Proper),
        PlainAnswer::Escape => (trouble::escapes(), Manner::Proper),
        PlainAnswer::Silent => (Reply::new(200), Manner::Silent),
        PlainAnswer::Garbage => (Reply::new(200), Manner::Garbage),
        PlainAnswer::Close => (Reply::new(200), Manner::Close),
    };
    reply.set("Date", http_date(0));
    Deed::new(reply, manner)
}

/// The reply of a host in good health.
fn usual(role: Role, arrival: Arrival, request: &Request, scene: &Scene) -> Reply {
    let call = Call { request, observed: arrival.observed, scene };
    match role {
        Role::Server if arrival.port == MANAGE => ghes::manage::reply(&call),
        Role::Server => ghes::reply(&call),
        Role::Api => cloud::reply(&call),
        Role::Uploads => cloud::uploads(),
        Role::Web => web::reply(&call),
        Role::Echo => echo::reply(&call),
        Role::IdentityProvider => identity_provider_page(&call),
    }
}

/// The port of the Manage API.
pub(super) const MANAGE: u16 = 8443;
