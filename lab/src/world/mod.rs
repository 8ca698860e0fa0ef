//! What a world is: the vocabulary of world files, and their parser.
//!
//! A world file says only what differs from the healthy world. [`World`] keeps exactly that; what it comes to (which
//! host answers at which address, and how) is worked out when a [`Lab`](crate::Lab) starts.

mod certificate;
mod egress;
mod endpoint;
mod enterprise;
mod error;
mod expect;
mod host;
mod name_server;
mod names;
mod proxy;
mod server;
mod token;
mod web;
mod when;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

pub use certificate::{Alert, Authority, Ca, Certificate, Issuer, Root, Tls};
pub use egress::Egress;
pub use endpoint::{Endpoint, EndpointAnswer, Once};
pub use enterprise::{
    AllowEntry, AllowList, AuditActions, AuditEntry, Billing, Enterprise, Installation, LicenseSync,
    RefusalText, Refuses, Statistics,
};
pub use error::WorldError;
pub use expect::Expect;
pub use host::{Answer, Host, Https, PlainAnswer, Port80, Port443, Tcp};
pub use name_server::{DnsTcp, NameBehaviour, NameServer, Rcode};
pub use proxy::{AuthScheme, ConnectAnswer, ConnectRule, Inspect, PlainProxying, Proxy, ProxyScheme};
pub use server::{Health, License, LicenseStatus, Maintenance, Manage, Node, PrivateMode, Server};
pub use token::{Side, Sso, Token, TokenKind};
pub use web::{BillingPage, Buttons, Choice, Csp, Lang, ListedAs, Person, Places, Position, Start, Web};
pub use when::When;

/// A description of everything outside the program: name servers, hosts, proxy, trust, environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct World {
    /// One sentence on what is unusual here.
    pub about: String,
    /// What a correct run must report. Data only: the lab does not judge.
    pub expect: Expect,
    /// Settings handed to the program as if they stood in `gh-connect.toml`. As written; [`Lab::check`] gives them with
    /// the paths filled in.
    ///
    /// [`Lab::check`]: crate::Lab::check
    pub check: toml::Table,
    /// The environment variables that the run sees in place of the real ones.
    pub environment: BTreeMap<String, String>,
    /// Entries of the machine's hosts file in this world: name to addresses.
    #[serde(deserialize_with = "names::keyed")]
    pub hosts_file: BTreeMap<String, Vec<IpAddr>>,
    /// The machine's name servers, in order.
    #[serde(rename = "name-server")]
    pub name_servers: Vec<NameServer>,
    /// Hosts that differ from the healthy world, or exist only in this one.
    #[serde(rename = "host", deserialize_with = "names::keyed")]
    pub hosts: BTreeMap<String, Host>,
    /// The egress proxy, when there is one.
    pub proxy: Option<Proxy>,
    /// What stands between this machine and the hosts.
    pub firewall: Firewall,
    /// Under which addresses connections leave the machine's network.
    pub egress: Egress,
    /// What the machine trusts.
    pub trust: Trust,
    /// Authorities that differ from the healthy world.
    #[serde(rename = "authority")]
    pub authorities: BTreeMap<Ca, Authority>,
    /// Which GitHub this world holds.
    pub target: Target,
    /// The GitHub Enterprise Server.
    pub server: Server,
    /// The enterprise account on GitHub Enterprise Cloud.
    pub enterprise: Enterprise,
    /// The access tokens, by names that the log uses. `cloud` and `server` are always there.
    #[serde(rename = "token", deserialize_with = "token::table")]
    pub tokens: BTreeMap<String, Token>,
    /// Endpoints that answer in another way, by `HOST[:PORT]/PATH`.
    #[serde(rename = "endpoint", deserialize_with = "endpoint::keyed")]
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The web pages of both sides, and the person before them.
    pub web: Web,
}

impl World {
    /// The world in which nothing is wrong: two name servers that agree, GitHub's three hosts, a server, an
    /// enterprise account that is ready for it, no proxy.
    pub fn healthy() -> World {
        World {
            about: "Nothing is wrong here.".into(),
            expect: Expect::default(),
            check: toml::Table::new(),
            environment: BTreeMap::new(),
            hosts_file: BTreeMap::new(),
            name_servers: vec![NameServer::default(), NameServer::default()],
            hosts: BTreeMap::new(),
            proxy: None,
            firewall: Firewall::default(),
            egress: Egress::default(),
            trust: Trust::default(),
            authorities: BTreeMap::new(),
            target: Target::default(),
            server: Server::default(),
            enterprise: Enterprise::default(),
            tokens: token::usual(),
            endpoints: BTreeMap::new(),
            web: Web::default(),
        }
    }

    /// Reads a world file. `source_name` is only for error messages.
    ///
    /// # Errors
    /// A [`WorldError`] that points at line and column and says what is allowed there.
    pub fn parse(source_name: &str, text: &str) -> Result<World, WorldError> {
        toml::from_str(text).map_err(|error| WorldError::new(source_name, text, &error))
    }

    /// The hosts that GitHub Connect needs in this world: the web host, then `api.` and `uploads.` (facts §1.1, §1.2).
    pub fn targets(&self) -> [String; 3] {
        let web = match &self.target.ghe_com {
            Some(subdomain) => format!("{subdomain}.ghe.com"),
            None => "github.com".to_owned(),
        };
        [web.clone(), format!("api.{web}"), format!("uploads.{web}")]
    }
}

impl Default for World {
    fn default() -> World {
        World::healthy()
    }
}

/// A packet filter between this machine and every host but the server. The proxy stands on the other side of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Firewall {
    /// What happens to a direct connection to any host, on 443 and on 80.
    pub direct: Tcp,
}

/// The machine's own certificate store.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Trust {
    /// Which of the lab's certificate authorities the store holds.
    pub system: Vec<Ca>,
}

impl Default for Trust {
    fn default() -> Trust {
        Trust { system: vec![Ca::Public] }
    }
}

/// Which GitHub the world holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Target {
    /// `SUBDOMAIN` of `SUBDOMAIN.ghe.com`; absent for github.com.
    #[serde(deserialize_with = "names::optional")]
    pub ghe_com: Option<String>,
}
