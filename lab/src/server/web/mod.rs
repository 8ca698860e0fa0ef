//! The web sites of both sides as a person sees them in a browser, and the identity provider's (facts §2). Written from
//! GitHub's documentation and from public reports; what neither shows is the lab's own: the paths and names of
//! sign-in, of removal and of features, and every word that facts §2 does not quote.

mod cloud;
mod identity_provider;
mod memory;
mod page;
mod script;
mod server;
mod session;
mod words;

use percent_encoding::percent_decode_str;

use crate::http1::{Reply, Request};
use crate::log::{Event, shortened};
use crate::scene::Scene;
use crate::server::api::Call;
use crate::world::{Person, Side, Web};

pub(crate) use memory::Memory;
use memory::{Session, Site};
use page::Page;
use words::{Words, words};

/// What a page of the server answers, or nothing where there is no page.
pub(crate) fn server_page(call: &Call<'_>) -> Reply {
    answer(call, Site::Server, server::answer)
}

/// What a page of the cloud answers.
pub(crate) fn cloud_page(call: &Call<'_>) -> Reply {
    answer(call, Site::Cloud, cloud::answer)
}

/// What a page of the identity provider answers.
pub(crate) fn identity_provider_page(call: &Call<'_>) -> Reply {
    answer(call, Site::IdentityProvider, identity_provider::answer)
}

/// A request for a page, and what is known of the visitor.
struct Visit<'a> {
    request: &'a Request,
    call: &'a Call<'a>,
    scene: &'a Scene,
    site: Site,
    words: &'static Words,
    /// The visitor's session and the value of its cookie.
    session: Option<(String, Session)>,
}

/// What a visit comes to.
struct Outcome {
    reply: Reply,
    /// Whether it changed what either side keeps of the connection.
    changed: bool,
}

impl Outcome {
    fn change(reply: Reply) -> Outcome {
        Outcome { reply, changed: true }
    }
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Outcome {
        Outcome { reply, changed: false }
    }
}

fn answer(call: &Call<'_>, site: Site, answer: fn(&Visit<'_>) -> Outcome) -> Reply {
    let visit = Visit::new(call, site);
    let Outcome { reply, changed } = answer(&visit);
    call.scene.log.add(Event::Visit {
        host: visit.host(),
        method: shortened(&call.request.method),
        path: shortened(call.request.path()),
        parameters: parameters(call.request),
        signed_in: visit.login().map(str::to_owned),
        changed,
    });
    reply
}

impl<'a> Visit<'a> {
    fn new(call: &'a Call<'a>, site: Site) -> Visit<'a> {
        let scene = call.scene;
        let web = &scene.world.web;
        let (kept, now) = scene.web.open();
        let session = cookie(call.request, session::COOKIE).and_then(|value| {
            let session = kept.session(site, &value, now, web.session_expires_after)?.clone();
            Some((value, session))
        });
        Visit { request: call.request, call, scene, site, words: words(web.lang), session }
    }

    fn web(&self) -> &'a Web {
        &self.scene.world.web
    }

    fn person(&self) -> &'a Person {
        &self.scene.world.web.person
    }

    /// Whether it only looks.
    fn only_looks(&self) -> bool {
        matches!(self.request.method.as_str(), "GET" | "HEAD")
    }

    /// Who is signed in.
    fn login(&self) -> Option<&str> {
        let (_, session) = self.session.as_ref()?;
        session.login.as_deref().filter(|_| session.verified)
    }

    /// Whether the signed-in visitor administers the server, or owns the enterprise on the cloud.
    fn is_owner(&self) -> bool {
        let world = &self.scene.world;
        let (side, permitted) = match self.site {
            Site::Server => (Side::Server, world.server.site_admin),
            Site::Cloud => (Side::Cloud, world.enterprise.viewer_is_admin),
            Site::IdentityProvider => return false,
        };
        permitted && self.login() == Some(self.scene.login(side).as_str())
    }

    /// A field of the form that was posted.
    fn posted(&self, name: &str) -> Option<String> {
        let body = String::from_utf8_lossy(&self.request.body);
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
        Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    }

    /// Whether the form that was posted comes from a page of this session.
    fn has_token(&self) -> bool {
        let posted = self.posted("authenticity_token");
        self.session.as_ref().is_some_and(|(_, session)| posted.as_ref() == Some(&session.token))
    }

    /// What forms of the visitor's pages have to bring along.
    fn token(&self) -> &str {
        self.session.as_ref().map(|(_, session)| session.token.as_str()).unwrap_or_default()
    }

    /// The name of the host whose page this is.
    fn host(&self) -> String {
        match self.site {
            Site::Server => self.scene.world.server.host.clone(),
            // Hosts that are named in no other way answer as the cloud does.
            Site::Cloud => shortened(&self.request.host().unwrap_or_default()),
            Site::IdentityProvider => IDENTITY_PROVIDER.to_owned(),
        }
    }

    /// A page in the site's clothes.
    fn page(&self, title: &str) -> Page {
        let site = match self.site {
            Site::Server => "GitHub Enterprise Server",
            Site::Cloud => "GitHub",
            Site::IdentityProvider => "Corp Identity",
        };
        Page::new(self.words, site, title).signed_in(self.session.as_ref().map(|(_, session)| session))
    }

    fn not_found(&self) -> Outcome {
        self.page(self.words.not_found).to_reply(404).into()
    }

    /// A form that no page of this session has posted.
    fn rejected(&self) -> Outcome {
        self.page("422").main(&format!("<p>{}</p>\n", self.words.rejected)).to_reply(422).into()
    }
}

impl Scene {
    /// The login of the person of whom a side's token is.
    pub(crate) fn login(&self, side: Side) -> String {
        let name = match side {
            Side::Cloud => "cloud",
            Side::Server => "server",
        };
        self.world.tokens.get(name).map(|token| token.user.clone()).unwrap_or_default()
    }
}

fn redirect(location: &str) -> Reply {
    Reply::new(302).with("Location", location).with("Cache-Control", "no-cache")
}

/// The value of a cookie.
fn cookie(request: &Request, name: &str) -> Option<String> {
    let cookies = request.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("cookie"));
    let mut pairs =
        cookies.flat_map(|(_, value)| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The names of the parameters in a query.
fn parameters(request: &Request) -> Vec<String> {
    let query = request.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).take(20).map(shortened).collect()
}

/// The host of the identity provider.
pub(crate) const IDENTITY_PROVIDER: &str = "idp.corp.example";
