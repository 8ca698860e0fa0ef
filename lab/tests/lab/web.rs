//! The web pages of both sides, walked by forms and cookies.

use std::time::Duration;

use gh_connect_lab::{Event, Lab};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::{self, graphql, lab, request_with, rest, session};

const SERVER: &str = "ghes.corp.example";
const SETTINGS: &str = "ghes.corp.example/enterprises/corp/settings/dotcom_connection";
const ENABLE: &str = "Enable GitHub Connect";
const NOT_ENABLED: &str = "GitHub Connect is not enabled yet";
const COMPLETE: &str = "Complete your GitHub Connect setup";

/// A browser on the server's settings page, signed in on both sides.
async fn at_settings(lab: &Lab) -> Browser<'_> {
    let mut browser = Browser::open(lab, "https://github.com/login").await;
    browser.sign_in("octo-owner").await;
    browser.go(&lab.server_settings_url()).await;
    browser.sign_in("ghe-admin").await;
    assert_eq!(browser.at, SETTINGS);
    browser
}

/// What changed the connection, in order.
fn changes(lab: &Lab) -> Vec<String> {
    let changes = lab.log().into_iter().filter_map(|event| match event {
        Event::Visit { host, method, path, changed: true, .. } => Some(format!("{method} {host}{path}")),
        _ => None,
    });
    changes.collect()
}

async fn installations(lab: &Lab) -> Value {
    let query = "{ enterprise(slug: \"acme\") { ownerInfo { enterpriseServerInstallations(first: 9, connectedOnly: true) \
        { nodes { hostName isConnected customerName } } } } }";
    let reply = graphql(lab, query, json!({})).await;
    reply["data"]["enterprise"]["ownerInfo"]["enterpriseServerInstallations"]["nodes"].clone()
}

async fn cloud_actions(lab: &Lab) -> Vec<String> {
    actions(&rest(lab, "/enterprises/acme/audit-log?phrase=action:enterprise_installation").await.json())
}

async fn server_actions(lab: &Lab) -> Vec<String> {
    let token = format!("token {}", lab.environment()["GH_ENTERPRISE_TOKEN"]);
    let target = "/api/v3/enterprises/corp/audit-log?phrase=action:dotcom_connection";
    let stream = session(lab, SERVER).await.unwrap();
    actions(&request_with(stream, SERVER, target, &[("Authorization", &token)]).await.json())
}

fn actions(events: &Value) -> Vec<String> {
    let action = |event: &Value| format!("{} by {}", event["action"], event["actor"]).replace('"', "");
    events.as_array().unwrap().iter().map(action).collect()
}

#[tokio::test]
async fn two_presses_connect_both_sides() {
    let lab = lab("").await;
    assert_eq!(installations(&lab).await, json!([]));
    let mut browser = at_settings(&lab).await;
    assert!(browser.shows("<html lang=\"en\">") && browser.shows("<h1>GitHub Connect</h1>"));
    assert!(browser.shows(&format!("<h2>{NOT_ENABLED}</h2>")) && browser.shows("alt=\"@ghe-admin\""));
    assert_eq!(changes(&lab), [""; 0]);

    browser.press(ENABLE, &[]).await;
    assert!(browser.at.starts_with("github.com/enterprise_installations/new?state="), "{}", browser.at);
    assert!(browser.shows("<h1>Select an enterprise</h1>") && browser.shows("alt=\"@octo-owner\""));
    assert_eq!(installations(&lab).await, json!([]));

    browser.press("Connect", &[]).await;
    assert_eq!(
        browser.way,
        [
            "POST github.com/enterprises/acme/enterprise_installations",
            "GET ghes.corp.example/admin/dotcom_connection/change_complete",
            "GET ghes.corp.example/enterprises/corp/settings/dotcom_connection",
        ]
    );
    assert!(browser.shows("Connected to") && browser.shows("Disable GitHub Connect"));
    assert!(browser.shows("https://github.com/enterprises/acme") && !browser.shows(NOT_ENABLED));
    assert!(!browser.shows("value=\"enabled\" selected"), "every feature is off");
    assert_eq!(
        installations(&lab).await,
        json!([{ "hostName": SERVER, "isConnected": true, "customerName": "Acme Corp" }])
    );
    assert_eq!(cloud_actions(&lab).await, ["enterprise_installation.create by octo-owner"]);
    assert_eq!(server_actions(&lab).await, ["dotcom_connection.create by ghe-admin"]);
    assert_eq!(
        changes(&lab),
        [
            "POST ghes.corp.example/enterprises/corp/settings/dotcom_connection",
            "POST github.com/enterprises/acme/enterprise_installations",
            "GET ghes.corp.example/admin/dotcom_connection/change_complete",
        ]
    );

    browser.go("https://github.com/enterprises/acme/enterprise_installations").await;
    assert!(browser.shows("1 server connected") && browser.shows("server usage never synced"));
}

#[tokio::test]
async fn features_are_switched_on_and_the_connection_off() {
    let lab = lab("web.start = 'connected'").await;
    let mut browser = at_settings(&lab).await;
    let sync = |lab| async move { rest(lab, "/enterprises/acme/license-sync-status").await.json() };
    assert_eq!(sync(&lab).await["server_instances"], json!([]));
    let form = browser.forms().into_iter().find(|form| format!("{form:?}").contains("license_sync")).unwrap();
    browser.submit(&form, &[("value", "enabled")]).await;
    assert!(browser.shows("value=\"enabled\" selected"));
    assert_eq!(sync(&lab).await["server_instances"][0]["hostname"], SERVER);

    browser.press("Disable GitHub Connect", &[]).await;
    assert!(browser.shows(NOT_ENABLED));
    assert_eq!(installations(&lab).await, json!([]));
    assert_eq!(server_actions(&lab).await, ["dotcom_connection.destroy by ghe-admin"]);
    assert_eq!(cloud_actions(&lab).await, ["enterprise_installation.destroy by octo-owner"]);
}

#[tokio::test]
async fn who_comes_back_after_the_window_leaves_an_orphan() {
    let lab = lab("").await;
    let mut browser = at_settings(&lab).await;
    browser.press(ENABLE, &[]).await;
    lab.let_pass(Duration::from_secs(301));
    browser.press("Connect", &[]).await;
    assert!(browser.shows("was not completed in time") && browser.shows(NOT_ENABLED));
    assert_eq!(installations(&lab).await[0]["hostName"], SERVER);
    assert_eq!(server_actions(&lab).await, [""; 0]);

    browser.press(ENABLE, &[]).await;
    browser.press("Connect", &[]).await;
    let exists = "A connection for ghes.corp.example already exists. Please disconnect the existing instance and try again.";
    assert!(browser.shows(exists), "{}", browser.text());
    assert!(browser.shows("href=\"/enterprises/acme/enterprise_installations\""));

    browser.go("https://github.com/enterprises/acme/enterprise_installations").await;
    browser.press("Remove", &[]).await;
    browser.go(&lab.server_settings_url()).await;
    browser.press(COMPLETE, &[]).await;
    browser.press("Connect", &[]).await;
    assert!(browser.shows("Connected to"), "{}", browser.text());
}

#[tokio::test]
async fn what_was_begun_can_be_completed_within_the_window() {
    let lab = lab("web = { start = 'pending', window-seconds = 60 }").await;
    let mut browser = at_settings(&lab).await;
    assert!(browser.shows("You have not completed the setup process on the github.com side."));
    browser.press(COMPLETE, &[]).await;
    assert!(browser.shows("Select an enterprise"));
    browser.go(&lab.server_settings_url()).await;
    lab.let_pass(Duration::from_secs(61));
    browser.press(COMPLETE, &[]).await;
    assert!(browser.shows("Please reinitiate the setup process.") && browser.shows(NOT_ENABLED));
    browser.press(ENABLE, &[]).await;
    browser.press("Connect", &[]).await;
    assert!(browser.shows("Connected to"));
}

#[tokio::test]
async fn a_state_is_good_in_its_own_session_only() {
    let lab = lab("").await;
    let mut browser = at_settings(&lab).await;
    browser.press(ENABLE, &[]).await;
    let state = browser.at.split("state=").nth(1).unwrap().to_owned();
    let complete = format!("https://{SERVER}/admin/dotcom_connection/change_complete?state={state}");
    // Before the cloud has granted anything there is nothing to complete.
    browser.go(&complete).await;
    assert!(browser.shows(COMPLETE) && browser.shows("Please reinitiate"));

    let mut other = Browser::open(&lab, &complete).await;
    browser.go(&format!("https://github.com/enterprise_installations/new?state={state}")).await;
    let form = browser.forms().pop().unwrap();
    other.sign_in("ghe-admin").await;
    assert!(other.at.contains("change_complete") && !other.shows("Connected to"));
    browser.submit(&form, &[]).await;
    assert!(browser.shows("Connected to"));
}

#[tokio::test]
async fn a_session_that_ends_on_the_way_leads_to_the_sign_in_again() {
    let lab = lab("web = { session-expires-after = 100, window-seconds = 1000 }").await;
    let mut browser = at_settings(&lab).await;
    lab.let_pass(Duration::from_secs(50));
    browser.press(ENABLE, &[]).await;
    lab.let_pass(Duration::from_secs(51));
    browser.press("Connect", &[]).await;
    assert_eq!(browser.at, "github.com/login");
    assert_eq!(installations(&lab).await, json!([]));
    browser.go(&lab.server_settings_url()).await;
    assert!(browser.at.starts_with("ghes.corp.example/login?return_to="), "{}", browser.at);
    browser.sign_in("ghe-admin").await;
    assert!(browser.at == SETTINGS && browser.shows(COMPLETE));
}

#[tokio::test]
async fn somebody_else_sees_nothing_and_can_do_nothing() {
    let lab = lab("web.person = { as = 'somebody-else', as-on-server = 'somebody-else' }").await;
    let person = lab.person();
    assert_eq!(person.on_cloud.as_deref(), Some("somebody-else"));
    let mut browser = at_settings(&lab).await;
    let form = browser.forms().pop().unwrap();
    browser.press(ENABLE, &[]).await;
    let selection = format!("https://{}", browser.at);
    let connect = browser.forms().pop().unwrap();

    let mut other = Browser::open(&lab, &lab.server_settings_url()).await;
    other.sign_in("somebody-else").await;
    assert_eq!(other.page.status, 404);
    other.submit(&form, &[]).await;
    assert_eq!(other.page.status, 404);
    other.go(&selection).await;
    other.sign_in("somebody-else").await;
    assert!(other.shows("You do not own any enterprise") && other.shows("alt=\"@somebody-else\""));
    other.submit(&connect, &[]).await;
    assert_eq!(other.page.status, 422, "a form of another session");
    assert_eq!(installations(&lab).await, json!([]));
    assert_eq!(changes(&lab).len(), 1);
}

#[tokio::test]
async fn a_wrong_password_or_code_signs_nobody_in() {
    let lab = lab("").await;
    let mut browser = Browser::open(&lab, &lab.server_settings_url()).await;
    browser.press("Sign in", &[("login", "ghe-admin"), ("password", "wrong")]).await;
    assert!(browser.shows("Incorrect username or password."));
    let password = lab.person().password;
    browser.press("Sign in", &[("login", "ghe-admin"), ("password", &password)]).await;
    assert_eq!(browser.at, "ghes.corp.example/sessions/two-factor");
    browser.press("Verify", &[("app_otp", "000000")]).await;
    assert!(browser.shows("Two-factor authentication failed."));
    browser.go(&lab.server_settings_url()).await;
    assert!(browser.at.starts_with("ghes.corp.example/login"));
    let log = format!("{:?}", lab.log());
    assert!(
        !log.contains(&password) && log.contains("\"person\""),
        "the log tells that it came, not what it is"
    );
}

#[tokio::test]
async fn single_sign_on_comes_between() {
    let lab = lab("web.sso = true\nweb.otp = false").await;
    let mut browser = at_settings(&lab).await;
    browser.press(ENABLE, &[]).await;
    assert!(browser.at.starts_with("github.com/enterprises/acme/sso?return_to="), "{}", browser.at);
    assert!(browser.shows("<h1>Single sign-on to Acme Corp</h1>"));
    browser.press("Continue", &[]).await;
    assert!(browser.at.starts_with("idp.corp.example/saml?"), "{}", browser.at);
    assert!(browser.has_cookie("saml_csrf_token"));
    let password = lab.person().password;
    browser.press("Sign in", &[("username", "octo-owner"), ("password", &password)]).await;
    browser.press("Continue", &[]).await;
    assert!(browser.shows("<h1>Select an enterprise</h1>"), "{}", browser.text());
    browser.press("Connect", &[]).await;
    assert!(browser.shows("Connected to"));
    // Without sign-on there is no identity provider in the world.
    assert!(client::lab("").await.routes().iter().all(|route| route.host != "idp.corp.example"));
}

#[tokio::test]
async fn on_ghe_com_the_page_forbids_the_way_back() {
    for (world, host, permits) in [
        ("target.ghe-com = 'acme'", "acme.ghe.com", Some(false)),
        ("target.ghe-com = 'acme'\nweb.csp = 'permits'", "acme.ghe.com", Some(true)),
        ("web.csp = 'none'", "github.com", None),
        ("web.csp = 'forbids'", "github.com", Some(false)),
        ("", "github.com", Some(true)),
    ] {
        let lab = lab(world).await;
        let mut browser = Browser::open(&lab, &format!("https://{host}/login")).await;
        browser.sign_in("octo-owner").await;
        browser.go(&lab.server_settings_url()).await;
        browser.sign_in("ghe-admin").await;
        let policy = browser.page.header("content-security-policy").unwrap();
        assert!(policy.ends_with(&format!("; form-action 'self' {host}")), "{policy}");
        browser.press(ENABLE, &[]).await;
        assert!(browser.at.starts_with(&format!("{host}/enterprise_installations/new?")), "{}", browser.at);
        let policy = browser.page.header("content-security-policy").unwrap();
        let sources = policy.split("; form-action 'self' ").nth(1);
        assert_eq!(sources.map(|sources| sources.contains("https://ghes.corp.example")), permits, "{world}");
        if host == "acme.ghe.com" {
            assert!(sources.unwrap().starts_with("ghe.com "), "{policy}");
        }
    }
}

#[tokio::test]
async fn enterprises_are_listed_in_the_worlds_order_and_the_pressed_one_is_connected() {
    let choices = "web.enterprises = [{ slug = 'acme-labs', name = 'Acme Corp' }, { slug = 'acme', name = 'Acme Corp.' }, \
        { slug = 'acme-card', name = 'Acme Card', eligible = false }]";
    for listed_as in ["list", "table"] {
        let lab = lab(&format!("{choices}\nweb.listed-as = '{listed_as}'")).await;
        let mut browser = at_settings(&lab).await;
        browser.press(ENABLE, &[]).await;
        let text = browser.text();
        assert!(text.find(">acme-labs<").unwrap() < text.find(">acme<").unwrap());
        assert!(!text.contains("acme-card"));
        assert_eq!(text.contains("<th scope=\"row\">"), listed_as == "table");
        let forms = browser.forms();
        assert_eq!(forms.iter().map(|form| form.presses.len()).collect::<Vec<_>>(), [1, 1]);
        browser.submit(&forms[0], &[]).await;
        assert!(browser.shows("/enterprises/acme-labs"));
        assert_eq!(installations(&lab).await, json!([]), "another enterprise has the record");
    }
    let lab = lab("web.enterprises = []").await;
    let mut browser = at_settings(&lab).await;
    browser.press(ENABLE, &[]).await;
    assert!(browser.shows("You do not own any enterprise") && browser.forms().is_empty());
}

#[tokio::test]
async fn the_two_buttons_are_as_the_world_wants_them() {
    let lab = client::lab("web = { two-buttons = 'both', buttons = 'link', position = 'below' }").await;
    let mut browser = at_settings(&lab).await;
    let named = |browser: &Browser<'_>, name: &str| {
        let presses: Vec<_> = browser.forms().into_iter().flat_map(|form| form.presses).collect();
        presses.into_iter().filter(|press| *press == ("link".to_owned(), name.to_owned())).count()
    };
    assert_eq!(named(&browser, ENABLE), 2);
    assert!(browser.shows("<div class=\"long\"></div>"));
    let forms = browser.forms();
    browser.submit(&forms[0], &[]).await;
    assert_eq!((browser.page.status, changes(&lab).len()), (404, 0), "the other button leads elsewhere");
    browser.go(&lab.server_settings_url()).await;
    browser.submit(&browser.forms()[1].clone(), &[]).await;
    assert_eq!(named(&browser, "Connect"), 2);

    let lab =
        client::lab("web = { lang = 'de', otp = false, connect-label = 'Los', position = 'covered' }").await;
    let mut browser = Browser::open(&lab, &lab.server_settings_url()).await;
    assert!(browser.shows("<html lang=\"de\">") && browser.shows("<label for=\"password\">Passwort</label>"));
    let password = lab.person().password;
    browser.press("Anmelden", &[("login", "ghe-admin"), ("password", &password)]).await;
    assert!(browser.shows("GitHub Connect ist noch nicht aktiviert") && browser.shows("aria-modal=\"true\""));
    browser.press("GitHub Connect aktivieren", &[]).await;
    browser.press("Anmelden", &[("login", "octo-owner"), ("password", &password)]).await;
    browser.press("Los", &[]).await;
    assert!(browser.shows("Verbunden mit"));
}

#[tokio::test]
async fn pages_can_be_missing_and_the_cloud_out_of_reach() {
    let missing = client::lab("web.settings-page-missing = true").await;
    let browser = Browser::open(&missing, &missing.server_settings_url()).await;
    assert_eq!(browser.page.status, 404);

    let unreachable = client::lab("web.reaches-cloud = false").await;
    let mut browser = at_settings(&unreachable).await;
    browser.press(ENABLE, &[]).await;
    assert!(browser.at == SETTINGS && browser.shows("Could not connect to GitHub"));
    assert_eq!(changes(&unreachable), [""; 0]);

    for (kind, status, words) in [
        ("invoice", 200, "View invoice"),
        ("trial", 200, "days left in your trial"),
        ("card", 200, "Visa ending in"),
        ("missing", 404, "Page not found"),
    ] {
        let lab = client::lab(&format!("web.billing = '{kind}'")).await;
        let mut browser = Browser::open(&lab, "https://github.com/enterprises/acme/settings/billing").await;
        browser.sign_in("octo-owner").await;
        assert_eq!(browser.page.status, status, "{kind}");
        assert!(browser.shows(words), "{kind}");
    }
}

#[tokio::test]
async fn the_server_need_not_log_the_connection() {
    let lab = lab("web.logs-connection = false").await;
    let mut browser = at_settings(&lab).await;
    browser.press(ENABLE, &[]).await;
    browser.press("Connect", &[]).await;
    assert!(browser.shows("Connected to"));
    assert_eq!(server_actions(&lab).await, [""; 0]);
    assert_eq!(cloud_actions(&lab).await.len(), 1);
}

#[tokio::test]
async fn the_pages_agree_with_what_the_account_knows() {
    let record = "enterprise.installation = [{ host-name = 'GHES.corp.example' }]";
    let heard = "enterprise.license-sync = [{ host-name = 'ghes.corp.example' }]";
    for (world, on_server) in [
        (record.to_owned(), NOT_ENABLED),
        (format!("{record}\n{heard}"), "Connected to"),
        (format!("{record}\n{heard}\nweb.start = 'orphan'"), NOT_ENABLED),
        ("web.start = 'orphan'".to_owned(), NOT_ENABLED),
        ("web.start = 'connected'".to_owned(), "Connected to"),
    ] {
        let lab = lab(&world).await;
        assert!(at_settings(&lab).await.shows(on_server), "{world}");
        assert_eq!(installations(&lab).await.as_array().unwrap().len(), 1, "{world}");
    }
}

#[tokio::test]
async fn the_person_acts_by_scripts_of_the_page_alone() {
    let by_himself = client::lab("web.person = { signs-in-after-seconds = 2, presses = true }").await;
    let mut browser = Browser::open(&by_himself, &by_himself.server_settings_url()).await;
    assert!(browser.shows("requestSubmit()},2000)"), "{}", browser.text());
    browser.sign_in("ghe-admin").await;
    assert!(browser.shows("getElementById(\"enable\").click()"));
    let never =
        client::lab("web.person = { signs-in-after-seconds = 2, presses = true, never = true }").await;
    let browser = Browser::open(&never, &never.server_settings_url()).await;
    assert!(!browser.shows("setTimeout"));
}

#[tokio::test]
async fn a_browser_reaches_the_hosts_of_the_world_and_nothing_else() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let lab = lab("firewall.direct = 'silent'\nhost.'uploads.github.com'.port-443.tcp = 'refuse'").await;
    let ask = async |request: &str| {
        let mut stream = tokio::net::TcpStream::connect(lab.browser_proxy()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = vec![0; 12];
        stream.read_exact(&mut start).await.unwrap();
        (String::from_utf8(start).unwrap(), stream)
    };
    for (target, status) in [
        ("github.com:443", "HTTP/1.1 200"),
        ("ghes.corp.example:443", "HTTP/1.1 200"),
        ("uploads.github.com:443", "HTTP/1.1 403"),
        ("github.com:22", "HTTP/1.1 403"),
        ("safebrowsing.example:443", "HTTP/1.1 403"),
    ] {
        let (start, mut stream) = ask(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
        assert_eq!(start, status, "{target}");
        if target.starts_with("github.com:443") {
            while !start.is_empty() && stream.read_u8().await.unwrap() != b'\n' {}
            stream.read_u16().await.unwrap();
            let session = client::handshake(&lab, "github.com", stream).await.unwrap();
            assert_eq!(client::request(session, "github.com", "/login").await.status, 200);
        }
    }
    let (start, _) = ask("GET http://ghes.corp.example/x HTTP/1.1\r\nHost: ghes.corp.example\r\n\r\n").await;
    assert_eq!(start, "HTTP/1.1 301");
}
