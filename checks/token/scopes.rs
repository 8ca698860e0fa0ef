//! Which scopes a run needs, and which checks wait for each (facts §4.3).

use gh_connect_github::{Api, TokenKind};

/// A scope that a check cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) name: &'static str,
    /// What it opens.
    pub(super) opens: &'static str,
    /// The checks that ask for what it opens.
    pub(super) checks: &'static [&'static str],
    /// What becomes of them without it.
    pub(super) without: &'static str,
}

/// The scopes that an interface's token needs, the widest first. The Manage API has a password in place of a token.
pub(super) fn of(api: Api) -> &'static [Scope] {
    match api {
        Api::Cloud => &CLOUD,
        Api::Server => &SERVER,
        Api::Manage => &[],
    }
}

/// The checks that have nothing to judge while an interface has no good credential.
pub(super) fn waiting(api: Api) -> &'static [&'static str] {
    match api {
        Api::Cloud => &["enterprise", "owner", "egress", "allow-list", "billing", "connection"],
        Api::Server => &["owner", "connection"],
        Api::Manage => &["server", "nodes"],
    }
}

/// What to tick when a classic token is made: all that a run can need. `admin:enterprise` holds `read:enterprise`.
pub(super) fn to_grant(api: Api) -> &'static [&'static str] {
    match api {
        Api::Cloud => &[ADMIN, AUDIT_LOG],
        Api::Server => &[SITE_ADMIN, READ, AUDIT_LOG],
        Api::Manage => &[],
    }
}

/// Whether a token of this kind can be given scopes afterwards.
pub(super) fn can_be_given(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Classic | TokenKind::Other)
}

pub(super) const ADMIN: &str = "admin:enterprise";
pub(super) const READ: &str = "read:enterprise";
pub(super) const AUDIT_LOG: &str = "read:audit_log";
pub(super) const SITE_ADMIN: &str = "site_admin";

const CLOUD: [Scope; 3] = [
    Scope {
        name: ADMIN,
        opens: "the entries of the IP allow list",
        checks: &["allow-list"],
        without: "allow-list waits for it",
    },
    Scope {
        name: READ,
        opens: "the enterprise account",
        checks: &["enterprise", "owner", "egress", "allow-list", "billing", "connection"],
        without: "enterprise, owner, egress, allow-list, billing and connection wait for it",
    },
    Scope {
        name: AUDIT_LOG,
        opens: "the enterprise account's audit log",
        checks: &["egress", "billing"],
        without: "billing waits for it, and egress has one source less",
    },
];

const SERVER: [Scope; 3] = [
    Scope {
        name: SITE_ADMIN,
        opens: "what only site administrators are told, the server's licence for instance",
        checks: &["server"],
        without: "without it there is only the Manage API's word",
    },
    Scope {
        name: READ,
        opens: "the name of the server's own enterprise, by which its audit log is asked",
        checks: &["connection"],
        without: "connection waits for it",
    },
    Scope {
        name: AUDIT_LOG,
        opens: "the server's own audit log, which tells of its connections",
        checks: &["connection"],
        without: "connection waits for it",
    },
];
