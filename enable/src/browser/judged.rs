//! What a press is bound to: the page on which its element was judged.

use std::collections::HashSet;

use super::{BrowserError, Looked, place};
use crate::flow::{self, Page};

/// The page that a tab shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// The browser's name for the tab, or for the session in which it is spoken to.
    pub(super) tab: String,
    /// The browser's name for the document: another one, once the page is loaded again.
    pub(super) document: String,
    pub(super) authority: String,
    pub(super) path: String,
    /// Whether it came over TLS.
    pub(super) secure: bool,
    /// Whether the browser shows a page of its own in place of the site's.
    pub(super) failed: bool,
}

impl Shown {
    pub(super) fn new(tab: &str, document: &str, url: &str) -> Self {
        let (authority, path, secure) = place(url);
        Self { tab: tab.to_owned(), document: document.to_owned(), authority, path, secure, failed: false }
    }

    /// A host in whose place the browser has shown a page of its own is never taken for verified again: a person may have told the
    /// browser to go on nevertheless, and what it shows then looks like any other page.
    pub(super) fn with_distrust(mut self, distrusted: &mut HashSet<String>) -> Self {
        if self.failed {
            distrusted.insert(self.authority.clone());
        }
        self.secure &= !distrusted.contains(&self.authority);
        self
    }

    /// Whether this is a page of one of the two sites. Elsewhere a person signs in, with what is nobody else's business.
    pub(super) fn is_of(&self, looked: &Looked) -> bool {
        let host = self.authority.rsplit_once(':').map_or("", |(host, _)| host);
        [&looked.server, &looked.cloud].iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether there is something to read: a page of the site's own, on which nobody is asked for a password.
    pub(super) fn is_read(&self, looked: &Looked) -> bool {
        self.is_of(looked) && !self.failed && !flow::is_sign_in(&self.path)
    }

    /// As a page of which nothing was read; on another host not even its path.
    pub(super) fn unread(self, looked: &Looked) -> Page {
        Page {
            path: if self.is_of(looked) { self.path.clone() } else { String::new() },
            verified: self.secure && !self.failed,
            authority: self.authority,
            tab: self.tab,
            document: self.document,
            failed: self.failed,
            ..Page::default()
        }
    }

    /// A name for an element of this page, with all that it was judged by.
    pub(super) fn handle(&self, element: &str) -> String {
        let secure = if self.secure { SECURE } else { "" };
        [&self.tab, &self.document, &self.authority, &self.path, secure, element].join(BETWEEN)
    }
}

/// An element of a page.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) tab: &'a str,
    document: &'a str,
    authority: &'a str,
    path: &'a str,
    secure: bool,
    pub(super) element: &'a str,
}

impl<'a> Judged<'a> {
    pub(super) fn read(handle: &'a str) -> Result<Self, BrowserError> {
        let parts: Vec<&str> = handle.split(BETWEEN).collect();
        match parts[..] {
            [tab, document, authority, path, secure, element] if !document.is_empty() => {
                Ok(Self { tab, document, authority, path, secure: secure == SECURE, element })
            }
            _ => Err(BrowserError::Refused("no such element".to_owned())),
        }
    }

    /// Whether the tab still shows the page on which this was judged.
    pub(super) fn is_on(&self, shown: &Shown) -> Result<(), BrowserError> {
        if self.secure && !shown.secure {
            return Err(BrowserError::Refused("the page is not trusted any more".to_owned()));
        }
        let is_same = !shown.failed
            && (self.tab, self.document) == (&*shown.tab, &*shown.document)
            && (self.authority, self.path) == (&*shown.authority, &*shown.path);
        match is_same {
            true => Ok(()),
            false => Err(BrowserError::Refused("the window shows another page by now".to_owned())),
        }
    }
}

const SECURE: &str = "secure";
/// No URL and no browser's name for anything has it.
const BETWEEN: &str = "\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_belongs_to_one_page() {
        let shown = Shown::new("tab", "1", "https://github.com/a?state=1");
        let handle = shown.handle("7");
        let judged = Judged::read(&handle).expect("a handle");
        assert_eq!((judged.tab, judged.element), ("tab", "7"));
        assert!(judged.is_on(&shown).is_ok());
        for other in [
            Shown::new("tab", "2", "https://github.com/a"),
            Shown::new("bat", "1", "https://github.com/a"),
            Shown::new("tab", "1", "https://github.com/b"),
            Shown::new("tab", "1", "https://evil.example/a"),
            Shown { failed: true, ..shown.clone() },
            // Another tab has shown an error page of its host by now.
            Shown { secure: false, ..shown.clone() },
        ] {
            assert!(judged.is_on(&other).is_err(), "{other:?}");
        }
        assert!(Judged::read("7").is_err());
    }

    #[test]
    fn nothing_is_read_where_a_person_signs_in() {
        let looked = Looked {
            server: "ghes.corp.example".to_owned(),
            cloud: "octo.ghe.com".to_owned(),
            slug: "octo".to_owned(),
            name: None,
        };
        for (url, is_read, path) in [
            ("https://ghes.corp.example:8443/a", true, "/a"),
            ("https://OCTO.ghe.com/a", true, "/a"),
            ("https://ghes.corp.example/login", false, "/login"),
            ("https://octo.ghe.com/enterprises/octo/sso?x", false, "/enterprises/octo/sso"),
            ("https://octo.ghe.com/session", false, "/session"),
            ("https://idp.corp.example/users/ana", false, ""),
            ("https://ghes.corp.example.evil.example/a", false, ""),
            ("https://github.com/a", false, ""),
        ] {
            let shown = Shown::new("tab", "1", url);
            assert_eq!(shown.is_read(&looked), is_read, "{url}");
            assert_eq!(shown.unread(&looked).path, path, "{url}");
        }
        let failed = Shown { failed: true, ..Shown::new("tab", "1", "https://octo.ghe.com/a") };
        assert!(!failed.is_read(&looked) && !failed.unread(&looked).verified);
    }
}
