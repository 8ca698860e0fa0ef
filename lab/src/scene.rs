//! What a world comes to: every host with its addresses and faces, and what stands at every address.
//!
//! All that the servers share is here, read-only. Nothing here touches a socket.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

use crate::authority::Authorities;
use crate::log::{Event, Log, shortened};
use crate::tls::{Face, FaceKeys, Hello};
use crate::world::{Host, Inspect, PlainAnswer, Proxy, ProxyScheme, Tcp, World};

/// A world, worked out.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) hosts: BTreeMap<String, Site>,
    /// The TLS face of an `https://` proxy.
    pub(crate) proxy_face: Option<Face>,
    pub(crate) authorities: Authorities,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) log: Log,
}

/// A host with everything decided.
pub(crate) struct Site {
    pub(crate) host: Host,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) face_443: Face,
    /// Where port 80 speaks TLS.
    pub(crate) face_80: Option<Face>,
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
    Proxy,
}

impl Scene {
    pub(crate) fn new(world: World) -> io::Result<Scene> {
        let authorities = Authorities::new().map_err(io::Error::other)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let face = |keys: FaceKeys<'_>, name: &str| Face::new(keys, name, &authorities, &provider);

        let targets = world.targets();
        let mut names: BTreeSet<&String> = world.hosts.keys().collect();
        names.extend(&targets);
        let mut hosts = BTreeMap::new();
        for name in names {
            let host = world.hosts.get(name).cloned().unwrap_or_default();
            let addresses = match &host.addresses {
                Some(addresses) => addresses.clone(),
                None => vec![usual_address(name, &targets, hosts.len())],
            };
            let face_443 = face((&host.port_443).into(), name)?;
            let face_80 = match host.port_80.answer {
                PlainAnswer::Tls => Some(face((&host.port_80).into(), name)?),
                _ => None,
            };
            hosts.insert(name.clone(), Site { host, addresses, face_443, face_80 });
        }
        let proxy_face = match &world.proxy {
            Some(proxy) if proxy.scheme == ProxyScheme::Https => Some(face(proxy.into(), &proxy.host)?),
            _ => None,
        };
        Ok(Scene { world, hosts, proxy_face, authorities, provider, log: Log::default() })
    }

    /// What a healthy name server knows of a name: its addresses, or nothing.
    pub(crate) fn addresses_of(&self, name: &str) -> Option<Vec<IpAddr>> {
        if let Some(site) = self.hosts.get(name) {
            return Some(site.addresses.clone());
        }
        self.world.proxy.as_ref().filter(|proxy| proxy.host == name).map(|proxy| vec![proxy.address])
    }

    /// The name under which a connection is logged before it says more: the first host's, or the proxy's.
    pub(crate) fn name_of(&self, service: &Service) -> String {
        match service {
            Service::Port443(hosts) | Service::Port80(hosts) => hosts.first().cloned(),
            Service::Proxy => self.world.proxy.as_ref().map(|proxy| proxy.host.clone()),
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

    /// Whether the proxy ends TLS for a host itself.
    pub(crate) fn inspects(&self, host: &str) -> bool {
        match self.world.proxy.as_ref().map(|proxy| &proxy.inspect) {
            Some(Inspect::All) => true,
            Some(Inspect::Hosts(hosts)) => hosts.iter().any(|name| name == host),
            None => false,
        }
    }

    /// What stands at every address of the world.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints = Vec::new();
        for (ip, owners) in self.owners() {
            let service_443 = Service::Port443(owners.clone());
            let service_80 = Service::Port80(owners.clone());
            let (tcp_443, tcp_80) = match owners.first().and_then(|owner| self.hosts.get(owner)) {
                // A loopback or unspecified address in an answer: nothing of the world is there.
                None => (Tcp::Refuse, Tcp::Refuse),
                Some(Site { host: Host { port_443, port_80, .. }, .. }) => (
                    self.direct(ip, port_443.tcp, port_443.tcp_v6),
                    self.direct(ip, port_80.tcp, port_80.tcp_v6),
                ),
            };
            endpoints.push(Endpoint { address: (ip, 443).into(), tcp: tcp_443, service: service_443 });
            endpoints.push(Endpoint { address: (ip, 80).into(), tcp: tcp_80, service: service_80 });
        }
        if let Some(proxy) = &self.world.proxy {
            for ip in self.proxy_addresses(proxy) {
                let address = SocketAddr::from((ip, proxy.port));
                endpoints.retain(|endpoint| endpoint.address != address);
                endpoints.push(Endpoint { address, tcp: proxy.tcp, service: Service::Proxy });
            }
        }
        endpoints
    }

    /// What becomes of a direct connection, the firewall considered.
    fn direct(&self, ip: IpAddr, tcp: Tcp, tcp_v6: Option<Tcp>) -> Tcp {
        match self.world.firewall.direct {
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
        given.map(|(address, _)| address).chain([proxy.address]).collect()
    }
}

/// The address of a host that the world file gives none. Those of the targets are within the ranges that GitHub
/// publishes for them (facts §7, §1.2).
fn usual_address(name: &str, targets: &[String; 3], index: usize) -> IpAddr {
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
        // Beyond a thousand, hosts share.
        _ => [185, 199, 108 + (index / 250 % 4) as u8, 1 + (index % 250) as u8],
    };
    octets.into()
}
