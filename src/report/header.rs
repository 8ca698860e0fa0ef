use gh_connect_engine::{Plan, ProxySetting, Record, Sourced, WhatIf};
use unicode_width::UnicodeWidthStr as _;

use super::page::{Lead, Page, Span, Tone, readable};

/// Who measured what, which way, and by whose setting.
pub(super) fn write(page: &mut Page<'_>, record: &Record) {
    let tool = format!("{} {}", record.tool.name, record.tool.version);
    // A record of another release may have a plan that this one cannot read: the report is still worth having.
    let plan: Option<Plan> = serde_json::from_value(record.plan.clone()).ok();
    let mut parts: Vec<Span> = Vec::new();
    if let Some(plan) = &plan {
        parts.push(Span::plain(what(plan)));
        parts.push(Span::plain(way(plan)));
        parts.extend(config(plan).map(Span::plain));
        parts.extend(world(plan).map(|world| Span::new(Tone::Warn, world)));
    }
    let column = readable(&tool, page.look()).width() + GAP.len();
    let mut lead = Lead::label(0, Span::new(Tone::Strong, tool), column);
    let mut line: Vec<Span> = Vec::new();
    let mut used = column;
    for part in parts {
        let width = readable(part.text(), page.look()).width();
        if !line.is_empty() && used + GAP.len() + width > page.width() {
            page.paragraph(lead, &line);
            (lead, line, used) = (Lead::indent(column), Vec::new(), column);
        }
        if !line.is_empty() {
            line.push(Span::plain(GAP));
        }
        used += width + GAP.len();
        line.push(part);
    }
    page.paragraph(lead, &line);
    what_if(page, &record.run.what_if, column);
}

/// What this run used in place of the server's own way: its verdict is about another one.
fn what_if(page: &mut Page<'_>, all: &[WhatIf], column: usize) {
    if all.is_empty() {
        return;
    }
    let label = "what-if run: not the server's own way";
    page.paragraph(Lead::indent(column), &[Span::new(Tone::Warn, label)]);
    for what_if in all.iter().take(MOST_NAMED) {
        let text = format!("- {} ({})", what_if.text, what_if.origin);
        page.paragraph(Lead::indent(column), &[Span::new(Tone::Warn, text)]);
    }
    if let Some(more) = all.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        let text = format!("- and {more} more; the record has all of them");
        page.paragraph(Lead::indent(column), &[Span::new(Tone::Warn, text)]);
    }
}

/// `ghes.corp.example → github.com, enterprise acme`
fn what(plan: &Plan) -> String {
    let apex = plan.product.value.apex();
    let server = plan.server.as_ref().map(|server| {
        let url = server.value.as_str();
        url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/').to_owned()
    });
    let mut text = match server {
        Some(server) => format!("{server} → {apex}"),
        None => format!("to {apex}"),
    };
    if let Some(enterprise) = &plan.enterprise {
        text.push_str(&format!(", enterprise {}", enterprise.value));
    }
    text
}

/// `through proxy.corp.example:3128 (environment HTTPS_PROXY), 1 host around it`
fn way(plan: &Plan) -> String {
    let origin = origin(&plan.proxy);
    match &plan.proxy.value {
        ProxySetting::Off => format!("without a proxy ({origin})"),
        ProxySetting::Use(proxy) => {
            let around = plan.targets.iter().filter(|target| plan.route_of(target).is_direct()).count();
            let around = match around {
                0 => String::new(),
                1 => ", 1 host around it".to_owned(),
                many => format!(", {many} hosts around it"),
            };
            format!("through {} ({origin}){around}", proxy.authority())
        }
        ProxySetting::Invalid { shown, .. } | ProxySetting::Unsupported { shown, .. } => {
            format!("through a proxy that cannot be used, {shown} ({origin})")
        }
    }
}

/// Whose setting it is.
fn origin<T>(value: &Sourced<T>) -> String {
    let origin = value.origin.to_string();
    match origin.split_once(' ') {
        _ if origin == "default" => "nobody set one".to_owned(),
        Some(("server", field)) => format!("the server's own setting, {field}"),
        _ => origin,
    }
}

/// The configuration file that was read.
fn config(plan: &Plan) -> Option<String> {
    Some(format!("settings from {}", plan.config.as_ref()?.value.display()))
}

/// The lab world, for nobody should take its report for a real one.
fn world(plan: &Plan) -> Option<String> {
    let origins =
        [&plan.product.origin, &plan.proxy.origin, &plan.resolvers.origin, &plan.trust.system.origin];
    let world = origins.into_iter().map(ToString::to_string).find(|origin| origin.starts_with("lab world"));
    world.or_else(|| plan.loopback_only.then(|| "lab world".to_owned()))
}

const GAP: &str = "   ";
/// Differences from the server's own way that are named.
const MOST_NAMED: usize = 6;
