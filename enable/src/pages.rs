//! What is assumed of the pages, one row for each assumption. Nobody on this project has seen a real page: a miss ends in a
//! hand-over that names the row, so that the first user can report which row is wrong.

use serde::Serialize;

/// One of the two sites of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The GitHub Enterprise Server.
    Server,
    /// GitHub.com or SUBDOMAIN.ghe.com.
    Cloud,
}

/// How well an assumption is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// GitHub's documentation says so.
    Documented,
    /// One person's public report says so.
    Reported,
    /// It follows from one of these.
    Inferred,
}

/// An assumption about a page.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name, for messages and for `--save-steps`.
    pub id: &'static str,
    /// On which side.
    pub side: Side,
    /// The page's path. `SERVER_SLUG` and `SLUG` stand for the server's own enterprise account and the one on the cloud; empty for any page.
    pub path: &'static str,
    /// The ARIA role of the element; empty where the row is about the page itself.
    pub role: &'static str,
    /// Its accessible name, or a part of its text, in which `HOST` stands for the server.
    pub name: &'static str,
    /// How well it is founded.
    pub ground: Ground,
    /// Where it comes from.
    pub source: &'static str,
}

/// The page on the server that shows whether GitHub Connect is enabled.
pub const SETTINGS: &Row = &Row {
    id: "server-settings",
    side: Side::Server,
    path: "/enterprises/SERVER_SLUG/settings/dotcom_connection",
    role: "",
    name: "",
    ground: Ground::Reported,
    source: "public report of a connection of GHES 3.18, step 5.4",
};

/// The button that begins the flow.
pub const ENABLE: &Row = &Row {
    id: "enable-button",
    side: Side::Server,
    path: SETTINGS.path,
    role: "button",
    name: "Enable GitHub Connect",
    ground: Ground::Documented,
    source: "GitHub docs, Enabling GitHub Connect for GitHub.com",
};

/// The button that resumes a flow that was left half-way.
pub const COMPLETE: &Row = &Row {
    id: "complete-button",
    side: Side::Server,
    path: SETTINGS.path,
    role: "button",
    name: "Complete your GitHub Connect setup",
    ground: Ground::Reported,
    source: "public report of a connection of GHES 3.18, step 5.6",
};

/// The button that only a connected server shows.
pub const DISABLE: &Row = &Row {
    id: "disable-button",
    side: Side::Server,
    path: SETTINGS.path,
    role: "button",
    name: "Disable GitHub Connect",
    ground: Ground::Documented,
    source: "GitHub docs, Disabling GitHub Connect",
};

/// The page on the cloud where an enterprise account is chosen.
pub const SELECTION: &Row = &Row {
    id: "cloud-selection",
    side: Side::Cloud,
    path: "/enterprise_installations/new",
    role: "",
    name: "",
    ground: Ground::Reported,
    source: "public report of a connection to GHE.com, step 5.6; that github.com has the same path is inferred",
};

/// The button beside each enterprise account there.
pub const CONNECT: &Row = &Row {
    id: "connect-button",
    side: Side::Cloud,
    path: SELECTION.path,
    role: "button",
    name: "Connect",
    ground: Ground::Documented,
    source: "GitHub docs, Enabling GitHub Connect for GitHub.com",
};

/// The server that the page names, where it names one.
pub const SELECTION_SERVER: &Row = &Row {
    id: "selection-server",
    side: Side::Cloud,
    path: SELECTION.path,
    role: "text",
    name: "HOST",
    ground: Ground::Inferred,
    source: "a page that names the server whose setup it goes on with names that one; one that names none is accepted",
};

/// Where the cloud sends the browser back to.
pub const RETURN: &Row = &Row {
    id: "server-return",
    side: Side::Server,
    path: "/admin/dotcom_connection/change_complete",
    role: "",
    name: "",
    ground: Ground::Reported,
    source: "public report of a connection of GHES 3.18, step 5.6",
};

/// The text of a setup that was not completed in time.
pub const NOT_COMPLETED: &Row = &Row {
    id: "not-completed",
    side: Side::Server,
    path: SETTINGS.path,
    role: "text",
    name: "You have not completed the setup process",
    ground: Ground::Reported,
    source: "public report of a connection of GHES 3.18, step 5.6",
};

/// The text that refuses a second connection of the same host.
pub const ALREADY_EXISTS: &Row = &Row {
    id: "already-exists",
    side: Side::Cloud,
    path: "",
    role: "text",
    name: "A connection for HOST already exists",
    ground: Ground::Reported,
    source: "public report of a connection of GHES 3.18, step 5.6",
};

/// The page that asks for a password, on either side.
pub const SIGN_IN: &Row = &Row {
    id: "sign-in",
    side: Side::Server,
    path: "/login",
    role: "",
    name: "",
    ground: Ground::Inferred,
    source: "public pages of github.com, which the server shares",
};

/// Who is signed in, in the header of every page.
pub const ACCOUNT: &Row = &Row {
    id: "signed-in",
    side: Side::Server,
    path: "",
    role: "image",
    name: "@LOGIN",
    ground: Ground::Inferred,
    source: "public pages of github.com, whose header has the avatar of who is signed in",
};

/// All of them, in the order of the flow.
pub const ALL: &[&Row] = &[
    SIGN_IN,
    ACCOUNT,
    SETTINGS,
    ENABLE,
    SELECTION,
    SELECTION_SERVER,
    CONNECT,
    ALREADY_EXISTS,
    RETURN,
    NOT_COMPLETED,
    COMPLETE,
    DISABLE,
];

impl Row {
    /// The path with both slugs filled in.
    pub fn path_for(&self, server_slug: &str, slug: &str) -> String {
        self.path.replace("SERVER_SLUG", server_slug).replace("SLUG", slug)
    }
}

impl Ground {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Reported => "reported once",
            Self::Inferred => "inferred",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_an_id_of_its_own_and_a_source() {
        for (at, row) in ALL.iter().enumerate() {
            assert!(!row.source.is_empty() && (row.role.is_empty() == row.name.is_empty()), "{}", row.id);
            assert!(ALL[..at].iter().all(|other| other.id != row.id), "{}", row.id);
        }
    }

    #[test]
    fn slugs_are_filled_in() {
        assert_eq!(SETTINGS.path_for("corp", "acme"), "/enterprises/corp/settings/dotcom_connection");
    }
}
