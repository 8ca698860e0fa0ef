//! Chromium, Chrome and Edge over DevTools' pipe (`--remote-debugging-pipe`): JSON with a zero byte behind it, on descriptors 3
//! and 4 of the browser, so that no other process of the machine can speak to it.
//!
//! Only these domains are used: Browser, Target, Page (with a picture of the button that is to be pressed), Accessibility, Input, of DOM
//! what tells where an element is and what a click would hit, of Runtime one function in a world apart (`read.js`), and of Audits the one event that a page's own policy forbade where its form leads.

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    time::Duration,
};

use command_fds::{CommandFdExt as _, FdMapping};
use serde_json::{Value, json};
use tokio::{net::unix::pipe, time::timeout};

use super::{
    BrowserError, COVERED, Guard, Looked, MOST_START, Profile, Start,
    judged::{Judged, Shown},
    patience::{Patience, answered},
    picture,
    pipe::{Pipe, unreachable},
    place,
    profile::USER_DATA,
    rows::{self, Node, Read},
    told, why_ended,
};
use crate::{
    flow::{Beside, Match, Page},
    pages,
};

/// A running Chromium.
#[derive(Debug)]
pub struct Chromium {
    pipe: Pipe,
    child: Child,
    /// The tab that is looked at.
    tab: Option<String>,
    /// The sessions in which tabs are spoken to. All of them are listened to.
    tabs: HashMap<String, String>,
    /// The address of that tab, as the browser itself has it.
    url: String,
    patience: Patience,
    /// How long a page's whole tree is waited for.
    tree: Patience,
    /// Gone last: the browser writes to it until it has ended.
    _profile: Profile,
}

/// Where the pointer is, over the element that is to be clicked.
#[derive(Debug)]
pub(super) struct Aim<'a> {
    session: &'a str,
    at: (f64, f64),
}

impl Chromium {
    /// Starts it; an error when it does not answer in time.
    pub(super) async fn start(start: &Start, profile: Profile) -> Result<Self, BrowserError> {
        let (browser_reads, to_browser) = std::io::pipe()?;
        let (from_browser, browser_writes) = std::io::pipe()?;
        let mut command = Command::new(&start.program);
        command.args(arguments(start, &profile));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mappings = vec![
            FdMapping { parent_fd: OwnedFd::from(browser_reads), child_fd: 3 },
            FdMapping { parent_fd: OwnedFd::from(browser_writes), child_fd: 4 },
        ];
        command.fd_mappings(mappings).map_err(|error| std::io::Error::other(error.to_string()))?;
        let child = Guard::spawn(&mut command)?;
        // With the command go this process's copies of the browser's ends: the browser's end is then seen as the end of the pipe.
        drop(command);
        let (to, from) = (to_browser.into(), from_browser.into());
        let pipe = Pipe::new(pipe::Sender::from_owned_fd(to)?, pipe::Receiver::from_owned_fd(from)?);
        let child = child.release()?;
        let mut this = Self {
            pipe,
            child,
            tab: None,
            tabs: HashMap::new(),
            url: String::new(),
            patience: Patience::default(),
            tree: Patience::default(),
            _profile: profile,
        };
        match timeout(MOST_START, this.pipe.call(None, "Browser.getVersion", json!({}))).await {
            Ok(answer) => answer.map(|_| this),
            Err(_) => {
                let program = start.program.display().to_string();
                Err(BrowserError::NotStarted { program, limit: MOST_START })
            }
        }
    }

    pub(super) fn kill(&mut self) {
        // One that has ended by itself cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(super) async fn open(&mut self, url: &str) -> Result<(), BrowserError> {
        let session = self.session(None).await?;
        let answer = self.call_page(&session, "Page.navigate", json!({ "url": url })).await?;
        match answer.get("errorText").and_then(Value::as_str) {
            // The page that the browser shows in its place is looked at like any other.
            Some(error) => Err(BrowserError::Refused(error.to_owned())),
            None => Ok(()),
        }
    }

    pub(super) async fn look(&mut self, looked: &Looked) -> Result<Page, BrowserError> {
        let session = self.session(Some(looked)).await?;
        let page = self.read(&session, looked).await;
        told(page, &self.url)
    }

    async fn read(&mut self, session: &str, looked: &Looked) -> Result<Page, BrowserError> {
        let shown = self.shown(session).await?;
        if shown.authority.is_empty() {
            return Ok(Page::default());
        }
        if !shown.is_read(looked) {
            return Ok(Page { blocked: self.pipe.blocked, ..shown.unread(looked) });
        }
        let tree = self.tree(session).await?;
        let nodes = nodes(&tree, &shown.authority);
        let (account, matches) = (rows::account(&nodes), rows::matches(&nodes, looked));
        let mut matches = self.as_seen(session, matches, looked).await?;
        if self.shown(session).await? != shown {
            return Err(BrowserError::Left);
        }
        for found in &mut matches {
            found.handle = shown.handle(&found.handle);
        }
        Ok(Page { blocked: self.pipe.blocked, account, matches, ..shown.unread(looked) })
    }

    /// The tree of roles and names. A machine that is busy needs longer for it than for other answers.
    async fn tree(&mut self, session: &str) -> Result<Value, BrowserError> {
        let ask = self.pipe.call(Some(session), "Accessibility.getFullAXTree", json!({}));
        match self.tree.wait(ask).await {
            Err(BrowserError::Closed) => Err(why_ended(&mut self.child).await),
            answer => answer,
        }
    }

    /// The tree has what nobody sees, too: a button is beside the right account only where a person sees that, and not where the
    /// page names another server.
    async fn as_seen(
        &mut self,
        session: &str,
        matches: Vec<Match>,
        looked: &Looked,
    ) -> Result<Vec<Match>, BrowserError> {
        let mut seen = Vec::new();
        for mut found in matches {
            if found.row == pages::CONNECT.id && found.beside == Beside::Right {
                let read = self.around(session, &found.handle).await?;
                found.beside = read.whose(looked);
                seen.extend(read.other_server(&found.handle, looked));
            }
            seen.push(found);
        }
        Ok(seen)
    }

    /// What a person sees around an element.
    async fn around(&mut self, session: &str, element: &str) -> Result<Read, BrowserError> {
        let frames = self.call_page(session, "Page.getFrameTree", json!({})).await?;
        let world = json!({ "frameId": frames["frameTree"]["frame"]["id"], "worldName": rows::WORLD });
        let world = self.call_page(session, "Page.createIsolatedWorld", world).await?;
        let node: u64 = element.parse().unwrap_or_default();
        let there = json!({ "backendNodeId": node, "executionContextId": world["executionContextId"] });
        let object = self.call_page(session, "DOM.resolveNode", there).await?;
        let call = json!({
            "functionDeclaration": rows::READ, "objectId": object["object"]["objectId"], "returnByValue": true,
        });
        let answer = self.call_page(session, "Runtime.callFunctionOn", call).await?;
        Ok(Read::parse(&answer["result"]["value"]))
    }

    /// What the tab shows.
    async fn shown(&mut self, session: &str) -> Result<Shown, BrowserError> {
        let tree = self.call_page(session, "Page.getFrameTree", json!({})).await?;
        let frame = &tree["frameTree"]["frame"];
        // What the browser shows in place of a site has an address of its own.
        let unreachable = unreachable(frame);
        let url = unreachable.or_else(|| frame["url"].as_str()).unwrap_or_default();
        let document = frame["loaderId"].as_str().unwrap_or_default();
        let failed = unreachable.is_some();
        Ok(Shown { failed, ..Shown::new(session, document, url) }.with_distrust(&mut self.pipe.distrusted))
    }

    /// Moves the pointer over an element, and holds once more that a click there would be what was judged.
    pub(super) async fn aim<'a>(&mut self, handle: &'a str) -> Result<Aim<'a>, BrowserError> {
        let judged = Judged::read(handle)?;
        let session = judged.tab;
        let node: u64 =
            judged.element.parse().map_err(|_| BrowserError::Refused("no such element".to_owned()))?;
        judged.is_on(&self.shown(session).await?)?;
        let (x, y) = self.bring_into_view(session, node).await?;
        self.mouse(session, "mouseMoved", (x, y)).await?;
        // The page may move, or show something else, when the pointer is over it.
        let is_there = middle(&self.quads(session, node).await?) == Some((x, y));
        if !is_there {
            return Err(BrowserError::Refused("the element moved".to_owned()));
        }
        if !self.would_be_hit(session, node, (x, y)).await? {
            return Err(BrowserError::Refused(COVERED.to_owned()));
        }
        picture::is_seen(&self.picture(session, node).await?)?;
        judged.is_on(&self.shown(session).await?)?;
        Ok(Aim { session, at: (x, y) })
    }

    pub(super) async fn click(&mut self, Aim { session, at }: &Aim<'_>) -> Result<(), BrowserError> {
        self.mouse(session, "mousePressed", *at).await?;
        self.mouse(session, "mouseReleased", *at).await
    }

    async fn mouse(&mut self, session: &str, kind: &str, (x, y): (f64, f64)) -> Result<(), BrowserError> {
        let (button, buttons) = match kind {
            "mouseMoved" => ("none", 0),
            "mousePressed" => ("left", 1),
            _ => ("left", 0),
        };
        let event =
            json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
        self.call_page(session, "Input.dispatchMouseEvent", event).await.map(|_| ())
    }

    async fn quads(&mut self, session: &str, node: u64) -> Result<Value, BrowserError> {
        self.call_page(session, "DOM.getContentQuads", json!({ "backendNodeId": node })).await
    }

    /// A picture of an element, with whatever lies under it and over it.
    async fn picture(&mut self, session: &str, node: u64) -> Result<String, BrowserError> {
        let quads = self.quads(session, node).await?;
        let (left, top, right, bottom) =
            bounds(&quads).ok_or_else(|| BrowserError::Refused("the element is not visible".to_owned()))?;
        let metrics = self.call_page(session, "Page.getLayoutMetrics", json!({})).await?;
        let scrolled = |axis: &str| metrics["cssLayoutViewport"][axis].as_f64().unwrap_or(0.0);
        let clip = json!({
            "x": left + scrolled("pageX"), "y": top + scrolled("pageY"),
            "width": right - left, "height": bottom - top, "scale": 1,
        });
        let wanted = json!({ "format": "png", "clip": clip });
        let taken = self.call_page(session, "Page.captureScreenshot", wanted).await?;
        Ok(taken["data"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a click there hits the element, or a part of it.
    async fn would_be_hit(
        &mut self,
        session: &str,
        node: u64,
        (x, y): (f64, f64),
    ) -> Result<bool, BrowserError> {
        let metrics = self.call_page(session, "Page.getLayoutMetrics", json!({})).await?;
        let view = &metrics["cssLayoutViewport"];
        let scrolled = |axis: &str| view[axis].as_f64().unwrap_or(0.0);
        #[expect(clippy::cast_possible_truncation, reason = "a place on a page, as whole pixels")]
        let place = json!({ "x": (x + scrolled("pageX")) as i64, "y": (y + scrolled("pageY")) as i64 });
        let hit = self.call_page(session, "DOM.getNodeForLocation", place).await?["backendNodeId"].as_u64();
        let whole = json!({ "backendNodeId": node, "depth": -1 });
        let described = self.call_page(session, "DOM.describeNode", whole).await?;
        Ok(hit.is_some_and(|hit| holds(&described["node"], hit)))
    }

    /// The middle of an element, after turning the wheel until it is in the window.
    async fn bring_into_view(&mut self, session: &str, node: u64) -> Result<(f64, f64), BrowserError> {
        for _ in 0..MOST_TURNS {
            let quads = self.quads(session, node).await?;
            let (x, y) = middle(&quads)
                .ok_or_else(|| BrowserError::Refused("the element is not visible".to_owned()))?;
            let metrics = self.call_page(session, "Page.getLayoutMetrics", json!({})).await?;
            let view = &metrics["cssLayoutViewport"];
            let (width, height) =
                (view["clientWidth"].as_f64().unwrap_or(0.0), view["clientHeight"].as_f64().unwrap_or(0.0));
            if (0.0..width).contains(&x) && (0.0..height).contains(&y) {
                return Ok((x, y));
            }
            let down = if y < 0.0 { -height / 2.0 } else { height / 2.0 };
            let turn = json!({ "type": "mouseWheel", "x": width / 2.0, "y": height / 2.0, "deltaX": 0, "deltaY": down });
            self.call_page(session, "Input.dispatchMouseEvent", turn).await?;
            tokio::time::sleep(SCROLLING).await;
        }
        Err(BrowserError::Refused("the element cannot be brought into view".to_owned()))
    }

    /// The session of the tab to look at: the newest on one of the two sites, else the one that was looked at before.
    async fn session(&mut self, looked: Option<&Looked>) -> Result<String, BrowserError> {
        let targets = self.call("Target.getTargets", json!({})).await?;
        let pages: Vec<(&str, &str)> = targets["targetInfos"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|target| target["type"] == "page")
            .filter_map(|target| Some((target["targetId"].as_str()?, target["url"].as_str()?)))
            .collect();
        let known = self.tab.as_deref().filter(|id| pages.iter().any(|(page, _)| page == id));
        let opened = looked.and_then(|looked| {
            let elsewhere = known
                .is_none_or(|id| pages.iter().any(|(page, url)| page == &id && !looked.is_on_server(url)));
            pages.iter().find(|(_, url)| elsewhere && looked.is_on_server(url)).map(|(id, _)| *id)
        });
        let Some(id) = opened.or(known).or_else(|| pages.first().map(|(id, _)| *id)) else {
            return Err(BrowserError::Closed);
        };
        let url = pages.iter().find(|(page, _)| *page == id).map(|(_, url)| *url);
        self.url = url.unwrap_or_default().to_owned();
        let id = id.to_owned();
        self.tabs.retain(|tab, _| pages.iter().any(|(page, _)| page == tab));
        for (page, _) in pages.iter().filter(|(page, _)| *page != id) {
            self.look_aside(page).await?;
        }
        let session = self.attached(&id).await?;
        if self.tab.as_ref() != Some(&id) {
            self.tab = Some(id);
            self.pipe.tab = Some(session.clone());
            self.soon(&session, "Audits.enable").await?;
        }
        Ok(session)
    }

    /// The session in which a tab is spoken to.
    async fn attached(&mut self, tab: &str) -> Result<String, BrowserError> {
        if let Some(session) = self.tabs.get(tab) {
            return Ok(session.clone());
        }
        let attached =
            self.call("Target.attachToTarget", json!({ "targetId": tab, "flatten": true })).await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        self.tabs.insert(tab.to_owned(), session.clone());
        self.soon(&session, "Page.enable").await?;
        Ok(session)
    }

    /// Asks for something that may come with the next page.
    async fn soon(&mut self, session: &str, method: &str) -> Result<(), BrowserError> {
        match self.call_page(session, method, json!({})).await {
            Ok(_) | Err(BrowserError::Unanswered) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether another tab shows a page of the browser's own in place of a site's: what a person tells the browser there, to go on
    /// nevertheless, counts for all tabs. A tab that is gone, or loads, has nothing to tell.
    async fn look_aside(&mut self, tab: &str) -> Result<(), BrowserError> {
        let look = async {
            let session = self.attached(tab).await?;
            self.shown(&session).await
        };
        match timeout(ASIDE, look).await {
            Err(_)
            | Ok(Ok(_) | Err(BrowserError::Refused(_) | BrowserError::Unanswered | BrowserError::Dialog)) => {
                Ok(())
            }
            Ok(Err(error)) => Err(error),
        }
    }

    /// Asks the browser itself, which answers whatever its pages do.
    async fn call(&mut self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        match answered(method, self.pipe.call(None, method, parameters)).await {
            Err(BrowserError::Closed) => Err(why_ended(&mut self.child).await),
            answer => answer,
        }
    }

    /// Asks about the page. While it is being left for a site that does not answer yet, Chromium holds the question back: whether the
    /// browser still lives, the next look tells.
    async fn call_page(
        &mut self,
        session: &str,
        method: &str,
        parameters: Value,
    ) -> Result<Value, BrowserError> {
        match self.patience.wait(self.pipe.call(Some(session), method, parameters)).await {
            Err(BrowserError::Closed) => Err(why_ended(&mut self.child).await),
            answer => answer,
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.kill();
    }
}

fn arguments(start: &Start, profile: &Profile) -> Vec<String> {
    let mut arguments =
        vec!["--remote-debugging-pipe".to_owned(), format!("{USER_DATA}{}", profile.folder().display())];
    arguments.extend(ARGUMENTS.map(str::to_owned));
    if let Some(lab) = &start.lab {
        arguments.push(format!("--proxy-server={}", lab.proxy));
        arguments.extend(IN_LAB.map(str::to_owned));
        if lab.headless {
            arguments.push("--headless=new".to_owned());
        }
    }
    arguments.push("about:blank".to_owned());
    arguments
}

/// Whether a node is the one with this number, or has it in it.
fn holds(node: &Value, number: u64) -> bool {
    node["backendNodeId"].as_u64() == Some(number)
        || node["children"].as_array().into_iter().flatten().any(|child| holds(child, number))
}

/// The tree as the rows read it: nodes that are not shown to a screen reader count for their children only.
fn nodes(tree: &Value, authority: &str) -> Vec<Node> {
    let all: Vec<&Value> = tree["nodes"].as_array().into_iter().flatten().take(MOST_NODES).collect();
    let places: HashMap<&str, usize> =
        all.iter().enumerate().filter_map(|(at, node)| Some((node["nodeId"].as_str()?, at))).collect();
    let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|node| {
            let ignored = node["ignored"] == true;
            Node {
                role: if ignored { String::new() } else { text(&node["role"]) },
                name: if ignored { String::new() } else { text(&node["name"]) },
                disabled: is_disabled(node),
                parent: node["parentId"].as_str().and_then(|id| places.get(id).copied()),
                handle: node["backendDOMNodeId"].as_u64().map(|id| id.to_string()).unwrap_or_default(),
                link: link(node, authority).unwrap_or_default(),
            }
        })
        .collect()
}

/// Where a link leads: the path alone, for the page's own site.
fn link(node: &Value, authority: &str) -> Option<String> {
    let mut properties = node["properties"].as_array()?.iter();
    let url = properties.find(|property| property["name"] == "url")?;
    let url = url["value"]["value"].as_str()?;
    let (host, path, _) = place(url);
    Some(if host == authority { path } else { url.to_owned() })
}

fn is_disabled(node: &Value) -> bool {
    let properties = node["properties"].as_array().into_iter().flatten();
    properties
        .into_iter()
        .any(|property| property["name"] == "disabled" && property["value"]["value"] == true)
}

/// The first quad: the x of its four corners, and their y.
fn corners(quads: &Value) -> Option<([f64; 4], [f64; 4])> {
    let quad: Vec<f64> = quads["quads"].get(0)?.as_array()?.iter().filter_map(Value::as_f64).collect();
    let [x1, y1, x2, y2, x3, y3, x4, y4] = quad.try_into().ok()?;
    Some(([x1, x2, x3, x4], [y1, y2, y3, y4]))
}

/// Its middle.
fn middle(quads: &Value) -> Option<(f64, f64)> {
    let (x, y) = corners(quads)?;
    Some((x.iter().sum::<f64>() / 4.0, y.iter().sum::<f64>() / 4.0))
}

/// Its left, top, right and bottom, unless it has no area.
fn bounds(quads: &Value) -> Option<(f64, f64, f64, f64)> {
    let (x, y) = corners(quads)?;
    let [left, top] = [x, y].map(|side| side.into_iter().fold(f64::INFINITY, f64::min));
    let [right, bottom] = [x, y].map(|side| side.into_iter().fold(f64::NEG_INFINITY, f64::max));
    (right - left >= 1.0 && bottom - top >= 1.0).then_some((left, top, right, bottom))
}

/// Nothing that is not asked for: no first-run page, no account of the browser, no updates.
const ARGUMENTS: [&str; 8] = [
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--new-window",
];
/// In the lab, whose authority no browser knows and whose tests run as root.
const IN_LAB: [&str; 4] = ["--ignore-certificate-errors", "--no-sandbox", "--disable-gpu", "--disable-quic"];
/// A page of settings has a few hundred nodes.
const MOST_NODES: usize = 50_000;
/// For a look at a tab that is not the one that is looked at.
const ASIDE: Duration = Duration::from_secs(1);
const MOST_TURNS: usize = 40;
const SCROLLING: Duration = Duration::from_millis(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::{InLab, Kind};

    #[test]
    fn certificates_are_verified_outside_the_lab() {
        let base = tempfile::tempdir().expect("a folder");
        let profile = Profile::new(base.path()).expect("a profile");
        for kind in [Kind::Chromium, Kind::Chrome, Kind::Edge] {
            let start = |lab| Start { program: "chromium".into(), kind, lab };
            let outside = arguments(&start(None), &profile);
            // The allow list: what is not here has to be thought of.
            let known = ["--remote-debugging-pipe", "about:blank"];
            let profile_of = format!("--user-data-dir={}", profile.folder().display());
            for argument in &outside {
                let is_known = known.contains(&argument.as_str()) || ARGUMENTS.contains(&argument.as_str());
                assert!(is_known || *argument == profile_of, "{argument}");
            }
            for word in ["certificate", "insecure", "sandbox", "web-security", "proxy", "headless", "port"] {
                let has = |argument: &&String| argument.starts_with("--") && argument.contains(word);
                let found = outside.iter().find(|argument| has(argument) && **argument != profile_of);
                assert_eq!(found, None, "{word}");
            }
            let lab = InLab { proxy: ([127, 0, 0, 1], 9).into(), headless: true };
            assert!(arguments(&start(Some(lab)), &profile).contains(&IN_LAB[0].to_owned()));
        }
    }

    #[test]
    fn a_click_reaches_an_element_or_what_is_in_it() {
        let node = json!({ "backendNodeId": 7, "children": [{ "backendNodeId": 8, "children": [{ "backendNodeId": 9 }] }] });
        assert!([7, 8, 9].into_iter().all(|id| holds(&node, id)) && !holds(&node, 6));
    }
}
