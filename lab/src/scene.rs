//! What a world comes to: every host with its addresses and faces, and what stands at every address.
//!
//! All that the servers share is here, read-only but for what they remember. Nothing here touches a socket.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

use crate::authority::Authorities;
use crate::history::History;
use crate::log::{Event, Log, shortened};
use crate::nat64;
use crate::server::cloud::allow_list::AllowListed;
use crate::server::ghes::manage;
use crate::server::web::{self, Memory};
use crate::tls::{Face, FaceKeys, Hello};
use crate::told;
use crate::world::{Host, PlainAnswer, Port443, Proxy, ProxyScheme, Server, Tcp, World};

/// A world, worked out.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) hosts: BTreeMap<String, Site>,
    /// The TLS faces of an `https://` proxy, by its addresses.
    proxy_faces: BTreeMap<IpAddr, Face>,
    /// The TLS face of the Manage API.
    pub(crate) manage_face: Face,
    pub(crate) authorities: Authorities,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) allow_list: AllowListed,
    /// What must not leak, by the names that the log uses.
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) log: Log,
    pub(crate) history: History,
    /// What the web sites remember of people and of the connection.
    pub(crate) web: Memory,
    /// The web host of the cloud.
    pub(crate) cloud_host: String,
}

/// A host with everything decided.
pub(crate) struct Site {
    pub(crate) role: Role,
    pub(crate) host: Host,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) face_443: Face,
    /// Where port 80 speaks TLS.
    pub(crate) face_80: Option<Face>,
    /// What stands at some of its addresses.
    at: BTreeMap<IpAddr, Site>,
}

/// Whose host a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// GitHub's web site.
    Web,
    /// GitHub's API.
    Api,
    /// GitHub's upload API.
    Uploads,
    /// The GitHub Enterprise Server.
    Server,
    /// Who tells the caller's address.
    Echo,
    /// The company's identity provider.
    IdentityProvider,
}

impl Role {
    /// `api.` hosts are the API, `uploads.` hosts the upload API, others the web site.
    fn of(name: &str, server: &Server) -> Role {
        match name.split('.').next() {
            _ if name == server.host => Role::Server,
            _ if name == ECHO => Role::Echo,
            _ if name == web::IDENTITY_PROVIDER => Role::IdentityProvider,
            Some("api") => Role::Api,
            Some("uploads") => Role::Uploads,
            _ => Role::Web,
        }
    }

    pub(crate) fn is_github(self) -> bool {
        matches!(self, Role::Web | Role::Api | Role::Uploads)
    }
}

/// What stands at one address and port of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) tcp: Tcp,
    pub(crate) service: Service,
}

/// Who answers a connection. Several hosts can share an address; the client then says which it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Port443(Vec<String>),
    Port80(Vec<String>),
    /// The Manage API of the server.
    Port8443(Vec<String>),
    /// The proxy at this address.
    Proxy(IpAddr),
}

impl Site {
    fn new(
        role: Role,
        host: Host,
        addresses: Vec<IpAddr>,
        face: &dyn Fn(FaceKeys<'_>) -> io::Result<Face>,
    ) -> io::Result<Site> {
        let http2 = host.port_443.http2.unwrap_or(role == Role::Api);
        let face_443 = face(FaceKeys::from(&host.port_443).http2(http2))?;
        let face_80 = match host.port_80.answer {
            PlainAnswer::Tls => Some(face((&host.port_80).into())?),
            _ => None,
        };
        let mut at = BTreeMap::new();
        for (address, host) in &host.at {
            at.insert(*address, Site::new(role, host.clone(), vec![*address], face)?);
        }
        Ok(Site { role, host, addresses, face_443, face_80, at })
    }
}

impl Scene {
    pub(crate) fn new(mut world: World) -> io::Result<Scene> {
        world.server.http_proxy = told::proxy_of_server(&world).map(str::to_owned);
        if let Some(Proxy { host, port, scheme, at, .. }) = &mut world.proxy {
            for place in at.values_mut() {
                (place.host, place.port, place.scheme) = (host.clone(), *port, *scheme);
            }
        }
        let authorities = Authorities::new(&world.authorities).map_err(io::Error::other)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let face = |keys: FaceKeys<'_>, name: &str| Face::new(keys, name, &authorities, &provider);

        let targets = world.targets();
        let mut names: BTreeSet<&String> = world.hosts.keys().collect();
        names.extend(&targets);
        let echo = ECHO.to_owned();
        names.extend([&world.server.host, &echo]);
        let identity_provider = web::IDENTITY_PROVIDER.to_owned();
        names.extend(world.web.sso.then_some(&identity_provider));
        let mut hosts = BTreeMap::new();
        for name in names {
            let host = world.hosts.get(name).cloned().unwrap_or_default();
            let mut addresses = match &host.addresses {
                Some(addresses) => addresses.clone(),
                None => vec![usual_address(name, &world, &targets, hosts.len())],
            };
            let further = host.at.keys().filter(|address| !addresses.contains(address));
            let further: Vec<IpAddr> = further.copied().collect();
            addresses.extend(further);
            let role = Role::of(name, &world.server);
            hosts.insert(name.clone(), Site::new(role, host, addresses, &|keys| face(keys, name))?);
        }
        let mut proxy_faces = BTreeMap::new();
        if let Some(proxy) = world.proxy.as_ref().filter(|proxy| proxy.scheme == ProxyScheme::Https) {
            for (address, proxy) in std::iter::once((&proxy.address, proxy)).chain(&proxy.at) {
                proxy_faces.insert(*address, face(proxy.into(), &proxy.host)?);
            }
        }
        let manage_port = manage_port(&world);
        let http2 = manage_port.http2.unwrap_or(false);
        let manage_face = face(FaceKeys::from(&manage_port).http2(http2), &world.server.host)?;
        let allow_list = AllowListed::new(&world.enterprise.allow_list);
        let secrets = secrets(&world);
        let (log, history) = (Log::default(), History::default());
        let (web, [cloud_host, ..]) = (Memory::new(&world), targets);
        Ok(Scene {
            world,
            hosts,
            proxy_faces,
            manage_face,
            authorities,
            provider,
            allow_list,
            secrets,
            log,
            history,
            web,
            cloud_host,
        })
    }

    /// What a healthy name server knows of a name: its addresses, or nothing.
    pub(crate) fn addresses_of(&self, name: &str) -> Option<Vec<IpAddr>> {
        if let Some(site) = self.hosts.get(name) {
            return Some(site.addresses.clone());
        }
        if name == nat64::IPV4_ONLY {
            let targets = self.world.targets();
            let hosts = targets.iter().filter_map(|name| {
                let usual = usual_address(name, &self.world, &targets, 0);
                Some((usual, self.hosts.get(name)?.addresses.as_slice()))
            });
            return Some(nat64::addresses_of_ipv4_only(hosts));
        }
        let proxy = self.world.proxy.as_ref().filter(|proxy| proxy.host == name)?;
        Some(std::iter::once(proxy.address).chain(proxy.at.keys().copied()).collect())
    }

    /// What stands at an address of a host.
    pub(crate) fn site(&self, host: &str, at: IpAddr) -> Option<&Site> {
        let site = self.hosts.get(host)?;
        Some(site.at.get(&at).unwrap_or(site))
    }

    /// The proxy at an address, and its TLS face where it is an `https://` proxy.
    pub(crate) fn proxy(&self, at: IpAddr) -> Option<(&Proxy, Option<&Face>)> {
        let proxy = self.world.proxy.as_ref()?;
        Some(match proxy.at.get(&at) {
            Some(place) => (place, self.proxy_faces.get(&at)),
            None => (proxy, self.proxy_faces.get(&proxy.address)),
        })
    }

    /// The name under which a connection is logged before it says more: the first host's, or the proxy's.
    pub(crate) fn name_of(&self, service: &Service) -> String {
        match service {
            Service::Port443(hosts) | Service::Port80(hosts) | Service::Port8443(hosts) => {
                hosts.first().cloned()
            }
            Service::Proxy(_) => self.world.proxy.as_ref().map(|proxy| proxy.host.clone()),
        }
        .unwrap_or_default()
    }

    /// Notes a ClientHello to a host or to the proxy.
    pub(crate) fn saw_hello(&self, host: &str, port: u16, hello: Option<&Hello>) {
        if let Some(hello) = hello {
            self.log.add(Event::Hello {
                host: host.to_owned(),
                port,
                server_name: hello.server_name.as_deref().map(shortened),
                record_bytes: hello.record_bytes,
            });
        }
    }

    /// The hosts that an address belongs to.
    pub(crate) fn hosts_at(&self, address: IpAddr) -> Vec<String> {
        self.owners().remove(&address).unwrap_or_default()
    }

    /// What becomes of a SYN to the Manage API.
    pub(crate) fn manage_tcp(&self) -> Tcp {
        manage_port(&self.world).tcp
    }

    /// What stands at every address of the world.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints = Vec::new();
        for (ip, owners) in self.owners() {
            let service_443 = Service::Port443(owners.clone());
            let service_80 = Service::Port80(owners.clone());
            if owners.contains(&self.world.server.host) {
                let (tcp, address) = (manage_port(&self.world), SocketAddr::from((ip, 8443)));
                let tcp = tcp.tcp_v6.filter(|_| ip.is_ipv6()).unwrap_or(tcp.tcp);
                endpoints.push(Endpoint { address, tcp, service: Service::Port8443(owners.clone()) });
            }
            let (tcp_443, tcp_80) = match owners.first().and_then(|owner| self.site(owner, ip)) {
                // A loopback or unspecified address in an answer: nothing of the world is there.
                None => (Tcp::Refuse, Tcp::Refuse),
                Some(Site { role, host: Host { port_443, port_80, .. }, .. }) => (
                    self.direct(ip, *role, port_443.tcp, port_443.tcp_v6),
                    self.direct(ip, *role, port_80.tcp, port_80.tcp_v6),
                ),
            };
            endpoints.push(Endpoint { address: (ip, 443).into(), tcp: tcp_443, service: service_443 });
            endpoints.push(Endpoint { address: (ip, 80).into(), tcp: tcp_80, service: service_80 });
        }
        if let Some(proxy) = &self.world.proxy {
            for ip in self.proxy_addresses(proxy) {
                let address = SocketAddr::from((ip, proxy.port));
                endpoints.retain(|endpoint| endpoint.address != address);
                let tcp = proxy.at.get(&ip).map_or(proxy.tcp, |place| place.tcp);
                endpoints.push(Endpoint { address, tcp, service: Service::Proxy(ip) });
            }
        }
        endpoints
    }

    /// What becomes of a direct connection, the firewall considered. The server stands on the near side of it.
    fn direct(&self, ip: IpAddr, role: Role, tcp: Tcp, tcp_v6: Option<Tcp>) -> Tcp {
        match self.world.firewall.direct {
            _ if role == Role::Server => tcp_v6.filter(|_| ip.is_ipv6()).unwrap_or(tcp),
            Tcp::Accept => tcp_v6.filter(|_| ip.is_ipv6()).unwrap_or(tcp),
            closed => closed,
        }
    }

    /// Every address that anything in the world gives for a host, and the hosts that answer there. An address of a host
    /// is that host's; an address that only a name server or the hosts file gives is the host's that it is given for.
    /// Loopback and unspecified addresses are nobody's.
    fn owners(&self) -> BTreeMap<IpAddr, Vec<String>> {
        let mut owners: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
        for (name, site) in &self.hosts {
            for &address in &site.addresses {
                owners.entry(address).or_default().push(name.clone());
            }
        }
        let settled: BTreeSet<IpAddr> = owners.keys().copied().collect();
        for (address, name) in self.given_elsewhere() {
            if settled.contains(&address) {
                continue;
            }
            let hosts = owners.entry(address).or_default();
            let nobodys = address.is_loopback() || address.is_unspecified();
            if !nobodys && self.hosts.contains_key(&name) && !hosts.contains(&name) {
                hosts.push(name);
            }
        }
        owners
    }

    /// Address and name pairs of the hosts file and of the name servers.
    fn given_elsewhere(&self) -> Vec<(IpAddr, String)> {
        let mut given = Vec::new();
        for (name, addresses) in &self.world.hosts_file {
            given.extend(addresses.iter().map(|&address| (address, name.clone())));
        }
        for server in &self.world.name_servers {
            let of = |a: &Option<Vec<Ipv4Addr>>, aaaa: &Option<Vec<Ipv6Addr>>| -> Vec<IpAddr> {
                let v4 = a.iter().flatten().map(|&ip| IpAddr::from(ip));
                v4.chain(aaaa.iter().flatten().map(|&ip| IpAddr::from(ip))).collect()
            };
            for (name, behaviour) in &server.names {
                given.extend(
                    of(&behaviour.a, &behaviour.aaaa).into_iter().map(|address| (address, name.clone())),
                );
            }
            for address in server.all.iter().flat_map(|all| of(&all.a, &all.aaaa)) {
                given.extend(self.hosts.keys().map(|name| (address, name.clone())));
            }
        }
        given
    }

    fn proxy_addresses(&self, proxy: &Proxy) -> BTreeSet<IpAddr> {
        let given = self.given_elsewhere().into_iter().filter(|(_, name)| *name == proxy.host);
        let own = std::iter::once(proxy.address).chain(proxy.at.keys().copied());
        given.map(|(address, _)| address).chain(own).collect()
    }
}

/// What must not leak: tokens, passwords, the secrets among the server's settings.
fn secrets(world: &World) -> Vec<(String, String)> {
    let server = &world.server;
    let tokens = world.tokens.iter().map(|(name, token)| (name.clone(), token.value.clone()));
    let settings =
        manage::SECRETS.iter().map(|name| (format!("setting {name}"), manage::secret(server, name)));
    let proxies = world.proxy.iter().flat_map(|proxy| std::iter::once(proxy).chain(proxy.at.values()));
    let proxies = proxies.filter(|proxy| !proxy.auth.is_empty());
    tokens
        .chain([("manage".to_owned(), server.manage.password.clone())])
        .chain(proxies.map(|proxy| ("proxy".to_owned(), proxy.password.clone())))
        .chain(told::proxy_passwords(world))
        .chain(settings)
        .chain([("person".to_owned(), world.web.person.password.clone())])
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The port of the Manage API. Its certificate is that of 443 unless it has one of its own.
fn manage_port(world: &World) -> Port443 {
    let server = &world.server;
    server.manage.port_8443.clone().unwrap_or_else(|| Port443 {
        certificate: world
            .hosts
            .get(&server.host)
            .map(|host| host.port_443.certificate.clone())
            .unwrap_or_default(),
        ..Port443::default()
    })
}

/// The address of a host that the world file gives none. Those of the targets are within the ranges that GitHub
/// publishes for them (facts §7, §1.2).
fn usual_address(name: &str, world: &World, targets: &[String; 3], index: usize) -> IpAddr {
    let [web, api, uploads] = targets;
    let github = web == "github.com";
    let octets = match name {
        name if name == web => {
            if github {
                [140, 82, 121, 3]
            } else {
                [20, 224, 46, 146]
            }
        }
        name if name == api => {
            if github {
                [140, 82, 121, 5]
            } else {
                [20, 224, 46, 147]
            }
        }
        name if name == uploads => {
            if github {
                [140, 82, 114, 14]
            } else {
                [20, 224, 46, 148]
            }
        }
        // Beside the proxy, in the company's own network.
        name if name == world.server.host => [198, 51, 100, 20],
        ECHO => [192, 0, 2, 80],
        web::IDENTITY_PROVIDER => [192, 0, 2, 81],
        // Beyond a thousand, hosts share.
        _ => [185, 199, 108 + (index / 250 % 4) as u8, 1 + (index % 250) as u8],
    };
    octets.into()
}

/// Who tells the caller's address.
pub(crate) const ECHO: &str = "echo.corp.example";
