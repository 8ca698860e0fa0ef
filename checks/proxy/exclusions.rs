//! How an exclusion list is read, and by whom.

use gh_connect_engine::{Dialect, NoProxy};
use serde::Serialize;

/// Which entry sends a host around the proxy, for each who reads the list; `None` for none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reading<'a> {
    host: String,
    ghes: Option<&'a str>,
    curl: Option<&'a str>,
    go: Option<&'a str>,
    python: Option<&'a str>,
    node: Option<&'a str>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(list: &'a NoProxy, host: &str, port: u16) -> Self {
        let by = |dialect| list.matched(dialect, host, port);
        Self {
            host: host.to_owned(),
            ghes: by(Dialect::Ghes),
            curl: by(Dialect::Curl),
            go: by(Dialect::Go),
            python: by(Dialect::Python),
            node: by(Dialect::Node),
        }
    }

    /// The entry by which the server itself goes around the proxy.
    pub(super) fn by_ghes(&self) -> Option<&'a str> {
        self.ghes
    }

    /// Whether one goes around the proxy where another goes through it.
    pub(super) fn is_disputed(&self) -> bool {
        let around = self.all().map(|(_, entry)| entry.is_some());
        around.contains(&true) && around.contains(&false)
    }

    /// Who goes around the proxy, and who goes through it.
    pub(super) fn sides(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let (around, through): (Vec<_>, Vec<_>) =
            self.all().into_iter().partition(|(_, entry)| entry.is_some());
        let names =
            |side: Vec<(Dialect, Option<&str>)>| side.iter().map(|(dialect, _)| dialect.name()).collect();
        (names(around), names(through))
    }

    /// The entries by which anybody goes around the proxy.
    pub(super) fn entries(&self) -> impl Iterator<Item = &'a str> {
        self.all().into_iter().filter_map(|(_, entry)| entry).filter(|entry| *entry != NoProxy::ALWAYS)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    fn all(&self) -> [(Dialect, Option<&'a str>); 5] {
        [
            (Dialect::Ghes, self.ghes),
            (Dialect::Curl, self.curl),
            (Dialect::Go, self.go),
            (Dialect::Python, self.python),
            (Dialect::Node, self.node),
        ]
    }
}
