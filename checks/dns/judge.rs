//! The judgement: what was seen of one name, and what is wrong with it. Pure.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use gh_connect_engine::{Examination, Finding, Kind, Origin, Owner, Seconds, Stop, WhatIf};
use gh_connect_probe::{
    HostName,
    dns::{
        Asked, BrokenChain, Fault, NameServers, Nat64, NotResolved, Rcode, RecordKind, Resolution, Says,
        Scope, Walk, shown_server,
    },
    hosts_file::HostsFile,
    net::Failure,
};
use serde_json::{Value, json};

use super::wording::{self, addresses, list, said};
use crate::wording::and;

/// Everything that was seen of one name.
pub(super) struct Seen {
    pub(super) host: HostName,
    /// For one attempt.
    pub(super) limit: Seconds,
    pub(super) servers: Arc<NameServers>,
    pub(super) hosts_file: Arc<HostsFile>,
    pub(super) resolution: Arc<Resolution>,
    /// In the order of the servers.
    pub(super) asked: Vec<Asked>,
    /// What is known of NAT64, where an address is of a kind that it would explain.
    pub(super) nat64: Option<Arc<Nat64>>,
}

impl Seen {
    /// Where an address can lie.
    pub(super) fn scope_of(&self, address: IpAddr) -> Scope {
        match &self.nat64 {
            Some(nat64) => nat64.scope_of(address),
            None => Scope::of(address),
        }
    }
}

/// The blocker, if any, comes from what this machine resolves in effect; what single servers say of their own is a warning.
pub(super) fn judge(seen: &Seen) -> Result<Examination, Stop> {
    let walk = Walk::through(&seen.asked);
    let case = Case { seen, addresses: seen.resolution.addresses_after(&walk), walk: &walk };
    let mut findings = Vec::new();
    findings.extend(case.hosts_override());
    if case.addresses.is_empty() {
        findings.push(case.unresolved()?);
    } else {
        findings.extend(case.astray());
        findings.extend(case.slow());
    }
    findings.extend(case.disagreement());
    if findings.is_empty() {
        return Ok(Examination::passed(case.remark()));
    }
    Ok(Examination { what_if: case.hosts_line().into_iter().collect(), ..findings.into() })
}

/// What was seen, and what it comes to.
pub(super) struct Case<'a> {
    pub(super) seen: &'a Seen,
    pub(super) walk: &'a Walk,
    /// What connections go to.
    addresses: &'a [IpAddr],
}

impl Case<'_> {
    /// Why there is no address; trouble when the name servers give one all the same.
    fn unresolved(&self) -> Result<Finding, Stop> {
        let host = &self.seen.host;
        match &self.walk.believed {
            Some((server, Says::Addresses(addresses))) => Err(self.trouble(*server, addresses)),
            Some((server, Says::NxDomain)) => {
                let name = shown_server(*server);
                let message = format!("Name server {name} says that {host} does not exist (NXDOMAIN).");
                let finding = self.finding(&super::NXDOMAIN, message);
                let what = format!("let {host} resolve as it does on the internet");
                let finding = wording::make_it_answer(finding, *server, host, &what);
                Ok(wording::or_a_proxy(wording::use_others(finding, "use name servers that know it")))
            }
            Some((server, _)) => Ok(self.no_address(*server)),
            None => Ok(self.all_fail()),
        }
    }

    fn trouble(&self, server: SocketAddr, addresses: &[IpAddr]) -> Stop {
        let (host, server) = (&self.seen.host, shown_server(server));
        let why = match &self.seen.resolution.failure {
            Some(NotResolved::TimedOut) => format!("gave no answer within {}", self.seen.limit),
            Some(NotResolved::Said(text)) => format!("fails ({text})"),
            Some(NotResolved::NameServers) | None => "fails".to_owned(),
        };
        Stop::Trouble(format!(
            "this machine's own resolution of {host} {why}, although name server {server} gives {}: look at its \
             nsswitch.conf, its DNS cache and its own firewall",
            list(addresses)
        ))
    }

    fn no_address(&self, server: SocketAddr) -> Finding {
        let (host, name) = (&self.seen.host, shown_server(server));
        let answer = self.asked(server).and_then(|asked| {
            let answers = RecordKind::BOTH.into_iter().filter_map(|kind| asked.about(kind).answer());
            answers.max_by_key(|answer| answer.cnames.len())
        });
        let chain = answer.filter(|answer| !answer.cnames.is_empty()).map(|answer| {
            let path: Vec<&str> = answer.cnames.iter().map(String::as_str).take(MOST_ALIASES_SHOWN).collect();
            let path = path.join(" → ");
            match answer.broken_chain {
                Some(BrokenChain::Loop) => format!(" Its aliases go in a circle: {path}."),
                Some(BrokenChain::TooLong) => format!(" Its aliases have no end: {path} and on."),
                None => format!(" It is an alias: {path}, which has none."),
            }
        });
        let message = format!(
            "Name server {name} knows {host} and gives no address for it, neither IPv4 nor IPv6.{}",
            chain.unwrap_or_default()
        );
        let finding = self.finding(&super::NO_ADDRESS, message);
        let what = format!("give {host} the A records that it has on the internet");
        let finding = wording::make_it_answer(finding, server, host, &what);
        wording::or_a_proxy(wording::use_others(finding, "use name servers that have them"))
    }

    /// Nobody says anything that can be used. The first server's fault gives its name to the finding.
    fn all_fail(&self) -> Finding {
        let Some((server, fault)) = self.walk.passed_over.first() else { return self.no_resolver() };
        let (server, host) = (*server, &self.seen.host);
        let about = match fault {
            Fault::Rcode(_) | Fault::NotRecursive => format!(" when asked for {host}"),
            _ => String::new(),
        };
        let message = match self.seen.asked.as_slice() {
            [only] => format!("Name server {} {}{about}.", shown_server(server), said(only, self.seen.limit)),
            all => format!("No name server resolves {host}: {}.", self.each(all)),
        };
        let kind = kind_of(fault);
        let finding = self.finding(kind, message);
        let finding = match fault {
            Fault::Silent | Fault::Failed(Failure::TimedOut) => {
                let finding = wording::let_it_through(finding, server, "UDP and TCP");
                wording::make_it_answer(
                    finding,
                    server,
                    host,
                    "see that the name service runs and answers this machine",
                )
            }
            Fault::Failed(Failure::Refused) => {
                wording::make_it_answer(finding, server, host, "start the name service")
            }
            Fault::Failed(_) => wording::let_it_through(finding, server, "UDP and TCP"),
            Fault::Rcode(Rcode::Refused) | Fault::NotRecursive => {
                wording::make_it_answer(finding, server, host, "allow this machine recursive queries")
            }
            Fault::Rcode(_) => {
                let what = format!("find out why it fails for {host}: its forwarders, or DNSSEC validation");
                wording::make_it_answer(finding, server, host, &what)
            }
            Fault::Garbage | Fault::Stray => {
                let finding = wording::make_it_answer(finding, server, host, "see who answers in its place");
                let path = format!("see what changes DNS on the way to {}", shown_server(server));
                finding.step(Owner::Network, path)
            }
            Fault::TruncatedNoTcp(_) => {
                let finding = wording::let_it_through(finding, server, "TCP, not only UDP");
                wording::make_it_answer(finding, server, host, "serve TCP (dig asks so with +tcp)")
            }
        };
        wording::or_a_proxy(wording::use_others(finding, "use other name servers"))
    }

    fn no_resolver(&self) -> Finding {
        let NameServers { error, not_asked, .. } = &*self.seen.servers;
        let reasons: Vec<&str> = error.iter().chain(not_asked).map(String::as_str).collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        let message = format!("This machine has no name server to ask{why}.");
        let finding = self.finding(&super::NO_RESOLVER, message);
        wording::or_a_proxy(wording::use_others(finding, "give the server a name server"))
    }

    /// Addresses that cannot be GitHub's.
    fn astray(&self) -> Option<Finding> {
        let host = &self.seen.host;
        let scope = |wanted: fn(&Scope) -> bool| -> Vec<IpAddr> {
            self.addresses.iter().copied().filter(|address| wanted(&self.seen.scope_of(*address))).collect()
        };
        let sunk = scope(|scope| *scope == Scope::Sinkhole);
        let inside = scope(|scope| matches!(scope, Scope::NotPublic(_)));
        let (kind, message) = if !sunk.is_empty() && !host.is_this_machine() {
            let not = "which is this machine itself or nowhere: a filter's answer";
            let usable = scope(|scope| *scope != Scope::Sinkhole);
            let given = format!("{} gives {host} {}, {not}.", self.source(), addresses(&sunk));
            if usable.is_empty() {
                (&super::SINKHOLED, given)
            } else {
                let told = format!("{given} The rest can be used: {}.", list(&usable));
                (&super::PARTLY_SINKHOLED, told)
            }
        } else if !inside.is_empty() {
            let not = "which is no address of the internet";
            (&super::NOT_PUBLIC, format!("{} gives {host} {}, {not}.", self.source(), addresses(&inside)))
        } else {
            return None;
        };
        let finding = self.finding(kind, message);
        if self.hosts_file_decides() {
            return Some(self.clear_hosts_file(finding));
        }
        let Some((server, _)) = &self.walk.believed else { return Some(finding) };
        let what = match kind.id {
            "dns/sinkholed" => format!("take {host} off the blocklist"),
            "dns/partly-sinkholed" => {
                format!(
                    "take {host} off the blocklist for IPv4 and IPv6 alike, so that only its own addresses are left"
                )
            }
            _ => format!("give {host} its public addresses, or confirm that this one leads to GitHub"),
        };
        let finding = wording::make_it_answer(finding, *server, host, &what);
        Some(wording::use_others(finding, "use name servers that give the public addresses"))
    }

    fn hosts_override(&self) -> Option<Finding> {
        if !self.hosts_file_decides() {
            return None;
        }
        let file = &self.seen.hosts_file;
        let given = addresses(&file.addresses());
        let servers = match self.walk.addresses() {
            [] => String::new(),
            addresses => format!(" The name servers would give {}.", list(addresses)),
        };
        let message = format!(
            "{} gives {} {given}; name servers are not asked.{servers}",
            self.source(),
            self.seen.host
        );
        Some(self.clear_hosts_file(self.finding(&super::HOSTS_OVERRIDE, message)))
    }

    /// The server has a hosts file of its own.
    fn hosts_line(&self) -> Option<WhatIf> {
        let file = &self.seen.hosts_file;
        let first = file.entries.first().filter(|_| self.hosts_file_decides())?;
        let text =
            format!("this machine's hosts file gives {} {}", self.seen.host, addresses(&file.addresses()));
        let origin = Origin::file(&file.path, first.line);
        Some(WhatIf::new("hosts-file", text, &origin).unless_waived(super::HOSTS_OVERRIDE.id))
    }

    fn clear_hosts_file(&self, finding: Finding) -> Finding {
        let file = &self.seen.hosts_file;
        let lines: Vec<String> =
            file.entries.iter().map(|entry| format!("line {} (`{}`)", entry.line, entry.text)).collect();
        finding.step(Owner::ServerAdmin, format!("take {} out of {}", and(&lines), file.path))
    }

    pub(super) fn hosts_file_decides(&self) -> bool {
        let entries = &self.seen.hosts_file.entries;
        !self.seen.host.is_this_machine()
            && entries.iter().any(|entry| self.seen.resolution.addresses.contains(&entry.address))
    }

    /// Who gave the addresses, as the beginning of a sentence.
    fn source(&self) -> String {
        if self.hosts_file_decides() {
            let file = &self.seen.hosts_file;
            let lines: Vec<String> = file.entries.iter().map(|entry| entry.line.to_string()).collect();
            let line = if lines.len() == 1 { "Line" } else { "Lines" };
            return format!("{line} {} of {}", and(&lines), file.path);
        }
        match &self.walk.believed {
            Some((server, Says::Addresses(given)))
                if self.addresses.iter().any(|one| given.contains(one)) =>
            {
                format!("Name server {}", shown_server(*server))
            }
            _ => "This machine's own resolution".to_owned(),
        }
    }

    fn remark(&self) -> String {
        match self.seen.asked.len() {
            0 => "resolved by this machine".to_owned(),
            1 => "1 name server answers".to_owned(),
            many => format!("{many} name servers agree"),
        }
    }

    /// `10.0.0.1 gives …; 10.0.0.2 answers …`
    pub(super) fn each(&self, asked: &[Asked]) -> String {
        let words = asked
            .iter()
            .map(|asked| format!("{} {}", shown_server(asked.server), said(asked, self.seen.limit)));
        words.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn asked(&self, server: SocketAddr) -> Option<&Asked> {
        self.seen.asked.iter().find(|asked| asked.server == server)
    }

    pub(super) fn finding(&self, kind: &'static Kind, message: String) -> Finding {
        Finding::new(kind, self.seen.host.as_str(), message).evidence(self.evidence())
    }

    fn evidence(&self) -> Value {
        let Seen { servers, hosts_file, resolution, asked, nat64, .. } = self.seen;
        let each =
            asked.iter().map(|asked| json!({ "server": asked.server, "a": *asked.a, "aaaa": *asked.aaaa }));
        let mut evidence = json!({
            "name_servers_said_by": servers.origin,
            "name_servers": each.collect::<Vec<_>>(),
            "resolution": **resolution,
        });
        if let Some(evidence) = evidence.as_object_mut() {
            if !hosts_file.entries.is_empty() {
                evidence.insert("hosts_file".to_owned(), json!(**hosts_file));
            }
            if let Some(nat64) = nat64.as_deref().filter(|nat64| !nat64.prefixes.is_empty()) {
                evidence.insert("nat64".to_owned(), json!(nat64));
            }
            if !servers.not_asked.is_empty() {
                evidence.insert("not_asked".to_owned(), json!(servers.not_asked));
            }
        }
        evidence
    }
}

fn kind_of(fault: &Fault) -> &'static Kind {
    match fault {
        Fault::Silent | Fault::Failed(Failure::TimedOut) => &super::TIMEOUT,
        Fault::Garbage | Fault::Stray => &super::GARBAGE,
        Fault::Rcode(Rcode::Refused) | Fault::NotRecursive => &super::REFUSED,
        Fault::Rcode(_) => &super::SERVFAIL,
        Fault::TruncatedNoTcp(_) => &super::TRUNCATED_NO_TCP,
        Fault::Failed(_) => &super::UNREACHABLE,
    }
}

const MOST_ALIASES_SHOWN: usize = 6;

#[cfg(test)]
mod tests;
