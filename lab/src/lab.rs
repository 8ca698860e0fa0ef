//! A world, running.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::directory::{self, Directory};
use crate::listen::{self, Held};
use crate::log::Event;
use crate::scene::{ECHO, Endpoint, Scene, Service};
use crate::server::origin::{self, Arrival};
use crate::server::{browser, name_server, proxy};
use crate::told;
use crate::world::{Ca, DnsTcp, Person, Side, Tcp, World};

/// A running world: everything on loopback, in tasks of the runtime that started it. Dropping it ends them all.
pub struct Lab {
    name_servers: Vec<SocketAddr>,
    addresses: BTreeMap<SocketAddr, SocketAddr>,
    routes: Vec<Route>,
    elsewhere: SocketAddr,
    browser_proxy: SocketAddr,
    public_roots_pem: String,
    system_roots_pem: String,
    directory: Directory,
    hosts_file: PathBuf,
    check: toml::Table,
    scene: Arc<Scene>,
    #[expect(dead_code, reason = "held for what dropping them would end")]
    lives: (JoinSet<()>, Vec<Held>),
}

/// How a host of the world is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host's name; the proxy's for the proxy.
    pub host: String,
    /// Its address and port in the world.
    pub address: SocketAddr,
    /// The loopback socket that stands for it.
    pub socket: SocketAddr,
}

impl Lab {
    /// Binds every socket of a world and starts its servers on the current runtime.
    ///
    /// # Errors
    /// When sockets, the temporary directory or certificates cannot be made.
    pub async fn start(world: &World) -> io::Result<Lab> {
        let scene = Arc::new(Scene::new(world.clone())?);
        let mut stage = Stage {
            scene: scene.clone(),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            tasks: JoinSet::new(),
            held: Vec::new(),
        };
        let name_servers =
            (0..world.name_servers.len()).map(|index| stage.name_server(index)).collect::<io::Result<_>>()?;
        let mut addresses = BTreeMap::new();
        let mut routes = Vec::new();
        for endpoint in scene.endpoints() {
            let socket = stage.endpoint(&endpoint)?;
            addresses.insert(endpoint.address, socket);
            let hosts = match endpoint.service {
                Service::Port443(hosts) | Service::Port80(hosts) | Service::Port8443(hosts) => hosts,
                Service::Proxy(_) => world.proxy.iter().map(|proxy| proxy.host.clone()).collect(),
            };
            routes.extend(hosts.into_iter().map(|host| Route { host, address: endpoint.address, socket }));
        }
        routes.sort_by(|a, b| (&a.host, a.address).cmp(&(&b.host, b.address)));
        let (nothing, elsewhere) = listen::black_hole()?;
        stage.held.push(nothing);
        let browser_proxy = stage.browser_proxy()?;

        let public_roots_pem = scene.authorities.root_pem(Ca::Public).to_owned();
        let system_roots_pem: String =
            world.trust.system.iter().map(|&ca| scene.authorities.root_pem(ca)).collect();
        let directory = directory::new()?;
        furnish(directory.path(), &scene, &system_roots_pem)?;
        let check = with_paths(&told::check(world, &routes), directory.path());
        listen::room_for((SOCKETS_OF_A_HOST * scene.hosts.len()).min(MOST_SOCKETS_OF_A_RUN))?;
        let lives = (stage.tasks, stage.held);
        Ok(Lab {
            name_servers,
            addresses,
            routes,
            elsewhere,
            browser_proxy,
            public_roots_pem,
            system_roots_pem,
            hosts_file: directory.path().join("hosts"),
            directory,
            check,
            scene,
            lives,
        })
    }

    /// The name servers, in the world's order.
    pub fn name_servers(&self) -> &[SocketAddr] {
        &self.name_servers
    }

    /// Which loopback socket stands for which address of the world.
    pub fn addresses(&self) -> &BTreeMap<SocketAddr, SocketAddr> {
        &self.addresses
    }

    /// Where a connection to an address that the world does not know leads: into a black hole, as on a network without a
    /// route. With it nothing that a lab run dials can leave the machine.
    pub fn elsewhere(&self) -> SocketAddr {
        self.elsewhere
    }

    /// The same by host name, sorted, for people: one route per host, address and port.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The roots that stand for Mozilla's.
    pub fn public_roots_pem(&self) -> &str {
        &self.public_roots_pem
    }

    /// The roots in the machine's own store.
    pub fn system_roots_pem(&self) -> &str {
        &self.system_roots_pem
    }

    /// A temporary directory for this user alone, gone with the lab, that holds `public-ca.pem`, `corp-ca.pem`, `other-ca.pem`,
    /// `system-roots.pem`, `hosts` and the file `empty`.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The machine's hosts file.
    pub fn hosts_file(&self) -> &Path {
        &self.hosts_file
    }

    /// Everything that a run in this world is told, as if it stood in `gh-connect.toml`: the world's `[check]` with
    /// `{corp-ca}`, `{other-ca}`, `{public-ca}` and `{empty-file}` replaced by paths, and for every key that it leaves out
    /// and does not take away by `false` what holds in the healthy world: `server`, `enterprise`, `egress-ip`, `ghe-config`, `billing` and, where a proxy is
    /// used, `no-proxy`.
    pub fn check(&self) -> &toml::Table {
        &self.check
    }

    /// The environment variables of the run: those of the world, and the credentials that it is given, where the world
    /// says nothing of them.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let (world, server) = (&self.scene.world, &self.scene.world.server);
        let token =
            |name: &str| world.tokens.get(name).filter(|token| token.given).map(|token| token.value.clone());
        let manage = |value: &String| server.manage.given.then(|| value.clone());
        let given = [
            ("GH_TOKEN", token("cloud")),
            ("GH_ENTERPRISE_TOKEN", token("server")),
            ("GHE_MANAGE_USER", manage(&server.manage.user)),
            ("GHE_MANAGE_PASSWORD", manage(&server.manage.password)),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.chain(world.environment.clone()).collect()
    }

    /// The address of the GitHub Enterprise Server.
    pub fn server_url(&self) -> String {
        self.scene.world.server.url()
    }

    /// The page of the server on which GitHub Connect is enabled.
    pub fn server_settings_url(&self) -> String {
        let server = &self.scene.world.server;
        format!("{}/enterprises/{}/settings/dotcom_connection", server.url(), server.enterprise)
    }

    /// The HTTP proxy of a person's browser: it tunnels to port 443 of every host of the world by its name, answers for
    /// their port 80, and refuses everything else.
    pub fn browser_proxy(&self) -> SocketAddr {
        self.browser_proxy
    }

    /// For how long whoever presses takes a setup to be good, where the world says so.
    pub fn hurry(&self) -> Option<std::time::Duration> {
        self.scene.world.web.hurry_seconds.map(|seconds| std::time::Duration::from_secs(seconds.into()))
    }

    /// The person before the browser, with the logins that are theirs.
    pub fn person(&self) -> Person {
        let person = self.scene.world.web.person.clone();
        let login = |said: Option<String>, side| said.or_else(|| Some(self.scene.login(side)));
        Person {
            on_cloud: login(person.on_cloud.clone(), Side::Cloud),
            on_server: login(person.on_server.clone(), Side::Server),
            ..person
        }
    }

    /// Lets time pass for sessions on web pages and for the setup of GitHub Connect, and for nothing else.
    pub fn let_pass(&self, time: Duration) {
        self.scene.web.let_pass(time);
    }

    /// The slug of the enterprise account on the cloud.
    pub fn enterprise(&self) -> &str {
        &self.scene.world.enterprise.slug
    }

    /// The address of a host that answers with the source address that it sees.
    pub fn echo_url(&self) -> String {
        format!("https://{ECHO}/")
    }

    /// Everything that must not appear in anything that a run writes, by the names that the log uses: tokens, passwords
    /// (also those in the URLs of proxies), the secrets among the server's settings.
    pub fn secrets(&self) -> &[(String, String)] {
        &self.scene.secrets
    }

    /// What the lab saw until now, in order.
    pub fn log(&self) -> Vec<Event> {
        self.scene.log.events()
    }
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab")
            .field("name_servers", &self.name_servers)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// A lab under construction.
struct Stage {
    scene: Arc<Scene>,
    /// Connections that all servers together may have at a time.
    places: Arc<Semaphore>,
    tasks: JoinSet<()>,
    held: Vec<Held>,
}

impl Stage {
    fn name_server(&mut self, index: usize) -> io::Result<SocketAddr> {
        let server = &self.scene.world.name_servers[index];
        let refuses = server.names.values().chain(&server.all).any(|says| says.tcp == DnsTcp::Refuse);
        let (udp, tcp, address) = listen::name_server(!refuses)?;
        self.tasks.spawn(name_server::serve_udp(udp, index, self.scene.clone()));
        match tcp {
            Err(held) => self.held.push(held),
            Ok(listener) => {
                let scene = self.scene.clone();
                let serve = move |wire| name_server::serve_tcp(wire, index, scene.clone());
                self.tasks.spawn(listen::serve(listener, self.places.clone(), serve));
            }
        }
        Ok(address)
    }

    fn browser_proxy(&mut self) -> io::Result<SocketAddr> {
        let (listener, address) = listen::accepting()?;
        let scene = self.scene.clone();
        self.tasks.spawn(listen::serve(listener, self.places.clone(), move |wire| {
            let scene = scene.clone();
            async move { browser::serve(wire, &scene).await }
        }));
        Ok(address)
    }

    fn endpoint(&mut self, endpoint: &Endpoint) -> io::Result<SocketAddr> {
        let (held, address) = match endpoint.tcp {
            Tcp::Refuse => listen::refusing()?,
            Tcp::Silent => listen::black_hole()?,
            Tcp::Unreachable => return Ok(listen::unreachable(endpoint.address.port())),
            Tcp::Accept | Tcp::Reset => return self.accepting(endpoint),
        };
        self.held.push(held);
        Ok(address)
    }

    fn accepting(&mut self, endpoint: &Endpoint) -> io::Result<SocketAddr> {
        let (listener, address) = listen::accepting()?;
        let (scene, service) = (self.scene.clone(), Arc::new(endpoint.service.clone()));
        let to = endpoint.address;
        let log_connection = {
            let (scene, service) = (scene.clone(), service.clone());
            move || {
                scene.log.add(Event::Connection {
                    host: scene.name_of(&service),
                    port: to.port(),
                    through_proxy: false,
                });
            }
        };
        let places = self.places.clone();
        if endpoint.tcp == Tcp::Reset {
            self.tasks.spawn(listen::serve_resets(listener, places, log_connection));
            return Ok(address);
        }
        self.tasks.spawn(listen::serve(listener, places, move |wire| {
            log_connection();
            let (scene, service) = (scene.clone(), service.clone());
            let observed = scene.depart(to.ip());
            let arrival = Arrival { at: to.ip(), port: to.port(), through_proxy: false, observed };
            async move {
                match &*service {
                    Service::Port443(hosts) => origin::serve_443(wire, hosts, arrival, &scene).await,
                    Service::Port80(hosts) => origin::serve_80(wire, hosts, arrival, &scene).await,
                    Service::Port8443(hosts) => origin::serve_8443(wire, hosts, arrival, &scene).await,
                    Service::Proxy(at) => proxy::serve(wire, *at, &scene).await,
                }
            }
        }));
        Ok(address)
    }
}

/// Writes the files of the lab's directory.
fn furnish(directory: &Path, scene: &Scene, system_roots_pem: &str) -> io::Result<()> {
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text);
    write("public-ca.pem", scene.authorities.root_pem(Ca::Public))?;
    write("corp-ca.pem", scene.authorities.root_pem(Ca::Corp))?;
    write("other-ca.pem", scene.authorities.root_pem(Ca::Other))?;
    write("system-roots.pem", system_roots_pem)?;
    write("empty", "")?;
    let entries = scene.world.hosts_file.iter();
    let lines =
        entries.flat_map(|(name, addresses)| addresses.iter().map(move |ip| format!("{ip} {name}\n")));
    write("hosts", &format!("127.0.0.1 localhost\n::1 localhost\n{}", lines.collect::<String>()))
}

/// A table with the placeholders in its strings replaced by the paths of files in `directory`.
fn with_paths(table: &toml::Table, directory: &Path) -> toml::Table {
    fn replace(value: &toml::Value, directory: &Path) -> toml::Value {
        match value {
            toml::Value::String(text) => {
                let path = |name: &str| directory.join(name).display().to_string();
                let replaced = PLACEHOLDERS
                    .iter()
                    .fold(text.clone(), |text, (placeholder, file)| text.replace(placeholder, &path(file)));
                toml::Value::String(replaced)
            }
            toml::Value::Array(values) => {
                toml::Value::Array(values.iter().map(|value| replace(value, directory)).collect())
            }
            toml::Value::Table(table) => toml::Value::Table(with_paths(table, directory)),
            other => other.clone(),
        }
    }
    table.iter().map(|(key, value)| (key.clone(), replace(value, directory))).collect()
}

const PLACEHOLDERS: [(&str, &str); 4] = [
    ("{public-ca}", "public-ca.pem"),
    ("{corp-ca}", "corp-ca.pem"),
    ("{other-ca}", "other-ca.pem"),
    ("{empty-file}", "empty"),
];

const MAX_CONNECTIONS: usize = 2000;
/// Both ends of what a run opens to a host at the same time are in one process.
const SOCKETS_OF_A_HOST: usize = 12;
/// A run opens no more at the same time, however many hosts there are.
const MOST_SOCKETS_OF_A_RUN: usize = 300;
