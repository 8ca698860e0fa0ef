use std::net::Ipv6Addr;

use gh_connect_engine::{Cx, Stop};
use url::Host;

use super::{Installation, Installations, Known};
use crate::{OfTheRun, manage::ManageSettings};

/// The names under which the enterprise account may know this server.
#[derive(Clone, Debug)]
pub struct OwnNames {
    /// The one of the plan first.
    pub names: Vec<String>,
    /// Why the name that the server believes to have is not among them; `None` where it is.
    pub unread: Option<Stop>,
}

impl OwnNames {
    /// Asks the server for the name that it believes to have: that is the one that it is known by. Stops as skipped when the
    /// plan names no server.
    pub async fn of(cx: &Cx) -> Result<Self, Stop> {
        let Some(host) = cx.plan().server_host() else {
            return Err(Stop::Skipped("no server is named: --server URL".to_owned()));
        };
        let settings = cx.fact::<ManageSettings>(&OfTheRun).await;
        let (own, unread) = match own_name(settings.as_ref().map(|fact| &**fact)) {
            Ok(own) => (Some(own.to_owned()), None),
            Err(why) => (None, Some(why)),
        };
        Ok(Self { names: std::iter::once(host.to_owned()).chain(own).collect(), unread })
    }
}

impl Known {
    /// The records of the server with these names.
    pub fn records_of<'a>(&'a self, names: &[String]) -> impl Iterator<Item = &'a Installation> {
        self.servers.iter().filter(move |server| is_one_of(names, Some(&server.host_name)))
    }
}

/// Whether a record of this server says that it is connected. What servers send is looked for only then: no other server's
/// matters, and of one that is not connected there is nothing.
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
    bare(one) == bare(other)
}

/// The name alone, in one form: `ghes.corp.example` of `https://GHES.corp.example.:443/`, `xn--…` of what is not ASCII.
fn bare(name: &str) -> String {
    let name = name.trim();
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    let name = name.split(['/', '?', '#']).next().unwrap_or_default();
    let name = name.rsplit_once('@').map_or(name, |(_, name)| name);
    let host = match name.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        // An IPv6 address without brackets has no port.
        None if name.matches(':').count() > 1 => name,
        None => name.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.');
    match (host.parse::<Ipv6Addr>(), Host::parse(host)) {
        (Ok(address), _) => address.to_string(),
        (Err(_), Ok(host)) => host.to_string(),
        (Err(_), Err(_)) => host.to_lowercase(),
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
            ("", false),
            ("://", false),
        ] {
            assert_eq!(is_one_of(&own, Some(name)), expected, "{name}");
        }
        assert!(!is_one_of(&own, None));
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
