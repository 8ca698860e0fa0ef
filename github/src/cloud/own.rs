use std::net::IpAddr;

use gh_connect_engine::{Cx, Stop};
use gh_connect_probe::{HostName, dns::Addresses};

use super::{
    Installation, Installations, Known,
    name::{Name, is_of_every_machine, is_same_address, looks_like},
};
use crate::{
    OfTheRun,
    manage::{ManageNodes, ManageSettings},
};

/// The names under which the enterprise account may know this server.
#[derive(Clone, Debug)]
pub struct OwnNames {
    /// The one of the plan first.
    pub names: Vec<String>,
    /// Why the name that the server believes to have is not among them; `None` where it is.
    pub unread: Option<Stop>,
    /// Further names that may be this server's.
    pub aliases: Aliases,
}

/// Names that the enterprise account may have this server under, although it does not call itself so: its addresses, what its
/// nodes are called, and a name without its domain.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// What its nodes are called.
    pub nodes: Vec<String>,
    /// The addresses that its name leads to; `None` where they are not known here, and every address may be its own.
    pub addresses: Option<Vec<IpAddr>>,
}

impl Aliases {
    /// Whether `name` may be the server's that has the names `own`. What cannot be read as a name may be, and so may what every
    /// machine calls itself, and what looks like a name of its own.
    pub fn may_be(&self, own: &[String], name: &str) -> bool {
        let name = Name::of(name);
        match &name {
            _ if is_of_every_machine(&name) => true,
            Name::Unreadable => true,
            Name::Address(address) => {
                let is_it = |own: &Vec<IpAddr>| own.iter().any(|own| is_same_address(*own, *address));
                self.addresses.as_ref().is_none_or(is_it)
            }
            Name::Domain(name) => own.iter().chain(&self.nodes).any(|own| match Name::of(own) {
                Name::Domain(own) => is_short_of(&own, name) || looks_like(&own, name),
                Name::Address(_) | Name::Unreadable => false,
            }),
        }
    }

    /// What the run knows of them anyway. A proxy on the way to the server resolves its name by itself.
    async fn of(cx: &Cx, host: &str, port: u16) -> Self {
        let addresses = async {
            let host = cx.plan().route(host, port).is_direct().then(|| HostName::new(host))?;
            let list = cx.fact::<Addresses>(&host).await.ok()?.list.clone();
            (!list.is_empty()).then_some(list)
        };
        let (addresses, nodes) = futures::join!(addresses, cx.fact::<ManageNodes>(&OfTheRun));
        let nodes = nodes.as_ref().ok().and_then(|fact| fact.answer.said()?.nodes.as_ref());
        let nodes = nodes.into_iter().flatten().filter_map(|node| node.hostname.clone()).collect();
        Self { nodes, addresses }
    }
}

/// Whether two names are the same, or one is the other without its domain.
fn is_short_of(one: &str, other: &str) -> bool {
    let host = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let has_domain = |name: &str| name.contains('.');
    one == other || host(one) == host(other) && has_domain(one) != has_domain(other)
}

impl OwnNames {
    /// Asks the server for the name that it believes to have: that is the one that it is known by. Stops as skipped when the
    /// plan names no server.
    pub async fn of(cx: &Cx) -> Result<Self, Stop> {
        let Some((host, port)) = cx.plan().server_at() else {
            return Err(Stop::Skipped("no server is named: --server URL".to_owned()));
        };
        let (settings, aliases) =
            futures::join!(cx.fact::<ManageSettings>(&OfTheRun), Aliases::of(cx, host, port));
        let (own, unread) = match own_name(settings.as_ref().map(|fact| &**fact)) {
            Ok(own) => (Some(own.to_owned()), None),
            Err(why) => (None, Some(why)),
        };
        Ok(Self { names: std::iter::once(host.to_owned()).chain(own).collect(), unread, aliases })
    }
}

impl Known {
    /// The records of the server with these names.
    pub fn records_of<'a>(&'a self, names: &[String]) -> impl Iterator<Item = &'a Installation> {
        self.servers.iter().filter(move |server| is_one_of(names, Some(&server.host_name)))
    }
}

/// Whether a record of this server says that it is connected, so that what servers have sent decides whether it is.
pub async fn is_recorded_as_connected(cx: &Cx) -> bool {
    let Ok(known) = cx.fact::<Installations>(&OfTheRun).await else { return false };
    let is_connected = |server: &Installation| server.is_connected == Some(true);
    let Some(known) = known.answer.said().filter(|known| known.servers.iter().any(is_connected)) else {
        return false;
    };
    OwnNames::of(cx).await.is_ok_and(|own| known.records_of(&own.names).any(is_connected))
}

/// Whether a server's name is one of these, however each is written.
pub fn is_one_of(names: &[String], name: Option<&str>) -> bool {
    name.is_some_and(|name| names.iter().any(|own| is_same_host(own, name)))
}

/// Whether two names are one server's: without regard to case, a final dot, white space, the script of a name with other
/// letters than English, and to a scheme, port or path that came along with it.
pub fn is_same_host(one: &str, other: &str) -> bool {
    match (Name::of(one), Name::of(other)) {
        (Name::Unreadable, Name::Unreadable) => {
            let (one, other) = (one.trim(), other.trim());
            !one.is_empty() && one.to_lowercase() == other.to_lowercase()
        }
        (one, other) => one == other,
    }
}

/// The name that the server believes to have, or why it was not read.
fn own_name<'a>(settings: Result<&'a ManageSettings, &Stop>) -> Result<&'a str, Stop> {
    let settings = settings.map_err(Stop::clone)?.answer.or_trouble("which name the server has")?;
    let name = settings.github_hostname.as_deref().map(str::trim).filter(|name| !name.is_empty());
    name.ok_or_else(|| Stop::Trouble("the server's settings do not say which name it has".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Api, Needs, Refusal};

    #[test]
    fn a_name_is_known_however_it_is_written() {
        let own =
            ["ghes.corp.example".to_owned(), "bücher.corp.example".to_owned(), "2001:db8::1".to_owned()];
        for (name, expected) in [
            ("ghes.corp.example", true),
            (" GHES.Corp.Example. ", true),
            ("ghes.corp.example:443", true),
            ("https://ghes.corp.example/", true),
            ("https://GHES.corp.example.:8443/setup?x#y", true),
            ("http://admin@ghes.corp.example", true),
            ("xn--bcher-kva.corp.example", true),
            ("BÜCHER.corp.example:443", true),
            ("https://[2001:DB8:0:0::1]:443", true),
            ("2001:db8::1", true),
            ("ghes.corp.example.other.example", false),
            ("ghes-staging.corp.example", false),
            ("https://other.example/ghes.corp.example", false),
            ("2001:db8::2", false),
            ("::ffff:198.51.100.20", false),
            ("", false),
            ("://", false),
        ] {
            assert_eq!(is_one_of(&own, Some(name)), expected, "{name}");
        }
        assert!(!is_one_of(&own, None));
    }

    #[test]
    fn an_alias_may_be_the_servers() {
        let own = ["ghes.corp.example".to_owned(), "git".to_owned()];
        let known = Aliases {
            nodes: vec!["ghes-1".to_owned()],
            addresses: Some(vec![
                "198.51.100.20".parse().expect("IPv4"),
                "2001:db8::20".parse().expect("IPv6"),
            ]),
        };
        let unknown = Aliases::default();
        for (name, by_known, by_unknown) in [
            ("198.51.100.20", true, true),
            ("https://198.51.100.20:8443/setup", true, true),
            ("::ffff:198.51.100.20", true, true),
            ("[2001:DB8:0::20]:443", true, true),
            ("2001:db8::20", true, true),
            ("198.51.100.21", false, true),
            ("2001:db8::21", false, true),
            ("64:ff9b::198.51.100.20", true, true),
            ("64:ff9b::198.51.100.21", false, true),
            ("GHES", true, true),
            ("ghes:443", true, true),
            ("Git.corp.example.", true, true),
            ("ghes-1", true, false),
            ("ghes-1.corp.example", true, false),
            ("ghes.other.example", false, false),
            ("ghes-2", false, false),
            ("ghes-staging", false, false),
            ("corp.example", false, false),
            // What cannot be read may be any server's, and what every machine calls itself as well.
            ("", true, true),
            ("ghes.corp.example\\u{200b}", true, true),
            ("ghes\u{2024}corp.example", true, true),
            ("ghes.corp.example:443:443", true, true),
            ("198.051.100.020", true, true),
            ("other.example,ghes.corp.example", true, true),
            ("2001:db8::20:443", true, true),
            ("localhost", true, true),
            ("localhost.localdomain", true, true),
            ("127.0.0.1:443", true, true),
            ("[fe80::1%eth0]", true, true),
            ("0.0.0.0", true, true),
            ("gh\u{435}s.corp.example", true, true),
            ("other.example", false, false),
            ("https://OTHER.example.:8443/ghes.corp.example", false, false),
            ("//other.example", false, false),
            ("bücher.example", false, false),
            ("10.0.0.5", false, true),
        ] {
            assert_eq!(known.may_be(&own, name), by_known, "{name}");
            assert_eq!(unknown.may_be(&own, name), by_unknown, "{name}");
        }
    }

    #[test]
    fn the_own_name_is_read_or_said_not_to_be() {
        let settings = |name: Option<&str>| {
            let text = serde_json::json!({
                "github_hostname": name, "http_proxy": null, "private_mode": null, "subdomain_isolation": null, "tls": null,
                "ntp": [], "licence_evaluation": null, "licence_expire_at": null,
            });
            ManageSettings { answer: Answer::Said(serde_json::from_value(text).expect("settings")) }
        };
        let needs = || Needs { api: Api::Manage, scope: None };
        let refused = |why| ManageSettings { answer: Answer::Refused { why, needs: needs() } };
        let wrong = Refusal::BadCredentials { message: String::new() };
        assert_eq!(own_name(Ok(&settings(Some("git.corp.example")))), Ok("git.corp.example"));
        assert!(matches!(own_name(Ok(&settings(None))), Err(Stop::Trouble(_))));
        assert!(matches!(own_name(Ok(&settings(Some(" ")))), Err(Stop::Trouble(_))));
        assert!(matches!(own_name(Ok(&refused(Refusal::TooDeep))), Err(Stop::Trouble(_))));
        assert_eq!(own_name(Ok(&refused(wrong))), Err(Stop::blocked("token")));
        let nobody = ManageSettings { answer: Answer::NoCredential { needs: needs() } };
        assert_eq!(own_name(Ok(&nobody)), Err(Stop::blocked("token")));
        assert_eq!(own_name(Err(&Stop::blocked("server"))), Err(Stop::blocked("server")));
    }
}
