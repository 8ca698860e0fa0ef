//! What tests of several checks start from: a plan, an exchange and a certificate in which nothing is unusual.

use gh_connect_engine::{Plan, Product};
use gh_connect_probe::{
    http::{Body, Exchange, ExchangeFailure, Head},
    tls::{Certificate, Chain, Name, Statement},
};
use jiff::Timestamp;

/// For the three hosts of a product, without a proxy, 5 s for an attempt.
pub(crate) fn plan(product: Product) -> Plan {
    Plan { loopback_only: true, ..Plan::new(product) }
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

/// A certificate for one name, valid from the first moment to the second.
pub(crate) fn statement(subject: &str, issuer: &str, valid: [Timestamp; 2]) -> Statement {
    Statement {
        subject: name(subject),
        issuer: name(issuer),
        self_issued: issuer == subject,
        names: vec![subject.to_owned()],
        more_names: 0,
        not_before: valid[0],
        not_after: valid[1],
        serial: "01".to_owned(),
        key: "EC 256".to_owned(),
        signature_algorithm: "1.2.840.10045.4.3.2".to_owned(),
        is_ca: false,
        ca_issuers: Vec::new(),
    }
}

/// A name without an organization.
pub(crate) fn name(name: &str) -> Name {
    Name { common_name: Some(name.to_owned()), organization: None }
}

/// What was sent with a certificate, nothing else.
pub(crate) fn chain(says: Statement) -> Chain {
    Chain { certificates: vec![certificate(says)], more: 0, top: 0, leads_to_known_root: false }
}

/// A certificate that says this.
pub(crate) fn certificate(says: Statement) -> Certificate {
    Certificate { sha256: "AB:CD".to_owned(), length: 500, says: Some(says) }
}
