//! Features of GitHub Connect and the hosts that they need beyond the connection itself (facts §1.6).

/// A feature of GitHub Connect.
#[derive(Debug)]
pub(crate) struct Feature {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// One line on what is added.
    pub(crate) help: &'static str,
    /// Hosts beyond the three of the connection.
    pub(crate) hosts: &'static [&'static str],
    /// Whether it also exists when the target is GHE.com.
    pub(crate) on_ghe_com: bool,
}

/// All that GitHub's documentation names. Those without hosts of their own can be said, too: nobody should have to know
/// that they need nothing more.
pub(crate) const FEATURES: &[Feature] = &[
    Feature {
        name: "actions",
        help: "actions from GitHub.com: codeload.github.com, pkg.actions.githubusercontent.com, ghcr.io",
        hosts: &["codeload.github.com", "pkg.actions.githubusercontent.com", "ghcr.io"],
        on_ghe_com: false,
    },
    Feature {
        name: "dependabot-updates",
        help: "the runners of Dependabot: ghcr.io",
        hosts: &["ghcr.io"],
        on_ghe_com: true,
    },
    Feature { name: "dependabot-alerts", help: NOTHING_MORE, hosts: &[], on_ghe_com: true },
    Feature { name: "license-sync", help: NOTHING_MORE, hosts: &[], on_ghe_com: true },
    Feature { name: "server-statistics", help: NOTHING_MORE, hosts: &[], on_ghe_com: false },
    Feature { name: "unified-search", help: NOTHING_MORE, hosts: &[], on_ghe_com: true },
    Feature { name: "unified-contributions", help: NOTHING_MORE, hosts: &[], on_ghe_com: true },
];

const NOTHING_MORE: &str = "needs no host beyond those of the connection";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_help_promises_is_what_is_added() {
        for feature in FEATURES {
            for host in feature.hosts {
                assert!(feature.help.contains(host), "{} does not mention {host}", feature.name);
            }
        }
    }
}
