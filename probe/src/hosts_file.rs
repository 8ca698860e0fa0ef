//! The hosts file: names that are resolved before any name server is asked.

use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use gh_connect_engine::{Cx, Fact, Lack, Stop, shown, shown_bytes};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::HostName;

/// What the hosts file says of one name. A machine without such a file has one that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsFile {
    /// Where it is.
    pub path: String,
    /// The entries for the name, in the file's order.
    pub entries: Vec<Entry>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A line of the hosts file that names a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counted from 1.
    pub line: usize,
    /// The address that it gives.
    pub address: IpAddr,
    /// The line, made safe to show.
    pub text: String,
}

impl Fact for HostsFile {
    const ID: &'static str = "hosts-file";
    type Key = HostName;

    async fn measure(host: &HostName, cx: &Cx) -> Result<Self, Stop> {
        let file = cx.shared("hosts-file", OnceCell::new);
        let file: &Content = file.get_or_init(|| Content::read(cx)).await;
        let (entries, error) = match &file.bytes {
            Ok(bytes) => (entries_for(bytes, host), None),
            Err(Unread::Lack(lack)) => return Err(lack.stop()),
            Err(Unread::Wrong(error)) => (Vec::new(), Some(error.clone())),
        };
        Ok(Self { path: file.path.clone(), entries, error })
    }
}

impl HostsFile {
    /// The addresses that it gives, IPv4 first, without repeats.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = Vec::new();
        for entry in &self.entries {
            if !addresses.contains(&entry.address) {
                addresses.push(entry.address);
            }
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses
    }
}

/// The file, read once a run.
struct Content {
    path: String,
    bytes: Result<Vec<u8>, Unread>,
}

/// Why the file is not known.
enum Unread {
    /// This machine has not what it takes to read it.
    Lack(Lack),
    /// In words.
    Wrong(String),
}

impl Content {
    async fn read(cx: &Cx) -> Self {
        let path = match &cx.plan().hosts_file {
            Some(path) => path.value.clone(),
            None => PathBuf::from(PLATFORMS_OWN),
        };
        let bytes = match cx.read(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(|error| {
                Lack::of(&error).map_or_else(|| Unread::Wrong(error.to_string()), Unread::Lack)
            }),
        };
        Self { path: shown_path(&path), bytes }
    }
}

/// The first 64 entries of a hosts file that name `host`: `ADDRESS NAME [NAME …]`, a comment from `#` on (hosts(5)). What is
/// no such line is passed over, as the system's own reader does.
pub fn entries_for(file: &[u8], host: &HostName) -> Vec<Entry> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let entries = file.split(|byte| *byte == b'\n').enumerate().filter_map(|(before, line)| {
        let entry = line.split(|byte| *byte == b'#').next()?;
        let mut words = entry.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let address = words.next()?;
        words.find(|name| is_named(name, host))?;
        Some(Entry {
            line: before + 1,
            address: read_address(address)?,
            text: shown_bytes(line.trim_ascii(), 200),
        })
    });
    entries.take(MOST_ENTRIES).collect()
}

fn is_named(name: &[u8], host: &HostName) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    name.eq_ignore_ascii_case(host.as_str().as_bytes())
}

/// An address; the interface behind the `%` of a link-local one says nothing about names.
fn read_address(word: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(word).ok()?;
    text.split('%').next()?.parse().ok()
}

fn shown_path(path: &Path) -> String {
    shown(&path.display().to_string(), 300)
}

const MOST_ENTRIES: usize = 64;
#[cfg(windows)]
const PLATFORMS_OWN: &str = r"C:\Windows\System32\drivers\etc\hosts";
#[cfg(not(windows))]
const PLATFORMS_OWN: &str = "/etc/hosts";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(file: &str, host: &str) -> Vec<(usize, String)> {
        let entries = entries_for(file.as_bytes(), &HostName::new(host)).into_iter();
        entries.map(|entry| (entry.line, entry.address.to_string())).collect()
    }

    #[test]
    fn entries_are_found_as_the_system_finds_them() {
        let file = "\u{feff}127.0.0.1 localhost\r\n\
                    # 10.0.0.9 github.com\r\n\
                    10.0.0.1\tproxy  GitHub.com github.com # pinned\r\n\
                    fe80::1%lo0 github.com.\n\
                    \n\
                    10.0.0.300 github.com\n\
                    github.com 10.0.0.2\n\
                    10.0.0.3 api.github.com #github.com\n\
                    10.0.0.4 notgithub.com";
        assert_eq!(found(file, "github.com"), [(3, "10.0.0.1".to_owned()), (4, "fe80::1".to_owned())]);
        assert_eq!(found(file, "LOCALHOST"), [(1, "127.0.0.1".to_owned())]);
        assert_eq!(found(file, "uploads.github.com"), []);
        assert_eq!(found("", "github.com"), []);
    }

    #[test]
    fn addresses_are_ipv4_first_without_repeats() {
        let entries = entries_for(b"::2 a\n10.0.0.2 a\n10.0.0.1 a\n10.0.0.2 a", &HostName::new("a"));
        let file = HostsFile { path: String::new(), entries, error: None };
        let addresses: Vec<String> = file.addresses().iter().map(IpAddr::to_string).collect();
        assert_eq!(addresses, ["10.0.0.2", "10.0.0.1", "::2"]);
    }

    proptest! {
        #[test]
        fn any_file_is_read(file in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(entries_for(&file, &HostName::new("a")).len() <= MOST_ENTRIES);
        }

        #[test]
        fn an_entry_is_found_wherever_it_stands(
            before in "[a-z0-9:. #\t\r]{0,40}",
            spaces in "[ \t]{1,4}",
            other in "[a-z]{1,8}",
            after in "( *#.{0,20})?",
        ) {
            let file = format!("{before}\n192.0.2.1{spaces}{other}{spaces}the.host{after}\n");
            let entries = entries_for(file.as_bytes(), &HostName::new("The.Host"));
            let found = entries.iter().filter(|entry| entry.address == IpAddr::from([192, 0, 2, 1])).count();
            prop_assert_eq!(found, 1);
            prop_assert!(!entries.iter().any(|entry| entry.text.chars().any(char::is_control)));
        }
    }
}
