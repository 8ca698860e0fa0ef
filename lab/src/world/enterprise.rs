//! The enterprise account on GitHub Enterprise Cloud in world files.

use serde::Deserialize;

use super::when::When;

/// The enterprise account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Enterprise {
    /// The last part of its URL.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its id in the database.
    pub database_id: u32,
    /// When it was created.
    pub created: When,
    /// Whether the owner of the cloud's tokens is one of its owners.
    pub viewer_is_admin: bool,
    /// The OIDC provider, which can bring an IP allow list of its own (facts §4.2).
    pub oidc: bool,
    /// SAML single sign-on is set up.
    pub saml: bool,
    /// Its IP allow list.
    pub allow_list: AllowList,
    /// Its licences.
    pub billing: Billing,
    /// The servers that it knows.
    #[serde(rename = "installation")]
    pub installations: Vec<Installation>,
    /// The servers that synchronize their licences with it.
    pub license_sync: Vec<LicenseSync>,
    /// The statistics that servers have sent.
    pub statistics: Vec<Statistics>,
    /// The events of its audit log.
    pub audit_log: Vec<AuditEntry>,
    /// How several `action:` words in one search of the audit log are understood.
    pub audit_actions: AuditActions,
    /// What REST answers to a token without the scope: 403 or 404 (facts §6 has both).
    pub refusal_status: u16,
    /// After so many requests with bad credentials from one address, all are refused for a while.
    pub lockout_after: u32,
}

impl Default for Enterprise {
    fn default() -> Enterprise {
        Enterprise {
            slug: "acme".into(),
            name: "Acme Corp".into(),
            database_id: 4711,
            created: When::days_ago(900),
            viewer_is_admin: true,
            oidc: false,
            saml: false,
            allow_list: AllowList::default(),
            billing: Billing::default(),
            installations: Vec::new(),
            license_sync: Vec::new(),
            statistics: Vec::new(),
            audit_log: vec![
                AuditEntry::usual("ip_allow_list.enable", 41),
                AuditEntry::usual("ip_allow_list_entry.create", 42),
            ],
            audit_actions: AuditActions::All,
            refusal_status: 404,
            lockout_after: 10,
        }
    }
}

/// Several words of one kind in a search of the audit log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum AuditActions {
    /// An event must match all of them. No source says so, and who does not rely on the contrary is safe.
    All,
    /// An event must match one of them.
    Any,
}

/// The IP allow list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AllowList {
    /// It is switched on.
    pub enabled: bool,
    /// The addresses of installed GitHub Apps are taken from the apps.
    pub for_apps: bool,
    /// Its entries.
    pub entries: Vec<AllowEntry>,
    /// So many further entries, of addresses that nobody has.
    #[serde(deserialize_with = "bounded")]
    pub generated: u32,
    /// What it refuses while it is switched on.
    pub refuses: Refuses,
    /// How it says so.
    pub refusal: RefusalText,
}

impl Default for AllowList {
    fn default() -> AllowList {
        AllowList {
            enabled: true,
            for_apps: false,
            entries: vec![
                AllowEntry {
                    value: "203.0.113.0/28".into(),
                    name: Some("Corp egress".into()),
                    ..AllowEntry::default()
                },
                AllowEntry {
                    value: "2001:db8:7::/64".into(),
                    name: Some("Corp egress, IPv6".into()),
                    ..AllowEntry::default()
                },
            ],
            generated: 0,
            refuses: Refuses::Unlisted,
            refusal: RefusalText::Enterprise,
        }
    }
}

/// An entry of an allow list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AllowEntry {
    /// An address or a range, as somebody typed it.
    pub value: String,
    /// Its description.
    pub name: Option<String>,
    /// It counts.
    pub active: bool,
    /// It comes from a GitHub App, and counts for its installations only (facts §4.1).
    pub app: bool,
}

impl Default for AllowEntry {
    fn default() -> AllowEntry {
        AllowEntry { value: String::new(), name: None, active: true, app: false }
    }
}

/// What an allow list that is switched on refuses. How far a real one goes is an open question (facts §9.3).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Refuses {
    /// Every request for the enterprise from an address without an active entry.
    Unlisted,
    /// Of these only those over REST.
    UnlistedRest,
    /// Every request for the enterprise, entry or not (facts §8, 20).
    Everybody,
    /// Of these only those over REST.
    EverybodyOverRest,
    /// Nothing that the lab has.
    Nobody,
}

/// The wording of a refusal (facts §6). Each also exists with the caller's address.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalText {
    /// "… the `acme` enterprise has an IP allow list enabled, and your IP address is not permitted …"
    Enterprise,
    /// The same with the address in the place of "your IP address".
    EnterpriseWithAddress,
    /// "… the `acme` organization has …"
    Organization,
    /// With the address.
    OrganizationWithAddress,
}

/// The licences.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Billing {
    /// Bought.
    pub seats: u32,
    /// In use.
    pub seats_used: u32,
}

impl Default for Billing {
    fn default() -> Billing {
        Billing { seats: 600, seats_used: 412 }
    }
}

/// A server that the enterprise knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Installation {
    /// Its name.
    pub host_name: String,
    /// It is connected by GitHub Connect; otherwise somebody uploaded its licence usage.
    #[serde(default = "yes")]
    pub is_connected: bool,
    /// The customer of its licence.
    #[serde(default = "customer")]
    pub customer: String,
    /// When it became known.
    #[serde(default = "ten_days_ago")]
    pub created: When,
    /// When it was last heard of.
    #[serde(default = "a_day_ago")]
    pub updated: When,
}

/// A server's last licence synchronization.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LicenseSync {
    /// Its name.
    pub host_name: String,
    /// When.
    #[serde(default = "a_day_ago")]
    pub at: When,
    /// `success`, or not.
    #[serde(default = "success")]
    pub status: String,
    /// What went wrong.
    #[serde(default)]
    pub error: String,
}

/// A day's statistics of a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Statistics {
    /// Its name.
    pub host_name: String,
    /// Its version.
    #[serde(default = "usual_version")]
    pub version: String,
    /// When they were collected.
    #[serde(default = "a_day_ago")]
    pub at: When,
    /// The features of GitHub Connect that are on.
    #[serde(default)]
    pub features: Vec<String>,
}

/// An event of an audit log.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuditEntry {
    /// `business.create_trial`, say.
    pub action: String,
    /// When.
    pub at: When,
    /// Who.
    #[serde(default = "owner")]
    pub actor: String,
    /// From where, where the enterprise discloses it.
    pub actor_ip: Option<String>,
    /// Further fields, as the interface has them.
    #[serde(default)]
    pub fields: toml::Table,
}

impl AuditEntry {
    fn usual(action: &str, days_ago: i64) -> AuditEntry {
        AuditEntry {
            action: action.to_owned(),
            at: When::days_ago(days_ago),
            actor: owner(),
            actor_ip: None,
            fields: toml::Table::new(),
        }
    }
}

fn bounded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        count @ 0..=MAX_GENERATED => Ok(count),
        _ => Err(serde::de::Error::custom(format!("too many entries; allowed: at most {MAX_GENERATED}"))),
    }
}

fn yes() -> bool {
    true
}

fn customer() -> String {
    "Acme Corp".to_owned()
}

fn success() -> String {
    "success".to_owned()
}

fn usual_version() -> String {
    "3.19.1".to_owned()
}

fn owner() -> String {
    "octo-owner".to_owned()
}

fn a_day_ago() -> When {
    When::days_ago(1)
}

fn ten_days_ago() -> When {
    When::days_ago(10)
}

/// As many addresses as are free for it, and more than any allow list has.
const MAX_GENERATED: u32 = 100_000;
