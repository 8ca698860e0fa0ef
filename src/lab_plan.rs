//! A lab world as the ground under a plan: its name servers, addresses, roots, environment and settings in the place of
//! this machine's.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use gh_connect_checks::ALL;
use gh_connect_enable::browser;
use gh_connect_engine::{ConnectTo, Lack, Machine, Origin, Product, Roots, Sourced};
use gh_connect_lab::{Lab, LabThread, World};

use crate::{
    cli::HEALTHY,
    environment::Environment,
    plan::{self, Ground, Layer, Place, Said, Source, UsageError, named_hosts, nearest, read_file},
    secrets, sink,
};

/// A world that was asked for by name.
#[derive(Debug)]
pub(crate) struct Named {
    /// The finding's id, the file's path, or `healthy`.
    pub(crate) name: String,
    /// The world.
    pub(crate) world: World,
    /// Where relative paths begin, if it came from a file.
    folder: Option<PathBuf>,
}

/// A world that runs, and what a plan needs of it.
#[derive(Debug)]
pub(crate) struct Running {
    /// The servers. They end with it.
    pub(crate) lab: LabThread,
    /// What holds where nobody said anything.
    pub(crate) ground: Ground,
    /// What the world says as if it stood in a configuration file, and what is wrong with it.
    pub(crate) configuration: (Layer, Vec<UsageError>),
    /// The environment in the world.
    pub(crate) environment: Environment,
}

/// Finds the world: of a finding, in a file, or the healthy one.
pub(crate) fn find(said: Option<&Said>) -> Result<Named, UsageError> {
    let Some(said) = said.filter(|said| said.text != HEALTHY) else {
        return Ok(Named { name: HEALTHY.to_owned(), world: World::healthy(), folder: None });
    };
    let name = said.text.as_str();
    let (text, folder) = match gh_connect_checks::kind(name) {
        Some((_, kind)) => (kind.world.to_owned(), None),
        None => (file(said)?, Some(Path::new(name).parent().unwrap_or(Path::new("")).to_owned())),
    };
    sink::learn(|redactor| secrets::of_file(&text, redactor));
    let world = World::parse(name, &text).map_err(|error| {
        let message = format!("the world cannot be read: {}", error.message());
        match find_line(&text, error.line(), error.column()) {
            Some(at) => {
                let (name, text) = (name.to_owned(), text.clone());
                let source = Source { name, text, folder: PathBuf::new(), world: None };
                UsageError::in_file(&source, at..at + 1, message)
            }
            None => UsageError::at(said, message),
        }
    })?;
    Ok(Named { name: name.to_owned(), world, folder })
}

impl Named {
    /// Lets the healthy world have every host that was asked for: where nothing is wrong, none of them is missing.
    pub(crate) fn include(&mut self, flags: &Layer) {
        if self.name != HEALTHY {
            return;
        }
        let (ghe_com, hosts) = named_hosts(flags);
        self.world.target.ghe_com = ghe_com;
        let own = self.world.targets();
        for host in hosts.into_iter().filter(|host| !own.contains(host) && host.parse::<IpAddr>().is_err()) {
            self.world.hosts.entry(host).or_default();
        }
    }

    /// Starts the world's servers on loopback.
    pub(crate) fn start(&self) -> Result<Running, UsageError> {
        // The browser of a lab that was killed may still run in its directory, which the next lab removes.
        gh_connect_lab::left_behind().iter().for_each(|folder| _ = browser::sweep(folder));
        let lab = LabThread::start(&self.world).map_err(|error| {
            let told = UsageError::new(format!("the lab cannot be started: {error}"));
            match (loopback_is_down(&error), Lack::of(&error)) {
                (true, _) => told.hint("the loopback interface is down; bring up lo: ip link set lo up"),
                (_, Some(lack)) => told.hint(lack.remedy()),
                _ => told,
            }
        })?;
        let ground = self.ground(&lab);
        let text = toml::to_string(lab.check())
            .map_err(|error| UsageError::new(format!("the world's [check] cannot be read: {error}")))?;
        let configuration = read_file(&Arc::new(Source {
            name: format!("[check] of {}", self.name),
            text,
            folder: self.folder.clone().unwrap_or_else(|| lab.directory().to_owned()),
            world: Some(self.name.clone()),
        }));
        let environment = lab.environment().clone().into_iter().collect();
        Ok(Running { lab, ground, configuration, environment })
    }

    fn ground(&self, lab: &Lab) -> Ground {
        let origin = Origin::world(&self.name);
        let product = match &self.world.target.ghe_com {
            Some(subdomain) => Product::GheCom(subdomain.clone()),
            None => Product::GithubCom,
        };
        let file = |name: &str| Sourced::new(Roots::File(lab.directory().join(name)), origin.clone());
        Ground {
            product: Sourced::new(product, origin.clone()),
            resolvers: Sourced::new(lab.name_servers().to_vec(), origin.clone()),
            hosts_file: Some(Sourced::new(lab.hosts_file().to_owned(), origin.clone())),
            system_roots: file("system-roots.pem"),
            public_roots: file("public-ca.pem"),
            connect_to: rules(lab).into_iter().map(|rule| Sourced::new(rule, origin.clone())).collect(),
            loopback_only: true,
        }
    }
}

/// Every address of the world leads to the socket that stands for it, its name servers to themselves, and any other
/// address into the black hole that an address without a route is.
pub(crate) fn rules(lab: &Lab) -> Vec<ConnectTo> {
    let rule = |from: Option<SocketAddr>, to: SocketAddr| ConnectTo {
        host: from.map(|from| from.ip().to_string()),
        port: from.map(|from| from.port()),
        to_host: Some(to.ip()),
        to_port: Some(to.port()),
    };
    let addresses = lab.addresses().iter().map(|(from, to)| rule(Some(*from), *to));
    let name_servers = lab.name_servers().iter().map(|server| rule(Some(*server), *server));
    addresses.chain(name_servers).chain([rule(None, lab.elsewhere())]).collect()
}

/// Without loopback no address of it can be bound, or reached.
fn loopback_is_down(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, NetworkDown, NetworkUnreachable};
    cfg!(target_os = "linux") && matches!(error.kind(), AddrNotAvailable | NetworkDown | NetworkUnreachable)
}

fn file(said: &Said) -> Result<String, UsageError> {
    let ids = || ALL.iter().flat_map(|check| check.meta().kinds).map(|kind| kind.id);
    match plan::text(Path::new(&said.text), &Machine) {
        Ok(text) => Ok(text),
        Err(error) => {
            let path = said.text.ends_with(".toml") || error.kind() != std::io::ErrorKind::NotFound;
            let error = match path {
                true => UsageError::at(said, format!("the world file cannot be read: {error}")),
                false => UsageError::at(said, format!("there is no world `{}`", said.text)),
            };
            let error = match nearest(&said.text, ids()) {
                Some(id) => error.meant(&id),
                None => error,
            };
            Err(error.hint(
                "allowed: the id of a finding (gh-connect explain lists them), a world file, or `healthy`",
            ))
        }
    }
}

/// The byte at a line and column, both counted from 1.
fn find_line(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum::<usize>();
    let rest = text.get(start..)?;
    let column = rest.char_indices().nth(column.checked_sub(1)?).map_or(rest.len(), |(at, _)| at);
    Some(start + column)
}

/// What `--lab` or `lab` said.
pub(crate) fn said(flag: &'static str, text: &str) -> Said {
    Said { text: text.to_owned(), place: Place::Flag(flag) }
}
