//! The drivers in real browsers: what they find on a page, and a click that arrives. Headless, on loopback, with pages of this
//! test's own.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use gh_connect_enable::{
    browser::{Browser, BrowserError, InLab, Kind, Looked, NotPressed, Profile, Start, find, sweep},
    flow::{Beside, Page},
};

#[test]
fn chromium_finds_and_presses() {
    finds_and_presses(Kind::Chromium);
}

#[test]
fn firefox_finds_and_presses() {
    finds_and_presses(Kind::Firefox);
}

fn finds_and_presses(kind: Kind) {
    let (address, requests) = serve(SELECTION);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/enterprise_installations/new?state=1")).await.unwrap();
        let page = settled(&mut browser, 3).await;
        assert_eq!(
            (page.authority.as_str(), page.path.as_str()),
            (&*address.to_string(), "/enterprise_installations/new")
        );
        assert!(!page.verified, "it is no TLS");
        let connect: Vec<_> = page.matches.iter().filter(|found| found.row == "connect-button").collect();
        let sides: Vec<Beside> = connect.iter().map(|found| found.beside).collect();
        assert_eq!(sides, [Beside::Other, Beside::Right, Beside::Other], "{page:?}");
        browser.press(&connect[1].handle).await.unwrap();
        let pressed = requests.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pressed, "POST /enterprises/acme/enterprise_installations?state=1&token=2");
        drop(browser);
    });
    assert_eq!(sweep(base.path()), 0);
    assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0, "the profile is gone");
}

#[test]
fn chromium_reads_whose_row_it_is() {
    reads_whose_row_it_is(Kind::Chromium);
}

#[test]
fn firefox_reads_whose_row_it_is() {
    reads_whose_row_it_is(Kind::Firefox);
}

/// The slug elsewhere on the page, or the display name alone, is not enough for a press.
fn reads_whose_row_it_is(kind: Kind) {
    let (address, _requests) = serve(WHOSE);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/enterprise_installations/new?state=1")).await.unwrap();
        let page = settled(&mut browser, 8).await;
        let sides: Vec<Beside> = page.matches.iter().map(|found| found.beside).collect();
        let expected = [
            Beside::Unclear,
            Beside::Other,
            Beside::Unclear,
            Beside::Unclear,
            Beside::Right,
            Beside::Other,
            Beside::Unclear,
            Beside::Right,
        ];
        assert_eq!(sides, expected, "{page:?}");
    });
}

#[test]
fn chromium_reads_only_what_is_seen() {
    reads_only_what_is_seen(Kind::Chromium);
}

#[test]
fn firefox_reads_only_what_is_seen() {
    reads_only_what_is_seen(Kind::Firefox);
}

/// What is in the page and nobody sees is neither the account's name nor its slug, nor does it speak against them.
fn reads_only_what_is_seen(kind: Kind) {
    let (address, _requests) = serve(HIDDEN);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/enterprise_installations/new?state=1")).await.unwrap();
        let count = HIDDEN.matches("<button>").count();
        let page = settled(&mut browser, count).await;
        let sides: Vec<Beside> = page.matches.iter().map(|found| found.beside).collect();
        assert_eq!(sides.len(), count, "{page:?}");
        let (hidden, seen) = sides.split_at(count - 2);
        assert!(hidden.iter().all(|beside| *beside != Beside::Right), "{sides:?}");
        assert_eq!(seen, [Beside::Right; 2], "{sides:?}");
    });
}

#[test]
fn chromium_reads_which_server_is_named() {
    reads_which_server_is_named(Kind::Chromium);
}

#[test]
fn firefox_reads_which_server_is_named() {
    reads_which_server_is_named(Kind::Firefox);
}

fn reads_which_server_is_named(kind: Kind) {
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        for (page, is_other) in NAMED {
            let (address, _requests) = serve(page);
            browser.open(&format!("http://{address}/enterprise_installations/new?state=1")).await.unwrap();
            let authority = address.to_string();
            let mut seen = Page::default();
            while seen.authority != authority {
                seen = settled(&mut browser, 1).await;
            }
            let rows: Vec<&str> = seen.matches.iter().map(|found| found.row).collect();
            assert!(rows.contains(&"connect-button"), "{page}: {seen:?}");
            assert_eq!(rows.contains(&"selection-server"), *is_other, "{page}: {seen:?}");
        }
    });
}

#[test]
fn chromium_leaves_a_dialog_to_the_person() {
    leaves_a_dialog_to_the_person(Kind::Chromium);
}

#[test]
fn firefox_leaves_a_dialog_to_the_person() {
    leaves_a_dialog_to_the_person(Kind::Firefox);
}

fn leaves_a_dialog_to_the_person(kind: Kind) {
    const DIALOG: &str = "<!doctype html><title>x</title><form method=post><button>Enable GitHub Connect</button></form>\
        <script>setTimeout(() => { if (confirm('Go?')) document.forms[0].submit(); else document.forms[0].submit(); }, 1500)</script>";
    let (address, requests) = serve(DIALOG);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/")).await.unwrap();
        let mut dialogs = 0;
        for _ in 0..100 {
            dialogs += usize::from(matches!(browser.look(&looked()).await, Err(BrowserError::Dialog)));
            if dialogs == 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(dialogs, 10);
        assert!(requests.try_recv().is_err(), "the dialog was answered");
    });
}

#[test]
fn chromium_presses_nothing_on_another_page() {
    presses_nothing_on_another_page(Kind::Chromium);
}

#[test]
fn firefox_presses_nothing_on_another_page() {
    presses_nothing_on_another_page(Kind::Firefox);
}

/// What was found is not pressed once the page is loaded again, at another address, or at another host.
fn presses_nothing_on_another_page(kind: Kind) {
    let ((address, requests), (other, other_requests)) = (serve(SELECTION), serve(SELECTION));
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/a")).await.unwrap();
        let mut page = settled(&mut browser, 3).await;
        for url in [format!("http://{address}/a"), format!("http://{address}/b"), format!("http://{other}/b")]
        {
            let right =
                page.matches.iter().find(|found| found.beside == Beside::Right).unwrap().handle.clone();
            let before = page.document.clone();
            browser.open(&url).await.unwrap();
            while page.document == before {
                page = settled(&mut browser, 3).await;
            }
            let error = browser.press(&right).await.unwrap_err();
            assert!(matches!(&error, NotPressed::Surely(BrowserError::Refused(_))), "{url}: {error}");
        }
        assert!(requests.try_recv().is_err() && other_requests.try_recv().is_err());
    });
}

/// A notice that lies over a button is not pressed in its place.
#[test]
fn chromium_presses_nothing_that_lies_over_a_button() {
    const COVERED: &str = r#"<!doctype html><title>x</title><p style="height: 3000px">x</p>
<form method="post" action="/right"><button>Enable GitHub Connect</button></form>
<form method="post" action="/wrong"><button style="position:fixed;inset:0;width:100%;height:100%">x</button></form>"#;
    let (address, requests) = serve(COVERED);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(Kind::Chromium, base.path()).await;
        browser.open(&format!("http://{address}/")).await.unwrap();
        let page = settled(&mut browser, 1).await;
        let error = browser.press(&page.matches[0].handle).await.unwrap_err();
        let refused =
            matches!(&error, NotPressed::Surely(BrowserError::Refused(why)) if why.contains("lies over"));
        assert!(refused, "{error}");
    });
    assert!(requests.recv_timeout(Duration::from_millis(300)).is_err());
}

#[test]
fn chromium_presses_nothing_that_nobody_sees() {
    presses_nothing_that_nobody_sees(Kind::Chromium);
}

#[test]
fn firefox_presses_nothing_that_nobody_sees() {
    presses_nothing_that_nobody_sees(Kind::Firefox);
}

fn presses_nothing_that_nobody_sees(kind: Kind) {
    let (address, requests) = serve(UNSEEN);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/")).await.unwrap();
        let page = settled(&mut browser, 9).await;
        assert_eq!(page.matches.len(), 9, "{page:?}");
        let (seen, unseen) = page.matches.split_last().unwrap();
        for (nth, found) in unseen.iter().enumerate() {
            let error = browser.press(&found.handle).await.expect_err(&format!("button {nth} was pressed"));
            assert!(matches!(&error, NotPressed::Surely(BrowserError::Refused(_))), "{nth}: {error}");
        }
        assert!(requests.try_recv().is_err());
        browser.press(&seen.handle).await.unwrap();
        assert_eq!(requests.recv_timeout(Duration::from_secs(20)).unwrap(), "POST /seen");
    });
}

#[test]
fn chromium_reads_no_sign_in() {
    reads_no_sign_in(Kind::Chromium);
}

#[test]
fn firefox_reads_no_sign_in() {
    reads_no_sign_in(Kind::Firefox);
}

/// Of an identity provider only its host is seen, of the page that asks for a password only where it is.
fn reads_no_sign_in(kind: Kind) {
    let (address, _requests) = serve(SELECTION);
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        let foreign = format!("localhost:{}", address.port());
        for (authority, path, seen) in
            [(address.to_string(), "/login", "/login"), (foreign, "/saml/answer", "")]
        {
            browser.open(&format!("http://{authority}{path}")).await.unwrap();
            let mut page = Page::default();
            for _ in 0..50 {
                page = browser.look(&looked()).await.unwrap_or_default();
                if page.authority == authority {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            assert_eq!((&page.authority, &*page.path), (&authority, seen));
            tokio::time::sleep(Duration::from_millis(500)).await;
            let page = browser.look(&looked()).await.unwrap();
            assert!(page.matches.is_empty() && page.account.is_none(), "{page:?}");
        }
    });
}

#[test]
fn chromium_gets_no_credentials() {
    gets_no_credentials("chromium_environment");
}

#[test]
fn firefox_gets_no_credentials() {
    gets_no_credentials("firefox_environment");
}

/// Runs the test below with credentials in its environment.
fn gets_no_credentials(test: &str) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored"]);
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] {
        command.env(name, "canary");
    }
    let output = command.env("GHE_MANAGE_PASSWORD", "canary").env("KEPT", "kept").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "needs the environment that another test gives it"]
fn chromium_environment() {
    has_no_credentials(Kind::Chromium);
}

#[test]
#[ignore = "needs the environment that another test gives it"]
fn firefox_environment() {
    has_no_credentials(Kind::Firefox);
}

fn has_no_credentials(kind: Kind) {
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let _browser = start(kind, base.path()).await;
        let profile = std::fs::read_dir(base.path()).unwrap().next().unwrap().unwrap().path();
        let profile = profile.to_string_lossy().into_owned();
        let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let line = |path: &std::path::Path| std::fs::read(path.join("cmdline")).unwrap_or_default();
        let runs_in_it = |path: &std::path::PathBuf| String::from_utf8_lossy(&line(path)).contains(&profile);
        let environments =
            processes.filter(runs_in_it).map(|path| std::fs::read(path.join("environ")).unwrap_or_default());
        let environment = String::from_utf8_lossy(&environments.collect::<Vec<_>>().concat()).into_owned();
        assert!(environment.contains("KEPT=kept") && !environment.contains("canary"), "{environment}");
    });
}

#[test]
fn chromium_says_that_its_window_is_closed() {
    says_that_it_ended(Kind::Chromium);
}

#[test]
fn firefox_says_that_its_window_is_closed() {
    says_that_it_ended(Kind::Firefox);
}

fn says_that_it_ended(kind: Kind) {
    let (address, _requests) = serve("<!doctype html><title>x</title><button>Enable GitHub Connect</button>");
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        browser.open(&format!("http://{address}/")).await.unwrap();
        assert_eq!(settled(&mut browser, 1).await.matches[0].row, "enable-button");
        browser.kill();
        let error = browser.look(&looked()).await.unwrap_err().to_string();
        assert!(error.contains("does not answer") || error.contains("closed"), "{error}");
    });
}

#[test]
fn chromium_does_not_take_its_own_error_page_for_the_sites() {
    shows_an_error_page(Kind::Chromium);
}

#[test]
fn firefox_does_not_take_its_own_error_page_for_the_sites() {
    shows_an_error_page(Kind::Firefox);
}

fn shows_an_error_page(kind: Kind) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = start(kind, base.path()).await;
        let _ = browser.open(&format!("https://{nobody}/")).await;
        let mut page = Page::default();
        for _ in 0..50 {
            page = browser.look(&looked()).await.unwrap_or_default();
            if page.failed {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(page.failed && !page.verified && page.authority == nobody.to_string(), "{page:?}");
    });
}

async fn start(kind: Kind, base: &std::path::Path) -> Browser {
    let path = std::env::var_os("PATH").unwrap();
    let installed = find(kind, &path).unwrap_or_else(|| panic!("apt-get install {} (Debian)", kind.id()));
    let nowhere: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let start =
        Start { program: installed.program, kind, lab: Some(InLab { proxy: nowhere, headless: true }) };
    Browser::start(&start, Profile::new(base).unwrap()).await.unwrap()
}

/// Looks until as many elements are there as expected.
async fn settled(browser: &mut Browser, count: usize) -> Page {
    let mut page = Page::default();
    for _ in 0..100 {
        match browser.look(&looked()).await {
            Ok(seen) if seen.matches.len() >= count => return seen,
            Ok(seen) => page = seen,
            // It still loads.
            Err(BrowserError::Refused(_) | BrowserError::Left | BrowserError::Unanswered) => {}
            Err(BrowserError::Unread { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    page
}

fn looked() -> Looked {
    Looked {
        server: "127.0.0.1".to_owned(),
        cloud: "github.com".to_owned(),
        slug: "acme".to_owned(),
        name: Some("Acme Corp".to_owned()),
    }
}

/// A server with one page. Tells of each POST.
fn serve(page: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut bytes = [0; 8192];
                let read = stream.read(&mut bytes).unwrap_or(0);
                let text = String::from_utf8_lossy(&bytes[..read]);
                let line = text.lines().next().unwrap_or_default();
                if line.starts_with("POST") {
                    let _ = tell.send(line.trim_end_matches(" HTTP/1.1").to_owned());
                }
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    page.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
            });
        }
    });
    (address, told)
}

/// Transparent in several ways, of its background's color, next to nothing in size, clipped away, not to be hit, out of the window;
/// and far below all of them one that is as it should be.
const UNSEEN: &str = r#"<!doctype html><html lang="en"><title>x</title><style>form { margin: 20px }</style>
<form method="post"><button style="opacity: 0">Enable GitHub Connect</button></form>
<div style="opacity: 0.02"><form method="post"><button>Enable GitHub Connect</button></form></div>
<form method="post"><button style="filter: opacity(0)">Enable GitHub Connect</button></form>
<form method="post"><button style="all: unset; color: white">Enable GitHub Connect</button></form>
<form method="post"><button style="all: unset; display: block; width: 3px; height: 3px; overflow: hidden; background: black; font-size: 0">Enable GitHub Connect</button></form>
<form method="post"><button style="clip-path: inset(100%)">Enable GitHub Connect</button></form>
<form method="post"><button style="pointer-events: none">Enable GitHub Connect</button></form>
<form method="post"><button style="position: absolute; left: -9999px">Enable GitHub Connect</button></form>
<p style="height: 3000px">x</p>
<form method="post" action="/seen"><button>Enable GitHub Connect</button></form></html>"#;

/// In all rows but the last two nobody sees the slug beside the name, or the link. In these, what speaks against them is unseen.
const HIDDEN: &str = r#"<!doctype html><html lang="en"><title>Select an enterprise</title>
<style>.cut { position: absolute; width: 1px; height: 1px; overflow: hidden; clip: rect(0, 0, 0, 0) } li { position: relative }</style><ul>
<li><i style="display: none">Acme Corp</i> <i style="display: none">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="visibility: hidden">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="opacity: 0">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="position: absolute; left: -9999px">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="position: absolute; top: 9999px">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="font-size: 0">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i class="cut">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i aria-hidden="true">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="color: transparent">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="display: inline-block; transform: scale(0)">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="display: block; height: 0; overflow: hidden">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="filter: opacity(0)">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i style="clip-path: inset(100%)">acme</i> <b>Other GmbH</b> <button>Connect</button></li>
<li><i>Acme Corp</i> <i><span style="opacity: 0.2"><span style="opacity: 0.2">acme</span></span></i> <b>Other GmbH</b> <button>Connect</button></li>
<li><a href="/enterprises/acme" style="display: none">x</a> <b>Other GmbH</b> <button>Connect</button></li>
<li><a href="/enterprises/acme" style="opacity: 0">x</a> <b>Other GmbH</b> <button>Connect</button></li>
<li><a href="/enterprises/acme"></a> <b>Other GmbH</b> <button>Connect</button></li>
<li><span hidden><a href="/enterprises/acme">Acme Corp</a></span> <b>Other GmbH</b> <button>Connect</button></li>
<li><a href="/enterprises/acme">Acme Corp</a> <i style="display: none">other</i> <button>Connect</button></li>
<li><i>Acme Corp</i> <i>acme</i> <a href="/enterprises/other" style="display: none">x</a> <button>Connect</button></li></ul></html>"#;

/// Pages that name another server, the right one, or none.
const NAMED: &[(&str, bool)] = &[
    (
        "<!doctype html><h1>Connect evil.other.example with an enterprise account</h1><ul><li><a href=/enterprises/acme>Acme Corp</a><button>Connect</button></li></ul>",
        true,
    ),
    (
        "<!doctype html><main><p>Select the enterprise to connect to <b>evil</b>.other.example.</p><ul><li><a href=/enterprises/acme>Acme Corp</a><button>Connect</button></li></ul></main>",
        true,
    ),
    (
        "<!doctype html><main><header><h2>evil.other.example</h2></header><ul><li><a href=/enterprises/acme>Acme Corp</a><button>Connect</button></li></ul></main>",
        true,
    ),
    (
        "<!doctype html><h1>Connect 127.0.0.1 with an enterprise account on github.com</h1><ul><li><a href=/enterprises/acme>Acme Corp</a><button>Connect</button></li></ul>",
        false,
    ),
    (
        "<!doctype html><header>evil.other.example</header><nav>Connect evil.other.example</nav><h1 hidden>evil.other.example</h1><p>Booking.com</p><ul><li><a href=/enterprises/acme>Acme Corp</a> Connect.example <button>Connect</button></li></ul>",
        false,
    ),
];

/// The right account stands below the window's edge, and has neighbours with names like its own.
const SELECTION: &str = r#"<!doctype html><html lang="en"><title>Select an enterprise</title>
<h1>Select an enterprise</h1><ul>
<li><a href="/enterprises/acme-test">Acme Corp Test</a> <span>acme-test</span>
  <form method="post" action="/enterprises/acme-test/enterprise_installations?state=1&amp;token=2"><button>Connect</button></form></li>
<li style="margin-top: 3000px"><a href="/enterprises/acme">Acme Corp</a> <span>acme</span>
  <form method="post" action="/enterprises/acme/enterprise_installations?state=1&amp;token=2"><button>Connect</button></form></li>
<li><a href="/enterprises/other">Other</a>
  <form method="post" action="/enterprises/other/enterprise_installations?state=1&amp;token=2"><button>Connect</button></form></li>
</ul></html>"#;

/// The slug stands in the switcher, in the way to the page, and in a row without a button.
const WHOSE: &str = r#"<!doctype html><html lang="en"><title>Select an enterprise</title>
<nav><ol><li><a href="/enterprises/acme">acme</a></li></ol></nav><details open><summary>acme</summary></details>
<div><p>acme</p><button>Connect</button></div>
<ul><li><a href="/enterprises/acme">Acme Corp</a> <span>acme</span> not eligible</li>
<li><a href="/enterprises/other">Other</a> <button>Connect</button></li>
<li><span>Acme Corp</span> <button>Connect</button></li>
<li><a href="/enterprises/other">acme</a> <button>Connect</button></li>
<li><a href="/enterprises/acme">Acme Corp</a> <button>Connect</button></li></ul>
<table><tbody><tr><th scope="row">Acme Corp <i>acme-test</i> <a href="/enterprises/acme-test">x</a></th><td><button>Connect</button></td></tr>
<tr><th scope="row"><b>@acme</b></th><td><button>Connect</button></td></tr>
<tr><th scope="row">Acme Corp <b>@acme</b></th><td><button>Connect</button></td></tr></tbody></table></html>"#;
