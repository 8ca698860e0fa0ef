//! What the machine must have: programs nobody here wrote, and the Debian packages that hold them.

use std::path::PathBuf;

/// A program and the Debian package that holds it.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// Its name, or its path where it is outside the usual folders.
    pub program: &'static str,
    /// The package.
    pub package: &'static str,
}

impl Requirement {
    /// Where it is, when it is there.
    pub fn found(&self) -> Option<PathBuf> {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]
            .iter()
            .map(|folder| PathBuf::from(folder).join(self.program))
            .find(|path| path.exists())
    }
}

/// What of `wanted` is missing, as the packages to install.
pub fn missing(wanted: &[Requirement]) -> Vec<&'static str> {
    wanted.iter().filter(|requirement| requirement.found().is_none()).map(|missing| missing.package).collect()
}

/// What the tests against real servers take.
pub const FOR_TESTS: &[Requirement] = &[
    Requirement { program: "ip", package: "iproute2" },
    Requirement { program: "nft", package: "nftables" },
    Requirement { program: "curl", package: "curl" },
    Requirement { program: "openssl", package: "openssl" },
    Requirement { program: "named", package: "bind9" },
    Requirement { program: "nginx", package: "nginx-light" },
    Requirement { program: "squid", package: "squid-openssl" },
    Requirement { program: "/usr/lib/squid/security_file_certgen", package: "squid-openssl" },
    Requirement { program: "tinyproxy", package: "tinyproxy" },
    Requirement { program: "faketime", package: "faketime" },
    Requirement { program: "gh", package: "gh" },
    Requirement { program: "chromium", package: "chromium" },
    Requirement { program: "chromedriver", package: "chromium-driver" },
    Requirement { program: "firefox-esr", package: "firefox-esr" },
    Requirement { program: "Xvfb", package: "xvfb" },
];

/// What the benchmark takes beside that.
pub const FOR_BENCH: &[Requirement] = &[
    Requirement { program: "/usr/lib/nagios/plugins/check_http", package: "monitoring-plugins-basic" },
    Requirement { program: "/usr/lib/nagios/plugins/check_curl", package: "monitoring-plugins-standard" },
    // Only recommended by the package, and check_curl does not start without it.
    Requirement { program: "/usr/lib/x86_64-linux-gnu/liburiparser.so.1", package: "liburiparser1" },
    Requirement { program: "prometheus-blackbox-exporter", package: "prometheus-blackbox-exporter" },
];

/// Holds mitmdump; it is on PyPI only.
pub const MITMPROXY: &str = "mitmproxy==11.0.2";

/// The release of geckodriver, which is on crates.io and in no package of Debian's stable release.
pub const GECKODRIVER: &str = "0.36.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_by_its_package() {
        let wanted = [
            Requirement { program: "sh", package: "dash" },
            Requirement { program: "no-such-program", package: "no-such-package" },
        ];
        assert_eq!(missing(&wanted), ["no-such-package"]);
    }
}
