//! What a run is told without the world's saying so.

use serde_json::json;
use time::OffsetDateTime;
use toml::Value;

use crate::client::lab;
use crate::ghes::manage;

async fn told(world: &str) -> serde_json::Value {
    serde_json::to_value(lab(world).await.check()).unwrap()
}

fn today() -> String {
    let today = OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", today.year(), u8::from(today.month()), today.day())
}

#[tokio::test]
async fn the_healthy_world_tells_a_run_everything() {
    let days = [today(), (told("").await)["billing"]["invoiced"]["on"].as_str().unwrap().to_owned(), today()];
    assert!(days.is_sorted() && days.contains(&days[1]), "{days:?}");
    let invoiced =
        json!({ "by": "Ana Lyst", "on": days[1], "evidence": "invoice LAB-2026-11 of the healthy world" });
    let mut healthy = told("").await;
    healthy["billing"]["invoiced"]["on"] = json!(days[1]);
    let expected = json!({
        "server": "https://ghes.corp.example",
        "enterprise": "acme",
        "egress-ip": ["203.0.113.7"],
        "ghe-config": "",
        "billing": { "invoiced": invoiced },
    });
    assert_eq!(healthy, expected);

    let page = include_str!("../../../docs/lab.md");
    let (_, section) = page.split_once("### What a run is told\n").unwrap();
    let (section, _) = section.split_once("\n###").unwrap();
    for key in expected.as_object().unwrap().keys().map(String::as_str).chain(["no-proxy"]) {
        assert!(section.contains(&format!("`{key}`")), "docs/lab.md does not say what {key} is by default");
    }
}

#[tokio::test]
async fn what_the_world_says_takes_the_place_of_a_default() {
    let world = "enterprise.slug = 'octo'\nserver.host = 'git.corp.example'\ncheck.timeout = 3\n\
                 check.billing = {}\ncheck.egress-ip = []\ncheck.ghe-config = 'x 1'";
    let expected = json!({
        "server": "https://git.corp.example",
        "enterprise": "octo",
        "egress-ip": [],
        "ghe-config": "x 1",
        "billing": {},
        "timeout": 3,
    });
    assert_eq!(told(world).await, expected);
    let world = "check.server = false\ncheck.ghe-config = false\ncheck.billing = false\ncheck.enterprise = false\n\
                 check.egress-ip = false\ncheck.loopback-only = false";
    assert_eq!(told(world).await, json!({ "loopback-only": false }));
}

#[tokio::test]
async fn on_ghe_com_the_server_is_set_up_for_it() {
    let lines =
        "app.github.github-connect-ghe-com-enabled true\napp.github.github-connect-ghe-com-subdomain octo\n";
    assert_eq!(told("target.ghe-com = 'octo'").await["ghe-config"], lines);
}

#[tokio::test]
async fn the_egress_addresses_are_those_that_github_sees() {
    const PROXY: &str = "check.proxy = 'http://proxy.corp.example:3128'";
    for (world, expected) in [
        ("egress.ipv4 = ['192.0.2.1', '192.0.2.2']", vec!["192.0.2.1", "192.0.2.2"]),
        ("host.'api.github.com'.addresses = ['2606:50c0::1']", vec!["203.0.113.7", "2001:db8:7::7"]),
        ("host.'ghes.corp.example'.addresses = ['2606:50c0::1']", vec!["203.0.113.7"]),
        ("egress.ipv6 = ['2001:db8:9::1']", vec!["203.0.113.7", "2001:db8:9::1"]),
        ("egress.proxy = ['192.0.2.9']", vec!["203.0.113.7"]),
        (&format!("{PROXY}\nproxy = {{}}"), vec!["203.0.113.7"]),
        (&format!("{PROXY}\nproxy = {{}}\negress.proxy = ['192.0.2.9']"), vec!["192.0.2.9"]),
        ("check.proxy = 'off'\nproxy = {}\negress.proxy = ['192.0.2.9']", vec!["203.0.113.7"]),
        ("server.http-proxy = 'http://p:1'\nproxy = {}\negress.proxy = ['192.0.2.9']", vec!["192.0.2.9"]),
    ] {
        assert_eq!(told(world).await["egress-ip"], json!(expected), "{world}");
    }
}

#[tokio::test]
async fn the_server_has_the_proxy_that_the_machine_has() {
    for (world, proxy, exclusions) in [
        ("", None, None),
        ("check.proxy = 'http://a:1'", Some("http://a:1"), Some("ghes.corp.example")),
        (
            "check.proxy = 'http://a:1'\nenvironment.HTTPS_PROXY = 'http://b:1'",
            Some("http://a:1"),
            Some("ghes.corp.example"),
        ),
        ("environment.all_proxy = 'http://b:1'", Some("http://b:1"), Some("ghes.corp.example")),
        ("environment = { all_proxy = 'http://b:1', no_proxy = 'x' }", Some("http://b:1"), None),
        ("check.no-proxy = 'x'\nenvironment.HTTPS_PROXY = 'http://b:1'", Some("http://b:1"), Some("x")),
        ("check.proxy = 'off'\nenvironment.HTTPS_PROXY = 'http://b:1'", None, None),
        (
            "server.http-proxy = 'http://c:1'\ncheck.proxy = 'http://a:1'",
            Some("http://c:1"),
            Some("ghes.corp.example"),
        ),
        ("server.http-proxy = 'http://c:1'", Some("http://c:1"), Some("ghes.corp.example")),
        ("server.http-proxy = 'none'\ncheck.proxy = 'http://a:1'", None, Some("ghes.corp.example")),
    ] {
        let lab = lab(world).await;
        assert_eq!(manage(&lab, "config/settings").await["http_proxy"].as_str(), proxy, "{world}");
        assert_eq!(lab.check().get("no-proxy").and_then(Value::as_str), exclusions, "{world}");
    }
}
