use gh_connect_engine::{Examination, Finding, Kind, Owner, Plan, Product, Role, Stop, Target, shown};
use gh_connect_probe::http::{Body, ExchangeFailure, Head, Reply};
use jiff::Timestamp;

use super::{
    NOT_GITHUB, RATE_LIMITED, STORED, TIMEOUT, UNAVAILABLE, further,
    page::{CAPTIVE, Page, refreshes_to},
    replaced,
};

/// Judges what a host answered; `stored` is what says that the reply came out of a store on the way. Stops as trouble where
/// the exchange ended in a way that says nothing.
pub(super) fn judge(
    plan: &Plan,
    target: &Target,
    reply: &Reply,
    stored: Option<&str>,
) -> Result<Examination, Stop> {
    let case = Case { plan, target, reply };
    let exchange = &reply.exchange;
    let Some(head) = &exchange.head else {
        return match &exchange.failure {
            Some(failure) => case.no_head(failure).map(Examination::from),
            None => Err(Stop::Trouble(format!("the exchange with {target} ended without an outcome"))),
        };
    };
    if (500..600).contains(&head.status) && head.status != CAPTIVE {
        return Ok(case.server_error(head).into());
    }
    let proven = head.github_request_id().is_some();
    if target.required() {
        if !proven {
            return Ok(case.impostor(head).into());
        }
        if let Some(sign) = stored {
            return Ok(case.stored(sign).into());
        }
        if is_rate_limit(head, &exchange.words) {
            return Ok(case.rate_limited(head).into());
        }
    }
    // A large page of an unknown host is not one without end.
    let endless = matches!(exchange.body, Body::Endless(_)) && target.required();
    match (&exchange.failure, endless) {
        (Some(failure), _) => return case.no_end(failure).map(Examination::from),
        (None, true) => return Ok(case.endless_body().into()),
        (None, false) => {}
    }
    match target.role {
        Role::Api => Ok(case.api(head)),
        Role::Web => Ok(case.page(head, head.status == 200)),
        Role::Uploads => Ok(case.page(head, case.knows_no_root(head))),
        Role::Also => Ok(further::judge(&case, head, stored)),
    }
}

/// A host and what it answered.
pub(super) struct Case<'a> {
    plan: &'a Plan,
    pub(super) target: &'a Target,
    pub(super) reply: &'a Reply,
}

impl Case<'_> {
    fn api(&self, head: &Head) -> Examination {
        match head.status {
            200 if self.reply.meta.as_ref().is_some_and(|meta| meta.is_github()) => {
                Examination::passed("GitHub answers")
            }
            // Nothing published says that /meta of a tenant is open to everybody.
            401 if self.tenant().is_some() && self.says_message() => {
                Examination::passed("GitHub answers, and asks for a login")
            }
            200..=399 => self.changed(head).into(),
            _ => match self.in_its_place(head) {
                Some(page) => self.replaced(head, &page).into(),
                None => self.refused(head).into(),
            },
        }
    }

    /// What stands in the place of GitHub's page, if something does.
    fn in_its_place(&self, head: &Head) -> Option<Page> {
        let (target, exchange) = (self.target, &self.reply.exchange);
        replaced::by(target.role, &target.host, head, exchange)
    }

    /// A reply of the web host or the upload host, which is as it should be when it is `expected`.
    fn page(&self, head: &Head, expected: bool) -> Examination {
        let (host, exchange) = (&self.target.host, &self.reply.exchange);
        if head.redirects_to().is_some_and(|location| is_https_of(location, host)) {
            return Examination::passed("GitHub answers");
        }
        // Neither has a page that sends its reader elsewhere.
        let leads_away = refreshes_to(head, exchange).is_some();
        if let Some(page) = self.in_its_place(head)
            && !leads_away
        {
            return self.replaced(head, &page).into();
        }
        match head.status {
            _ if expected && !leads_away => Examination::passed("GitHub answers"),
            400.. => self.refused(head).into(),
            _ => self.changed(head).into(),
        }
    }

    /// What the API for uploads says of `/`, which it does not know.
    fn knows_no_root(&self, head: &Head) -> bool {
        matches!(head.status, 200 | 404) || head.status == 401 && self.says_message()
    }

    /// Whether the body has the form of a refusal by GitHub's API.
    fn says_message(&self) -> bool {
        self.reply.exchange.words.contains("\"message\"")
    }

    /// The subdomain, on GHE.com.
    fn tenant(&self) -> Option<&str> {
        match &self.plan.product.value {
            Product::GheCom(subdomain) => Some(subdomain),
            Product::GithubCom => None,
        }
    }

    /// A reply with GitHub's proof that GitHub does not send there.
    fn changed(&self, head: &Head) -> Finding {
        let (host, path, status) = (&self.target.host, &self.reply.path, head.status);
        let what = match (head.redirects_to(), refreshes_to(head, &self.reply.exchange)) {
            (Some(location), _) => format!("a redirection to {location} (status {status})"),
            (None, Some(to)) => format!("status {status} and a page that sends its reader to {to}"),
            (None, None) => format!("status {status}, and not with what GitHub publishes there"),
        };
        let message = format!("{host} answered {path} with {what}{}.", self.seen());
        self.answering_step(
            self.finding(&NOT_GITHUB, message),
            "Find what changes GitHub's replies on the way, and let them pass unchanged",
        )
    }

    /// A reply with GitHub's proof and a body that is not GitHub's.
    fn replaced(&self, head: &Head, page: &Page) -> Finding {
        let (host, path, status) = (&self.target.host, &self.reply.path, head.status);
        let what = match replaced::is_empty(&self.reply.exchange) {
            true => "an empty page".to_owned(),
            false => page.words(),
        };
        let message = format!(
            "{host} answered {path} with {what} (status {status}). GitHub's headers came with it, and what GitHub publishes there \
             did not{}.",
            self.seen()
        );
        self.answering_step(self.finding(&NOT_GITHUB, message), page.step())
    }

    /// A reply with GitHub's proof that says no.
    fn refused(&self, head: &Head) -> Finding {
        let (path, status, host) = (&self.reply.path, head.status, &self.target.host);
        let mut message =
            format!("GitHub itself refuses {path} of {host} with status {status}{}.", self.seen());
        let mistyped = self.tenant().filter(|_| matches!(status, 403 | 404));
        if mistyped.is_some() {
            message.push_str(" A mistyped subdomain looks like this, too.");
        }
        let mut finding = self.finding(&UNAVAILABLE, message);
        if let Some(subdomain) = mistyped {
            finding = finding.step(
                Owner::Operator,
                format!(
                    "Compare the subdomain \"{subdomain}\" with the address of the enterprise on GHE.com"
                ),
            );
        }
        let finding = finding
            .step(
                Owner::EnterpriseOwner,
                "Look whether GitHub has restricted the account, or the country or address that it is reached from",
            )
            .step(
                Owner::GithubSupport,
                "Ask why this address is refused, with the request id of the evidence",
            );
        self.answering_step(finding, "Where GitHub knows nothing of it, find what answers in its place")
    }

    fn no_head(&self, failure: &ExchangeFailure) -> Result<Finding, Stop> {
        let Self { target, plan, reply } = self;
        let began = reply.exchange.began.as_deref().unwrap_or_default();
        Ok(match failure {
            ExchangeFailure::TimedOut => {
                let what = match began {
                    "" => "nothing".to_owned(),
                    began => format!("only the beginning of a reply, \"{began}\""),
                };
                let message = format!(
                    "{target} took the request over a verified session and sent {what} within {}.",
                    plan.timeout.value
                );
                self.answering_step(
                    self.finding(&TIMEOUT, message),
                    "Find what holds the reply back on the way",
                )
            }
            ExchangeFailure::Closed | ExchangeFailure::Reset => {
                let message = format!(
                    "{target} took the request over a verified session and ended it without a reply."
                );
                self.answering_step(
                    self.finding(&UNAVAILABLE, message),
                    "Find what ends requests to the host on the way",
                )
            }
            ExchangeFailure::NotHttp(_) => self.answering_step(
                self.finding(
                    &NOT_GITHUB,
                    format!(
                        "What answers for {target} over TLS does not speak HTTP; it begins with \"{began}\"."
                    ),
                ),
                "Find what answers in GitHub's place",
            ),
            ExchangeFailure::EndlessHead => self.answering_step(
                self.finding(
                    &NOT_GITHUB,
                    format!("The head of the reply of {target} did not end within 64 KiB and 100 headers."),
                ),
                "Find what answers in GitHub's place, or adds headers to its replies",
            ),
            ExchangeFailure::Other(why) => {
                return Err(Stop::Trouble(format!("the exchange with {target} broke off: {why}")));
            }
        })
    }

    fn no_end(&self, failure: &ExchangeFailure) -> Result<Finding, Stop> {
        let target = self.target;
        Ok(match failure {
            ExchangeFailure::TimedOut => self.answering_step(
                self.finding(
                    &TIMEOUT,
                    format!(
                        "The reply of {target} began and did not end within {}.",
                        self.plan.timeout.value
                    ),
                ),
                "Find what holds the reply back on the way",
            ),
            ExchangeFailure::Other(why) => {
                return Err(Stop::Trouble(format!("the exchange with {target} broke off: {why}")));
            }
            _ => self.answering_step(
                self.finding(&UNAVAILABLE, format!("The reply of {target} broke off in the middle.")),
                "Find what cuts replies on the way",
            ),
        })
    }

    fn endless_body(&self) -> Finding {
        let message = format!(
            "The reply of {} to {} had no end within 256 KiB; GitHub's is short.",
            self.target, self.reply.path
        );
        self.answering_step(self.finding(&NOT_GITHUB, message), "Find what answers in GitHub's place")
    }

    fn server_error(&self, head: &Head) -> Finding {
        let (target, status, seen) = (self.target, head.status, self.seen());
        match head.github_request_id() {
            Some(_) => self
                .finding(
                    &UNAVAILABLE,
                    format!("GitHub answered for {} with status {status}{seen}.", target.host),
                )
                .step(Owner::Operator, "Look at https://www.githubstatus.com and check again later"),
            None => self.answering_step(
                self.finding(
                    &UNAVAILABLE,
                    format!(
                        "{} was answered with status {status} and without a sign of GitHub{seen}.",
                        target.host
                    ),
                ),
                "Look whether the gateway on the way can reach the host",
            ),
        }
    }

    fn rate_limited(&self, head: &Head) -> Finding {
        let reset =
            head.header("x-ratelimit-reset").and_then(|at| Timestamp::from_second(at.parse().ok()?).ok());
        let until = reset.map_or(String::new(), |at| format!(" until {}", at.strftime("%H:%M UTC")));
        let message = format!(
            "GitHub answered {} with status {}: the anonymous rate limit of this network's address is used up{until}. That is \
             no block.",
            self.reply.path, head.status
        );
        self.finding(&RATE_LIMITED, message).step(
            Owner::Operator,
            "Nothing has to change: requests with a token have a limit of their own. Check again after that time to see \
             GitHub's own reply",
        )
    }

    /// A reply with GitHub's proof that was not made for this request.
    fn stored(&self, sign: &str) -> Finding {
        let (host, path) = (&self.target.host, &self.reply.path);
        let message = format!(
            "The reply of {host} to GET {path} came out of a store on the way ({sign}). It shows that GitHub was reached once, \
             not that it is reached now."
        );
        self.finding(&STORED, message)
            .step(
                self.on_the_way(),
                format!(
                    "Keep no copies of what {} answers: exempt it from the cache of the proxy or gateway on the way",
                    self.target
                ),
            )
            .then(Owner::Operator, "Run gh-connect again")
    }

    /// Something else, told apart by what it shows.
    fn impostor(&self, head: &Head) -> Finding {
        let host = &self.target.host;
        let page = Page::of(host, head, &self.reply.exchange);
        let server = head.header("server").map_or(String::new(), |server| format!(", server \"{server}\""));
        let message = format!(
            "{host} was answered with {}, without a sign of GitHub (status {}{server}){}.",
            page.words(),
            head.status,
            self.seen()
        );
        self.answering_step(self.finding(&NOT_GITHUB, message), page.step())
    }

    /// What a person would read of the page.
    pub(super) fn seen(&self) -> String {
        match self.reply.exchange.words.as_str() {
            "" => String::new(),
            words => format!(": \"{}\"", shown(words, MOST_WORDS)),
        }
    }

    pub(super) fn finding(&self, kind: &'static Kind, message: String) -> Finding {
        Finding::new(kind, self.target.to_string(), message).evidence(self.reply)
    }

    /// Who runs what stands between this machine and the host.
    pub(super) fn on_the_way(&self) -> Owner {
        if self.plan.route_of(self.target).is_direct() { Owner::Network } else { Owner::Proxy }
    }

    fn answering_step(&self, finding: Finding, what: &str) -> Finding {
        match self.target.required() {
            true => finding.step(self.on_the_way(), format!("{what} ({})", self.target)),
            false => finding.step(Owner::Operator, format!("Ask whoever runs {}", self.target)),
        }
    }
}

/// Whether GitHub says that there were too many requests (facts §6).
fn is_rate_limit(head: &Head, words: &str) -> bool {
    let used_up = head.header("x-ratelimit-remaining") == Some("0");
    let says = words.to_lowercase().contains("rate limit");
    matches!(head.status, 403 | 429)
        && (used_up || says || head.header("retry-after").is_some() || head.status == 429)
}

/// Whether a location is on this very host, over HTTPS at its usual port. A path is: the reply came over HTTPS.
pub(super) fn is_https_of(location: &str, host: &str) -> bool {
    if !location.contains("://") {
        return location.starts_with('/') && !location.starts_with("//") && !location.contains('\\');
    }
    https_host(location).is_some_and(|name| name.eq_ignore_ascii_case(host))
}

/// The host of a location over HTTPS at its usual port.
pub(super) fn https_host(location: &str) -> Option<&str> {
    let (scheme, rest) = location.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let name = authority.strip_suffix(":443").unwrap_or(authority);
    scheme.eq_ignore_ascii_case("https").then(|| name.trim_end_matches('.'))
}

const MOST_WORDS: usize = 160;
