//! DevTools' pipe: JSON with a zero byte behind it, in both directions.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe,
};

use super::{BrowserError, place};

/// The pipe to the browser.
#[derive(Debug)]
pub(super) struct Pipe {
    to: pipe::Sender,
    from: BufReader<pipe::Receiver>,
    next: u64,
    /// The session of the tab that is looked at.
    pub(super) tab: Option<String>,
    /// Whether the page's own policy forbade where its form leads, since the page was opened.
    pub(super) blocked: bool,
    /// The sessions of tabs whose page has a dialog open. It is the person's to answer, and the page tells nothing until then.
    dialogs: HashSet<String>,
    /// What is still to be written of a command that is not waited for any more.
    unsent: Vec<u8>,
    /// What was read of a message so far.
    partial: Vec<u8>,
    /// The hosts in whose place the browser has shown a page of its own. A person may have told it to go on nevertheless.
    pub(super) distrusted: HashSet<String>,
}

impl Pipe {
    /// By this program's ends of two pipes.
    pub(super) fn new(to: pipe::Sender, from: pipe::Receiver) -> Self {
        Self {
            to,
            from: BufReader::new(from),
            next: 0,
            tab: None,
            blocked: false,
            dialogs: HashSet::new(),
            unsent: Vec::new(),
            partial: Vec::new(),
            distrusted: HashSet::new(),
        }
    }

    /// Asks, and waits for the answer. Events that come in between are passed over, but for a crash, a dialog and a way that was blocked.
    pub(super) async fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Result<Value, BrowserError> {
        if session.is_some_and(|session| self.dialogs.contains(session)) {
            return Err(BrowserError::Dialog);
        }
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = serde_json::to_vec(&message).map_err(std::io::Error::from)?;
        bytes.push(0);
        self.send(bytes).await?;
        loop {
            let mut answer = self.read().await?;
            let is_looked_at = answer["sessionId"].as_str() == self.tab.as_deref();
            if answer["method"] == "Inspector.targetCrashed" && is_looked_at {
                return Err(BrowserError::Crashed("the page crashed".to_owned()));
            }
            self.blocked = match answer["method"].as_str().filter(|_| is_looked_at) {
                Some("Audits.issueAdded") => self.blocked || is_blocked_form(&answer["params"]["issue"]),
                Some("Page.frameNavigated") => {
                    self.blocked && answer["params"]["frame"]["parentId"].is_string()
                }
                _ => self.blocked,
            };
            if answer["method"] == "Page.frameNavigated" && answer["params"]["frame"]["parentId"].is_null() {
                let url = unreachable(&answer["params"]["frame"]);
                self.distrusted.extend(url.map(|url| place(url).0));
            }
            if let Some(of) = answer["sessionId"].as_str() {
                match answer["method"].as_str() {
                    Some("Page.javascriptDialogOpening") => {
                        self.dialogs.insert(of.to_owned());
                        if session == Some(of) {
                            return Err(BrowserError::Dialog);
                        }
                    }
                    Some("Page.javascriptDialogClosed") => _ = self.dialogs.remove(of),
                    _ => {}
                }
            }
            if answer["id"] != id {
                continue;
            }
            return match answer.get("error") {
                Some(error) => {
                    Err(BrowserError::Refused(error["message"].as_str().unwrap_or(method).to_owned()))
                }
                None => Ok(answer["result"].take()),
            };
        }
    }

    /// Sends a message whole, also when this was given up half-way: then the next one sends the rest first.
    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), BrowserError> {
        self.unsent.extend(bytes);
        while !self.unsent.is_empty() {
            match self.to.write(&self.unsent).await {
                Ok(sent @ 1..) => drop(self.unsent.drain(..sent)),
                _ => return Err(BrowserError::Closed),
            }
        }
        Ok(())
    }

    /// Reads a message, also when this was given up half-way before.
    async fn read(&mut self) -> Result<Value, BrowserError> {
        let room = MOST_MESSAGE.saturating_sub(u64::try_from(self.partial.len()).unwrap_or(u64::MAX));
        let read = (&mut self.from).take(room).read_until(0, &mut self.partial).await;
        let mut bytes = std::mem::take(&mut self.partial);
        if read.is_err() || bytes.pop() != Some(0) {
            return Err(BrowserError::Closed);
        }
        serde_json::from_slice(&bytes).map_err(|error| BrowserError::Crashed(error.to_string()))
    }
}

/// Whether an issue is that of a form whose way the page's policy forbids: of the redirects behind it, too.
fn is_blocked_form(issue: &Value) -> bool {
    let details = &issue["details"]["contentSecurityPolicyIssueDetails"];
    details["violatedDirective"] == "form-action" && details["isReportOnly"] != true
}

/// The address of the site in whose place the browser shows a page of its own.
pub(super) fn unreachable(frame: &Value) -> Option<&str> {
    frame["unreachableUrl"].as_str().filter(|url| !url.is_empty())
}

const MOST_MESSAGE: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::browser::judged::Shown;

    /// A pipe, and the browser's ends of it.
    fn pipe() -> (Pipe, pipe::Sender, pipe::Receiver) {
        let ((to, browser_reads), (browser_writes, from)) =
            (pipe::pipe().expect("a pipe"), pipe::pipe().expect("a pipe"));
        (Pipe::new(to, from), browser_writes, browser_reads)
    }

    #[tokio::test]
    async fn a_message_that_was_given_up_half_way_is_read_whole() {
        let (mut pipe, mut browser, _reads) = pipe();
        browser.write_all(b"{\"id\":1,").await.expect("written");
        let first = timeout(Duration::from_millis(50), pipe.call(None, "A", json!({}))).await;
        assert!(first.is_err());
        browser.write_all(b"\"result\":{}}\0{\"id\":2,\"result\":{\"a\":7}}\0").await.expect("written");
        assert_eq!(pipe.call(None, "B", json!({})).await.expect("an answer")["a"], 7);
    }

    #[tokio::test]
    async fn a_message_that_was_given_up_half_way_is_sent_whole() {
        let (mut pipe, mut browser, mut reads) = pipe();
        // More than a pipe holds.
        let much = json!({ "much": "x".repeat(1 << 20) });
        assert!(timeout(Duration::from_millis(50), pipe.call(None, "A", much)).await.is_err());
        browser.write_all(b"{\"id\":2,\"result\":{}}\0").await.expect("written");
        let read = async {
            let (mut all, mut part) = (Vec::new(), vec![0; 1 << 16]);
            while all.iter().filter(|byte| **byte == 0).count() < 2 {
                let count = reads.read(&mut part).await.expect("read");
                all.extend_from_slice(&part[..count]);
            }
            all
        };
        let (answer, all) = futures::join!(pipe.call(None, "B", json!({})), read);
        assert!(answer.is_ok());
        let messages: Vec<&[u8]> = all.split(|byte| *byte == 0).filter(|part| !part.is_empty()).collect();
        assert!(messages.iter().all(|message| serde_json::from_slice::<Value>(message).is_ok()));
        assert_eq!(messages.len(), 2);
    }

    #[tokio::test]
    async fn a_dialog_is_open_until_it_is_closed() {
        let (mut pipe, mut browser, _reads) = pipe();
        let event = |what: &str| {
            format!("{{\"method\":\"Page.javascriptDialog{what}\",\"sessionId\":\"s\",\"params\":{{}}}}\0")
        };
        browser.write_all(event("Opening").as_bytes()).await.expect("written");
        for _ in 0..2 {
            let asked =
                timeout(Duration::from_secs(9), pipe.call(Some("s"), "A", json!({}))).await.expect("at once");
            assert!(matches!(asked, Err(BrowserError::Dialog)));
        }
        let answers =
            format!("{}{{\"id\":2,\"result\":{{}}}}\0{{\"id\":3,\"result\":{{}}}}\0", event("Closed"));
        browser.write_all(answers.as_bytes()).await.expect("written");
        // The browser itself answers meanwhile.
        assert!(pipe.call(None, "B", json!({})).await.is_ok());
        assert!(pipe.call(Some("s"), "C", json!({})).await.is_ok());
    }

    #[tokio::test]
    async fn a_host_with_an_error_page_is_never_trusted_again() {
        let (mut pipe, mut browser, _reads) = pipe();
        let event = r#"{"method":"Page.frameNavigated","params":{"frame":{"url":"chrome-error://chromewebdata/","unreachableUrl":"https://GHES.corp.example/a"}}}"#;
        browser
            .write_all(format!("{event}\0{{\"id\":1,\"result\":{{}}}}\0").as_bytes())
            .await
            .expect("written");
        pipe.call(None, "A", json!({})).await.expect("an answer");
        let shown =
            |url: &str| Shown::new("tab", "1", url).with_distrust(&mut pipe.distrusted.clone()).secure;
        assert!(!shown("https://ghes.corp.example/b") && shown("https://github.com/b"));
    }
}
