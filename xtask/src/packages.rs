//! Installs what the tests and the benchmark take: Debian packages, and mitmproxy and the packages of Node in folders of
//! their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use gh_connect_bench::requirements::{GECKODRIVER, MITMPROXY, Requirement, missing};

use crate::steps::{run, workspace};

/// Installs the Debian packages of what is missing; does nothing where nothing is.
pub(crate) fn debian(wanted: &[Requirement]) -> Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "real servers run in network namespaces, which Linux has; try --quick"
    );
    ensure!(is_root()?, "network namespaces take root; try sudo, or --quick");
    let mut packages = missing(wanted);
    packages.dedup();
    if packages.is_empty() {
        println!("nothing to install");
        return Ok(());
    }
    let by_hand = format!("apt-get install {}", packages.join(" "));
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
        command
    };
    println!("{by_hand}");
    // Started in the background, the servers would take the machine's own ports; `policy-rc.d` keeps them down.
    let _policy = NoServices::new()?;
    run(apt().args(["update", "-qq"])).with_context(|| by_hand.clone())?;
    run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(&packages)).context(by_hand)
}

/// Makes a Python environment with mitmproxy in the target folder; kept from run to run.
pub(crate) fn mitmproxy(target: &Path) -> Result<()> {
    let folder = target.join("mitmproxy");
    // Written last: an environment that was interrupted is made again.
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|version| version == MITMPROXY) {
        println!("{MITMPROXY} is in {}", folder.display());
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = folder.join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", MITMPROXY]))?;
    Ok(std::fs::write(stamp, MITMPROXY)?)
}

/// Builds geckodriver into the target folder, which takes two or three minutes; kept from run to run.
pub(crate) fn geckodriver(target: &Path) -> Result<()> {
    let folder = target.join("geckodriver");
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|version| version == GECKODRIVER) {
        println!("geckodriver {GECKODRIVER} is in {}", folder.display());
        return Ok(());
    }
    let wanted =
        ["install", "geckodriver", "--version", GECKODRIVER, "--locked", "--force", "--quiet", "--root"];
    let build = folder.join("build");
    run(Command::new(env!("CARGO")).args(wanted).arg(&folder).env("CARGO_TARGET_DIR", &build))?;
    // What it was built from is of no use afterwards.
    std::fs::remove_dir_all(build)?;
    Ok(std::fs::write(stamp, GECKODRIVER)?)
}

/// Installs the packages of the independent clients in the target folder; kept from run to run.
pub(crate) fn clients(target: &Path) -> Result<()> {
    let (source, folder) = (workspace().join("tests/clients"), target.join("clients"));
    let lock = std::fs::read_to_string(source.join(LOCK))?;
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        println!("they are in {}", folder.display());
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    for name in ["package.json", LOCK] {
        std::fs::copy(source.join(name), folder.join(name))?;
    }
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    run(Command::new("npm").args(npm).current_dir(&folder)).context("npm ci: Node 20 is needed")?;
    // The descriptions once more with every reference replaced, five times as large.
    let descriptions = folder.join("node_modules/@octokit/openapi/generated");
    for entry in std::fs::read_dir(descriptions)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".deref.json") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(std::fs::write(stamp, lock)?)
}

fn is_root() -> Result<bool> {
    let id = Command::new("id").arg("-u").output().context("cannot start id")?;
    Ok(String::from_utf8_lossy(&id.stdout).trim() == "0")
}

/// Debian's way to install a server without starting it; takes back only what it put there.
struct NoServices {
    written: Option<PathBuf>,
}

impl NoServices {
    fn new() -> Result<Self> {
        let path = PathBuf::from("/usr/sbin/policy-rc.d");
        if path.exists() {
            return Ok(Self { written: None });
        }
        std::fs::write(&path, "#!/bin/sh\nexit 101\n")?;
        let guard = Self { written: Some(path.clone()) };
        match run(Command::new("chmod").arg("755").arg(&path)) {
            Ok(()) => Ok(guard),
            Err(error) => bail!("{}: {error}", path.display()),
        }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.written {
            let _ = std::fs::remove_file(path);
        }
    }
}

const LOCK: &str = "package-lock.json";
