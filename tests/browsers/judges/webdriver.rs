//! A small client of WebDriver (W3C), over HTTP on loopback.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use gh_connect_enable::browser::Kind;
use serde_json::{Value, json};

/// A driver with one session.
pub struct Driver {
    child: Child,
    port: u16,
    session: String,
    /// When the test is over, whatever is waited for.
    pub until: Instant,
    _profile: tempfile::TempDir,
}

/// The driver's name for an element.
pub struct Element(String);

/// A PNG.
pub struct Screenshot(String);

impl Driver {
    /// Starts the driver, and in it a browser without a window that goes by a lab's proxy.
    pub fn start(kind: Kind, driver: &Path, browser: &Path, proxy: SocketAddr, until: Instant) -> Self {
        let profile = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut command = Command::new(driver);
        command.arg("--port=0").env("HOME", profile.path()).env("TMPDIR", profile.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (tell, told) = channel();
        // It goes on writing.
        std::thread::spawn(move || {
            lines.filter_map(|line| port_in(&line)).for_each(|port| _ = tell.send(port))
        });
        let Ok(port) = told.recv_timeout(until.saturating_duration_since(Instant::now())) else {
            let _ = child.kill();
            panic!("{} does not say where it listens", driver.display());
        };
        let own = match kind {
            Kind::Firefox => ("moz:firefoxOptions", json!({ "binary": browser, "args": ["-headless"] })),
            _ => {
                let folder = format!("--user-data-dir={}", profile.path().join("profile").display());
                let args = ["--headless=new", "--no-sandbox", &folder];
                ("goog:chromeOptions", json!({ "binary": browser, "args": args }))
            }
        };
        let proxy = proxy.to_string();
        let mut wanted = json!({
            "acceptInsecureCerts": true,
            "proxy": { "proxyType": "manual", "httpProxy": proxy, "sslProxy": proxy },
        });
        wanted[own.0] = own.1;
        let mut driver = Self { child, port, session: String::new(), until, _profile: profile };
        let made = driver.ask("POST", "/session", json!({ "capabilities": { "alwaysMatch": wanted } }));
        let made = made.unwrap_or_else(|error| panic!("no browser was started: {error}"));
        driver.session = made["sessionId"].as_str().unwrap().to_owned();
        driver
    }

    pub fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).unwrap();
    }

    /// Whether the page has loaded: of one that loads, a question about a role may never have an answer, and the driver answers
    /// nothing else meanwhile.
    pub fn is_loaded(&self) -> bool {
        let script = json!({ "script": "return document.readyState", "args": [] });
        self.post("/execute/sync", script).is_ok_and(|state| state == "complete")
    }

    pub fn url(&self) -> String {
        self.get("/url").and_then(|url| url.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The elements of an XPath; `None` where the page went away, as for all that follow.
    pub fn find(&self, xpath: &str) -> Option<Vec<Element>> {
        elements(self.post("/elements", json!({ "using": "xpath", "value": xpath })).ok()?)
    }

    pub fn find_from(&self, from: &Element, xpath: &str) -> Option<Vec<Element>> {
        let path = format!("/element/{}/elements", from.0);
        elements(self.post(&path, json!({ "using": "xpath", "value": xpath })).ok()?)
    }

    pub fn role(&self, of: &Element) -> Option<String> {
        Some(self.get(&format!("/element/{}/computedrole", of.0))?.as_str()?.to_owned())
    }

    pub fn label(&self, of: &Element) -> Option<String> {
        Some(self.get(&format!("/element/{}/computedlabel", of.0))?.as_str()?.to_owned())
    }

    pub fn is_displayed(&self, element: &Element) -> Option<bool> {
        self.get(&format!("/element/{}/displayed", element.0))?.as_bool()
    }

    pub fn click(&self, element: &Element) {
        self.post(&format!("/element/{}/click", element.0), json!({})).unwrap();
    }

    /// What a person reads in an element.
    pub fn text(&self, tag: &str) -> String {
        let found = self.find(&format!("//{tag}")).unwrap_or_default();
        let text = found.first().and_then(|element| self.get(&format!("/element/{}/text", element.0)));
        text.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub fn screenshot(&self) -> Screenshot {
        Screenshot(self.get("/screenshot").unwrap().as_str().unwrap().to_owned())
    }

    /// How many colors a picture has, by the browser's own decoder on a page of its own.
    pub fn colors(&self, picture: &Screenshot) -> u64 {
        let script = "const [data, done] = arguments; const image = new Image(); image.onerror = () => done(0);
            image.onload = () => { const canvas = document.createElement('canvas');
                [canvas.width, canvas.height] = [image.width, image.height];
                const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
                const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
                done(new Set(pixels).size); };
            image.src = 'data:image/png;base64,' + data;";
        self.open("about:blank");
        self.post("/execute/async", json!({ "script": script, "args": [picture.0] }))
            .unwrap()
            .as_u64()
            .unwrap()
    }

    fn get(&self, path: &str) -> Option<Value> {
        self.ask("GET", &format!("/session/{}{path}", self.session), Value::Null).ok()
    }

    fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.ask("POST", &format!("/session/{}{path}", self.session), body)
    }

    /// One command, and its value.
    fn ask(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let left = self.until.saturating_duration_since(Instant::now());
        assert!(!left.is_zero() || std::thread::panicking(), "the time is over before {method} {path}");
        let limit = Some(MOST_ANSWER.min(left).max(Duration::from_millis(100)));
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(limit).unwrap();
        stream.set_write_timeout(limit).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let (mut status, mut length) = (String::new(), 0);
        reader.read_line(&mut status).map_err(|error| format!("no answer to {method} {path}: {error}"))?;
        loop {
            let mut line = String::new();
            let read = reader.read_line(&mut line);
            read.map_err(|error| format!("half an answer to {method} {path}: {error}"))?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut reply = vec![0; length];
        let read = reader.read_exact(&mut reply);
        read.map_err(|error| format!("half an answer to {method} {path}: {error}"))?;
        let value = serde_json::from_slice::<Value>(&reply).unwrap()["value"].take();
        if status.contains(" 200 ") { Ok(value) } else { Err(value.to_string()) }
    }
}

/// Ends the browser, then the driver.
impl Drop for Driver {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            let _ = self.ask("DELETE", &format!("/session/{}", self.session), Value::Null);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screenshot {
    pub fn png(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.0).unwrap()
    }
}

fn elements(found: Value) -> Option<Vec<Element>> {
    let id = |element: &Value| Some(Element(element.get(ELEMENT)?.as_str()?.to_owned()));
    found.as_array()?.iter().map(id).collect()
}

/// "ChromeDriver was started successfully on port 41233.", "… geckodriver INFO Listening on 127.0.0.1:41233"
fn port_in(line: &str) -> Option<u16> {
    let after =
        line.split_once("successfully on port ").or_else(|| line.split_once("Listening on 127.0.0.1:"))?.1;
    after.trim_end_matches('.').parse().ok()
}

/// A machine that is busy may need long for a page.
const MOST_ANSWER: Duration = Duration::from_secs(30);
/// The key by which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
