//! Firefox over WebDriver BiDi, which it speaks by itself on a loopback socket with a port of its own choice. The address
//! is printed on its standard error, and takes one session: ours.

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::{
    BrowserError, COVERED, Guard, Looked, MOST_START, Profile, Start,
    judged::{Judged, Shown},
    patience::{MOST_ANSWER, Patience, answered},
    picture, place,
    profile::PROFILE,
    rows::{self, Read},
    told, why_ended,
};
use crate::{
    flow::{Beside, Match, Page},
    pages::{self, Row},
};

/// A running Firefox.
#[derive(Debug)]
pub struct Firefox {
    socket: WebSocketStream<TcpStream>,
    child: Child,
    next: u64,
    /// The window that is looked at.
    context: Option<String>,
    patience: Patience,
    /// The hosts in whose place the browser has shown a page of its own.
    distrusted: HashSet<String>,
    /// The windows whose page has a dialog open. It is the person's to answer.
    dialogs: HashSet<String>,
    _profile: Profile,
}

impl Firefox {
    /// Starts it; an error when it does not answer in time.
    pub(super) async fn start(start: &Start, profile: Profile) -> Result<Self, BrowserError> {
        std::fs::write(profile.folder().join("user.js"), preferences(start))?;
        let mut command = Command::new(&start.program);
        command.arg("--remote-debugging-port=0").arg(PROFILE).arg(profile.folder()).arg("--no-remote");
        if start.lab.as_ref().is_some_and(|lab| lab.headless) {
            command.arg("--headless");
        }
        command.arg("about:blank").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Guard::spawn(&mut command)?;
        let stderr = child.0.as_mut().and_then(|child| child.stderr.take());
        let not_started =
            || BrowserError::NotStarted { program: start.program.display().to_string(), limit: MOST_START };
        let address = timeout(MOST_START, listening(stderr)).await.ok().flatten().ok_or_else(not_started)?;
        let stream = connect(&address).await?;
        let handshake = client_async(format!("ws://{address}/session"), stream);
        let (socket, _) = timeout(MOST_ANSWER, handshake)
            .await
            .map_err(|_| not_started())?
            .map_err(|error| BrowserError::Crashed(error.to_string()))?;
        let child = child.release()?;
        let mut this = Self {
            socket,
            child,
            next: 0,
            context: None,
            patience: Patience::default(),
            distrusted: HashSet::new(),
            dialogs: HashSet::new(),
            _profile: profile,
        };
        this.call("session.new", capabilities(start)).await?;
        this.call("session.subscribe", json!({ "events": [LOADED, DIALOG_OPENED, DIALOG_CLOSED] })).await?;
        Ok(this)
    }

    pub(super) fn kill(&mut self) {
        // One that has ended by itself cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(super) async fn open(&mut self, url: &str) -> Result<(), BrowserError> {
        let context = self.context(None).await?.0;
        self.call("browsingContext.navigate", json!({ "context": context, "url": url, "wait": "none" }))
            .await?;
        Ok(())
    }

    pub(super) async fn look(&mut self, looked: &Looked) -> Result<Page, BrowserError> {
        let (context, url) = self.context(Some(looked)).await?;
        let at = Shown::new(&context, &context, &url);
        if at.authority.is_empty() {
            return Ok(Page::default());
        }
        if self.dialogs.contains(&context) {
            return Err(BrowserError::Dialog);
        }
        if !at.is_of(looked) {
            return Ok(at.unread(looked));
        }
        let page = self.read(&context, looked).await;
        told(page, &url)
    }

    async fn read(&mut self, context: &str, looked: &Looked) -> Result<Page, BrowserError> {
        let shown = self.shown(context).await?;
        if !shown.is_read(looked) {
            return Ok(shown.unread(looked));
        }
        let mut matches = Vec::new();
        for row in rows::looked_for() {
            let mut found = self.locate(context, &locator(row, looked), None).await?;
            if rows::is_pressed(row) && !found.is_empty() {
                let disabled = self.locate(context, &by_style(DISABLED), None).await?;
                found.retain(|handle| !disabled.contains(handle));
            }
            for handle in found {
                let mut beside = Beside::Unclear;
                if row.id == pages::CONNECT.id {
                    let read = self.around(context, &handle).await?;
                    beside = match self.is_alone(context, &handle, looked).await? {
                        true => read.whose(looked),
                        false => Beside::Unclear,
                    };
                    matches.extend(read.other_server(&shown.handle(&handle), looked));
                } else if row.role == "text" && !self.around(context, &handle).await?.seen {
                    continue;
                }
                matches.push(Match { row: row.id, beside, handle: shown.handle(&handle) });
            }
        }
        let images = self.nodes(context, &by_path(AVATAR), None).await?;
        let account =
            rows::only_login(images.iter().filter_map(|image| image["value"]["attributes"]["alt"].as_str()));
        if self.shown(context).await? != shown {
            return Err(BrowserError::Left);
        }
        Ok(Page { account, matches, ..shown.unread(looked) })
    }

    /// What the window shows. The address is asked for last: another page has another document by then.
    async fn shown(&mut self, context: &str) -> Result<Shown, BrowserError> {
        let document = self.locate(context, &by_path("/*"), None).await?.concat();
        let failed = !self.locate(context, &by_path(ERROR_PAGE), None).await?.is_empty();
        let windows = self.windows().await?;
        let url = windows.into_iter().find(|(id, _)| id == context).ok_or(BrowserError::Left)?.1;
        let again = self.locate(context, &by_path("/*"), None).await?.concat();
        match again == document {
            true => {
                let shown = Shown { failed, ..Shown::new(context, &document, &url) };
                Ok(shown.with_distrust(&mut self.distrusted))
            }
            false => Err(BrowserError::Left),
        }
    }

    /// Refuses an element of a page that is not shown any more. A page that has just finished to load is still the same.
    async fn is_still_shown(&mut self, judged: &Judged<'_>) -> Result<(), BrowserError> {
        let shown = match self.shown(judged.tab).await {
            Err(BrowserError::Left) => self.shown(judged.tab).await,
            shown => shown,
        };
        judged.is_on(&shown.map_err(|error| match error {
            BrowserError::Left => BrowserError::Refused(error.to_string()),
            error => error,
        })?)
    }

    /// Moves the pointer over an element, and holds once more that a click there would be what was judged. The click, for
    /// [`Self::click`].
    pub(super) async fn aim(&mut self, handle: &str) -> Result<Value, BrowserError> {
        let judged = Judged::read(handle)?;
        let context = judged.tab;
        let element = json!({ "type": "element", "element": { "sharedId": judged.element } });
        let to_it = json!({ "type": "pointerMove", "x": 0, "y": 0, "origin": element });
        let pointer = |actions: &[Value]| {
            json!({ "context": context, "actions": [{
                "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": actions,
            }] })
        };
        let (down, up) =
            (json!({ "type": "pointerDown", "button": 0 }), json!({ "type": "pointerUp", "button": 0 }));
        self.is_still_shown(&judged).await?;
        let mut last = BrowserError::Refused("the element cannot be brought into view".to_owned());
        for _ in 0..MOST_TURNS {
            match self.call_page("input.performActions", pointer(std::slice::from_ref(&to_it))).await {
                Err(BrowserError::Refused(why)) if why.contains("move target out of bounds") => {
                    last = BrowserError::Refused(why);
                }
                Ok(_) | Err(BrowserError::Left) => {
                    self.is_still_shown(&judged).await?;
                    if !self.is_under_pointer(context, judged.element).await? {
                        return Err(BrowserError::Refused(COVERED.to_owned()));
                    }
                    picture::is_seen(&self.picture(context, judged.element).await?)?;
                    self.is_still_shown(&judged).await?;
                    return Ok(pointer(&[to_it, down, up]));
                }
                Err(error) => return Err(error),
            }
            let turn = json!({ "context": context, "actions": [{
                "type": "wheel", "id": "wheel",
                "actions": [{ "type": "scroll", "x": 10, "y": 10, "deltaX": 0, "deltaY": A_TURN }],
            }] });
            self.call_page("input.performActions", turn).await?;
            tokio::time::sleep(SCROLLING).await;
        }
        Err(last)
    }

    pub(super) async fn click(&mut self, click: Value) -> Result<(), BrowserError> {
        match self.call_page("input.performActions", click).await {
            // The click was what the page was left for.
            Ok(_) | Err(BrowserError::Left) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A picture of an element, with whatever lies under it and over it.
    async fn picture(&mut self, context: &str, handle: &str) -> Result<String, BrowserError> {
        let clip = json!({ "type": "element", "element": { "sharedId": handle } });
        let wanted = json!({ "context": context, "origin": "viewport", "clip": clip });
        let taken = self.call_page("browsingContext.captureScreenshot", wanted).await?;
        Ok(taken["data"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a click would reach an element: the page's style knows it, a moment after the pointer has moved.
    async fn is_under_pointer(&mut self, context: &str, handle: &str) -> Result<bool, BrowserError> {
        for _ in 0..MOST_HOVERS {
            let under = self.locate(context, &by_style(":hover"), None).await?;
            if under.iter().any(|element| element == handle) {
                return Ok(true);
            }
            tokio::time::sleep(SCROLLING).await;
        }
        Ok(false)
    }

    /// Whether a button is the only one of its name in its list item or row.
    async fn is_alone(&mut self, context: &str, button: &str, looked: &Looked) -> Result<bool, BrowserError> {
        let around = self.locate(context, &json!({ "type": "xpath", "value": AROUND }), Some(button)).await?;
        let Some(part) = around.last() else { return Ok(false) };
        Ok(self.locate(context, &locator(pages::CONNECT, looked), Some(part)).await?.len() == 1)
    }

    /// What a person sees around an element.
    async fn around(&mut self, context: &str, element: &str) -> Result<Read, BrowserError> {
        let call = json!({
            "functionDeclaration": rows::READ, "awaitPromise": false, "this": { "sharedId": element },
            "target": { "context": context, "sandbox": rows::WORLD },
        });
        let answer = self.call_page("script.callFunction", call).await?;
        Ok(Read::parse(&answer["result"]["value"]))
    }

    /// The elements that a locator finds, by the browser's own names for them.
    async fn locate(
        &mut self,
        context: &str,
        locator: &Value,
        under: Option<&str>,
    ) -> Result<Vec<String>, BrowserError> {
        let nodes = self.nodes(context, locator, under).await?;
        Ok(nodes.iter().filter_map(|node| node["sharedId"].as_str().map(str::to_owned)).collect())
    }

    /// The elements that a locator finds, with their attributes.
    async fn nodes(
        &mut self,
        context: &str,
        locator: &Value,
        under: Option<&str>,
    ) -> Result<Vec<Value>, BrowserError> {
        let mut wanted = json!({ "context": context, "locator": locator, "maxNodeCount": MOST_NODES });
        if let Some(under) = under {
            wanted["startNodes"] = json!([{ "sharedId": under }]);
        }
        let mut found = self.call_page("browsingContext.locateNodes", wanted).await?;
        match found["nodes"].take() {
            Value::Array(nodes) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    /// The window to look at and its address: the newest on the server, else the one that was looked at before.
    async fn context(&mut self, looked: Option<&Looked>) -> Result<(String, String), BrowserError> {
        let windows = self.windows().await?;
        let known = windows.iter().find(|(id, _)| Some(id) == self.context.as_ref());
        let on_server = |url: &str| looked.is_some_and(|looked| looked.is_on_server(url));
        let opened = windows.iter().rev().find(|(_, url)| on_server(url));
        let chosen = match known {
            Some(known) if on_server(&known.1) => Some(known),
            _ => opened.or(known).or(windows.first()),
        };
        let chosen = chosen.cloned().ok_or(BrowserError::Closed)?;
        self.context = Some(chosen.0.clone());
        for (other, url) in windows.iter().filter(|(id, _)| *id != chosen.0) {
            self.look_aside(other, url).await?;
        }
        Ok(chosen)
    }

    /// Whether another tab shows a page of the browser's own in place of a site's: what a person tells the browser there, to go on
    /// nevertheless, counts for all tabs. A tab that is gone, or loads, has nothing to tell.
    async fn look_aside(&mut self, context: &str, url: &str) -> Result<(), BrowserError> {
        let wanted = json!({ "context": context, "locator": by_path(ERROR_PAGE), "maxNodeCount": 1 });
        match timeout(ASIDE, self.ask("browsingContext.locateNodes", wanted, false)).await {
            Ok(Ok(found)) if found["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty()) => {
                self.distrusted.insert(place(url).0);
                Ok(())
            }
            Err(_) | Ok(Ok(_) | Err(BrowserError::Refused(_))) => Ok(()),
            Ok(Err(error)) => Err(error),
        }
    }

    /// All windows and their addresses.
    async fn windows(&mut self) -> Result<Vec<(String, String)>, BrowserError> {
        let tree = self.call("browsingContext.getTree", json!({ "maxDepth": 0 })).await?;
        let windows = tree["contexts"].as_array().into_iter().flatten();
        Ok(windows
            .filter_map(|window| {
                Some((window["context"].as_str()?.to_owned(), window["url"].as_str()?.to_owned()))
            })
            .collect())
    }

    /// Asks the browser itself, which answers whatever its pages do.
    async fn call(&mut self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        answered(method, self.ask(method, parameters, false)).await
    }

    /// Asks about the page. Firefox waits there for an accessibility tree that is ready; of a page that is left meanwhile, and kept
    /// for the way back, it never is, and the question has no answer. So it is over when another page has loaded, or after some
    /// seconds: whether the browser still lives, the next look tells.
    async fn call_page(&mut self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        let mut patience = self.patience;
        let answer = patience.wait(self.ask(method, parameters, true)).await;
        self.patience = patience;
        answer
    }

    /// Sends a command and waits for its answer. Answers to commands that are not waited for any more are passed over.
    async fn ask(&mut self, method: &str, parameters: Value, of_page: bool) -> Result<Value, BrowserError> {
        self.next += 1;
        let id = self.next;
        let message = json!({ "id": id, "method": method, "params": parameters }).to_string();
        if self.socket.send(Message::text(message)).await.is_err() {
            return Err(why_ended(&mut self.child).await);
        }
        loop {
            let text = match self.socket.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Err(why_ended(&mut self.child).await),
            };
            let mut answer: Value =
                serde_json::from_str(&text).map_err(|error| BrowserError::Crashed(error.to_string()))?;
            let of = answer["params"]["context"].as_str();
            match (answer["method"].as_str(), of) {
                (Some(DIALOG_OPENED), Some(of)) => {
                    self.dialogs.insert(of.to_owned());
                    if of_page && self.context.as_deref() == Some(of) {
                        return Err(BrowserError::Dialog);
                    }
                }
                (Some(DIALOG_CLOSED), Some(of)) => _ = self.dialogs.remove(of),
                _ => {}
            }
            if of_page
                && answer["method"] == LOADED
                && answer["params"]["context"].as_str() == self.context.as_deref()
            {
                return Err(BrowserError::Left);
            }
            if answer["id"] != id {
                continue;
            }
            return match answer["type"] == "error" {
                true => {
                    let error = answer["error"].as_str().unwrap_or_default();
                    Err(BrowserError::Refused(format!(
                        "{error}: {}",
                        answer["message"].as_str().unwrap_or_default()
                    )))
                }
                false => Ok(answer["result"].take()),
            };
        }
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(clippy::disallowed_methods, reason = "a loopback socket of a browser that this process started")]
async fn connect(address: &str) -> std::io::Result<TcpStream> {
    TcpStream::connect(address).await
}

/// Where the browser listens, as it says on its standard error; the rest of that is read and dropped by a thread, so that the
/// browser never waits for a reader.
async fn listening(stderr: Option<ChildStderr>) -> Option<String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let stderr = stderr?;
    let read = move || {
        let mut tell = Some(tell);
        for line in BufReader::new(stderr).lines() {
            let Ok(line) = line else { return };
            let address = line
                .split_once("WebDriver BiDi listening on ws://")
                .map(|(_, address)| address.trim().to_owned());
            if let (Some(address), Some(tell)) = (address, tell.take_if(|_| line.contains("WebDriver BiDi")))
            {
                let _ = tell.send(address);
            }
        }
    };
    std::thread::Builder::new().name("firefox".to_owned()).spawn(read).ok()?;
    told.await.ok()
}

fn locator(row: &Row, looked: &Looked) -> Value {
    match row.role {
        "text" => json!({ "type": "xpath", "value": with_text(&rows::text_of(row, looked)) }),
        role => json!({ "type": "accessibility", "value": { "role": role, "name": row.name } }),
    }
}

fn by_path(path: &str) -> Value {
    json!({ "type": "xpath", "value": path })
}

fn by_style(selector: &str) -> Value {
    json!({ "type": "css", "value": selector })
}

/// An XPath for the innermost elements that hold a text, whatever its case. Firefox has no locator by text.
fn with_text(text: &str) -> String {
    let Some(text) = quoted(text) else { return NOWHERE.to_owned() };
    let has = format!("contains({}, {text})", lowered("normalize-space(.)"));
    let hidden = "self::script or self::style or self::template or ancestor-or-self::*[@hidden or @aria-hidden = 'true']";
    format!("//*[{has} and not(*[{has}]) and not({hidden})]")
}

fn lowered(expression: &str) -> String {
    format!("translate({expression}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')")
}

/// A text in lower case as XPath 1.0 writes it; `None` for one with both kinds of quotes, which it cannot write.
fn quoted(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let quote = ['"', '\''].into_iter().find(|quote| !text.contains(*quote))?;
    Some(format!("{quote}{text}{quote}"))
}

/// Outside the lab the browser verifies certificates. A page's dialog is left to the person.
fn capabilities(start: &Start) -> Value {
    json!({ "capabilities": { "alwaysMatch": {
        "acceptInsecureCerts": start.lab.is_some(), "unhandledPromptBehavior": { "default": "ignore" },
    } } })
}

/// No first-run pages, no updates, nothing that is sent to anybody but the two sites.
fn preferences(start: &Start) -> String {
    let mut preferences: Vec<(&str, Value)> = vec![
        ("browser.shell.checkDefaultBrowser", json!(false)),
        ("browser.startup.homepage_override.mstone", json!("ignore")),
        ("browser.aboutwelcome.enabled", json!(false)),
        ("datareporting.policy.dataSubmissionEnabled", json!(false)),
        ("toolkit.telemetry.reportingpolicy.firstRun", json!(false)),
        ("app.update.enabled", json!(false)),
        ("app.normandy.enabled", json!(false)),
        ("network.captive-portal-service.enabled", json!(false)),
        ("network.connectivity-service.enabled", json!(false)),
        ("browser.safebrowsing.update.enabled", json!(false)),
        ("extensions.update.enabled", json!(false)),
        // A certificate that is not trusted is nothing to click away before a press.
        ("security.certerror.hideAddException", json!(true)),
        // What the system's administrators trust, on Windows and macOS.
        ("security.enterprise_roots.enabled", json!(true)),
        ("services.settings.server", json!("data:,#remote-settings-dummy/v1")),
    ];
    if let Some(lab) = &start.lab {
        preferences.extend([
            ("network.proxy.type", json!(1)),
            ("network.proxy.ssl", json!(lab.proxy.ip().to_string())),
            ("network.proxy.ssl_port", json!(lab.proxy.port())),
            ("network.proxy.http", json!(lab.proxy.ip().to_string())),
            ("network.proxy.http_port", json!(lab.proxy.port())),
        ]);
    }
    preferences.into_iter().map(|(name, value)| format!("user_pref(\"{name}\", {value});\n")).collect()
}

/// The list item or row around an element, the nearest last.
const AROUND: &str = "ancestor::li | ancestor::tr | ancestor::*[@role='listitem' or @role='row']";
/// A selector of elements that take no click.
const DISABLED: &str = ":disabled, [aria-disabled='true']";
const MOST_HOVERS: usize = 5;
/// An XPath that finds nothing.
const NOWHERE: &str = "/..";
/// What the browser shows in place of a site that it could not reach or does not trust: no site can load such a style sheet.
const ERROR_PAGE: &str = "/html/head/link[starts-with(@href, 'chrome://')]";
/// The images in the header of the page, not in those of its parts.
const AVATAR: &str = "//*[(self::header and not(ancestor::main or ancestor::article or ancestor::section)) or @role='banner']//img[starts-with(@alt, '@')]";
/// The event of a page that was loaded.
const LOADED: &str = "browsingContext.load";
/// The events of a page's dialog.
const DIALOG_OPENED: &str = "browsingContext.userPromptOpened";
const DIALOG_CLOSED: &str = "browsingContext.userPromptClosed";
/// For a look at a tab that is not the one that is looked at.
const ASIDE: Duration = Duration::from_secs(1);
const MOST_NODES: usize = 50;
const MOST_TURNS: usize = 40;
const A_TURN: i64 = 300;
const SCROLLING: Duration = Duration::from_millis(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::{InLab, Kind};

    fn start(lab: Option<InLab>) -> Start {
        Start { program: "firefox".into(), kind: Kind::Firefox, lab }
    }

    #[test]
    fn certificates_are_verified_outside_the_lab() {
        let accepts = |start: &Start| {
            capabilities(start)["capabilities"]["alwaysMatch"]["acceptInsecureCerts"].as_bool()
        };
        let in_lab = || Some(InLab { proxy: ([127, 0, 0, 1], 9).into(), headless: false });
        assert_eq!((accepts(&start(None)), accepts(&start(in_lab()))), (Some(false), Some(true)));
        // What makes it stricter, and the roots that this machine's administrator installed.
        let known =
            ["security.certerror.hideAddException\", true", "security.enterprise_roots.enabled\", true"];
        let outside = preferences(&start(None));
        assert!(known.iter().all(|known| outside.contains(known)), "{outside}");
        let outside = known.iter().fold(outside, |rest, known| rest.replace(known, ""));
        for word in ["cert", "security", "tls", "ssl", "proxy", "sandbox"] {
            assert!(!outside.to_lowercase().contains(word), "{word}: {outside}");
        }
        assert!(preferences(&start(in_lab())).contains("network.proxy.ssl"));
    }
}
