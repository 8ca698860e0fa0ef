//! Both planes at real addresses and ports: the lab's server and API stand on an island, and nothing is redirected by the
//! program under test.

use anyhow::Result;
use gh_connect_bench::island::PROXY;
use gh_connect_bench::server::squid;
use gh_connect_bench::speed::accounts::Accounts;

use crate::vantage::{check_in_full, island};

#[test]
fn a_server_and_an_account_that_fit_pass() -> Result<()> {
    let accounts = Accounts::on(island()?, PROGRAM.as_ref(), "")?;
    let seen = check_in_full(&accounts)?.run()?;
    seen.passed_with_warnings(&[]);
    for check in ["server", "token", "enterprise", "owner", "allow-list", "billing", "connection", "nodes"] {
        assert_eq!(seen.state(check), "passed", "{check}");
    }
    assert_eq!(seen.plan("/connect_to"), &serde_json::json!([]));
    Ok(())
}

#[test]
fn the_way_is_that_of_the_servers_own_proxy() -> Result<()> {
    let accounts = Accounts::on(island()?, PROGRAM.as_ref(), BEHIND_SQUID)?;
    let config = format!("http_port {PROXY}:3128\nhttp_access allow all\n");
    let squid = squid::start(&accounts.island, 3128, &config)?;
    accounts.island.client.filter("ip saddr 140.82.112.0/20 drop")?;
    let seen = check_in_full(&accounts)?.env("HTTPS_PROXY", "http://192.0.2.99:1").run();
    drop(squid);
    let seen = seen?;
    seen.passed_with_warnings(&["proxy/setting-differs"]);
    assert_eq!(seen.state("proxy"), "warned");
    assert_eq!(seen.plan("/proxy/origin"), "server http_proxy");
    Ok(())
}

#[test]
fn a_login_page_at_one_of_two_addresses_of_the_server() -> Result<()> {
    let world = "[host.\"ghes.corp.example\".at.\"198.51.100.21\".https]\nanswer = \"login-page\"\n";
    let accounts = Accounts::on(island()?, PROGRAM.as_ref(), world)?;
    let seen = check_in_full(&accounts)?.run()?;
    seen.passed_with_warnings(&["server/address-fails"]);
    assert!(seen.finding("server/address-fails").contains("198.51.100.21 does not"), "it names the address");
    Ok(())
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_gh-connect");

/// GitHub's hosts where the island's hosts file, by which squid finds them, has them.
const BEHIND_SQUID: &str = r#"
[check]
no-proxy = "ghes.corp.example"
[server]
http-proxy = "http://192.0.2.3:3128"
[host."github.com"]
addresses = ["140.82.112.3"]
[host."api.github.com"]
addresses = ["140.82.112.4"]
[host."uploads.github.com"]
addresses = ["140.82.112.5"]
"#;
