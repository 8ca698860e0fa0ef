//! `GET /meta` (facts §7).

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::scene::Scene;

/// The published shape, with the addresses of the world's own GitHub hosts among the ranges.
pub(super) fn meta(scene: &Scene) -> Value {
    let mut ranges: Vec<IpNet> = PUBLISHED.iter().filter_map(|range| range.parse().ok()).collect();
    for address in scene.hosts.values().filter(|site| site.role.is_github()).flat_map(|site| &site.addresses)
    {
        if !ranges.iter().any(|range| range.contains(address)) {
            ranges.push(IpNet::from(IpAddr::to_canonical(address)));
        }
    }
    let all: Vec<String> = ranges.iter().map(IpNet::to_string).collect();
    json!({
        "verifiable_password_authentication": false,
        "ssh_key_fingerprints": {
            "SHA256_ECDSA": "bGFiIGVjZHNhIGtleSwgbm90IEdpdEh1YidzIG93biE",
            "SHA256_ED25519": "bGFiIGVkMjU1MTkga2V5LCBub3QgR2l0SHViJ3Mgb3c",
            "SHA256_RSA": "bGFiIHJzYSBrZXksIG5vdCBHaXRIdWIncyBvd24gb25",
        },
        "ssh_keys": ["ssh-ed25519 bGFiIGVkMjU1MTkga2V5LCBub3QgR2l0SHViJ3Mgb3du"],
        "hooks": all,
        "github_enterprise_importer": ["192.30.252.0/22", "185.199.108.0/22", "140.82.112.0/20"],
        "web": all,
        "api": all,
        "git": all,
        "packages": ["140.82.121.33/32", "140.82.121.34/32"],
        "pages": ["192.30.252.153/32", "192.30.252.154/32"],
        "importer": ["52.23.85.212/32", "52.0.228.224/32"],
        "actions": ["4.148.0.0/16", "4.149.0.0/18"],
        "actions_macos": ["13.105.117.0/27", "13.105.49.0/27"],
        "codespaces": ["20.42.11.16/28", "20.61.128.128/28"],
        "dependabot": ["18.213.123.130/32", "3.217.79.163/32"],
        "copilot": ["52.175.140.176/32", "20.250.119.64/32"],
        "commit_signing_keys": [],
        "domains": {
            "website": ["*.github.com", "*.github.dev", "*.github.io", "*.githubassets.com", "*.githubusercontent.com"],
            "codespaces": ["*.github.com", "*.github.dev", "*.visualstudio.com"],
            "copilot": ["*.github.com", "*.githubusercontent.com", "*.githubcopilot.com"],
            "packages": ["mavenregistryv2prod.blob.core.windows.net", "ghcr.io", "*.pkg.github.com"],
            "storage": ["*.blob.core.windows.net"],
            "actions": ["*.actions.githubusercontent.com"],
            "actions_inbound": {
                "full_domains": ["github.com", "api.github.com", "codeload.github.com"],
                "wildcard_domains": ["*.githubusercontent.com"],
            },
            "artifact_attestations": {
                "trust_domain": "",
                "services": ["*.actions.githubusercontent.com", "tuf-repo.github.com", "fulcio.githubapp.com"],
            },
        },
    })
}

/// Ranges that GitHub publishes for itself.
const PUBLISHED: [&str; 6] = [
    "192.30.252.0/22",
    "185.199.108.0/22",
    "140.82.112.0/20",
    "143.55.64.0/20",
    "2a0a:a440::/29",
    "2606:50c0::/32",
];
