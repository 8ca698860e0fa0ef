use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

use crate::{Redactor, Secret};

/// Where the egress proxy is. The credentials are kept apart from everything that can be printed.
#[derive(Clone, Debug)]
pub struct ProxyUrl {
    /// How the proxy itself is spoken to.
    pub scheme: ProxyScheme,
    /// A name or an address, without brackets.
    pub host: String,
    /// The port, given or the scheme's own.
    pub port: u16,
    /// User name and password, where the URL has them.
    pub credentials: Option<Credentials>,
}

/// How the proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyScheme {
    /// Plain HTTP, `CONNECT` inside.
    Http,
    /// TLS to the proxy, `CONNECT` inside.
    Https,
}

/// What the proxy is told about who we are.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name, decoded.
    pub user: Secret,
    /// The password, decoded; may be empty.
    pub password: Secret,
}

/// Why a text is no proxy URL that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// It has no scheme.
    #[error("it has no scheme; write http://HOST:PORT")]
    NoScheme,
    /// The scheme cannot carry GitHub Connect.
    #[error("the scheme {0}:// cannot be used; http:// and https:// can")]
    UnsupportedScheme(String),
    /// It has no host.
    #[error("it names no host; write http://HOST:PORT")]
    NoHost,
    /// It has a path, a query or a fragment.
    #[error("it has something after the port; write http://HOST:PORT")]
    Trailing,
    /// It is no URL.
    #[error("it is no URL: {0}")]
    Malformed(String),
}

impl ProxyUrl {
    /// Reads `scheme://[user[:password]@]host[:port]`. The port defaults to 80 for `http` and 443 for `https`.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let text = text.trim();
        // The URL standard drops line breaks and tabs wherever they stand; a setting that has them was pasted wrongly.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ProxyUrlError::Malformed(
                "it has white space or control characters in it".to_owned(),
            ));
        }
        let Some((scheme, _)) = text.split_once("://") else { return Err(ProxyUrlError::NoScheme) };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            other if is_scheme(other) => return Err(ProxyUrlError::UnsupportedScheme(other.to_owned())),
            _ => {
                return Err(ProxyUrlError::Malformed(
                    "its scheme has characters that no scheme has".to_owned(),
                ));
            }
        };
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::EmptyHost => ProxyUrlError::NoHost,
            other => ProxyUrlError::Malformed(other.to_string()),
        })?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(ProxyUrlError::Trailing);
        }
        let host = match url.host() {
            // `http://.:3128` is a URL, and names the root of all names.
            Some(Host::Domain(name)) if !name.trim_end_matches('.').is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(ProxyUrlError::NoHost),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        let decode = |part: &str| {
            Secret::new(percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
        };
        let credentials = (!url.username().is_empty() || url.password().is_some()).then(|| Credentials {
            user: decode(url.username()),
            password: decode(url.password().unwrap_or("")),
        });
        Ok(Self { scheme, host, port, credentials })
    }

    /// What may be shown of a text that may hold credentials although it is no URL: the scheme, the host and the port.
    /// What stands before the last `@` and behind the port goes.
    pub fn shown(text: &str) -> String {
        let text = text.trim();
        let (scheme, rest) = split_scheme(text);
        let (user_info, place) = match text.rsplit_once('@') {
            Some((_, place)) => ("[redacted]@", place),
            None => ("", rest),
        };
        // `http//user` may be the beginning of a password, too.
        let scheme = if user_info.is_empty() || scheme.ends_with("://") { scheme } else { "" };
        let end = end_of_authority(place);
        let rest = if matches!(&place[end..], "" | "/") { &place[end..] } else { "/[redacted]" };
        crate::shown(&format!("{scheme}{user_info}{}{rest}", &place[..end]), 200)
    }

    /// `host:port`, with brackets around an IPv6 address.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Teaches `redactor` the credentials.
    pub fn teach(&self, redactor: &mut Redactor) {
        if let Some(Credentials { user, password }) = &self.credentials {
            redactor.learn_pair(user, password);
        }
    }

    /// Whether both lead to the same place in the same way; credentials do not count.
    pub fn same_place(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host.eq_ignore_ascii_case(&other.host) && self.port == other.port
    }
}

impl ProxyUrl {
    /// Whether both name the same user with the same password, or neither names one.
    pub fn same_user(&self, other: &Self) -> bool {
        match (&self.credentials, &other.credentials) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                one.user.expose() == other.user.expose() && one.password.expose() == other.password.expose()
            }
            _ => false,
        }
    }
}

impl ProxyScheme {
    /// `http` or `https`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// With `[redacted]@` in the place of credentials.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user_info = if self.credentials.is_some() { "[redacted]@" } else { "" };
        write!(f, "{}://{user_info}{}", self.scheme.id(), self.authority())
    }
}

impl Serialize for ProxyUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A saved URL has lost its credentials; that there were some is kept.
impl<'de> Deserialize<'de> for ProxyUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // "[redacted]" is no legal user name in a URL: brackets must be percent-encoded to be read again.
        Self::parse(&text.replace("[redacted]@", "redacted@")).map_err(serde::de::Error::custom)
    }
}

/// What is, or seems to have been meant as, `scheme://`, and what follows.
fn split_scheme(text: &str) -> (&str, &str) {
    if let Some((scheme, rest)) = text.split_once("://")
        && is_scheme(scheme)
    {
        return text.split_at(text.len() - rest.len());
    }
    let meant = ["https//", "http//", "https:/", "http:/", "https:", "http:"];
    let meant = meant.into_iter().find(|meant| text.starts_with(meant));
    text.split_at(meant.map_or(0, str::len))
}

/// Where `host:port` ends at the beginning of a text, as far as it looks like one.
fn end_of_authority(text: &str) -> usize {
    let name = |c: char| {
        !(c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | ':' | '\\' | '"' | '\''))
    };
    let host = match text.find(']').filter(|_| text.starts_with('[')) {
        Some(bracket) => bracket + 1,
        None => text.find(|c| !name(c)).unwrap_or(text.len()),
    };
    let Some(port) = text[host..].strip_prefix(':') else { return host };
    let length = port.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(port.len());
    if length <= LONGEST_PORT { host + 1 + length } else { host }
}

/// Digits of a port; what is longer is none.
const LONGEST_PORT: usize = 5;

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_read() {
        for (text, expected) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("HTTP://Proxy.Corp.example:3128/", "http://proxy.corp.example:3128"),
            ("http://proxy", "http://proxy:80"),
            ("https://proxy", "https://proxy:443"),
            ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
            ("http://user:p%40ss@proxy:3128", "http://[redacted]@proxy:3128"),
        ] {
            assert_eq!(ProxyUrl::parse(text).map(|url| url.to_string()), Ok(expected.to_owned()), "{text}");
        }
        let url = ProxyUrl::parse("http://us%3Aer:p%40ss@proxy:3128").expect("a URL");
        let credentials = url.credentials.expect("credentials");
        assert_eq!((credentials.user.expose(), credentials.password.expose()), ("us:er", "p@ss"));
    }

    #[test]
    fn what_is_no_proxy_url_says_why() {
        for (text, expected) in [
            ("proxy:3128", ProxyUrlError::NoScheme),
            ("socks5://proxy:1080", ProxyUrlError::UnsupportedScheme("socks5".to_owned())),
            ("http://", ProxyUrlError::NoHost),
            ("http://:3128", ProxyUrlError::NoHost),
            ("http://.:3128", ProxyUrlError::NoHost),
            ("http://proxy:3128/pac", ProxyUrlError::Trailing),
        ] {
            assert_eq!(ProxyUrl::parse(text).map(|url| url.to_string()), Err(expected), "{text}");
        }
        for text in ["http://proxy:99999", "http://pro xy:3128", "http://proxy:31\n28", "ht tp://proxy:3128"]
        {
            assert!(matches!(ProxyUrl::parse(text), Err(ProxyUrlError::Malformed(_))), "{text:?}");
        }
    }

    #[test]
    fn nothing_before_the_at_sign_is_shown() {
        assert_eq!(ProxyUrl::shown("http//user:secret@proxy"), "[redacted]@proxy");
        assert_eq!(ProxyUrl::shown("http://us@er:secret@proxy:x"), "http://[redacted]@proxy:x");
        assert_eq!(ProxyUrl::shown("user:pa://ss@proxy:x"), "[redacted]@proxy:x");
    }

    #[test]
    fn nothing_behind_the_port_is_shown() {
        for (text, expected) in [
            ("http://proxy:3128/?pw=secret", "http://proxy:3128/[redacted]"),
            ("http://proxy:3128#secret", "http://proxy:3128/[redacted]"),
            ("http://proxy/pac", "http://proxy/[redacted]"),
            ("http://proxy:3128/", "http://proxy:3128/"),
            ("socks5h://[2001:db8::1]:1080", "socks5h://[2001:db8::1]:1080"),
            ("proxy:3128:user:secret", "proxy:3128/[redacted]"),
            ("http://proxy:99999", "http://proxy:99999"),
            ("proxy user secret", "proxy/[redacted]"),
            ("user:secret", "user/[redacted]"),
            ("http//proxy:3128", "http//proxy:3128"),
            ("http:/proxy/secret", "http:/proxy/[redacted]"),
            ("", ""),
        ] {
            assert_eq!(ProxyUrl::shown(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Ok(url) = ProxyUrl::parse(&text) {
                let again: ProxyUrl = serde_json::from_str(&serde_json::to_string(&url)?)?;
                prop_assert!(again.same_place(&url));
                prop_assert_eq!(again.credentials.is_some(), url.credentials.is_some());
            }
        }
    }
}
