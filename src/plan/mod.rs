//! What was said becomes what is meant: one pure function from the command line, the file and the environment to a plan.
//!
//! The nearest word wins: a flag, then the file, then the environment, then the default. A list is one word: said on the
//! command line, it takes the place of the file's. Everything that makes no sense is told at once.

mod attestation;
mod error;
mod features;
mod file;
mod files;
mod ghe_config;
mod proxy;
mod said;
mod selection;
mod suggest;
pub(crate) mod toml_values;
mod values;
mod what_if;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use gh_connect_engine::{
    AccountPlan, Check, ConnectTo, Effects, NoProxy, Origin, Plan, Policy, Product, Role, Roots, Seconds,
    Selection, Sourced, Target, Trust,
};

pub(crate) use error::{UsageError, render};
pub(crate) use features::FEATURES;
pub(crate) use file::read as read_file;
pub(crate) use files::text;
pub(crate) use ghe_config::{Input, MOST_BYTES as MOST_OF_GHE_CONFIG};
pub(crate) use said::{Layer, Place, Said, Source};
pub(crate) use suggest::nearest;
pub(crate) use values::seconds;

use crate::{environment::Environment, output::Output};

/// What holds where nobody said anything: this machine, or a lab world.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) product: Sourced<Product>,
    pub(crate) resolvers: Sourced<Vec<SocketAddr>>,
    pub(crate) hosts_file: Option<Sourced<PathBuf>>,
    pub(crate) system_roots: Sourced<Roots>,
    pub(crate) public_roots: Sourced<Roots>,
    /// Rules that come after all that were said.
    pub(crate) connect_to: Vec<Sourced<ConnectTo>>,
    pub(crate) loopback_only: bool,
}

impl Ground {
    /// This machine, as it is.
    pub(crate) fn machine() -> Self {
        Self {
            product: Sourced::default(Product::GithubCom),
            resolvers: Sourced::default(Vec::new()),
            hosts_file: None,
            system_roots: Sourced::default(Roots::System),
            public_roots: Sourced::default(Roots::Mozilla),
            connect_to: Vec::new(),
            loopback_only: false,
        }
    }
}

/// Everything that a plan is made from.
pub(crate) struct Spoken<'a> {
    /// The command line.
    pub(crate) flags: &'a Layer,
    /// The configuration file, or what a lab world says in its place.
    pub(crate) file: &'a Layer,
    /// Which file that is.
    pub(crate) config: Option<Sourced<PathBuf>>,
    /// What was wrong with it already.
    pub(crate) errors: Vec<UsageError>,
    /// The environment.
    pub(crate) environment: &'a Environment,
    /// The rest.
    pub(crate) ground: Ground,
    /// What can be selected and waived.
    pub(crate) checks: &'static [&'static dyn Check],
    /// Where the files are read that were named: one that cannot be used is an error now, not a finding later.
    pub(crate) files: &'a dyn Effects,
    /// Standard input, read only where a value is said to come from there.
    pub(crate) input: Input<'a>,
}

/// What is meant.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What is measured and judged.
    pub(crate) plan: Plan,
    /// What decides about the exit code.
    pub(crate) policy: Policy,
    /// What is written.
    pub(crate) outputs: Vec<Output>,
    /// Whether to use colours: `None` finds out.
    pub(crate) color: Option<bool>,
    /// What goes around the server's own proxy, when that is to be the proxy of the run; `None` where another was said.
    pub(crate) adopts: Option<Sourced<NoProxy>>,
}

/// Finds out what is meant, or everything that makes no sense.
pub(crate) fn settle(spoken: Spoken<'_>) -> Result<Settings, Vec<UsageError>> {
    let Spoken { flags, file, config, errors, environment, ground, checks, files, input } = spoken;
    let mut reader = Reader { layers: [flags, file], errors };

    let ghe_com = reader.one(|layer| &layer.ghe_com, values::subdomain);
    let product = ghe_com.map_or_else(
        || ground.product.clone(),
        |name| Sourced::new(Product::GheCom(name.value), name.origin),
    );
    let also = reader.list(|layer| &layer.also, values::host_and_port);
    let features = reader.list(|layer| &layer.feature, |said| selection::feature(said, &product.value));
    let further = also.into_iter().map(|also| also.value);
    let needed = features.iter().flat_map(|feature| feature.value.hosts.iter());
    let targets = targets(&product.value, further.chain(needed.map(|host| ((*host).to_owned(), 443))));

    let proxies = {
        let said: Vec<_> = reader.layers.iter().filter_map(|layer| layer.proxy.as_ref()).collect();
        proxy::settle(&said, environment, &mut reader.errors)
    };
    let no_proxy = reader.layers.iter().find_map(|layer| layer.no_proxy.as_ref());
    // The environment's list is this machine's, and says nothing of the server.
    let adopts = (!proxies.for_this_run).then(|| proxy::exclusions(no_proxy, &Environment::default()));
    let no_proxy = proxy::exclusions(no_proxy, environment);

    let resolvers = reader.list(|layer| &layer.resolver, values::resolver);
    let resolvers = resolvers
        .first()
        .map(|first| first.origin.clone())
        .map(|origin| Sourced::new(resolvers.into_iter().map(|one| one.value).collect(), origin));
    let mut connect_to = reader.list(|layer| &layer.connect_to, values::connect_to);
    let loopback_only = reader.one(|layer| &layer.loopback_only, |said| Ok(said.text == "true"));

    let pem = |said: &Said| files::certificates(said, files);
    let roots = |said: &Said| pem(said).map(Roots::File);
    let trust = Trust {
        system: reader
            .one(|layer| &layer.trust_system, roots)
            .unwrap_or_else(|| roots_of_environment(&ground.system_roots, environment)),
        extra: reader.list(|layer| &layer.ca_file, pem),
        public: reader.one(|layer| &layer.trust_public, roots).unwrap_or_else(|| ground.public_roots.clone()),
    };
    let hosts_file = reader.one(|layer| &layer.hosts_file, |said| files::readable(said, files));
    let what_if = what_if::of(&connect_to, resolvers.as_ref(), hosts_file.as_ref(), &trust, &ground);
    connect_to.extend(ground.connect_to);

    let named = |said: &Said| selection::check_or_category(said, checks);
    let values_of = |list: Vec<Sourced<String>>| list.into_iter().map(|one| one.value).collect();
    let selection = Selection {
        only: values_of(reader.list(|layer| &layer.only, named)),
        skip: values_of(reader.list(|layer| &layer.skip, named)),
    };
    let deadline = reader.one(|layer| &layer.deadline, values::seconds).unwrap_or_else(|| seconds_of(30));
    let ghe_config = ghe_config::settle(&mut reader, files, input, deadline.value.0);
    let account = AccountPlan {
        invoiced: attestation::settle(&mut reader, files.now()),
        ghe_config: ghe_config.settings,
        ghe_config_unread: ghe_config.unread,
        echo: reader.list(|layer| &layer.echo, values::page),
        to_server: None,
    };
    let plan = Plan {
        product,
        targets,
        server: reader.one(|layer| &layer.server, values::server),
        enterprise: reader.one(|layer| &layer.enterprise, values::enterprise),
        proxy: proxies.used,
        other_proxies: proxies.others,
        no_proxy,
        resolvers: resolvers.unwrap_or(ground.resolvers),
        hosts_file: hosts_file.or(ground.hosts_file),
        trust,
        connect_to,
        loopback_only: loopback_only.map_or(ground.loopback_only, |said| said.value || ground.loopback_only),
        egress_ips: reader.list(|layer| &layer.egress_ip, values::egress),
        timeout: reader.one(|layer| &layer.timeout, values::seconds).unwrap_or_else(|| seconds_of(5)),
        deadline,
        selection,
        waivers: reader.list(|layer| &layer.waive, |said| selection::waiver(said, checks)),
        account,
        what_if,
        config,
    };
    let fail_on = reader.one(|layer| &layer.fail_on, |said| values::one_of(said, &FAIL_ON));
    let color = reader.one(|layer| &layer.color, |said| values::one_of(said, &COLOR));
    let outputs = reader.list(|layer| &layer.output, crate::output::parse);
    let outputs = crate::output::settle(outputs.into_iter().map(|output| output.value), &mut reader.errors);

    if reader.errors.is_empty() {
        let policy = Policy { fail_on_warn: fail_on.is_some_and(|fail_on| fail_on.value) };
        Ok(Settings { plan, policy, outputs, color: color.and_then(|color| color.value), adopts })
    } else {
        Err(reader.errors)
    }
}

/// What `--color` says, for commands that have no plan.
pub(crate) fn color(said: Option<&str>) -> Result<Option<bool>, UsageError> {
    let said = said.map(|text| Said { text: text.to_owned(), place: Place::Flag("--color") });
    said.map_or(Ok(None), |said| values::one_of(&said, &COLOR))
}

/// The subdomain of GHE.com and the further hosts that a layer names, as far as they make sense.
pub(crate) fn named_hosts(layer: &Layer) -> (Option<String>, Vec<String>) {
    let ghe_com = layer.ghe_com.as_ref().and_then(|said| values::subdomain(said).ok());
    let also = layer.also.iter().filter_map(|said| Some(values::host_and_port(said).ok()?.0));
    let features =
        layer.feature.iter().filter_map(|said| FEATURES.iter().find(|feature| feature.name == said.text));
    let needed = features.flat_map(|feature| feature.hosts).map(|host| (*host).to_owned());
    (ghe_com, also.chain(needed).collect())
}

/// What was said, in order of precedence, and what was wrong with it so far. A value that a nearer one hides is read, too:
/// it would be wrong tomorrow.
struct Reader<'a> {
    layers: [&'a Layer; 2],
    errors: Vec<UsageError>,
}

impl<'a> Reader<'a> {
    fn one<T>(
        &mut self,
        field: fn(&Layer) -> &Option<Said>,
        read: impl Fn(&Said) -> Result<T, UsageError>,
    ) -> Option<Sourced<T>> {
        let mut nearest = None;
        for said in self.layers.iter().filter_map(|layer| field(layer).as_ref()) {
            match read(said) {
                Ok(value) => nearest = nearest.or_else(|| Some(Sourced::new(value, said.origin()))),
                Err(error) => self.errors.push(error),
            }
        }
        nearest
    }

    fn list<T>(
        &mut self,
        field: fn(&Layer) -> &Vec<Said>,
        read: impl Fn(&Said) -> Result<T, UsageError>,
    ) -> Vec<Sourced<T>> {
        let mut nearest = Vec::new();
        for layer in self.layers {
            let mut list = Vec::new();
            for said in field(layer) {
                match read(said) {
                    Ok(value) => list.push(Sourced::new(value, said.origin())),
                    Err(error) => self.errors.push(error),
                }
            }
            if nearest.is_empty() {
                nearest = list;
            }
        }
        nearest
    }
}

/// The product's own hosts, then the others; none twice.
fn targets(product: &Product, further: impl Iterator<Item = (String, u16)>) -> Vec<Target> {
    let mut targets = product.targets();
    for (host, port) in further {
        if !targets.iter().any(|target| target.host == host && target.port == port) {
            targets.push(Target { host, port, role: Role::Also });
        }
    }
    targets
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` take the place of the machine's store, and of nothing else.
fn roots_of_environment(ground: &Sourced<Roots>, environment: &Environment) -> Sourced<Roots> {
    let [file, folders] = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| environment.text(name));
    let origin = match (file, folders) {
        (Some(_), Some(_)) => "SSL_CERT_FILE and SSL_CERT_DIR",
        (Some(_), None) => "SSL_CERT_FILE",
        (None, Some(_)) => "SSL_CERT_DIR",
        (None, None) => return ground.clone(),
    };
    if ground.value != Roots::System {
        return ground.clone();
    }
    let folders = folders.map(std::env::split_paths).into_iter().flatten();
    let folders = folders.filter(|folder| !folder.as_os_str().is_empty()).collect();
    Sourced::new(Roots::Environment { file: file.map(PathBuf::from), folders }, Origin::environment(origin))
}

fn seconds_of(seconds: u64) -> Sourced<Seconds> {
    Sourced::default(Seconds(std::time::Duration::from_secs(seconds)))
}

const FAIL_ON: [(&str, bool); 2] = [("fail", false), ("warn", true)];
const COLOR: [(&str, Option<bool>); 3] = [("auto", None), ("always", Some(true)), ("never", Some(false))];
