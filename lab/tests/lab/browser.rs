//! A browser without scripts: pages, forms, redirections, and cookies as RFC 6265bis has them.

use std::collections::BTreeMap;

use gh_connect_lab::Lab;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::client::{Response, send, session};

/// A browser, and the page that it shows.
pub(crate) struct Browser<'a> {
    lab: &'a Lab,
    /// By host and name: value, and whether it comes along from other sites.
    cookies: BTreeMap<(String, String), (String, bool)>,
    /// The address of the page, without its scheme.
    pub(crate) at: String,
    pub(crate) page: Response,
    /// Every address that was asked on the way to the page, without query.
    pub(crate) way: Vec<String>,
}

/// A form of a page.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    action: String,
    fields: Vec<(String, String)>,
    /// What presses it: role and name.
    pub(crate) presses: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub(crate) async fn open(lab: &'a Lab, url: &str) -> Browser<'a> {
        let page = Response { status: 0, head: Vec::new(), body: Vec::new() };
        let mut browser = Browser { lab, cookies: BTreeMap::new(), at: String::new(), page, way: Vec::new() };
        browser.go(url).await;
        browser
    }

    pub(crate) async fn go(&mut self, url: &str) {
        self.way.clear();
        self.request("GET", url, "").await;
    }

    /// Presses the only button or link of that name, after filling its form.
    pub(crate) async fn press(&mut self, name: &str, filled: &[(&str, &str)]) {
        let forms: Vec<Form> =
            self.forms().into_iter().filter(|form| form.presses.iter().any(|(_, it)| it == name)).collect();
        let [form] = &forms[..] else { panic!("{} forms have {name}: {}", forms.len(), self.text()) };
        self.submit(form, filled).await;
    }

    pub(crate) async fn submit(&mut self, form: &Form, filled: &[(&str, &str)]) {
        let own = form.fields.iter().filter(|(name, _)| !filled.iter().any(|(other, _)| other == name));
        let pairs = own.map(|(name, value)| (name.as_str(), value.as_str())).chain(filled.iter().copied());
        let body: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.way.clear();
        self.request("POST", &form.action, &body.join("&")).await;
    }

    /// Signs in with what the person knows, on whichever page asks for it.
    pub(crate) async fn sign_in(&mut self, login: &str) {
        let person = self.lab.person();
        self.press("Sign in", &[("login", login), ("password", &person.password)]).await;
        if self.at.ends_with("/sessions/two-factor") {
            self.press("Verify", &[("app_otp", &person.code)]).await;
        }
    }

    /// The forms of the page but that to sign out.
    pub(crate) fn forms(&self) -> Vec<Form> {
        let text = self.text();
        let forms = text.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap());
        forms.map(form).filter(|form| form.action != "/logout").collect()
    }

    pub(crate) fn text(&self) -> String {
        self.page.text()
    }

    pub(crate) fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    pub(crate) fn has_cookie(&self, name: &str) -> bool {
        self.cookies.keys().any(|(_, it)| it == name)
    }

    async fn request(&mut self, method: &str, url: &str, body: &str) {
        let (mut method, mut body) = (method.to_owned(), body.to_owned());
        let mut url = url.to_owned();
        for _ in 0..12 {
            let address = match url.strip_prefix("https://") {
                Some(address) => address.to_owned(),
                None => format!("{}{url}", self.at.split('/').next().unwrap()),
            };
            let (host, _) = address.split_once('/').unwrap();
            let target = &address[host.len()..];
            // What another site posts brings along only the cookies that are for that.
            let foreign = method == "POST" && !self.at.starts_with(host);
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .filter(|((of, _), (_, from_others))| of == host && (*from_others || !foreign))
                .map(|((_, name), (value, _))| format!("{name}={value}"))
                .collect();
            let cookies = cookies.join("; ");
            let headers =
                [("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
            let headers = if cookies.is_empty() { &headers[1..] } else { &headers };
            let stream = session(self.lab, host).await.unwrap();
            self.page = send(stream, &method, host, target, headers, &body).await;
            self.way.push(format!("{method} {}", address.split('?').next().unwrap()));
            self.keep_cookie(host);
            self.at = address;
            if self.page.status != 302 {
                return;
            }
            url = self.page.header("location").unwrap();
            (method, body) = ("GET".to_owned(), String::new());
        }
        panic!("too many redirections: {:?}", self.way);
    }

    fn keep_cookie(&mut self, host: &str) {
        let Some(cookie) = self.page.header("set-cookie") else { return };
        assert!(cookie.contains("; secure; HttpOnly; SameSite="), "{cookie}");
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let key = (host.to_owned(), name.to_owned());
        match cookie.contains("Max-Age=0") {
            true => self.cookies.remove(&key),
            false => self.cookies.insert(key, (value.to_owned(), cookie.contains("SameSite=None"))),
        };
    }
}

fn form(html: &str) -> Form {
    let fields = html.split("<input ").skip(1).filter_map(|input| {
        let input = input.split('>').next().unwrap();
        Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
    });
    let named = |role: &'static str, tag: &str| -> Vec<(String, String)> {
        let all = html.split(tag).skip(1).map(|rest| rest.split('<').next().unwrap());
        all.map(|rest| (role.to_owned(), rest.split_once('>').unwrap().1.trim().to_owned())).collect()
    };
    Form {
        action: attribute(html, "action").unwrap(),
        fields: fields.collect(),
        presses: [named("button", "<button "), named("link", "<a href=\"#")].concat(),
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!("{name}=\"")).nth(1)?;
    Some(rest.split('"').next()?.replace("&amp;", "&").replace("&quot;", "\""))
}

/// As forms are (the URL standard, §5.2).
fn encoded(value: &str) -> String {
    const SPARED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');
    utf8_percent_encode(value, SPARED).to_string()
}
