//! What the fields are: the world, seen through the schema, from the cloud or from the server.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::connection::{Connection, cursor_at};
use crate::clock;
use crate::server::api::rate_limit::Budget;
use crate::server::api::{Call, account_id, node_id};
use crate::server::cloud::{addresses, barrier, refusal};
use crate::world::{Installation, Side, Token, When};

/// An object of the schema.
#[derive(Clone)]
pub(super) enum Object {
    Query,
    Viewer,
    RateLimit,
    /// The account of the side that is asked.
    Enterprise,
    Enterprises(Connection),
    EnterpriseEdge(usize),
    BillingInfo,
    OwnerInfo,
    Oidc,
    Saml,
    Entries(Connection),
    /// By its index in the list, and its position among the entries.
    EntryEdge(usize, usize),
    Entry(usize),
    /// The owner of an entry that came with an app.
    App,
    Installations(Connection),
    /// By its index in the list, and its position among the installations.
    InstallationEdge(usize, usize),
    Installation(usize),
    PageInfo(Connection),
}

/// The value of a field.
pub(super) enum Resolved {
    Leaf(Value),
    Object(Object),
    List(Vec<Object>),
}

/// Looks at the world on behalf of a token.
pub(super) struct Resolver<'a> {
    call: Call<'a>,
    token: &'a Token,
    budget: Option<Budget>,
    /// The installations that the account knows when the document comes.
    installations: Vec<Installation>,
}

impl Object {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Object::Query => "Query",
            Object::Viewer => "User",
            Object::RateLimit => "RateLimit",
            Object::Enterprise => "Enterprise",
            Object::Enterprises(_) => "EnterpriseConnection",
            Object::EnterpriseEdge(_) => "EnterpriseEdge",
            Object::BillingInfo => "EnterpriseBillingInfo",
            Object::OwnerInfo => "EnterpriseOwnerInfo",
            Object::Oidc => "OIDCProvider",
            Object::Saml => "EnterpriseIdentityProvider",
            Object::Entries(_) => "IpAllowListEntryConnection",
            Object::EntryEdge(..) => "IpAllowListEntryEdge",
            Object::Entry(_) => "IpAllowListEntry",
            Object::App => "App",
            Object::Installations(_) => "EnterpriseServerInstallationConnection",
            Object::InstallationEdge(..) => "EnterpriseServerInstallationEdge",
            Object::Installation(_) => "EnterpriseServerInstallation",
            Object::PageInfo(_) => "PageInfo",
        }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(call: &Call<'a>, token: &'a Token, budget: Option<Budget>) -> Resolver<'a> {
        let scene = call.scene;
        let installations = scene.web.installations(&scene.world.enterprise.slug);
        Resolver { call: *call, token, budget, installations }
    }

    /// The value of a field, or the error that takes its place.
    pub(super) fn resolve(
        &self,
        object: &Object,
        field: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Resolved, Value> {
        let leaf = |value: Value| Ok(Resolved::Leaf(value));
        match object {
            Object::Query => self.query(field, arguments),
            Object::Viewer if field == "enterprises" => self.enterprises(arguments),
            Object::Viewer => leaf(self.viewer(field)),
            Object::RateLimit => leaf(self.budget.map_or(Value::Null, |budget| rate_limit(budget, field))),
            Object::Enterprise => Ok(match self.token.side {
                Side::Cloud => self.enterprise(field),
                Side::Server => Resolved::Leaf(self.enterprise_of_the_server(field)),
            }),
            Object::Enterprises(page) => Ok(self.page(page, field, |index, _| match field {
                "edges" => Object::EnterpriseEdge(index),
                _ => Object::Enterprise,
            })),
            Object::EnterpriseEdge(index) => Ok(match field {
                "cursor" => Resolved::Leaf(json!(cursor_at(*index))),
                _ => Resolved::Object(Object::Enterprise),
            }),
            Object::BillingInfo => leaf(self.billing_info(field)),
            Object::OwnerInfo => self.owner_info(field, arguments),
            Object::Oidc | Object::Saml if field == "enterprise" => Ok(Resolved::Object(Object::Enterprise)),
            Object::Oidc => leaf(match field {
                "providerType" => json!("AAD"),
                "tenantId" => json!("8c1f0a52-0000-4000-8000-6c6162000001"),
                _ => json!(node_id("O_lab")),
            }),
            Object::Saml => leaf(match field {
                "issuer" => json!("https://login.corp.example/saml"),
                "ssoUrl" => json!("https://login.corp.example/saml/sso"),
                _ => json!(node_id("S_lab")),
            }),
            Object::App => leaf(match field {
                "databaseId" => json!(91_015),
                "id" => json!(node_id("A_91015")),
                "url" => json!("https://github.com/apps/some-app"),
                "slug" => json!("some-app"),
                _ => json!("Some app"),
            }),
            Object::PageInfo(page) => leaf(page.page_info(field)),
            Object::Entries(page) => Ok(self.page(page, field, |index, position| match field {
                "edges" => Object::EntryEdge(index, position),
                _ => Object::Entry(position),
            })),
            Object::EntryEdge(index, position) => Ok(match field {
                "cursor" => Resolved::Leaf(json!(cursor_at(*index))),
                _ => Resolved::Object(Object::Entry(*position)),
            }),
            Object::Entry(position) => Ok(self.entry(*position, field)),
            Object::Installations(page) => Ok(self.page(page, field, |index, position| match field {
                "edges" => Object::InstallationEdge(index, position),
                _ => Object::Installation(position),
            })),
            Object::InstallationEdge(index, position) => Ok(match field {
                "cursor" => Resolved::Leaf(json!(cursor_at(*index))),
                _ => Resolved::Object(Object::Installation(*position)),
            }),
            Object::Installation(position) => leaf(self.installation(*position, field)),
        }
    }

    fn query(&self, field: &str, arguments: &Map<String, Value>) -> Result<Resolved, Value> {
        match field {
            "viewer" => Ok(Resolved::Object(Object::Viewer)),
            // Where nothing is limited there is nothing to tell.
            "rateLimit" => Ok(match self.budget {
                Some(_) => Resolved::Object(Object::RateLimit),
                None => Resolved::Leaf(Value::Null),
            }),
            _ => {
                let slug = arguments.get("slug").and_then(Value::as_str).unwrap_or_default();
                if !slug.eq_ignore_ascii_case(self.slug()) {
                    let message = format!("Could not resolve to a Business with the URL slug of '{slug}'.");
                    return Err(json!({ "type": "NOT_FOUND", "message": message }));
                }
                match barrier(&self.call, self.token, false).filter(|_| self.token.side == Side::Cloud) {
                    Some(barrier) => Err(refusal::over_graphql(&self.call, barrier)),
                    None => Ok(Resolved::Object(Object::Enterprise)),
                }
            }
        }
    }

    /// The slug of the account of this side.
    fn slug(&self) -> &'a str {
        match self.token.side {
            Side::Cloud => &self.call.scene.world.enterprise.slug,
            Side::Server => &self.call.scene.world.server.enterprise,
        }
    }

    fn viewer(&self, field: &str) -> Value {
        let login = &self.token.user;
        let world = &self.call.scene.world;
        let on_server = self.token.side == Side::Server;
        match field {
            "createdAt" => json!("2021-03-04T05:06:07Z"),
            "databaseId" => json!(account_id(login)),
            "id" => json!(node_id(&format!("04:User{}", account_id(login)))),
            "isSiteAdmin" => json!(on_server && world.server.site_admin),
            "login" => json!(login),
            "url" if on_server => json!(format!("https://{}/{login}", world.server.host)),
            "url" => json!(format!("{}/{login}", addresses(self.call.scene).0)),
            _ => Value::Null,
        }
    }

    /// The accounts that a person belongs to: that of this side, unless something stands before it.
    fn enterprises(&self, arguments: &Map<String, Value>) -> Result<Resolved, Value> {
        let world = &self.call.scene.world;
        let admin_only = arguments.get("membershipType").and_then(Value::as_str) == Some("ADMIN");
        let is_there = match self.token.side {
            Side::Cloud => {
                barrier(&self.call, self.token, false).is_none()
                    && (world.enterprise.viewer_is_admin || !admin_only)
            }
            Side::Server => world.server.site_admin || !admin_only,
        };
        let order = (0..usize::from(is_there)).collect();
        Ok(Resolved::Object(Object::Enterprises(Connection::new("enterprises", order, arguments)?)))
    }

    /// What only owners see is null for everybody else.
    fn enterprise(&self, field: &str) -> Resolved {
        let enterprise = &self.call.scene.world.enterprise;
        let path = format!("/enterprises/{}", enterprise.slug);
        Resolved::Leaf(match field {
            "ownerInfo" if enterprise.viewer_is_admin => return Resolved::Object(Object::OwnerInfo),
            "billingInfo" if enterprise.viewer_is_admin => return Resolved::Object(Object::BillingInfo),
            "avatarUrl" => {
                json!(format!("https://avatars.githubusercontent.com/b/{}?v=4", enterprise.database_id))
            }
            "billingEmail" if enterprise.viewer_is_admin => json!("billing@corp.example"),
            "createdAt" => json!(enterprise.created.rfc3339()),
            "databaseId" => json!(enterprise.database_id),
            "id" => json!(node_id(&format!("E_{}", enterprise.database_id))),
            "name" => json!(enterprise.name),
            "resourcePath" => json!(path),
            "slug" => json!(enterprise.slug),
            "updatedAt" => json!(clock::rfc3339(When::days_ago(1).moment())),
            "url" => json!(format!("{}{path}", addresses(self.call.scene).0)),
            "viewerIsAdmin" => json!(enterprise.viewer_is_admin),
            _ => Value::Null,
        })
    }

    /// The server's own account, of which only the name matters.
    fn enterprise_of_the_server(&self, field: &str) -> Value {
        let server = &self.call.scene.world.server;
        let path = format!("/enterprises/{}", server.enterprise);
        let web = format!("https://{}", server.host);
        match field {
            "avatarUrl" => json!(format!("{web}/avatars/b/1")),
            "createdAt" | "updatedAt" => json!(When::days_ago(1200).rfc3339()),
            "databaseId" => json!(1),
            "id" => json!(node_id("E_1")),
            "name" => json!(server.license.company),
            "resourcePath" => json!(path),
            "slug" => json!(server.enterprise),
            "url" => json!(format!("{web}{path}")),
            "viewerIsAdmin" => json!(server.site_admin),
            _ => Value::Null,
        }
    }

    fn billing_info(&self, field: &str) -> Value {
        let billing = &self.call.scene.world.enterprise.billing;
        match field {
            "allLicensableUsersCount" => json!(billing.seats_used),
            "totalAvailableLicenses" => json!(i64::from(billing.seats) - i64::from(billing.seats_used)),
            "totalLicenses" => json!(billing.seats),
            "bandwidthQuota" | "storageQuota" => json!(250.0),
            "bandwidthUsage" | "storageUsage" => json!(0.0),
            _ => json!(0),
        }
    }

    fn owner_info(&self, field: &str, arguments: &Map<String, Value>) -> Result<Resolved, Value> {
        let enterprise = &self.call.scene.world.enterprise;
        let setting = |on: bool| Resolved::Leaf(json!(if on { "ENABLED" } else { "DISABLED" }));
        let null_unless = |there: bool, object: Object| match there {
            true => Resolved::Object(object),
            false => Resolved::Leaf(Value::Null),
        };
        Ok(match field {
            "ipAllowListEnabledSetting" => setting(enterprise.allow_list.enabled),
            "ipAllowListForInstalledAppsEnabledSetting" => setting(enterprise.allow_list.for_apps),
            "oidcProvider" => null_unless(enterprise.oidc, Object::Oidc),
            "samlIdentityProvider" => null_unless(enterprise.saml, Object::Saml),
            "ipAllowListEntries" => {
                let order = self.order_of_entries(arguments);
                Resolved::Object(Object::Entries(Connection::new(field, order, arguments)?))
            }
            _ => {
                let order = self.order_of_installations(arguments);
                Resolved::Object(Object::Installations(Connection::new(field, order, arguments)?))
            }
        })
    }

    fn order_of_entries(&self, arguments: &Map<String, Value>) -> Arc<[usize]> {
        let list = &self.call.scene.allow_list;
        let (field, descending) = wanted_order(arguments);
        let by_value = list.by_value();
        match (field, descending) {
            ("CREATED_AT", false) => (0..list.count()).collect(),
            ("CREATED_AT", true) => (0..list.count()).rev().collect(),
            (_, false) => by_value,
            (_, true) => by_value.iter().rev().copied().collect(),
        }
    }

    fn order_of_installations(&self, arguments: &Map<String, Value>) -> Arc<[usize]> {
        let all = &self.installations;
        let connected_only = arguments.get("connectedOnly") == Some(&Value::Bool(true));
        let (field, descending) = wanted_order(arguments);
        let mut order: Vec<usize> =
            (0..all.len()).filter(|&at| !connected_only || all[at].is_connected).collect();
        order.sort_by_cached_key(|&at| match field {
            "CREATED_AT" => all[at].created.rfc3339(),
            "CUSTOMER_NAME" => all[at].customer.clone(),
            _ => all[at].host_name.clone(),
        });
        if descending {
            order.reverse();
        }
        order.into()
    }

    fn page(&self, page: &Connection, field: &str, item: impl Fn(usize, usize) -> Object) -> Resolved {
        match field {
            "totalCount" => Resolved::Leaf(json!(page.order.len())),
            "pageInfo" => Resolved::Object(Object::PageInfo(page.clone())),
            _ => Resolved::List(page.range.clone().map(|index| item(index, page.order[index])).collect()),
        }
    }

    fn installation(&self, position: usize, field: &str) -> Value {
        let installation = &self.installations[position];
        match field {
            "createdAt" => json!(installation.created.rfc3339()),
            "customerName" => json!(installation.customer),
            "hostName" => json!(installation.host_name),
            // Two may have one name.
            "id" => json!(node_id(&format!("ESI_{position}"))),
            "isConnected" => json!(installation.is_connected),
            _ => json!(installation.updated.rfc3339()),
        }
    }

    fn entry(&self, position: usize, field: &str) -> Resolved {
        let entry = self.call.scene.allow_list.entry(position);
        Resolved::Leaf(match field {
            "owner" if entry.app => return Resolved::Object(Object::App),
            "owner" => return Resolved::Object(Object::Enterprise),
            "allowListValue" => json!(entry.value),
            "id" => json!(node_id(&format!("IALE_{position}"))),
            "isActive" => json!(entry.active),
            "name" => json!(entry.name),
            _ => json!(When::days_ago(40).rfc3339()),
        })
    }
}

fn rate_limit(budget: Budget, field: &str) -> Value {
    match field {
        "cost" => json!(1),
        "limit" => json!(budget.limit()),
        "nodeCount" => json!(0),
        "remaining" => json!(budget.limit() - budget.used()),
        "used" => json!(budget.used()),
        _ => json!(When::FromNow(time::Duration::hours(1)).rfc3339()),
    }
}

/// The field that a list is ordered by, and whether backwards. The schema has the defaults.
fn wanted_order(arguments: &Map<String, Value>) -> (&str, bool) {
    let order = arguments.get("orderBy");
    let word = |key: &str| order.and_then(|order| order.get(key)).and_then(Value::as_str).unwrap_or_default();
    (word("field"), word("direction") == "DESC")
}
