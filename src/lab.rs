//! `gh-connect lab`: a world that stays until Ctrl-C, and a configuration that reaches it.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use gh_connect_engine::{Roots, shown};

use crate::{
    Ending,
    cli::LabFlags,
    environment::Environment,
    exit::Exit,
    lab_plan::{self, Named, Running},
    plan::{Ground, UsageError, seconds},
    platform::Signals,
    secrets, sink,
};

/// Starts the world, tells how to reach it, and waits.
pub(crate) fn lab(flags: &LabFlags, environment: &Environment) -> Result<Exit, Ending> {
    let (named, duration) = understood(flags)?;
    let running = named.start()?;
    let configuration = write_configuration(&named, &running)?;
    sink::stdout(&welcome(&named, &running, environment, &configuration))?;
    Ok(wait(duration)?)
}

fn understood(flags: &LabFlags) -> Result<(Named, Option<Duration>), Vec<UsageError>> {
    let world = flags.world.as_deref().map(|world| lab_plan::said("lab", world));
    let named = lab_plan::find(world.as_ref());
    let duration = flags.duration.as_deref().map(|text| seconds(&lab_plan::said("--for", text))).transpose();
    match (named, duration) {
        (Ok(named), Ok(duration)) => Ok((named, duration.map(|duration| duration.0))),
        (named, duration) => Err(named.err().into_iter().chain(duration.err()).collect()),
    }
}

/// Until a signal or the end of the time, whichever comes first.
fn wait(duration: Option<Duration>) -> std::io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let over = async {
            match duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // To end a lab is what Ctrl-C is for; it is no failure.
            _ = signals.next() => {}
            () = over => {}
        }
        Ok(Exit::SUCCESS)
    })
}

/// Writes `gh-connect.toml` into the lab's directory: everything that leads a run into this world.
fn write_configuration(named: &Named, running: &Running) -> std::io::Result<PathBuf> {
    let path = running.lab.directory().join("gh-connect.toml");
    fs::write(&path, configuration(named, running))?;
    Ok(path)
}

fn configuration(named: &Named, running: &Running) -> String {
    let Ground { resolvers, hosts_file, system_roots, public_roots, connect_to, .. } = &running.ground;
    let mut table = toml::Table::new();
    let text = |text: String| toml::Value::String(text);
    let list = |list: Vec<String>| toml::Value::Array(list.into_iter().map(toml::Value::String).collect());
    table.insert("resolver".to_owned(), list(resolvers.value.iter().map(ToString::to_string).collect()));
    let rules: Vec<String> = connect_to.iter().map(|rule| rule.value.to_string()).collect();
    table.insert("connect-to".to_owned(), list(rules.clone()));
    table.insert("loopback-only".to_owned(), toml::Value::Boolean(true));
    if let Some(hosts_file) = hosts_file {
        table.insert("hosts-file".to_owned(), text(hosts_file.value.display().to_string()));
    }
    if let Some(subdomain) = &named.world.target.ghe_com {
        table.insert("ghe-com".to_owned(), text(subdomain.clone()));
    }
    let mut trust = toml::Table::new();
    for (key, roots) in [("system", system_roots), ("public", public_roots)] {
        if let Roots::File(path) = &roots.value {
            trust.insert(key.to_owned(), text(path.display().to_string()));
        }
    }
    for (key, value) in running.lab.check() {
        match (key.as_str(), value) {
            ("trust", toml::Value::Table(own)) => trust.extend(own.clone()),
            // The first rule that fits wins.
            ("connect-to", toml::Value::Array(own)) => {
                let rules = rules.iter().map(|rule| toml::Value::String(rule.clone()));
                table.insert(key.clone(), toml::Value::Array(own.iter().cloned().chain(rules).collect()));
            }
            _ => drop(table.insert(key.clone(), value.clone())),
        }
    }
    table.insert("trust".to_owned(), toml::Value::Table(trust));
    format!("# Leads `gh-connect check` into the lab world {}.\n{table}", named.name)
}

fn welcome(named: &Named, running: &Running, environment: &Environment, configuration: &Path) -> String {
    let mut out = String::new();
    let world = &named.world;
    let _ = writeln!(out, "lab world {}: {}", shown(&named.name, 200), shown(&world.about, 500));
    let expected = match world.expect.root_causes.as_slice() {
        [] => "everything passes".to_owned(),
        causes => causes.join(", "),
    };
    let _ = writeln!(out, "expected   {expected} (exit code {})", world.expect.exit);
    let warned = world.expect.findings.iter().filter(|id| !world.expect.root_causes.contains(id));
    let warned: Vec<&str> = warned.map(String::as_str).collect();
    if !warned.is_empty() {
        let _ = writeln!(out, "warnings   {}", warned.join(", "));
    }
    let servers: Vec<String> = running.lab.name_servers().iter().map(ToString::to_string).collect();
    let _ = writeln!(out, "resolvers  {}", servers.join(", "));
    for route in running.lab.routes() {
        let _ = writeln!(out, "host       {} {} is {}", route.host, route.address, route.socket);
    }
    let _ = writeln!(out, "files      {}", running.lab.directory().display());
    if let Some(route) = running.lab.routes().iter().find(|route| route.address.port() == 443) {
        let (host, socket, roots) =
            (&route.host, route.socket, running.lab.directory().join("public-ca.pem"));
        let _ = writeln!(
            out,
            "by hand    curl --cacert {} --connect-to {host}:443:{socket} https://{host}/",
            quoted(&roots.display().to_string())
        );
    }
    out.push_str(&pages(running));
    let _ = writeln!(out, "\nTry it:    {}", command(running, environment, configuration));
    let _ = writeln!(out, "Ctrl-C ends it.");
    out
}

/// How a person sees the pages of both sides: a browser reaches this world by its own proxy only.
fn pages(running: &Running) -> String {
    let (lab, person) = (&running.lab, running.lab.person());
    let (proxy, page) = (lab.browser_proxy(), lab.server_settings_url());
    let login = |login: &Option<String>| login.clone().unwrap_or_default();
    format!(
        "browser    HTTP proxy {proxy}; certificates of {roots}\n\
         page       {page}\n\
         person     {server} on the server, {cloud} on GitHub; password {password}, code {code}\n\
         by window  chromium --user-data-dir={profile} --proxy-server=http://{proxy} --ignore-certificate-errors {page}\n",
        roots = lab.directory().join("public-ca.pem").display(),
        server = login(&person.on_server),
        cloud = login(&person.on_cloud),
        password = person.password,
        code = person.code,
        profile = quoted(&lab.directory().join("browser").display().to_string()),
    )
}

/// The command that runs in this world. What the world's environment says has to be said there, too, and what this one
/// says of proxies left out.
fn command(running: &Running, environment: &Environment, configuration: &Path) -> String {
    let world = &running.lab.environment();
    let mut changes = String::new();
    for name in secrets::PROXIES.iter().chain(&["NO_PROXY", "no_proxy"]) {
        if environment.text(name).is_some() && !world.contains_key(*name) {
            let _ = write!(changes, " -u {name}");
        }
    }
    for (name, value) in world {
        let _ = write!(changes, " {name}={}", quoted(value));
    }
    let env = if changes.is_empty() { String::new() } else { format!("env{changes} ") };
    format!("{env}gh-connect check --config {}", quoted(&configuration.display().to_string()))
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
