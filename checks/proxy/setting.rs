//! The setting itself, before anything is sent: the URL, what is excluded, and what other places say.

use gh_connect_engine::{
    Examination, Finding, NoProxy, Origin, Owner, Plan, ProxySetting, Route, Sourced, Stop, Target, WhatIf,
    shown,
};
use gh_connect_github::manage::Settings;
use serde_json::json;

use super::{
    BYPASSED, EXCLUSIONS_DIFFER, INVALID_URL, SERVER_NOT_EXCLUDED, SETTING_DIFFERS, UNSUPPORTED_SCHEME,
    exclusions::Reading,
    wording::{EXCLUSION, SETTING, origin, setting},
};
use crate::wording::{and, few};

/// Whether the run went the way that the server goes: by the server's own setting, or by one that was said for the run. Why
/// the setting was not read at all is for `token` and `server` to tell.
pub(super) fn is_the_way(plan: &Plan, settings: Option<&Settings>) -> Result<(), Stop> {
    let chosen = plan.proxy.origin.is_for_this_run() || plan.account.to_server.is_some();
    let (false, Some(settings)) = (chosen, settings) else { return Ok(()) };
    let say_it = "say which it is: --proxy URL, or --proxy off for none";
    match &settings.http_proxy {
        None => Err(Stop::Trouble(format!("the server's settings do not say which proxy it uses; {say_it}"))),
        Some(own) if same(&plan.proxy.value, own) => Ok(()),
        Some(own) => Err(Stop::Trouble(format!(
            "the server told its own setting, {}, only after this run had chosen {}; run it again, or {say_it}",
            setting(own),
            setting(&plan.proxy.value)
        ))),
    }
}

/// Where this run goes another way than by the server's own setting, of `settings` where it was read.
pub(super) fn what_if(plan: &Plan, settings: Option<&Settings>) -> Vec<WhatIf> {
    let own = settings.and_then(|settings| settings.http_proxy.as_ref());
    let is_another_user = settings.is_some_and(|settings| settings.as_another_user);
    let is_own = !is_another_user && own.is_some_and(|own| same(&plan.proxy.value, own));
    let set = plan.server.is_some() && plan.proxy.origin.is_for_this_run();
    let proxy = (set && !is_own).then(|| {
        let own = match own {
            Some(own) if same(&plan.proxy.value, own) => {
                "the server's own setting has another user name or password".to_owned()
            }
            Some(own) => format!("the server's own setting is {}", setting(own)),
            None => "the server's own setting was not read".to_owned(),
        };
        let used = match &plan.proxy.value {
            ProxySetting::Off => "no proxy is used".to_owned(),
            other => format!("the proxy is {}", setting(other)),
        };
        let text = format!("{used}, and {own}");
        WhatIf::new("proxy", text, &plan.proxy.origin)
    });
    // No interface tells the server's own list.
    let around = plan
        .targets
        .iter()
        .filter(|target| target.required())
        .filter(|target| matches!(plan.route_of(target), Route::Direct { excluded_by: Some(_) }));
    let around: Vec<&str> = around.map(|target| target.host.as_str()).collect();
    let no_proxy = (!around.is_empty()).then(|| {
        let text = format!(
            "the exclusion list sends {} around the proxy, and the server's own list was not read",
            and(&around)
        );
        WhatIf::new("no-proxy", text, &plan.no_proxy.origin).unless_waived(BYPASSED.id)
    });
    proxy.into_iter().chain(no_proxy).collect()
}

/// Judges the plan's proxy and its exclusions. `servers` is the server's own setting, where that was read.
pub(super) fn judge(plan: &Plan, servers: Option<&Settings>) -> Examination {
    let unusable = match &plan.proxy.value {
        ProxySetting::Invalid { shown, reason } => Some(invalid(plan, shown, reason)),
        ProxySetting::Unsupported { shown, scheme } => Some(unsupported(plan, shown, scheme)),
        ProxySetting::Off | ProxySetting::Use(_) => None,
    };
    if let Some(unusable) = unusable {
        return unusable.into();
    }
    let mut findings = Vec::new();
    if matches!(plan.proxy.value, ProxySetting::Use(_)) {
        findings.extend(plan.targets.iter().filter_map(|target| bypassed(plan, target)));
        findings.extend(server_not_excluded(plan));
        findings.extend(exclusions_differ(plan));
    }
    findings.extend(setting_differs(plan, servers));
    match (&plan.proxy.value, findings.is_empty()) {
        (ProxySetting::Off, true) => not_used(),
        _ => findings.into(),
    }
}

fn not_used() -> Examination {
    Examination { not_applicable: Some("no proxy is used".to_owned()), ..Examination::default() }
}

fn invalid(plan: &Plan, shown: &str, reason: &str) -> Finding {
    let message =
        format!("The proxy setting {} is \"{shown}\", which is no URL: {reason}.", origin(&plan.proxy));
    Finding::new(&INVALID_URL, "proxy", message)
        .evidence(json!({ "setting": shown, "origin": plan.proxy.origin, "reason": reason }))
        .step(Owner::ServerAdmin, format!("Write the whole URL, http://HOST:PORT, under {SETTING}"))
        .step(Owner::Operator, format!("Correct the setting where it was read: {}", plan.proxy.origin))
}

fn unsupported(plan: &Plan, shown: &str, scheme: &str) -> Finding {
    let message = format!(
        "The proxy setting {} is \"{shown}\". A proxy that speaks {scheme}:// cannot carry GitHub Connect.",
        origin(&plan.proxy)
    );
    Finding::new(&UNSUPPORTED_SCHEME, "proxy", message)
        .evidence(json!({ "setting": shown, "origin": plan.proxy.origin, "scheme": scheme }))
        .step(Owner::Proxy, "Name an HTTP proxy, one that takes CONNECT, for the server to use")
        .step(Owner::ServerAdmin, format!("Set it as http://HOST:PORT under {SETTING}"))
}

fn bypassed(plan: &Plan, target: &Target) -> Option<Finding> {
    let Route::Direct { excluded_by: Some(entry) } = plan.route_of(target) else { return None };
    if !target.required() {
        return None;
    }
    let message = format!(
        "A proxy is set, and the exclusion \"{}\" {} sends {} around it: this host is checked, and will be used, over the \
         direct path.",
        shown(entry, 100),
        origin(&plan.no_proxy),
        target.host
    );
    let finding = Finding::new(&BYPASSED, target.to_string(), message).evidence(json!({
        "entry": entry,
        "origin": plan.no_proxy.origin,
        "read_by": Reading::of(&plan.no_proxy.value, &target.host, target.port),
    }));
    Some(
        finding
            .step(Owner::ServerAdmin, format!("Take \"{}\" out of {EXCLUSION}", shown(entry, 100)))
            .step(Owner::Network, format!("Or, if that is meant, keep the direct path to {target} open")),
    )
}

fn server_not_excluded(plan: &Plan) -> Option<Finding> {
    let (host, port) = plan.server_at()?;
    if plan.account.to_server.is_some() && plan.no_proxy.origin == Origin::default_value() {
        // The server's own setting, whose exclusions no interface tells: what is on that list is not known.
        return None;
    }
    let reading = Reading::of(&plan.no_proxy.value, host, port);
    if reading.by_ghes().is_none() {
        let message = format!(
            "A proxy is set, and {} itself is not on the exclusion list{}: what the server sends to its own name goes to \
             the proxy.",
            shown(host, 100),
            listed(&plan.no_proxy)
        );
        return Some(
            Finding::new(&SERVER_NOT_EXCLUDED, shown(host, 100), message)
                .evidence(json!({ "server": host, "origin": plan.no_proxy.origin, "read_by": reading }))
                .step(
                    Owner::ServerAdmin,
                    format!(
                        "Add {} to {EXCLUSION}; with GitHub Actions also .localhost,127.0.0.1,::1 in this order",
                        shown(host, 100)
                    ),
                )
                .step(
                    Owner::Operator,
                    "If it is excluded there already, tell this run so with --no-proxy: the server's own list was not read",
                ),
        );
    }
    None
}

fn exclusions_differ(plan: &Plan) -> Option<Finding> {
    let hosts = plan.targets.iter().map(|target| (target.host.as_str(), target.port)).chain(plan.server_at());
    let disputed: Vec<Reading<'_>> = hosts
        .map(|(host, port)| Reading::of(&plan.no_proxy.value, host, port))
        .filter(Reading::is_disputed)
        .collect();
    let first = disputed.first()?;
    let (around, through) = first.sides();
    let more = match disputed.len() - 1 {
        0 => String::new(),
        more => format!(" So it is for {more} more."),
    };
    let message = format!(
        "The exclusion list {} is not read alike: {} go{} around the proxy to {}, {} go{} through it.{more} This run reads it \
         as GitHub Enterprise Server does.",
        origin(&plan.no_proxy),
        and(&around),
        if around.len() == 1 { "es" } else { "" },
        shown(first.host(), 100),
        and(&through),
        if through.len() == 1 { "es" } else { "" },
    );
    let evidence = json!({
        "list": plan.no_proxy.value,
        "origin": plan.no_proxy.origin,
        "read_by": disputed,
    });
    let mut entries: Vec<String> = Vec::new();
    for entry in disputed.iter().flat_map(Reading::entries) {
        let quoted = format!("\"{}\"", shown(entry, 100));
        if !entries.contains(&quoted) {
            entries.push(quoted);
        }
    }
    let hosts: Vec<String> = disputed.iter().map(|reading| shown(reading.host(), 100)).collect();
    let hosts = few(&hosts, MOST_HOSTS, 0);
    let mut finding = Finding::new(&EXCLUSIONS_DIFFER, "proxy", message).evidence(evidence);
    if !entries.is_empty() {
        finding = finding.step(
            Owner::ServerAdmin,
            format!("Where the proxy is meant for {hosts}, take {} out of {EXCLUSION}", and(&entries)),
        );
    }
    Some(finding.step(
        Owner::ServerAdmin,
        format!(
            "Where {hosts} are meant to go around the proxy, write each by its whole name there, without a port, a leading \
             dot or *: every program reads that alike"
        ),
    ))
}

fn setting_differs(plan: &Plan, servers: Option<&Settings>) -> Option<Finding> {
    let is_another_user = servers.is_some_and(|settings| settings.as_another_user);
    let servers = servers.and_then(|settings| settings.http_proxy.as_ref());
    let servers = servers.map(|setting| Sourced::new(setting.clone(), Origin::server("http_proxy")));
    let servers = servers.filter(|setting| setting.origin != plan.proxy.origin);
    let others = servers.iter().chain(&plan.other_proxies);
    let by_server = |other: &Sourced<ProxySetting>| other.origin == Origin::server("http_proxy");
    // The proxy may let one user through and not the other.
    let differs = |other: &&Sourced<ProxySetting>| {
        !same(&plan.proxy.value, &other.value) || (is_another_user && by_server(other))
    };
    let others: Vec<_> = others.filter(differs).collect();
    if others.is_empty() {
        return None;
    }
    let said: Vec<String> = others
        .iter()
        .map(|other| {
            let user = if same(&plan.proxy.value, &other.value) {
                " with another user name or password"
            } else {
                ""
            };
            format!("{}{user} {}", setting(&other.value), origin(other))
        })
        .collect();
    let message = format!(
        "This run uses {} {}, while another place says {}.",
        setting(&plan.proxy.value),
        origin(&plan.proxy),
        and(&said)
    );
    let place =
        |other: &Sourced<ProxySetting>| json!({ "setting": setting(&other.value), "origin": other.origin });
    let others: Vec<_> = others.into_iter().map(place).collect();
    Some(
        Finding::new(&SETTING_DIFFERS, "proxy", message)
            .evidence(json!({ "used": place(&plan.proxy), "others": others }))
            .step(
                Owner::ServerAdmin,
                format!("Look up the one that counts, {SETTING}, and make the others say the same"),
            )
            .step(Owner::Operator, "Run the check with --proxy and the URL that stands there"),
    )
}

fn same(one: &ProxySetting, other: &ProxySetting) -> bool {
    match (one, other) {
        (ProxySetting::Off, ProxySetting::Off) => true,
        (ProxySetting::Use(one), ProxySetting::Use(other)) => one.same_place(other),
        _ => false,
    }
}

fn listed(list: &Sourced<NoProxy>) -> String {
    let entries = list.value.entries();
    if entries.is_empty() {
        return " (which is empty)".to_owned();
    }
    format!(" (\"{}\", {})", shown(&entries.join(","), 200), list.origin)
}

const MOST_HOSTS: usize = 5;
