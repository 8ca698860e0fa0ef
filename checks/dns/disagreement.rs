//! Where the name servers, or this machine and its name servers, say different things.

use std::net::IpAddr;

use gh_connect_engine::Finding;
use gh_connect_probe::dns::{By, Says, Scope, shown_server};

use super::{
    judge::Case,
    wording::{self, list},
};
use crate::wording::and;

impl Case<'_> {
    /// Somebody says something of another kind than the others, and somebody gives addresses that can be used. Different
    /// public addresses are no disagreement: that is how the web spreads its load.
    pub(super) fn disagreement(&self) -> Option<Finding> {
        let host = &self.seen.host;
        let mut voices: Vec<Voice> =
            self.seen.asked.iter().map(|asked| self.voice_of(&asked.says())).collect();
        let mut words: Vec<String> = vec![self.each(&self.seen.asked)];
        if self.system_has_a_voice() {
            voices.push(self.voice_of_addresses(&self.seen.resolution.addresses));
            words.push(format!("this machine itself comes to {}", list(&self.seen.resolution.addresses)));
        }
        let usable =
            voices.iter().any(|voice| matches!(voice, Voice::Public | Voice::Inside | Voice::PartlySunk));
        if !usable || voices.windows(2).all(|pair| pair[0] == pair[1]) {
            return None;
        }
        let held_up = match self.system_waited() {
            Some(_) if self.walk.waited_in_vain() => {
                format!(" Every lookup first waits for {}.", self.passed_over())
            }
            _ => String::new(),
        };
        let message = format!("The name servers do not agree on {host}: {}.{held_up}", words.join("; "));
        let mut finding = self.finding(&super::RESOLVERS_DISAGREE, message);
        let odd = self.seen.asked.iter().filter(|asked| self.voice_of(&asked.says()) != Voice::Public);
        for asked in odd.take(MOST_STEPS) {
            let what = format!("answer for {host} as the others do");
            finding = wording::make_it_answer(finding, asked.server, host, &what);
        }
        Some(wording::use_others(finding, "keep only name servers that give the same answer"))
    }

    /// What the system says counts beside the name servers when it is its own, and about this very name: a short name it
    /// may have found under a search domain.
    fn system_has_a_voice(&self) -> bool {
        let resolution = &self.seen.resolution;
        resolution.by == By::System
            && !resolution.addresses.is_empty()
            && !self.seen.asked.is_empty()
            && !self.hosts_file_decides()
            && !self.seen.host.is_this_machine()
            && self.seen.host.as_str().contains('.')
    }

    fn voice_of(&self, says: &Says) -> Voice {
        match says {
            Says::Addresses(addresses) => self.voice_of_addresses(addresses),
            Says::NxDomain => Voice::NxDomain,
            Says::NoData => Voice::NoData,
            Says::Fails(_) => Voice::Nothing,
        }
    }

    fn voice_of_addresses(&self, addresses: &[IpAddr]) -> Voice {
        let scopes = || addresses.iter().map(|address| self.seen.scope_of(*address));
        if scopes().all(|scope| scope == Scope::Sinkhole) {
            Voice::Sinkhole
        } else if scopes().any(|scope| scope == Scope::Sinkhole) {
            Voice::PartlySunk
        } else if scopes().any(|scope| scope != Scope::Public) {
            Voice::Inside
        } else {
            Voice::Public
        }
    }

    fn passed_over(&self) -> String {
        let names: Vec<String> =
            self.walk.passed_over.iter().map(|(server, _)| shown_server(*server)).collect();
        and(&names)
    }
}

/// What kind of thing somebody says.
#[derive(PartialEq, Eq)]
enum Voice {
    Public,
    Inside,
    Sinkhole,
    /// Addresses that can be used beside some that cannot.
    PartlySunk,
    NxDomain,
    NoData,
    /// Silence and errors: one kind, for the name itself is not spoken of.
    Nothing,
}

/// The others are in the message.
const MOST_STEPS: usize = 3;
