//! tinyproxy: another proxy, with another way to say no.

use anyhow::Result;
use gh_connect_bench::github::{self, HOSTS};
use gh_connect_bench::island::{Island, PROXY, hosts_file};
use gh_connect_bench::server::tinyproxy;

use crate::vantage::{check, island};

#[test]
fn an_open_proxy() -> Result<()> {
    let island = behind_tinyproxy("", None)?;
    check(&island).with(&format!("--proxy http://{PROXY}:3128")).run()?.passed_with_warnings(&[]);
    Ok(())
}

#[test]
fn a_filter_that_lacks_uploads() -> Result<()> {
    let island = behind_tinyproxy("", Some("^github\\.com$\n^api\\.github\\.com$\n"))?;
    let seen = check(&island).with(&format!("--proxy http://{PROXY}:3128")).run()?;
    seen.failed_by("proxy/denied");
    let subjects = seen.subjects("proxy/denied");
    assert!(
        subjects.len() == 1 && subjects.iter().all(|host| host.starts_with("uploads.github.com")),
        "{subjects:?}"
    );
    Ok(())
}

#[test]
fn basic_authentication() -> Result<()> {
    let island = behind_tinyproxy("BasicAuth svc correct-horse\n", None)?;
    for (credentials, cause) in [("", "proxy/auth-required"), ("svc:wrong-horse@", "proxy/auth-rejected")] {
        let seen = check(&island).with(&format!("--proxy http://{credentials}{PROXY}:3128")).run()?;
        seen.failed_by(cause);
        assert!(!seen.everything().contains("wrong-horse"), "a password was printed");
    }
    let right = format!("--proxy http://svc:correct-horse@{PROXY}:3128");
    check(&island).with(&right).run()?.passed_with_warnings(&[]);
    Ok(())
}

/// Only the proxy knows the names, from its own hosts file, and only it has a way.
fn behind_tinyproxy(lines: &str, filter: Option<&str>) -> Result<Island> {
    let mut island = island()?;
    island.only_by_proxy()?;
    github::origins(&mut island)?;
    island
        .world
        .etc("hosts", &hosts_file(&HOSTS.map(|host| format!("{} {}\n", host.v4, host.name)).concat())?)?;
    let server = tinyproxy::start(&island, lines, filter)?;
    island.serve(server);
    Ok(island)
}
