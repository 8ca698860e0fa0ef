use gh_connect_engine::{Cx, Fact, ProxySetting, ProxyUrl, ProxyUrlError, Stop};
use serde::{Deserialize, Deserializer, Serialize};

use super::NEEDS;
use crate::{Answer, Api, Ends, OfTheRun, ask::Get, json, json::One};

/// `GET /manage/v1/config/settings`: the few of the server's settings that matter here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManageSettings {
    /// What it says.
    pub answer: Answer<Settings>,
}

/// Settings of a server. What is `None` was not said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    /// The name that the server believes to have.
    pub github_hostname: Option<String>,
    /// The outbound proxy: the one that GitHub Connect uses (facts §0.5). [`ProxySetting::Off`] when it says that there is
    /// none.
    pub http_proxy: Option<ProxySetting>,
    /// Whether this run uses that proxy with another user name or password. A record keeps neither, and so this.
    #[serde(default)]
    pub as_another_user: bool,
    /// Whether strangers are told anything.
    pub private_mode: Option<bool>,
    /// Whether there is a name for each service.
    pub subdomain_isolation: Option<bool>,
    /// Whether the server speaks TLS.
    pub tls: Option<bool>,
    /// Where it gets the time.
    pub ntp: Vec<String>,
    /// Whether the licence is a trial licence.
    pub licence_evaluation: Option<bool>,
    /// When the licence ends.
    pub licence_expire_at: Option<String>,
}

impl Settings {
    /// When the licence ends, as far as that can be read.
    pub fn licence_ends(&self) -> Option<Ends> {
        Ends::read(self.licence_expire_at.as_deref()?)
    }
}

impl Fact for ManageSettings {
    const ID: &'static str = "manage.settings";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner(), "token"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        // The proxy's password is most likely known to the run by then, and would be taken out of the URL.
        let get = Get { as_it_is: true, ..Get::new(NEEDS, "/manage/v1/config/settings") };
        let answer = get.read::<One<SettingsReply>>(cx).await?.map(|One(reply)| {
            let settings = Settings::from(reply);
            let as_another_user = match (&settings.http_proxy, &cx.plan().proxy.value) {
                (Some(ProxySetting::Use(own)), ProxySetting::Use(used)) => !own.same_user(used),
                _ => false,
            };
            Settings { as_another_user, ..settings }
        });
        Ok(Self { answer })
    }
}

/// Everything else in the reply is passed over unread. Nothing here may have a `Debug` that shows the proxy's URL.
#[derive(Deserialize)]
struct SettingsReply {
    #[serde(default, deserialize_with = "json::text")]
    github_hostname: Option<String>,
    #[serde(default, deserialize_with = "proxy")]
    http_proxy: Option<ProxySetting>,
    private_mode: Option<bool>,
    subdomain_isolation: Option<bool>,
    #[serde(default, deserialize_with = "json::one")]
    github_ssl: Option<Tls>,
    #[serde(default, deserialize_with = "json::one")]
    ntp: Option<Ntp>,
    #[serde(default, deserialize_with = "json::one")]
    license: Option<Licence>,
}

#[derive(Deserialize)]
struct Tls {
    enabled: Option<bool>,
}

#[derive(Deserialize)]
struct Ntp {
    #[serde(default, deserialize_with = "json::text")]
    primary_server: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    secondary_server: Option<String>,
}

#[derive(Deserialize)]
struct Licence {
    evaluation: Option<bool>,
    #[serde(default, deserialize_with = "json::text")]
    expire_at: Option<String>,
}

impl From<SettingsReply> for Settings {
    fn from(reply: SettingsReply) -> Self {
        let ntp = reply.ntp.map(|ntp| [ntp.primary_server, ntp.secondary_server]);
        let (licence_evaluation, licence_expire_at) =
            reply.license.map_or((None, None), |licence| (licence.evaluation, licence.expire_at));
        Self {
            github_hostname: reply.github_hostname,
            http_proxy: reply.http_proxy,
            as_another_user: false,
            private_mode: reply.private_mode,
            subdomain_isolation: reply.subdomain_isolation,
            tls: reply.github_ssl.and_then(|tls| tls.enabled),
            ntp: ntp.into_iter().flatten().flatten().filter(|server| !server.is_empty()).collect(),
            licence_evaluation,
            licence_expire_at,
        }
    }
}

/// Null and an empty text say that there is no proxy; a field that is not there says nothing.
fn proxy<'de, D: Deserializer<'de>>(json: D) -> Result<Option<ProxySetting>, D::Error> {
    let text = Option::<String>::deserialize(json)?.unwrap_or_default();
    Ok(Some(read_proxy(&text)))
}

/// A setting of a proxy as the Management Console keeps it.
fn read_proxy(text: &str) -> ProxySetting {
    if text.trim().is_empty() {
        return ProxySetting::Off;
    }
    match ProxyUrl::parse(text) {
        Ok(url) => ProxySetting::Use(url),
        Err(ProxyUrlError::UnsupportedScheme(scheme)) => ProxySetting::Unsupported {
            shown: ProxyUrl::shown(text),
            scheme: gh_connect_engine::shown(&scheme, 20),
        },
        Err(error) => ProxySetting::Invalid { shown: ProxyUrl::shown(text), reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn read(body: &str) -> Settings {
        let One(reply) = json::read::<One<SettingsReply>>(&HeaderMap::new(), body.as_bytes(), true)
            .unwrap_or_else(|why| panic!("{body}: {why}"));
        reply.into()
    }

    #[test]
    fn what_is_not_said_stays_unknown() {
        for (body, expected) in [
            ("{}", None),
            (r#"{"http_proxy": null}"#, Some("Off".to_owned())),
            (r#"{"http_proxy": " "}"#, Some("Off".to_owned())),
            (
                r#"[{"http_proxy": "http://u:canary@proxy:3128"}]"#,
                Some("http://[redacted]@proxy:3128".to_owned()),
            ),
            (
                r#"{"http_proxy": "proxy:3128"}"#,
                Some("proxy:3128 it has no scheme; write http://HOST:PORT".to_owned()),
            ),
            (
                r#"{"http_proxy": "u:canary@proxy"}"#,
                Some("[redacted]@proxy it has no scheme; write http://HOST:PORT".to_owned()),
            ),
            (
                r#"{"http_proxy": "socks5://u:canary@proxy"}"#,
                Some("socks5://[redacted]@proxy socks5".to_owned()),
            ),
        ] {
            let shown = read(body).http_proxy.map(|setting| match setting {
                ProxySetting::Off => "Off".to_owned(),
                ProxySetting::Use(url) => url.to_string(),
                ProxySetting::Invalid { shown, reason } => format!("{shown} {reason}"),
                ProxySetting::Unsupported { shown, scheme } => format!("{shown} {scheme}"),
            });
            assert_eq!(shown, expected, "{body}");
        }
        let settings = read(
            r#"{"github_ssl": {"enabled": true, "key": "canary"}, "ntp": {"primary_server": "a", "secondary_server": ""}, "license": null}"#,
        );
        assert_eq!(
            (settings.tls, settings.ntp.clone(), settings.private_mode),
            (Some(true), vec!["a".to_owned()], None)
        );
    }

    #[test]
    fn no_secret_is_kept_or_told_whatever_is_wrong() {
        let secrets = r#""github_ssl": {"enabled": true, "key": "canary"}, "smtp": {"password": "canary"}, "admin_password": "canary""#;
        for body in [
            format!("{{{secrets}, \"http_proxy\": \"http://canary:canary@proxy:1\"}}"),
            format!("{{{secrets}, \"private_mode\": \"canary\"}}"),
            format!("{{\"ntp\": \"canary\", {secrets}}}"),
            format!("{{\"http_proxy\": [\"canary\"], {secrets}}}"),
            format!("{{{secrets}, \"canary"),
            "canary".to_owned(),
        ] {
            let told = match json::read::<One<SettingsReply>>(&HeaderMap::new(), body.as_bytes(), true) {
                Ok(One(reply)) => {
                    let settings = Settings::from(reply);
                    format!("{settings:?} {}", serde_json::to_string(&settings).expect("JSON"))
                }
                Err(why) => format!("{why:?} {why} {}", serde_json::to_string(&why).expect("JSON")),
            };
            assert!(!told.contains("canary"), "{told}");
        }
    }
}
