//! The islands themselves, proved with `curl`, `openssl` and `ip` before anything of ours is measured on them.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use gh_connect_bench::github::{self, HOSTS};
use gh_connect_bench::island::Island;
use gh_connect_bench::netns::{Namespace, output, succeed};
use gh_connect_bench::stopwatch::Lap;

const BENCH: &str = env!("CARGO_BIN_EXE_gh-connect-bench");

#[test]
fn curl_finds_a_healthy_github_by_name_on_both_ports() -> Result<()> {
    let mut island = Island::new()?;
    github::healthy(&mut island)?;
    for host in HOSTS {
        let reply = curl(&island, &["-si", &format!("https://{}/meta", host.name)])?;
        assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
        assert!(reply.contains("X-GitHub-Request-Id: C0DE:2F41A:1B2C3D4:1E2F3A4B:6741A2B3"), "{reply}");
        assert!(reply.contains("\"verifiable_password_authentication\""), "{reply}");
        let reply = curl(&island, &["-si", &format!("http://{}/a", host.name)])?;
        assert!(reply.contains(&format!("Location: https://{}/a", host.name)), "{reply}");
    }
    Ok(())
}

#[test]
fn nothing_leads_off_an_island() -> Result<()> {
    let island = Island::new()?;
    for end in [&island.client, &island.world] {
        for family in ["-4", "-6"] {
            let routes = output(end.command("ip").args([family, "route", "show", "default"]))?;
            assert_eq!(String::from_utf8_lossy(&routes.stdout), "", "{family}");
        }
        let error = succeed(end.command("curl").args(["-sS", "--max-time", "5", "http://203.0.113.1/"]));
        let error = error.expect_err("no such place").to_string();
        assert!(error.contains("exit status: 7"), "no route, so no waiting: {error}");
    }
    Ok(())
}

#[test]
fn every_packet_is_delayed_handshakes_too() -> Result<()> {
    let mut island = Island::delayed(Path::new(BENCH), Duration::from_millis(25))?;
    github::healthy(&mut island)?;
    let times = curl(&island, &["-so", "/dev/null", "-w", TIMES, "https://api.github.com/"])?;
    let times: Vec<f64> = times.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    // Only the lower bounds: a packet that comes early is a bug here, one that comes late is a busy machine.
    let [dns, tcp, tls, http] = times[..] else { panic!("{times:?}") };
    let phases = [dns, tcp - dns, tls - tcp, http - tls].map(|seconds| seconds * 1000.0);
    println!("dns, tcp, tls, http in ms: {phases:.1?}");
    assert!(phases.iter().all(|phase| *phase >= 49.9), "each takes a round trip: {phases:?}");
    Ok(())
}

#[test]
fn the_stopwatch_measures_the_program_and_not_itself() -> Result<()> {
    let namespace = Namespace::new("watch")?;
    let mut command = namespace.command(BENCH);
    // Python holds 64 MiB and four sockets for a while.
    command.args(["stopwatch", "sockets", "python3", "-c", HOLDS]);
    let lap: Lap = serde_json::from_slice(&output(&mut command)?.stdout)?;
    assert_eq!(lap.exit_code, Some(0), "{lap:?}");
    assert!((64 * 1024..128 * 1024).contains(&lap.peak_rss_kib), "{lap:?}");
    assert_eq!(lap.peak_sockets, Some(4), "{lap:?}");
    assert!(lap.wall_ms() >= 200.0, "{lap:?}");

    let lap: Lap = serde_json::from_slice(
        &output(namespace.command(BENCH).args(["stopwatch", "time", "/bin/true"]))?.stdout,
    )?;
    assert!(lap.peak_rss_kib < 8 * 1024, "{lap:?}");
    Ok(())
}

#[test]
fn a_panic_leaves_no_namespace_behind() -> Result<()> {
    let name = std::thread::spawn(|| {
        let namespace = Namespace::new("panics").expect("a namespace");
        namespace.etc("hosts", "").expect("a hosts file");
        std::panic::panic_any(namespace.name().to_owned());
    })
    .join()
    .expect_err("it panicked");
    let name = name.downcast_ref::<String>().expect("its name");
    assert!(!Path::new("/run/netns").join(name).exists());
    assert!(!Path::new("/etc/netns").join(name).exists());
    Ok(())
}

fn curl(island: &Island, arguments: &[&str]) -> Result<String> {
    let mut command = island.client.command("curl");
    command.args(["--max-time", "20", "--cacert"]).arg(island.root.certificate()).args(arguments);
    Ok(String::from_utf8_lossy(&output(&mut command)?.stdout).into_owned())
}

const TIMES: &str = "%{time_namelookup} %{time_connect} %{time_appconnect} %{time_starttransfer}";

const HOLDS: &str = "\
import socket, time
held = [socket.socket() for _ in range(4)]
memory = b'x' * (64 << 20)
time.sleep(0.2)";
