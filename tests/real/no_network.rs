//! A namespace with `lo` and nothing else.

use anyhow::Result;
use gh_connect_bench::netns::Namespace;

use crate::vantage::check_in;

#[test]
fn without_any_network_there_is_one_cause() -> Result<()> {
    let namespace = Namespace::new("empty")?;
    namespace.etc("resolv.conf", "nameserver 192.0.2.53\n")?;
    let folder = tempfile::tempdir()?;
    let seen = check_in(&namespace, folder.path()).run()?;
    seen.failed_by("dns/unreachable");
    for check in ["connect", "tls", "origin", "clock"] {
        assert_eq!(seen.state(check), "blocked", "{check}");
    }
    Ok(())
}

#[test]
fn with_a_resolver_on_loopback_that_is_not_there_too() -> Result<()> {
    let namespace = Namespace::new("empty")?;
    namespace.etc("resolv.conf", "nameserver 127.0.0.53\n")?;
    let folder = tempfile::tempdir()?;
    check_in(&namespace, folder.path()).run()?.failed_by("dns/unreachable");
    Ok(())
}
