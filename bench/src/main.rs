//! `gh-connect-bench`: runs the benchmark; is also its forwarder and its stopwatch, which must be processes of their own.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "gh-connect-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
fn run(words: &[String]) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::path::Path;
    use std::time::Duration;

    use anyhow::Context as _;

    use gh_connect_bench::delay::{End, Link, Nearer};
    use gh_connect_bench::speed::{self, accounts::Accounts, run::Options};
    use gh_connect_bench::stopwatch::{Watch, measure};

    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["delay", one_way_us, near, near_device, far, far_device, nearer @ ..] => {
            let end = |namespace: &str, device: &str| End {
                namespace: namespace.into(),
                device: device.to_owned(),
            };
            let one_way = Duration::from_micros(one_way_us.parse()?);
            let nearer = nearer.iter().map(|nearer| {
                let (address, us) = nearer.split_once('=').context("ADDRESS=ONE_WAY_US")?;
                Ok(Nearer { address: address.parse()?, one_way: Duration::from_micros(us.parse()?) })
            });
            let nearer: Vec<Nearer> = nearer.collect::<anyhow::Result<_>>()?;
            let link = Link::up(&end(near, near_device), &end(far, far_device), one_way, &nearer)?;
            writeln!(std::io::stdout(), "up")?;
            link.run();
            Ok(())
        }
        ["stopwatch", watch @ ("time" | "sockets"), program, arguments @ ..] => {
            let watch = if *watch == "time" { Watch::TimeOnly } else { Watch::Sockets };
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            let lap = measure(Path::new(program), &arguments, watch)?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&lap)?)?;
            Ok(())
        }
        ["within", one_way_us, program, arguments @ ..] => {
            let one_way = Duration::from_micros(one_way_us.parse()?);
            let island = speed::worlds::healthy(&std::env::current_exe()?, one_way, 0)?;
            let mut command = island.client.command(program);
            command.args(arguments).stdin(std::process::Stdio::inherit());
            command.env("ISLAND", island.folder()).env("SSL_CERT_FILE", island.root.certificate());
            command.status()?;
            Ok(())
        }
        ["within-accounts", one_way_us, server_one_way_us, gh_connect, world, program, arguments @ ..] => {
            let far = Duration::from_micros(one_way_us.parse()?);
            let near = Duration::from_micros(server_one_way_us.parse()?);
            let world = std::fs::read_to_string(world)?;
            let bench = std::env::current_exe()?;
            let accounts = Accounts::at(Path::new(gh_connect), &bench, far, near, &world)?;
            let mut command = accounts.island.client.command(program);
            command.args(arguments).stdin(std::process::Stdio::inherit());
            command.env("CONFIG", &accounts.config).envs(accounts.environment.clone());
            command.status()?;
            Ok(())
        }
        ["run", gh_connect, runs, page] => {
            let options = Options {
                gh_connect: gh_connect.into(),
                bench: std::env::current_exe()?,
                runs: runs.parse()?,
                progress: |text| drop(writeln!(std::io::stderr(), "{text}")),
            };
            let figures = speed::run::measure(&options)?;
            std::fs::write(page, speed::page::page(&figures))?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
            Ok(())
        }
        _ => anyhow::bail!(
            "usage: gh-connect-bench delay ONE_WAY_US NETNS DEVICE NETNS DEVICE [ADDRESS=ONE_WAY_US]...\n       \
             gh-connect-bench stopwatch time|sockets PROGRAM [ARGUMENT]...\n       \
             gh-connect-bench within ONE_WAY_US PROGRAM [ARGUMENT]...\n       \
             gh-connect-bench within-accounts ONE_WAY_US SERVER_ONE_WAY_US GH_CONNECT WORLD PROGRAM [ARGUMENT]...\n       \
             gh-connect-bench run GH_CONNECT RUNS PAGE"
        ),
    }
}

#[cfg(not(target_os = "linux"))]
fn run(_words: &[String]) -> anyhow::Result<()> {
    anyhow::bail!("network namespaces exist on Linux only")
}
