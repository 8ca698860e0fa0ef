//! What tests of several checks start from: a plan and an exchange in which nothing is unusual.

use std::time::Duration;

use gh_connect_engine::{
    AccountPlan, NoProxy, Plan, Product, ProxySetting, Roots, Seconds, Selection, Sourced, Trust,
};
use gh_connect_probe::http::{Body, Exchange, ExchangeFailure, Head};
use jiff::Timestamp;

/// For the three hosts of a product, without a proxy, 5 s for an attempt.
pub(crate) fn plan(product: Product) -> Plan {
    Plan {
        targets: product.targets(),
        product: Sourced::default(product),
        server: None,
        enterprise: None,
        proxy: Sourced::default(ProxySetting::Off),
        other_proxies: Vec::new(),
        no_proxy: Sourced::default(NoProxy::parse("")),
        resolvers: Sourced::default(Vec::new()),
        hosts_file: None,
        trust: Trust {
            system: Sourced::default(Roots::System),
            extra: Vec::new(),
            public: Sourced::default(Roots::Mozilla),
        },
        connect_to: Vec::new(),
        loopback_only: true,
        egress_ips: Vec::new(),
        timeout: Sourced::default(Seconds(Duration::from_secs(5))),
        deadline: Sourced::default(Seconds(Duration::from_secs(30))),
        selection: Selection::default(),
        waivers: Vec::new(),
        account: AccountPlan::default(),
    }
}

/// A reply with a short body, of which a person would read `words`.
pub(crate) fn answered(status: u16, headers: &[(&str, &str)], words: &str) -> Exchange {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Exchange {
        head: Some(Head { status, headers: headers.collect(), sets_cookie: false }),
        failure: None,
        began: None,
        body: Body::Whole(10),
        sample: words.to_owned(),
        words: words.to_owned(),
        sent_at: Timestamp::UNIX_EPOCH,
        head_at: Some(Timestamp::UNIX_EPOCH),
        took_us: 0,
    }
}

/// No reply.
pub(crate) fn unanswered(failure: ExchangeFailure) -> Exchange {
    Exchange { head: None, failure: Some(failure), body: Body::None, ..answered(0, &[], "") }
}
