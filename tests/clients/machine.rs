//! A machine in a lab world on which other people's programs run: by the world's proxy they reach its hosts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use gh_connect_lab::{LabThread, World};
use serde_json::{Value, json};

/// A world that runs, seen from a machine behind its proxy.
pub(crate) struct Machine {
    pub(crate) lab: LabThread,
    name: String,
    world: World,
}

impl Machine {
    /// Starts a world that has no proxy yet.
    pub(crate) fn start(name: &str, text: &str) -> Result<Self> {
        let world = World::parse(name, &format!("{text}\n[proxy]\nconnect-ports = [443, 8443]\n"))?;
        let lab = LabThread::start(&world)?;
        Ok(Self { lab, name: name.to_owned(), world })
    }

    /// The proxy, as clients want it.
    pub(crate) fn proxy(&self) -> String {
        let host = self.world.proxy.as_ref().map(|proxy| &proxy.host);
        let route = self.lab.routes().iter().find(|route| Some(&route.host) == host);
        route.map(|route| format!("http://{}", route.socket)).unwrap_or_default()
    }

    /// The authority that every client has to trust.
    pub(crate) fn authority(&self) -> PathBuf {
        self.lab.directory().join("public-ca.pem")
    }

    /// What a script is told of the world.
    fn told(&self) -> Value {
        let [web, api, _uploads] = self.world.targets();
        let tokens = self.world.tokens.iter().map(|(name, token)| (name.clone(), json!(token.value)));
        json!({
            "name": self.name,
            "proxy": self.proxy(),
            "authority": self.lab.public_roots_pem(),
            "web": format!("https://{web}"),
            "api": format!("https://{api}"),
            "isGheCom": self.world.target.ghe_com.is_some(),
            "enterprise": self.lab.enterprise(),
            "server": self.lab.server_url(),
            "serverVersion": self.world.server.version,
            "serverEnterprise": self.world.server.enterprise,
            "tokens": tokens.collect::<serde_json::Map<_, _>>(),
            "manage": [self.world.server.manage.user, self.world.server.manage.password],
        })
    }
}

/// Runs a script on Node with `first.mjs` in front of it, once for all the machines. It ends well when everything agrees.
pub(crate) fn node(script: &str, machines: &[Machine], more: &Value) -> Result<()> {
    let folder = packages()?;
    let job = tempfile::NamedTempFile::new()?;
    let worlds: Vec<Value> = machines.iter().map(Machine::told).collect();
    serde_json::to_writer(&job, &json!({ "worlds": worlds, "more": more }))?;
    let script =
        tempfile::Builder::new().prefix("script-").suffix(".mjs").tempfile_in(&folder).and_then(|file| {
            std::fs::write(&file, format!("{}\n{script}", include_str!("first.mjs")))?;
            Ok(file)
        })?;
    let mut command = Command::new("node");
    command.arg(script.path()).arg(job.path()).current_dir(&folder);
    let output = bounded(command, Stdio::null()).context("node does not start: Node 20 is needed")?;
    succeeded(&output)?;
    Ok(())
}

/// Runs a program that has a minute.
pub(crate) fn bounded(command: Command, input: Stdio) -> Result<Output> {
    let mut timed = Command::new("timeout");
    timed.args(["--kill-after", "5", "60"]).arg(command.get_program()).args(command.get_args());
    timed.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    timed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        timed.current_dir(folder);
    }
    Ok(timed.stdin(input).output()?)
}

/// What a program printed, when it ended well.
pub(crate) fn succeeded(output: &Output) -> Result<String> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{}\n{stdout}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(stdout.into_owned())
}

/// Where `cargo xtask test` installs the packages: beside what cargo builds.
pub(crate) fn packages() -> Result<PathBuf> {
    let target =
        Path::new(env!("CARGO_BIN_EXE_gh-connect")).ancestors().nth(2).context("no target folder")?;
    let folder = target.join("clients");
    let installed = std::fs::read_to_string(folder.join("installed")).unwrap_or_default();
    let current = installed == include_str!("package-lock.json");
    ensure!(current, "no such packages in {}: `cargo xtask test` installs them", folder.display());
    Ok(folder)
}
