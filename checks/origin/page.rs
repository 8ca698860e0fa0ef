//! What answers in a host's place, told apart by what it shows: portals, logins, block pages, and who makes them.

use gh_connect_probe::http::{Exchange, Head};

/// What a reply looks like that shows no sign of the host's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(super) looks: Looks,
    /// The gateway's maker, where it shows.
    pub(super) maker: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// 511 Network Authentication Required (RFC 6585 §6), or a portal's words.
    Portal,
    /// It leads away, by a redirection or by the page itself.
    LeadsTo(String),
    /// 401 or 407.
    LoginDemand,
    LoginPage,
    BlockPage,
    /// Nothing of these.
    Reply,
}

impl Page {
    /// What the reply of `host` looks like.
    pub(crate) fn of(host: &str, head: &Head, exchange: &Exchange) -> Self {
        let text = format!("{} {}", exchange.words, exchange.sample).to_lowercase();
        let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
        let leads_away = || leads_to(head, exchange).filter(|to| is_elsewhere(to, host));
        let looks = match (head.status, head.redirects_to()) {
            (CAPTIVE, _) => Looks::Portal,
            (_, Some(location)) => Looks::LeadsTo(location.to_owned()),
            (401 | 407, None) => Looks::LoginDemand,
            (200..300, None) if says(LOGIN) => Looks::LoginPage,
            (451, None) => Looks::BlockPage,
            (200..500, None) if says(BLOCK) => Looks::BlockPage,
            (300..500, None) if says(LOGIN) => Looks::LoginPage,
            (_, None) if says(PORTAL) => Looks::Portal,
            (_, None) => leads_away().map_or(Looks::Reply, Looks::LeadsTo),
        };
        Self { looks, maker: maker(head, &text) }
    }

    /// In words: `a block page of Zscaler`.
    pub(crate) fn words(&self) -> String {
        let what = match &self.looks {
            Looks::Portal => "a captive portal".to_owned(),
            Looks::LeadsTo(to) if to.to_ascii_lowercase().starts_with("http://") => {
                format!("a redirection to {to}, as captive portals send")
            }
            Looks::LeadsTo(to) => format!("a redirection to {to}"),
            Looks::LoginDemand => "a demand for a login".to_owned(),
            Looks::LoginPage => "a login page".to_owned(),
            Looks::BlockPage => "a block page".to_owned(),
            Looks::Reply => "a reply".to_owned(),
        };
        self.maker.map_or(what.clone(), |maker| format!("{what} of {maker}"))
    }

    /// What whoever runs the way does about it.
    pub(super) fn step(&self) -> &'static str {
        match &self.looks {
            Looks::Portal => FREE_OF_PORTAL,
            Looks::LeadsTo(to) if to.to_ascii_lowercase().starts_with("http://") => FREE_OF_PORTAL,
            Looks::LeadsTo(_) | Looks::LoginDemand | Looks::LoginPage => FREE_OF_LOGIN,
            Looks::BlockPage | Looks::Reply => UNBLOCKED,
        }
    }

    /// Whether a reply of a host of which nothing is known looks as if something answers in its place.
    pub(super) fn is_suspicious(&self, host: &str, status: u16) -> bool {
        let demands = matches!(self.looks, Looks::LoginDemand);
        demands || self.is_of_something_else(|to| is_elsewhere(to, host)) || matches!(status, 403 | 451)
    }

    /// Whether its words are those of something between the client and the host, or whether it leads to what `is_off`.
    pub(crate) fn is_of_something_else(&self, is_off: impl Fn(&str) -> bool) -> bool {
        let looks = match &self.looks {
            Looks::LeadsTo(to) => is_off(to),
            Looks::Reply | Looks::LoginDemand => false,
            Looks::Portal | Looks::LoginPage | Looks::BlockPage => true,
        };
        looks || self.is_of_a_maker()
    }

    /// Whether a gateway's maker shows.
    pub(super) fn is_of_a_maker(&self) -> bool {
        self.maker.is_some()
    }
}

/// Where a page sends its reader by itself: as [`refreshes_to`], or by a script.
fn leads_to(head: &Head, exchange: &Exchange) -> Option<String> {
    let page = &exchange.sample;
    refreshes_to(head, exchange).or_else(|| {
        let lower = page.to_ascii_lowercase();
        let at = lower.find("location")?;
        let to = lower[at..].find("http").filter(|to| *to <= FAR_FROM_LOCATION)?;
        location(&page[at + to..])
    })
}

/// Where a reply sends its reader after a while: `Refresh: 0; url=…`, or `<meta http-equiv="refresh" content="0; url=…">`.
pub(super) fn refreshes_to(head: &Head, exchange: &Exchange) -> Option<String> {
    if let Some(to) = head.header("refresh").and_then(after_a_while) {
        return Some(to);
    }
    let page = &exchange.sample;
    // Lower-casing ASCII keeps every place where it is.
    let lower = page.to_ascii_lowercase();
    lower.match_indices("<meta").find_map(|(at, _)| {
        let tag = &lower[at..at + lower[at..].find('>').unwrap_or(lower.len() - at)];
        let content = tag.contains("http-equiv") && tag.contains("refresh");
        let content = content.then(|| tag.find("content"))??;
        after_a_while(&page[at + content..at + tag.len()])
    })
}

/// The place in `0; url='https://…'`, with or without the word.
fn after_a_while(content: &str) -> Option<String> {
    let (_, to) = content.split_once([';', ','])?;
    let to = to.trim_start();
    let named = to
        .get(..3)
        .filter(|word| word.eq_ignore_ascii_case("url"))
        .and_then(|_| to[3..].trim_start().strip_prefix('='));
    location(named.unwrap_or(to))
}

/// A location at the beginning of a text, with whatever quotes it.
fn location(text: &str) -> Option<String> {
    let from = text.trim_start_matches(['\'', '"', '\\', ' ']);
    let to = from.split(['"', '\'', '>', '<', ' ', '\\', ')', ';']).next()?;
    (!to.is_empty()).then(|| to.to_owned())
}

/// Whether a location is on another host, or leaves HTTPS. `www.` before the name is the same host's.
pub(crate) fn is_elsewhere(location: &str, host: &str) -> bool {
    let same = |other: &str| super::judge::is_https_of(location, other);
    let bare = host.strip_prefix("www.");
    !(same(host) || same(&format!("www.{host}")) || bare.is_some_and(same))
}

/// The maker of a gateway, by its headers and the words of its pages.
fn maker(head: &Head, text: &str) -> Option<&'static str> {
    let headers = ["server", "via", "location", "www-authenticate", "proxy-authenticate"];
    let told: String = headers
        .iter()
        .filter_map(|name| head.header(name))
        .map(|value| format!("{} ", value.to_lowercase()))
        .collect();
    let shows = |sign: &&&str| told.contains(**sign) || text.contains(**sign);
    if head.header("x-squid-error").is_some() {
        return Some("Squid");
    }
    MAKERS.iter().find(|(_, signs)| signs.iter().any(|sign| shows(&sign))).map(|(maker, _)| *maker)
}

/// 511 Network Authentication Required (RFC 6585 §6).
pub(super) const CAPTIVE: u16 = 511;
const FREE_OF_PORTAL: &str = "Let the server through without the portal of the network";
const FREE_OF_LOGIN: &str = "Let the server through without a login: it is no browser";
const UNBLOCKED: &str =
    "Allow the host, in the policy or category that blocks it, and let its replies pass unchanged";
const FAR_FROM_LOCATION: usize = 24;
const PORTAL: &[&str] = &["captive portal", "captiveportal", "guest network", "hotspot", "wispaccessgateway"];
/// In the languages in which gateways' pages come.
const LOGIN: &[&str] = &[
    "sign in",
    "sign on",
    "sign-on",
    "log in",
    "login",
    "logon",
    "password",
    "username",
    "anmelden",
    "anmeldung",
    "kennwort",
    "passwort",
    "benutzername",
    "mot de passe",
    "identifiant",
    "se connecter",
    "iniciar sesión",
    "contraseña",
    "credenziali",
    "accedi",
    "iniciar sessão",
    "senha",
    "inloggen",
    "wachtwoord",
    "logga in",
    "lösenord",
    "log ind",
    "adgangskode",
    "logg inn",
    "passord",
    "zaloguj",
    "hasło",
    "přihlá",
    "heslo",
    "bejelentkez",
    "jelszó",
    "oturum aç",
    "parola",
    "kirjaudu",
    "salasana",
    "войти",
    "пароль",
    "ログイン",
    "サインイン",
    "パスワード",
    "登录",
    "登入",
    "密码",
    "密碼",
    "로그인",
    "비밀번호",
    "تسجيل الدخول",
];
const BLOCK: &[&str] = &[
    "block",
    "denied",
    "forbidden",
    "policy",
    "not allowed",
    "not permitted",
    "prohibited",
    "restricted",
    "category",
    "web filter",
    "gesperrt",
    "blockiert",
    "verweigert",
    "nicht erlaubt",
    "richtlinie",
    "bloqué",
    "refusé",
    "interdit",
    "bloquead",
    "denegad",
    "prohibid",
    "bloccat",
    "negato",
    "vietato",
    "negado",
    "proibid",
    "geblokkeerd",
    "geweigerd",
    "blockerad",
    "nekad",
    "blokeret",
    "nægtet",
    "blokkert",
    "estetty",
    "zablokowan",
    "odmow",
    "zabronion",
    "zablokov",
    "odepřen",
    "blokkol",
    "letilt",
    "megtagad",
    "engellen",
    "заблокирован",
    "запрещ",
    "ограничен",
    "ブロック",
    "拒否",
    "禁止",
    "遮断",
    "规制",
    "規制",
    "拦截",
    "攔截",
    "拒绝",
    "拒絕",
    "阻止",
    "封锁",
    "封鎖",
    "屏蔽",
    "차단",
    "거부",
    "محظور",
    "حجب",
    "חסומ",
];
const MAKERS: &[(&str, &[&str])] = &[
    ("Zscaler", &["zscaler", "zscloud.net", "zscalertwo", "zscalerthree"]),
    ("Cisco Umbrella", &["umbrella.com", "cisco umbrella", "opendns"]),
    ("Fortinet", &["fortiguard", "fortinet", "fortigate", "fgtauth", "web filter violation"]),
    (
        "Palo Alto Networks",
        &["palo alto networks", "paloaltonetworks", "web page blocked", "application blocked"],
    ),
    ("Sophos", &["sophos", "astaro"]),
    ("Blue Coat", &["bluecoat", "blue coat", "proxysg", "?cfru=", "symantec web security"]),
    ("McAfee", &["mcafee", "mwg-internal", "skyhigh"]),
    ("Barracuda", &["barracuda"]),
    ("WatchGuard", &["watchguard", "webblocker"]),
    ("Forcepoint", &["forcepoint", "websense", "blockpage.cgi"]),
    ("Netskope", &["netskope", "goskope"]),
    ("Check Point", &["check point", "checkpoint", "usercheck"]),
    ("Cisco Web Security Appliance", &["ironport", "cisco wsa"]),
    ("Cloudflare Gateway", &["cloudflare gateway", "cloudflareaccess.com"]),
    ("SonicWall", &["sonicwall"]),
    ("Trend Micro", &["trend micro", "trendmicro", "iwsva"]),
    ("Kaspersky", &["kaspersky"]),
    ("Stormshield", &["stormshield"]),
    ("Clearswift", &["clearswift"]),
    ("iboss", &["iboss"]),
    ("Menlo Security", &["menlosecurity", "menlo security"]),
    ("Smoothwall", &["smoothwall"]),
    ("Lightspeed", &["lightspeedsystems"]),
    ("e2guardian", &["dansguardian", "e2guardian"]),
    ("squidGuard", &["squidguard"]),
    ("Squid", &["squid", "err_access_denied", "err_cannot_forward"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answered;

    fn page(status: u16, headers: &[(&str, &str)], text: &str) -> Page {
        let exchange = answered(status, headers, text);
        Page::of("ghcr.io", exchange.head.as_ref().expect("a head"), &exchange)
    }

    #[test]
    fn pages_are_known_in_other_languages() {
        for (status, text, words) in [
            (200, "Der Zugriff auf diese Seite wurde gesperrt.", "a block page"),
            (403, "Accès refusé par la politique de sécurité", "a block page"),
            (200, "Acceso denegado", "a block page"),
            (200, "アクセスがブロックされました", "a block page"),
            (200, "访问被禁止", "a block page"),
            (404, "Доступ запрещён", "a block page"),
            (200, "Bitte melden Sie sich an: Benutzername, Kennwort", "a login page"),
            (403, "ログインしてください", "a login page"),
            (200, "Welcome to our guest network", "a captive portal"),
            (200, "It works!", "a reply"),
        ] {
            assert_eq!(page(status, &[], text).words(), words, "{text}");
        }
    }

    #[test]
    fn makers_are_known_by_headers_and_words() {
        for (status, headers, text, words) in [
            (403, &[("server", "Zscaler/6.2")][..], "", "a reply of Zscaler"),
            (
                302,
                &[("location", "https://gateway.zscloud.net/auT?x")],
                "",
                "a redirection to https://gateway.zscloud.net/auT?x of Zscaler",
            ),
            (
                403,
                &[],
                "Web Filter Violation. FortiGuard Intrusion Prevention - Access Blocked",
                "a block page of Fortinet",
            ),
            (503, &[("server", "BlueCoat-Security-Appliance")], "", "a reply of Blue Coat"),
            (
                200,
                &[],
                "Web Page Blocked. Access to the web page you were trying to visit has been blocked",
                "a block page of Palo Alto Networks",
            ),
            (403, &[("x-squid-error", "ERR_ACCESS_DENIED 0")], "Access Denied.", "a block page of Squid"),
            (200, &[("via", "1.1 mwg (McAfee Web Gateway 7.8)")], "URL Blocked", "a block page of McAfee"),
            (200, &[], "This site is blocked by Cisco Umbrella", "a block page of Cisco Umbrella"),
            (200, &[], "Blocked by Sophos Firewall", "a block page of Sophos"),
            (200, &[], "Barracuda Web Filter: denied", "a block page of Barracuda"),
            (200, &[], "WatchGuard: Request denied by WebBlocker", "a block page of WatchGuard"),
        ] {
            assert_eq!(page(status, headers, text).words(), words, "{text}");
        }
    }

    #[test]
    fn what_leads_away_is_suspicious_and_what_stays_is_not() {
        let refresh = |to: &str| format!("<html><head><meta http-equiv=\"refresh\" content=\"0; url={to}\">");
        for (status, location, text, suspicious) in [
            (302, "https://login.corp.example/", "", true),
            (302, "http://ghcr.io/", "", true),
            (302, "//portal.example/", "", true),
            (301, "https://www.ghcr.io/", "", false),
            (301, "https://ghcr.io/v2/", "", false),
            (301, "/login", "", false),
            (200, "", &refresh("http://portal.example/welcome"), true),
            (200, "", &refresh("https://ghcr.io/start"), false),
            (200, "", &refresh("HTTPS://ghcr.io:443/start"), false),
            (200, "", "<META content='1;URL=https://portal.example/' HTTP-EQUIV=Refresh>", true),
            (200, "", "<meta http-equiv=refresh content=\"0, https://portal.example/\">", true),
            (200, "", "<meta http-equiv=refresh content=5><a href='/x?url=https://portal.example/'>", false),
            (
                200,
                "",
                "<meta http-equiv='content-type' content='text/html; charset=utf-8'><meta name=x content='0; url=https://x.example/'>",
                false,
            ),
            (200, "", "<script>window.location.href = \"https://portal.example/\"</script>", true),
            (511, "", "", true),
            (401, "", "", true),
            (407, "", "", true),
            (403, "", "", true),
            (451, "", "", true),
            (404, "", "not found", false),
            (200, "", "hello", false),
        ] {
            let page = page(status, &[("location", location)], text);
            assert_eq!(page.is_suspicious("ghcr.io", status), suspicious, "{status} {location} {text}");
        }
    }
}
