//! Certificates as they were sent, which may be anything at all.
#![no_main]

use gh_connect_probe::tls::Chain;
use libfuzzer_sys::fuzz_target;
use rustls_pki_types::CertificateDer;

fuzz_target!(|sent: Vec<Vec<u8>>| {
    let sent: Vec<CertificateDer<'_>> = sent.into_iter().map(CertificateDer::from).collect();
    let chain = Chain::read(&sent, |name| name.len() % 2 == 0);
    assert_eq!(chain.certificates.len() + chain.more, sent.len());
    let _ = (chain.leaf(), chain.topmost());
});
