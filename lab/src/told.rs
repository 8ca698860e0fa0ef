//! What a run in a world is told without being asked: `[check]` of the healthy world, and what the server's administrator
//! was told.

use percent_encoding::percent_decode_str;
use toml::{Table, Value};

use crate::clock;
use crate::lab::Route;
use crate::world::{Egress, World};

/// `[check]` of a world: what the world says, and for every key that it leaves out what a run there would be given.
pub(crate) fn check(world: &World, routes: &[Route]) -> Table {
    let mut told = Table::new();
    let mut tell = |key: &str, value: Value| told.insert(key.to_owned(), value);
    tell("server", world.server.url().into());
    tell("enterprise", world.enterprise.slug.as_str().into());
    tell("egress-ip", egress(world, routes).into());
    tell("ghe-config", ghe_config(world).into());
    tell("billing", invoiced());
    if proxy_of_run(world).is_some() && exclusions_of_machine(world).is_none() {
        tell("no-proxy", world.server.host.as_str().into());
    }
    for (key, value) in &world.check {
        match (value, told.contains_key(key)) {
            (Value::Boolean(false), true) => drop(told.remove(key)),
            _ => drop(told.insert(key.clone(), value.clone())),
        }
    }
    told
}

/// The proxy that this machine is told of, as a run chooses it.
pub(crate) fn proxy_of_machine(world: &World) -> Option<&str> {
    let said = world.check.get("proxy").and_then(Value::as_str);
    let variables = || VARIABLES.iter().find_map(|name| Some(world.environment.get(*name)?.as_str()));
    used(said.or_else(variables)?)
}

/// The server's proxy as it is set: as the world says, else the one that the machine is told of.
pub(crate) fn proxy_of_server(world: &World) -> Option<&str> {
    match &world.server.http_proxy {
        Some(said) => used(said),
        None => proxy_of_machine(world),
    }
}

/// The passwords in the URLs of all proxies that anybody is told of, by where they stand.
pub(crate) fn proxy_passwords(world: &World) -> impl Iterator<Item = (String, String)> {
    let environment =
        VARIABLES.iter().filter_map(|name| Some((*name, world.environment.get(*name)?.as_str())));
    let said = world.check.get("proxy").and_then(Value::as_str).map(|url| ("check.proxy", url));
    let set = world.server.http_proxy.as_deref().map(|url| ("setting http-proxy", url));
    environment.chain(said).chain(set).filter_map(|(place, url)| Some((place.to_owned(), password(url)?)))
}

/// The password between the first colon of a URL's user and its last `@`.
fn password(url: &str) -> Option<String> {
    let (user, _) = url.rsplit_once('@')?;
    let user = user.rsplit_once("//").map_or(user, |(_, user)| user);
    let (_, password) = user.split_once(':')?;
    Some(percent_decode_str(password).decode_utf8_lossy().into_owned())
}

/// The proxy that a run uses: the one that it is told of, else the server's own, else the machine's.
fn proxy_of_run(world: &World) -> Option<&str> {
    match world.check.get("proxy").and_then(Value::as_str) {
        Some(said) => used(said),
        None => proxy_of_server(world).or_else(|| proxy_of_machine(world)),
    }
}

fn used(setting: &str) -> Option<&str> {
    let none = ["", "none", "off"].iter().any(|none| setting.trim().eq_ignore_ascii_case(none));
    (!none).then_some(setting)
}

fn exclusions_of_machine(world: &World) -> Option<&String> {
    ["NO_PROXY", "no_proxy"].iter().find_map(|name| world.environment.get(*name))
}

/// Under which addresses GitHub's hosts see the run. Those of IPv6 count where one of the hosts has an address of that
/// family, or the world says something of them.
fn egress(world: &World, routes: &[Route]) -> Vec<String> {
    let Egress { ipv4, ipv6, proxy } = &world.egress;
    if world.proxy.is_some() && proxy_of_run(world).is_some() && !proxy.is_empty() {
        return proxy.iter().map(ToString::to_string).collect();
    }
    let targets = world.targets();
    let reached = routes.iter().any(|route| route.address.is_ipv6() && targets.contains(&route.host));
    let ipv6 = ipv6.iter().filter(|_| reached || *ipv6 != Egress::default().ipv6);
    ipv4.iter().map(ToString::to_string).chain(ipv6.map(ToString::to_string)).collect()
}

/// What `ghe-config --get-regexp 'github-connect'` prints in the server's admin shell (facts §1.2, §3.4).
fn ghe_config(world: &World) -> String {
    world.target.ghe_com.iter().fold(String::new(), |_, subdomain| {
        format!(
            "app.github.github-connect-ghe-com-enabled true\napp.github.github-connect-ghe-com-subdomain {subdomain}\n"
        )
    })
}

/// Somebody's word of today that the account is invoiced, which no interface tells (facts §5).
fn invoiced() -> Value {
    let text = |text: &str| Value::from(text);
    let today = clock::rfc3339(clock::now());
    let word = [
        ("by", text("Ana Lyst")),
        ("on", text(&today[..10])),
        ("evidence", text("invoice LAB-2026-11 of the healthy world")),
    ];
    let word: Table = word.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    Value::from(Table::from_iter([("invoiced".to_owned(), Value::from(word))]))
}

/// For HTTPS, in the order in which they are asked.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
