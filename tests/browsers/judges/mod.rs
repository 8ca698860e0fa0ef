//! A second judge of the pages: chromedriver and geckodriver, which nobody here wrote, open the lab's pages by WebDriver, find by
//! computed role and label what our drivers find by their rows, and press the same buttons to the same end.

mod webdriver;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gh_connect_enable::{
    browser::{Browser, BrowserError, InLab, Kind, Looked, NotPressed, Profile, Start, find},
    flow::Beside,
    pages::{self, Row},
};
use gh_connect_lab::{Event, LabThread, World};

use webdriver::{Driver, Element};

#[test]
fn chromedriver_agrees() {
    agree(Kind::Chromium, Path::new("/usr/bin/chromedriver"), "apt-get install chromium-driver");
}

#[test]
fn geckodriver_agrees() {
    let target = Path::new(env!("CARGO_BIN_EXE_gh-connect")).ancestors().nth(2).unwrap();
    agree(Kind::Firefox, &target.join("geckodriver/bin/geckodriver"), "cargo xtask test installs it");
}

/// What was found of the rows on the settings page, on the selection page, and on the settings page in the end.
type Found = [Vec<(&'static str, Beside)>; 3];

fn agree(kind: Kind, driver: &Path, missing: &str) {
    assert!(driver.exists(), "no {}: {missing}", driver.display());
    let expected: Found = [
        vec![("enable-button", Beside::Unclear)],
        vec![
            ("connect-button", Beside::Other),
            ("connect-button", Beside::Right),
            ("connect-button", Beside::Other),
        ],
        vec![("disable-button", Beside::Unclear)],
    ];
    assert_eq!(judged(kind, driver), expected, "the judge");
    assert_eq!(ours(kind), expected, "ours");
}

/// The way of our own driver.
fn ours(kind: Kind) -> Found {
    let lab = lab();
    let base = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let until = Instant::now() + LIMIT;
    let found = runtime.block_on(async {
        let in_lab = InLab { proxy: lab.browser_proxy(), headless: true };
        let start = Start { program: program(kind), kind, lab: Some(in_lab) };
        let mut browser = Browser::start(&start, Profile::new(base.path()).unwrap()).await.unwrap();
        browser.open(&lab.server_settings_url()).await.unwrap();
        let settings = seen_by(&mut browser, "enable-button", until).await;
        press(&mut browser, &settings[0].2).await;
        let selection = seen_by(&mut browser, "connect-button", until).await;
        let right = selection.iter().find(|(_, beside, _)| *beside == Beside::Right).unwrap();
        press(&mut browser, &right.2).await;
        let connected = seen_by(&mut browser, "disable-button", until).await;
        [settings, selection, connected]
            .map(|page| page.into_iter().map(|(row, beside, _)| (row, beside)).collect())
    });
    assert_eq!(changes(&lab), 3);
    found
}

/// That the page is being left, a browser may say in place of an answer.
async fn press(browser: &mut Browser, handle: &str) {
    match browser.press(handle).await {
        Ok(()) | Err(NotPressed::Perhaps(BrowserError::Left | BrowserError::Unanswered)) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The buttons of a page, as soon as the one that is waited for is there.
async fn seen_by(browser: &mut Browser, row: &str, limit: Instant) -> Vec<(&'static str, Beside, String)> {
    let looked = Looked {
        server: SERVER.to_owned(),
        cloud: "github.com".to_owned(),
        slug: "acme".to_owned(),
        name: Some("Acme Corp".to_owned()),
    };
    while Instant::now() < limit {
        let look = tokio::time::timeout_at(limit.into(), browser.look(&looked)).await;
        match look.unwrap_or_else(|_| panic!("no look was over in time for {row}")) {
            Ok(page) if page.settled || page.matches.iter().any(|found| found.row == row) => {
                let buttons = page.matches.into_iter().filter(|found| is_button(found.row));
                let buttons: Vec<_> = buttons.map(|found| (found.row, found.beside, found.handle)).collect();
                if buttons.iter().any(|(found, ..)| *found == row) {
                    return buttons;
                }
            }
            // A busy machine's browser may not tell in time; it is asked again.
            Ok(_)
            | Err(
                BrowserError::Refused(_)
                | BrowserError::Left
                | BrowserError::Unanswered
                | BrowserError::Unread { .. },
            ) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("no {row}");
}

/// The way of a driver that nobody here wrote.
fn judged(kind: Kind, driver: &Path) -> Found {
    let lab = lab();
    let driver = Driver::start(kind, driver, &program(kind), lab.browser_proxy(), Instant::now() + LIMIT);
    driver.open("about:blank");
    let blank = driver.colors(&driver.screenshot());
    driver.open(&lab.server_settings_url());
    let settings = judged_page(&driver, pages::ENABLE);
    driver.click(&settings[0].2);
    let selection = judged_page(&driver, pages::CONNECT);
    let right = selection.iter().find(|(_, beside, _)| *beside == Beside::Right).unwrap();
    driver.click(&right.2);
    let connected = judged_page(&driver, pages::DISABLE);

    let text = driver.text("body");
    assert!(text.contains("Acme Corp") && text.contains("Disable GitHub Connect"), "{text}");
    assert!(!text.contains("Enable GitHub Connect"), "{text}");
    // A photograph of it, for who wants to see.
    let screenshot = driver.screenshot();
    let photograph = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("connected-{}.png", kind.id()));
    std::fs::write(&photograph, screenshot.png()).unwrap();
    assert!(screenshot.png().starts_with(b"\x89PNG\r\n\x1a\n"), "{}", photograph.display());
    assert_eq!(blank, 1, "an empty page has one color");
    assert!(driver.colors(&screenshot) > 20, "{} is blank", photograph.display());
    assert_eq!(changes(&lab), 3);
    [settings, selection, connected]
        .map(|page| page.into_iter().map(|(row, beside, _)| (row, beside)).collect())
}

/// What a page has of our rows by the roles and labels that the judge computes, once `row` is among it.
fn judged_page(driver: &Driver, row: &Row) -> Vec<(&'static str, Beside, Element)> {
    // What is there instead has to be asked for, too.
    let (limit, path) = (driver.until - Duration::from_secs(5), row.path_for("corp", "acme"));
    loop {
        // A page that is left meanwhile, as the one to sign in, may keep a question about roles without an answer.
        let is_there = driver.url().split('?').next().is_some_and(|url| url.ends_with(&path));
        let page = (is_there && driver.is_loaded()).then(|| look(driver)).flatten();
        if let Some(page) = page.filter(|page| page.iter().any(|(id, ..)| *id == row.id)) {
            return page;
        }
        assert!(
            Instant::now() < limit,
            "the judge finds no {} {:?}: {}",
            row.role,
            row.name,
            driver.text("body")
        );
        std::thread::sleep(PAUSE);
    }
}

/// `None` where the page went away meanwhile.
fn look(driver: &Driver) -> Option<Vec<(&'static str, Beside, Element)>> {
    let mut found = Vec::new();
    for element in driver.find("//button|//a|//input[not(@type='hidden')]|//summary|//*[@role]")? {
        if !driver.is_displayed(&element)? {
            continue;
        }
        let (role, label) = (driver.role(&element)?, driver.label(&element)?);
        let row = BUTTONS.into_iter().find(|row| row.role == role && row.name == label);
        if let Some(row) = row {
            let beside =
                if row.id == pages::CONNECT.id { beside(driver, &element)? } else { Beside::Unclear };
            found.push((row.id, beside, element));
        }
    }
    Some(found)
}

/// Which account a button is beside: by the only link in its entry of the list.
fn beside(driver: &Driver, button: &Element) -> Option<Beside> {
    let links = driver.find_from(button, "./ancestor::li[1]//a")?;
    let [link] = &links[..] else { return Some(Beside::Unclear) };
    Some(if driver.label(link)? == "Acme Corp" { Beside::Right } else { Beside::Other })
}

fn lab() -> LabThread {
    let text = "[web.person]\nsigns-in-after-seconds = 1\n[web]\nenterprises = [{ slug = 'acme-test', name = 'Acme Corp Test' }, \
                { slug = 'acme', name = 'Acme Corp' }, { slug = 'corp', name = 'Corp' }]\n";
    LabThread::start(&World::parse("three accounts", text).unwrap()).unwrap()
}

fn changes(lab: &LabThread) -> usize {
    lab.log().iter().filter(|event| matches!(event, Event::Visit { changed: true, .. })).count()
}

fn program(kind: Kind) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    find(kind, &path).unwrap_or_else(|| panic!("apt-get install {} (Debian)", kind.id())).program
}

fn is_button(id: &str) -> bool {
    BUTTONS.iter().any(|row| row.id == id)
}

const BUTTONS: [&Row; 4] = [pages::ENABLE, pages::COMPLETE, pages::DISABLE, pages::CONNECT];
const SERVER: &str = "ghes.corp.example";
/// For each of the two ways: together less than after which the runner ends the test without a word.
const LIMIT: Duration = Duration::from_secs(55);
const PAUSE: Duration = Duration::from_millis(200);
