//! mitmproxy: a proxy that looks inside, with an authority of its own making.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use gh_connect_bench::github::{self, HOSTS};
use gh_connect_bench::island::{Island, PROXY, hosts_file};
use gh_connect_bench::server::mitmproxy;

use crate::vantage::{check, island};

#[test]
fn what_it_signs_is_not_trusted_until_its_root_is_supplied() -> Result<()> {
    let (island, root) = behind_mitmproxy(&[])?;
    let proxy = format!("--proxy http://{PROXY}:3128");
    let seen = check(&island).with(&proxy).run()?;
    seen.failed_by("tls/untrusted-issuer");
    assert_eq!(seen.subjects("tls/untrusted-issuer").len(), HOSTS.len());
    assert!(seen.finding("tls/untrusted-issuer").contains("mitmproxy"), "it names the issuer");
    assert_eq!(seen.state("proxy"), "passed");

    let seen = check(&island).with(&format!("{proxy} --ca-file {}", root.display())).run()?;
    seen.passed_with_warnings(&["tls/inspected"]);
    Ok(())
}

#[test]
fn one_host_is_exempt_from_inspection() -> Result<()> {
    let (island, _) = behind_mitmproxy(&["--ignore-hosts", "^(api\\.)?github\\.com:443$"])?;
    let seen = check(&island).with(&format!("--proxy http://{PROXY}:3128")).run()?;
    seen.failed_by("tls/untrusted-issuer");
    let subjects = seen.subjects("tls/untrusted-issuer");
    assert!(
        subjects.len() == 1 && subjects.iter().all(|host| host.starts_with("uploads.github.com")),
        "{subjects:?}"
    );
    Ok(())
}

#[test]
fn it_asks_for_credentials() -> Result<()> {
    let (island, root) = behind_mitmproxy(&["--proxyauth", "svc:correct-horse"])?;
    let with = |credentials: &str| {
        check(&island)
            .with(&format!("--proxy http://{credentials}{PROXY}:3128 --ca-file {}", root.display()))
            .run()
    };
    with("")?.failed_by("proxy/auth-required");
    with("svc:wrong-horse@")?.failed_by("proxy/auth-rejected");
    with("svc:correct-horse@")?.passed_with_warnings(&["tls/inspected"]);
    Ok(())
}

/// Only the proxy knows the names, from its own hosts file, and only it has a way.
fn behind_mitmproxy(options: &[&str]) -> Result<(Island, PathBuf)> {
    let mut island = island()?;
    island.only_by_proxy()?;
    github::origins(&mut island)?;
    island
        .world
        .etc("hosts", &hosts_file(&HOSTS.map(|host| format!("{} {}\n", host.v4, host.name)).concat())?)?;
    let mitmproxy = mitmproxy::start(&island, &mitmdump()?, options)?;
    island.serve(mitmproxy.server);
    Ok((island, mitmproxy.root))
}

/// Where `cargo xtask test` puts it: beside what cargo builds.
fn mitmdump() -> Result<PathBuf> {
    let target =
        Path::new(env!("CARGO_BIN_EXE_gh-connect")).ancestors().nth(2).context("no target folder")?;
    let mitmdump = target.join("mitmproxy/bin/mitmdump");
    ensure!(mitmdump.exists(), "no {}: `cargo xtask test` installs it", mitmdump.display());
    Ok(mitmdump)
}
