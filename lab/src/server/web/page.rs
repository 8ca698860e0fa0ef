//! HTML as a person, a screen reader and a browser take it: landmarks, headings, labels, a content security policy.

use super::memory::{Session, random};
use super::words::Words;
use crate::http1::Reply;
use crate::world::{Buttons, Position, Web};

/// A page under construction.
pub(super) struct Page {
    words: &'static Words,
    site: String,
    title: String,
    signed_in: Option<(String, String)>,
    /// The navigation of the site, beside the page's own content. HTML.
    navigation: String,
    notices: Vec<String>,
    main: String,
    scripts: Vec<String>,
    covered: bool,
    /// Where forms may lead, beside the site itself; none for no policy on that.
    form_action: Option<String>,
}

impl Page {
    pub(super) fn new(words: &'static Words, site: &str, title: &str) -> Page {
        Page {
            words,
            site: site.to_owned(),
            title: title.to_owned(),
            signed_in: None,
            navigation: String::new(),
            notices: Vec::new(),
            main: String::new(),
            scripts: Vec::new(),
            covered: false,
            form_action: Some(String::new()),
        }
    }

    /// In the header: who is signed in, and a way out.
    pub(super) fn signed_in(mut self, session: Option<&Session>) -> Page {
        let visitor = session.filter(|session| session.verified);
        self.signed_in = visitor.and_then(|session| Some((session.login.clone()?, session.token.clone())));
        self
    }

    /// The navigation by its name: where each link leads, what it says, whether it is the present page.
    pub(super) fn navigation(mut self, name: &str, links: &[(&str, &str, bool)]) -> Page {
        let links = links.iter().map(|(to, label, here)| {
            let current = if *here { " aria-current=\"page\"" } else { "" };
            format!("<li><a href=\"{}\"{current}>{}</a></li>\n", text(to), text(label))
        });
        let links: String = links.collect();
        self.navigation = format!("<nav aria-label=\"{}\">\n<ul>\n{links}</ul>\n</nav>\n", text(name));
        self
    }

    /// Something that the visitor has to know first. HTML.
    pub(super) fn notice(mut self, html: Option<String>) -> Page {
        self.notices.extend(html);
        self
    }

    /// What the page is about. HTML, below its heading.
    pub(super) fn main(mut self, html: &str) -> Page {
        self.main.push_str(html);
        self
    }

    pub(super) fn script(mut self, script: impl IntoIterator<Item = String>) -> Page {
        self.scripts.extend(script);
        self
    }

    /// Where the forms of the page may lead, beside the site itself; none for no policy.
    pub(super) fn forms_lead_to(mut self, sources: Option<&str>) -> Page {
        self.form_action = sources.map(str::to_owned);
        self
    }

    /// The page beneath a notice that covers it.
    pub(super) fn covered(mut self, position: Position) -> Page {
        self.covered = position == Position::Covered;
        self
    }

    pub(super) fn to_reply(&self, status: u16) -> Reply {
        let nonce = random();
        let policy = self.form_action.as_ref().map(|sources| format!("; form-action 'self'{sources}"));
        let policy = format!(
            "default-src 'none'; base-uri 'self'; frame-ancestors 'none'; img-src data:; style-src 'nonce-{nonce}'; \
             script-src 'nonce-{nonce}'{}",
            policy.unwrap_or_default()
        );
        Reply::new(status)
            .with("Cache-Control", "max-age=0, private, must-revalidate")
            .with("Content-Security-Policy", policy)
            .with("Referrer-Policy", "origin-when-cross-origin, strict-origin-when-cross-origin")
            .with("X-Content-Type-Options", "nosniff")
            .with("X-Frame-Options", "deny")
            .with_body("text/html; charset=utf-8", self.html(&nonce))
    }

    fn html(&self, nonce: &str) -> String {
        let (lang, title, site) = (self.words.lang, text(&self.title), text(&self.site));
        let login = self.signed_in.as_ref().map(|(login, _)| text(login)).unwrap_or_default();
        let notices = self.notices.iter().map(|notice| format!("<div role=\"alert\">{notice}</div>\n"));
        let (cover, uncovering) = match self.covered {
            true => (self.cover(), Some(COVER)),
            false => (String::new(), None),
        };
        let scripts = self.scripts.iter().map(String::as_str).chain([LINKS, DIALOGS]).chain(uncovering);
        let scripts = scripts.map(|script| format!("<script nonce=\"{nonce}\">{script}</script>\n"));
        format!(
            "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} &middot; {site}</title>\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"user-login\" content=\"{login}\">\n\
             <style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<a href=\"/\">{site}</a>\n{}</header>\n{}<main>\n<h1>{title}</h1>\n{}{}</main>\n{cover}{}</body>\n</html>\n",
            self.menu(),
            self.navigation,
            notices.collect::<String>(),
            self.main,
            scripts.collect::<String>(),
        )
    }

    /// Who is signed in, and the way out.
    fn menu(&self) -> String {
        let Some((login, token)) = &self.signed_in else { return String::new() };
        format!(
            "<details>\n<summary aria-label=\"{}\"><img alt=\"@{}\" src=\"{AVATAR}\"></summary>\n{}</details>\n",
            text(self.words.menu),
            text(login),
            form("/logout", token, &submit(self.words.sign_out))
        )
    }

    /// A notice over the whole page, until it is closed.
    fn cover(&self) -> String {
        format!(
            "<div id=\"cover\" role=\"dialog\" aria-modal=\"true\" aria-label=\"{0}\"><p>{0}</p>\n\
             <button type=\"button\" id=\"uncover\">{1}</button></div>\n",
            text(self.words.cookies),
            text(self.words.accept)
        )
    }
}

/// Text in HTML, also within quotes.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Words with the values of their places. Values and result are HTML.
pub(super) fn filled(words: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(words.to_owned(), |words, (place, value)| words.replace(&format!("{{{place}}}"), value))
}

/// A form that posts, with the session's token.
pub(super) fn form(action: &str, token: &str, inner: &str) -> String {
    format!(
        "<form action=\"{}\" accept-charset=\"UTF-8\" method=\"post\">\n{}{inner}</form>\n",
        text(action),
        hidden("authenticity_token", token)
    )
}

pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", text(value))
}

/// A field with its label. `kind` is the type, `purpose` what a browser fills it with.
pub(super) fn field(id: &str, name: &str, label: &str, kind: &str, purpose: &str) -> String {
    format!(
        "<p><label for=\"{id}\">{}</label>\n<input type=\"{kind}\" id=\"{id}\" name=\"{name}\" autocomplete=\"{purpose}\" \
         required></p>\n",
        text(label)
    )
}

pub(super) fn submit(label: &str) -> String {
    format!("<button type=\"submit\">{}</button>\n", text(label))
}

/// A form with nothing but a button of the kind that the world wants, found by `id`.
pub(super) fn press(web: &Web, action: &str, token: &str, id: &str, label: &str) -> String {
    let label = text(label);
    let button = match web.buttons {
        Buttons::Button => format!("<button type=\"submit\" id=\"{id}\">{label}</button>\n"),
        Buttons::Link => format!("<a href=\"#{id}\" id=\"{id}\" class=\"button\" data-submits>{label}</a>\n"),
    };
    form(action, token, &button)
}

/// What stands above the buttons of a page, if they are below what fits on a screen.
pub(super) fn above(position: Position) -> &'static str {
    match position {
        Position::Below => "<div class=\"long\"></div>\n",
        Position::Usual | Position::Covered => "",
    }
}

const STYLE: &str = "body{font:16px/1.5 sans-serif;margin:0;color:#1f2328}\
    header{display:flex;justify-content:space-between;background:#24292f;padding:12px 24px}header a{color:#fff}\
    header img{width:24px;height:24px;border-radius:50%}header form{background:#fff;padding:8px}\
    nav{padding:0 24px;border-bottom:1px solid #d1d9e0}nav ul{display:flex;gap:24px;list-style:none;padding:0}\
    main{max-width:800px;margin:0 auto;padding:24px}label{display:block}\
    button,.button{font:inherit;padding:5px 16px;border:1px solid #1f883d;border-radius:6px;background:#1f883d;color:#fff;\
    text-decoration:none;cursor:pointer}\
    [role=alert]{border:1px solid #d4a72c;background:#fff8c5;padding:12px 16px;border-radius:6px;margin-bottom:16px}\
    .row{display:flex;justify-content:space-between;align-items:center;border-bottom:1px solid #d1d9e0;padding:8px 0}\
    ul.rows{list-style:none;padding:0}table{width:100%}th{text-align:left}td{text-align:right}summary{color:#fff}.long{height:2400px}\
    #cover{position:fixed;inset:0;background:#fffc;padding:30vh 30vw}";
const AVATAR: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==";
/// Links that submit the form they are in.
const LINKS: &str = "document.querySelectorAll('a[data-submits]').forEach(a=>a.addEventListener('click',e=>{\
    e.preventDefault();a.closest('form').requestSubmit()}))";
/// Buttons that open a dialog.
const DIALOGS: &str = "document.querySelectorAll('button[data-opens]').forEach(b=>b.addEventListener('click',()=>\
    document.getElementById(b.dataset.opens).showModal()))";
const COVER: &str = "document.getElementById('uncover').addEventListener('click',()=>document.getElementById('cover').remove())";
