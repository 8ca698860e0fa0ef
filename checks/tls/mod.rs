//! Whether each host proves in a TLS session that it is itself.

mod judge;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject, Target,
};
use gh_connect_probe::{
    Endpoint,
    tls::{Handshake, Secured, elsewhere, torn_down_unasked},
};

use crate::addresses;
use judge::{Seen, judge};

/// The check.
pub struct Tls;

static META: Meta = Meta {
    id: "tls",
    title: "verified TLS sessions",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[
        &UNTRUSTED_ISSUER,
        &INCOMPLETE_CHAIN,
        &BAD_CERTIFICATE,
        &NAME_MISMATCH,
        &EXPIRED,
        &NOT_YET_VALID,
        &PROTOCOL_UNSUPPORTED,
        &HANDSHAKE_RESET,
        &HANDSHAKE_TIMEOUT,
        &ALERT,
        &NOT_TLS,
        &OPENSSL_MAY_DIFFER,
        &INSPECTED,
        &EXPIRES_SOON,
        &ONLY_ON_80,
    ],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "If a file could not be read, correct --ca-file or SSL_CERT_FILE and run gh-connect again; else see what another program gets from the same machine",
        command: Some("openssl s_client -connect APEX:443 -servername APEX </dev/null"),
    },
};

impl Check for Tls {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        plan.targets.iter().cloned().map(Subject::Target).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let Subject::Target(target) = subject else {
                return Err(Stop::defect("tls looks at targets only"));
            };
            addresses::each(cx, &Endpoint::from(target), |endpoint| examine(target, endpoint, cx)).await
        })
    }
}

async fn examine(target: &Target, endpoint: Endpoint, cx: &Cx) -> Result<Examination, Stop> {
    let secured = cx.fact::<Secured>(&endpoint).await;
    let own = cx.fact::<Handshake>(&endpoint).await;
    if let Ok(secured) = &secured
        && secured.endpoint != endpoint
    {
        let on_80 = cx.fact::<Handshake>(&secured.endpoint).await?;
        return judge(cx.plan(), target, &Seen::On80 { own: own.as_deref(), on_80: &on_80 });
    }
    let own = own?;
    if own.verified() {
        return judge(cx.plan(), target, &Seen::Verified(&own));
    }
    if torn_down_unasked(cx, &endpoint).await?.is_some() {
        return Err(Stop::blocked("connect"));
    }
    let others = elsewhere(cx, &endpoint).await;
    judge(cx.plan(), target, &Seen::Failed { own: &own, others: &others })
}

static UNTRUSTED_ISSUER: Kind = Kind {
    id: "tls/untrusted-issuer",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the certificate's issuer is not trusted",
    since: "0.1.0",
    world: include_str!("worlds/untrusted-issuer.toml"),
};

static INCOMPLETE_CHAIN: Kind = Kind {
    id: "tls/incomplete-chain",
    severity: Severity::Blocker,
    undetermined: false,
    title: "an intermediate certificate is not sent",
    since: "0.1.0",
    world: include_str!("worlds/incomplete-chain.toml"),
};

static BAD_CERTIFICATE: Kind = Kind {
    id: "tls/bad-certificate",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the certificate is one that the server does not accept",
    since: "0.1.0",
    world: include_str!("worlds/bad-certificate.toml"),
};

static NAME_MISMATCH: Kind = Kind {
    id: "tls/name-mismatch",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the certificate is for other names",
    since: "0.1.0",
    world: include_str!("worlds/name-mismatch.toml"),
};

static EXPIRED: Kind = Kind {
    id: "tls/expired",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the certificate has expired",
    since: "0.1.0",
    world: include_str!("worlds/expired.toml"),
};

static NOT_YET_VALID: Kind = Kind {
    id: "tls/not-yet-valid",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the certificate is not valid yet",
    since: "0.1.0",
    world: include_str!("worlds/not-yet-valid.toml"),
};

static PROTOCOL_UNSUPPORTED: Kind = Kind {
    id: "tls/protocol-unsupported",
    severity: Severity::Blocker,
    undetermined: false,
    title: "neither TLS 1.2 nor TLS 1.3 is spoken",
    since: "0.1.0",
    world: include_str!("worlds/protocol-unsupported.toml"),
};

static HANDSHAKE_RESET: Kind = Kind {
    id: "tls/handshake-reset",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the connection ends during the handshake",
    since: "0.1.0",
    world: include_str!("worlds/handshake-reset.toml"),
};

static HANDSHAKE_TIMEOUT: Kind = Kind {
    id: "tls/handshake-timeout",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the handshake is not answered",
    since: "0.1.0",
    world: include_str!("worlds/handshake-timeout.toml"),
};

static ALERT: Kind = Kind {
    id: "tls/alert",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the handshake is refused with an alert",
    since: "0.1.0",
    world: include_str!("worlds/alert.toml"),
};

static NOT_TLS: Kind = Kind {
    id: "tls/not-tls",
    severity: Severity::Blocker,
    undetermined: false,
    title: "what answers does not speak TLS",
    since: "0.1.0",
    world: include_str!("worlds/not-tls.toml"),
};

static OPENSSL_MAY_DIFFER: Kind = Kind {
    id: "tls/openssl-may-differ",
    severity: Severity::Blocker,
    undetermined: true,
    title: "OpenSSL may get through where this program does not",
    since: "0.2.0",
    world: include_str!("worlds/openssl-may-differ.toml"),
};

static INSPECTED: Kind = Kind {
    id: "tls/inspected",
    severity: Severity::Warning,
    undetermined: false,
    title: "trusted here, but by no public root",
    since: "0.1.0",
    world: include_str!("worlds/inspected.toml"),
};

static EXPIRES_SOON: Kind = Kind {
    id: "tls/expires-soon",
    severity: Severity::Warning,
    undetermined: false,
    title: "the certificate expires soon",
    since: "0.1.0",
    world: include_str!("worlds/expires-soon.toml"),
};

static ONLY_ON_80: Kind = Kind {
    id: "tls/only-on-80",
    severity: Severity::Warning,
    undetermined: false,
    title: "a TLS session on port 80, but none on 443",
    since: "0.1.0",
    world: include_str!("worlds/only-on-80.toml"),
};
