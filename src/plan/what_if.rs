//! What was set in place of the server's own way: a run with any of it is about another way, and says so.

use std::path::PathBuf;

use gh_connect_engine::{ConnectTo, Roots, Sourced, Trust, WhatIf, shown};

/// All that the settings alone tell, in the order of the manual. What a lab world stands on is the server's own way there:
/// `ground` is what holds where nothing is set.
pub(super) fn of(
    connect_to: &[Sourced<ConnectTo>],
    resolvers: Option<&Sourced<Vec<std::net::SocketAddr>>>,
    hosts_file: Option<&Sourced<PathBuf>>,
    trust: &Trust,
    ground: &super::Ground,
) -> Vec<WhatIf> {
    let rules = WhatIf::of_rules(connect_to);
    let resolver = resolvers.map(|servers| {
        let list: Vec<String> = servers.value.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        let more = match servers.value.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!("the name servers are {}{more}, in place of the system's", list.join(", "));
        WhatIf::new("resolver", text, &servers.origin)
    });
    let hosts_file = hosts_file.map(|path| {
        let text = format!("{} is read in place of the system's hosts file", file(&path.value));
        WhatIf::new("hosts-file", text, &path.origin)
    });
    let system = replaced(&trust.system, &ground.system_roots).map(|roots| {
        let text = format!("the trusted roots are {roots}, in place of the system's store");
        WhatIf::new("trust-system", text, &trust.system.origin)
    });
    let extra = trust.extra.iter().map(|path| {
        let text = format!("the roots of {} are trusted besides the system's store", file(&path.value));
        WhatIf::new("ca-file", text, &path.origin)
    });
    let public = replaced(&trust.public, &ground.public_roots).map(|roots| {
        let text = format!("{roots} take the place of the public roots");
        WhatIf::new("trust-public", text, &trust.public.origin)
    });
    let settings = [rules, resolver, hosts_file, system].into_iter().flatten();
    settings.chain(extra).chain(public).collect()
}

/// The roots that were set in place of the ground's own.
fn replaced(set: &Sourced<Roots>, ground: &Sourced<Roots>) -> Option<String> {
    (set != ground).then(|| match &set.value {
        Roots::System => "those of this machine's store".to_owned(),
        Roots::Mozilla => "those of Mozilla's list".to_owned(),
        Roots::File(path) => format!("those of {}", file(path)),
        Roots::Environment { file: named, folders } => {
            let all: Vec<String> =
                named.iter().chain(folders).take(MOST_NAMED).map(|path| file(path)).collect();
            format!("those of {}", all.join(", "))
        }
    })
}

fn file(path: &std::path::Path) -> String {
    shown(&path.display().to_string(), 200)
}

const MOST_NAMED: usize = 3;
