//! The Manage API, `https://HOST:8443/manage/v1/…` (facts §3.3). Its settings hold secrets, as the real ones do.

use serde_json::{Value, json};

use super::from_server;
use crate::clock;
use crate::http1::Reply;
use crate::server::api::caller::basic;
use crate::server::api::{Call, account_id, json_reply};
use crate::world::{Health, LicenseStatus, Maintenance, Node, Server};

/// What port 8443 answers.
pub(crate) fn reply(call: &Call<'_>) -> Reply {
    let server = &call.scene.world.server;
    if server.not_ghes {
        return super::something_else(call.request.path());
    }
    from_server(match &call.segments()[..] {
        ["manage", "v1", path @ ..] if is_admitted(call, server) => answer(call, server, path),
        ["manage", "v1", ..] => Reply::new(401)
            .with("WWW-Authenticate", "Basic realm=\"Management Console\"")
            .with_body("text/plain; charset=utf-8", "Unauthorized\n"),
        ["" | "setup"] => Reply::new(302).with("Location", "/setup/unlock"),
        _ => not_found(),
    })
}

fn is_admitted(call: &Call<'_>, server: &Server) -> bool {
    let given = call.request.header("authorization").and_then(basic);
    given.is_some_and(|(user, password)| user == server.manage.user && password == server.manage.password)
}

fn answer(call: &Call<'_>, server: &Server, path: &[&str]) -> Reply {
    if !matches!(call.request.method.as_str(), "GET" | "HEAD") {
        return not_found();
    }
    // The published examples have an array where the schema has an object.
    let maybe_array = |object: Value| if server.manage.arrays { json!([object]) } else { object };
    let body = match path {
        ["version"] => version(server),
        ["config", "license"] => maybe_array(license(server)),
        ["config", "license", "check"] => maybe_array(json!({ "status": license_status(server) })),
        ["config", "settings"] => settings(server),
        ["config", "nodes"] => nodes(server),
        ["replication", "status"] => health(server, "git"),
        ["cluster", "status"] => health(server, "git-replication"),
        ["maintenance"] => maintenance(server),
        _ => return not_found(),
    };
    json_reply(200, &body)
}

fn not_found() -> Reply {
    Reply::new(404).with_body("text/plain; charset=utf-8", "404 page not found\n")
}

/// A node with its name.
fn named(server: &Server) -> Vec<(String, Node)> {
    let alone = [Node::default()];
    let nodes = if server.nodes.is_empty() { &alone[..] } else { &server.nodes[..] };
    let name = |(index, node): (usize, &Node)| match node.host_name.as_str() {
        "" => (format!("ghes-{}", index + 1), node.clone()),
        name => (name.to_owned(), node.clone()),
    };
    nodes.iter().enumerate().map(name).collect()
}

fn version(server: &Server) -> Value {
    let node = |(name, node): &(String, Node)| {
        json!({
            "hostname": name,
            "version": {
                "version": node.version.as_ref().unwrap_or(&server.version),
                "platform": "kvm",
                "build_id": "fc542058b5",
                "build_date": "2026-09-15",
            },
        })
    };
    named(server).iter().map(node).collect()
}

fn license(server: &Server) -> Value {
    let license = &server.license;
    json!({
        "advancedSecurityEnabled": true,
        "advancedSecuritySeats": 0,
        "clusterSupport": license.cluster_support,
        "company": license.company,
        "croquetSupport": license.croquet_support,
        "customTerms": false,
        "evaluation": license.evaluation,
        "expireAt": license.expires.rfc3339(),
        "insightsEnabled": true,
        "insightsExpireAt": license.expires.rfc3339(),
        "learningLabEvaluationExpires": license.expires.rfc3339(),
        "learningLabSeats": 0,
        "perpetual": license.perpetual,
        "referenceNumber": "32a145",
        "seats": license.seats,
        "sshAllowed": true,
        "supportKey": "",
        "unlimitedSeating": license.seats == 0,
    })
}

fn license_status(server: &Server) -> &'static str {
    let expired = !server.license.perpetual && server.license.expires.moment() < clock::now();
    match server.license.status {
        Some(LicenseStatus::Invalid) => "invalid",
        Some(LicenseStatus::Expired) => "expired",
        Some(LicenseStatus::ClusterModeNotSupported) => "cluster mode not supported",
        Some(LicenseStatus::Valid) => "valid",
        None if expired => "expired",
        None => "valid",
    }
}

fn nodes(server: &Server) -> Value {
    let nodes = named(server);
    let topology = if nodes.iter().any(|(_, node)| !node.cluster_roles.is_empty()) {
        "Cluster"
    } else if nodes.iter().any(|(_, node)| node.replica) {
        "Ha"
    } else {
        "SingleNode"
    };
    let listed = nodes.iter().map(|(name, node)| {
        json!({
            "hostname": name,
            "uuid": uuid(name),
            "replica": node.replica,
            "cluster_roles": node.cluster_roles,
        })
    });
    json!({ "topology": topology, "nodes": listed.collect::<Value>() })
}

/// The state of replication or of the cluster: that of the node that is worst.
fn health(server: &Server, service: &str) -> Value {
    let nodes = named(server);
    let worst = nodes.iter().map(|(_, node)| node.replication).max().unwrap_or_default();
    let listed = nodes.iter().map(|(name, node)| {
        let service = if node.trouble.is_empty() { service } else { node.trouble.as_str() };
        let details = match node.replication {
            Health::Ok => "replication is in sync",
            Health::Unknown => "status is not known",
            Health::Warning => "replication is behind",
            Health::Critical => "replication has stopped",
        };
        // A primary replicates from nobody.
        let services = match node.replica || nodes.len() > 2 || node.replication != Health::Ok {
            true => json!([{ "status": word(node.replication), "name": service, "details": details }]),
            false => json!([]),
        };
        json!({ "hostname": name, "status": word(node.replication), "services": services })
    });
    json!({ "status": word(worst), "nodes": listed.collect::<Value>() })
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Ok => "OK",
        Health::Unknown => "UNKNOWN",
        Health::Warning => "WARNING",
        Health::Critical => "CRITICAL",
    }
}

fn maintenance(server: &Server) -> Value {
    let status = match server.maintenance {
        Maintenance::Off => "off",
        Maintenance::On => "on",
        Maintenance::Scheduled => "scheduled",
    };
    let node = |(name, _): &(String, Node)| {
        let mut node = json!({
            "hostname": name,
            "uuid": uuid(name),
            "status": status,
            "connection_services": [
                { "name": "git operations", "number": 3 },
                { "name": "mysql queries", "number": 1 },
            ],
            "can_unset_maintenance": true,
            "ip_exception_list": [],
            "maintenance_mode_message": "",
        });
        if server.maintenance == Maintenance::Scheduled {
            node["scheduled_time"] = json!("2027-01-02T15:04:05+00:00");
        }
        node
    };
    named(server).iter().map(node).collect()
}

/// All settings. Of these only a few are anybody's business: the others are why the body must never be kept.
fn settings(server: &Server) -> Value {
    let license = &server.license;
    let secret = |name: &str| secret(server, name);
    json!({
        "private_mode": server.private_mode != crate::world::PrivateMode::Off,
        "public_pages": false,
        "subdomain_isolation": true,
        "signup_enabled": false,
        "github_hostname": server.host,
        "identicons_host": "dotcom",
        "http_proxy": server.http_proxy,
        "auth_mode": "default",
        "expire_sessions": false,
        "admin_password": secret("admin-password"),
        "configuration_id": 1_401_777_404,
        "configuration_run_count": 4,
        "avatar": { "enabled": false, "uri": "" },
        "customer": {
            "name": license.company,
            "email": "it@corp.example",
            "uuid": uuid(&license.company),
            "secret_key_data": format!(
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----\n",
                secret("customer-key")
            ),
            "public_key_data": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nbGFi\n-----END PGP PUBLIC KEY BLOCK-----\n",
        },
        "license": {
            "seats": license.seats,
            "evaluation": license.evaluation,
            "perpetual": license.perpetual,
            "unlimited_seating": license.seats == 0,
            "support_key": "",
            "ssh_allowed": true,
            "cluster_support": license.cluster_support,
            "expire_at": license.expires.rfc3339(),
        },
        "github_ssl": {
            "enabled": true,
            "cert": "-----BEGIN CERTIFICATE-----\nbGFi\n-----END CERTIFICATE-----\n",
            "key": format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", secret("tls-key")),
        },
        "ldap": {
            "host": null, "port": 0, "base": [], "uid": null, "bind_dn": null,
            "password": secret("ldap-password"),
            "method": "Plain", "search_strategy": "detect", "user_groups": [], "admin_group": null,
            "virtual_attribute_enabled": false, "recursive_group_search": false, "posix_support": true,
            "user_sync_emails": false, "user_sync_keys": false, "user_sync_interval": 4, "team_sync_interval": 4,
            "sync_enabled": false,
            "reconciliation": { "user": null, "org": null },
            "profile": { "uid": "uid", "name": null, "mail": null, "key": null },
        },
        "cas": { "url": null },
        "saml": {
            "sso_url": null, "certificate": null, "certificate_path": null, "issuer": null,
            "idp_initiated_sso": false, "disable_admin_demote": false,
        },
        "github_oauth": {
            "client_id": "Iv1.lab", "client_secret": secret("oauth-client-secret"),
            "organization_name": "", "organization_team": "",
        },
        "smtp": {
            "enabled": true, "address": "smtp.corp.example", "authentication": "plain", "port": "587",
            "domain": "corp.example", "username": "ghes", "user_name": "ghes", "enable_starttls_auto": true,
            "password": secret("smtp-password"),
            "discard-to-noreply-address": true, "support_address": "it@corp.example",
            "support_address_type": "email", "noreply_address": "noreply@corp.example",
        },
        "ntp": { "primary_server": "ntp1.corp.example", "secondary_server": "ntp2.corp.example" },
        "timezone": null,
        "snmp": { "enabled": false, "community": secret("snmp-community") },
        "syslog": { "enabled": false, "server": null, "protocol_name": "udp" },
        "assets": null,
        "pages": { "enabled": true },
        "collectd": {
            "enabled": false, "server": null, "port": 0, "encryption": null, "username": null,
            "password": secret("collectd-password"),
        },
        "mapping": { "enabled": true, "tileserver": null, "basemap": "company.map", "token": secret("mapping-token") },
        "load_balancer": null,
        "prometheus": { "enabled": false, "trusted_ips": null },
    })
}

/// The value of a secret setting: easy to find wherever it should not be.
pub(crate) fn secret(server: &Server, name: &str) -> String {
    format!("lab-canary/{name}+{:x}", account_id(&format!("{}{name}", server.host)))
}

/// The settings that are secret.
pub(crate) const SECRETS: [&str; 9] = [
    "admin-password",
    "customer-key",
    "tls-key",
    "ldap-password",
    "oauth-client-secret",
    "smtp-password",
    "snmp-community",
    "collectd-password",
    "mapping-token",
];

fn uuid(name: &str) -> String {
    format!("{:08x}-f97c-41ed-8544-{:012x}", account_id(name), account_id(&format!("{name}+")))
}
