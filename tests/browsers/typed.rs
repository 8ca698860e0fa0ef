//! A person who does everything by hand: types name, password and code as they were printed, and clicks. Their hands are chromedriver's,
//! a program that nobody here wrote.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    VERIFIED,
    harness::Place,
    person::{At, Watched},
};

/// A browser in somebody's hands.
struct Hands {
    driver: Child,
    port: u16,
    session: String,
}

impl Hands {
    /// A browser that goes by the printed proxy.
    fn new(proxy: &str, profile: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let started = lines.find(|line| line.contains("started successfully on port")).unwrap();
        let port = started.rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
        let mut hands = Self { driver, port, session: String::new() };
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            format!("--proxy-server={proxy}"),
            format!("--user-data-dir={profile}"),
        ];
        let wanted = json!({ "acceptInsecureCerts": true, "goog:chromeOptions": { "args": arguments } });
        let session = hands.asks("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        hands.session = format!("/session/{}", session.unwrap()["sessionId"].as_str().unwrap());
        hands
    }

    fn opens(&self, url: &str) {
        self.does("/url", &json!({ "url": url })).unwrap();
    }

    /// Types into a field, as soon as it is there.
    fn types(&self, field: &str, text: &str) {
        let place = self.finds("css selector", &format!("#{field}"));
        self.does(&format!("/element/{place}/value"), &json!({ "text": text })).unwrap();
    }

    /// Clicks a button by its name, as soon as it is there.
    fn clicks(&self, name: &str) {
        let place = self.finds("xpath", &format!("//button[normalize-space()='{name}']"));
        self.does(&format!("/element/{place}/click"), &json!({})).unwrap();
    }

    fn signs_in(&self, login: &str, password: &str, code: &str) {
        self.types("login_field", login);
        self.types("password", password);
        self.clicks("Sign in");
        self.types("app_totp", code);
        self.clicks("Verify");
    }

    fn finds(&self, by: &str, what: &str) -> String {
        let limit = Instant::now() + LIMIT;
        loop {
            match self.does("/element", &json!({ "using": by, "value": what })) {
                Ok(found) => {
                    return found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
                }
                Err(why) => assert!(Instant::now() < limit, "{what} is never there: {why}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn does(&self, what: &str, how: &Value) -> Result<Value, Value> {
        self.asks("POST", &format!("{}{what}", self.session), how)
    }

    fn asks(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        // It keeps the connection open: the answer is as long as it says.
        let (mut reader, mut head, mut length) = (BufReader::new(stream), String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(said) = line.to_lowercase().strip_prefix("content-length:") {
                length = said.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let value = serde_json::from_slice::<Value>(&body).unwrap()["value"].take();
        if head.contains(" 200 ") { Ok(value) } else { Err(value) }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.asks("DELETE", &self.session, &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// What stands after a label on a line of what was printed.
fn printed(run: &Watched, line: &str, label: &str) -> String {
    let said = run.said();
    let line = said.lines().find(|said| said.trim_start().starts_with(line)).unwrap().to_owned();
    let rest = line.split_once(label).unwrap().1.trim_start();
    rest.split([',', ' ']).next().unwrap().to_owned()
}

#[test]
fn what_is_printed_is_enough_for_a_person() {
    let place = Place::new("[web.person]\nnever = true\n");
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    run.hears("gh-connect watches both sides");
    let (password, code) = (printed(&run, "server ", "password"), printed(&run, "server ", "code"));
    let profile = place.file.path("own").display().to_string();
    let hands = Hands::new(&printed(&run, "proxy ", "proxy"), &profile);
    hands.opens(&printed(&run, "Step 1", "Open in your browser:"));
    hands.signs_in(&printed(&run, "server ", "server"), &password, &code);
    hands.clicks("Enable GitHub Connect");
    hands.signs_in(&printed(&run, "cloud ", "cloud"), &password, &code);
    hands.clicks("Connect");
    run.hears("Seen: \"Connect\" was pressed.");
    let ended = run.ends();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    assert!(ended.said.contains(VERIFIED), "{}", ended.said);
}

const LIMIT: Duration = Duration::from_secs(60);
