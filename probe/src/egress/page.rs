use std::fmt;

use url::{Position, Url};

use crate::Endpoint;

/// A page that tells who calls, `https://echo.corp.example/`: what [`super::Echo`] is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EchoPage {
    url: Url,
    endpoint: Endpoint,
}

/// Why something is no echo page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPage {
    /// It is no URL of a host.
    #[error("it is no URL")]
    NotAUrl,
    /// It is another scheme.
    #[error("it begins with neither https:// nor http://")]
    Scheme,
    /// It has a user name or a password, and such pages are asked by nobody in particular.
    #[error("it holds a user name or password, and echo pages are asked anonymously")]
    Credentials,
}

impl EchoPage {
    /// Reads a URL. A fragment is dropped.
    pub fn parse(text: &str) -> Result<Self, NotAPage> {
        let mut url = Url::parse(text.trim()).map_err(|_| NotAPage::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NotAPage::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAPage::Credentials);
        }
        url.set_fragment(None);
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(NotAPage::NotAUrl);
        };
        let endpoint = Endpoint::new(host, port);
        // `http://./` is a URL, and names the root of all names.
        if endpoint.host.as_str().is_empty() {
            return Err(NotAPage::NotAUrl);
        }
        Ok(Self { url, endpoint })
    }

    /// The host and port.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether it is asked over TLS.
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }
}

impl fmt::Display for EchoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_url_of_a_host_without_credentials() {
        for (text, expected) in [
            ("https://echo.corp.example/", Ok(("echo.corp.example:443", "/", true))),
            ("http://echo.corp.example", Ok(("echo.corp.example:80", "/", false))),
            (
                " https://ECHO.corp.example:8443/ip?format=json#x ",
                Ok(("echo.corp.example:8443", "/ip?format=json", true)),
            ),
            ("https://[2001:db8::1]/", Ok(("[2001:db8::1]:443", "/", true))),
            ("echo.corp.example", Err(NotAPage::NotAUrl)),
            ("https://", Err(NotAPage::NotAUrl)),
            ("http:.://01]/", Err(NotAPage::NotAUrl)),
            ("https://./", Err(NotAPage::NotAUrl)),
            ("ftp://echo.corp.example/", Err(NotAPage::Scheme)),
            ("https://user@echo.corp.example/", Err(NotAPage::Credentials)),
            ("https://:canary@echo.corp.example/", Err(NotAPage::Credentials)),
        ] {
            let page = EchoPage::parse(text);
            let seen =
                page.as_ref().map(|page| (page.endpoint().to_string(), page.target(), page.is_secure()));
            let expected = expected.map(|(endpoint, target, secure)| (endpoint.to_owned(), target, secure));
            assert_eq!(seen.map_err(|why| *why), expected, "{text}");
        }
    }
}
