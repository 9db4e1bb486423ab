//! From the TD report to Intel's root: the links a quote carries in itself.

use super::quote::Quote;
use crate::x509::chain::{Expired, Rules, walk};
use crate::x509::{Cert, P256, certificates};
use crate::{At, Findings, Group, Reason};
use ring::digest::{SHA256, digest};

/// "Intel SGX Root CA", SHA-256 44a0196b….
pub(super) const ROOT: &[u8] = include_bytes!("../../roots/intel/root.der");

const CHAIN_LEN: usize = 3;
const PCK_CHAIN: u16 = 5;
const REPORT_DATA_OFFSET: usize = 320;

/// Notes every link that does not hold.
pub(super) fn expect_certified(
    quote: &Quote,
    fetched_chain: Option<&str>,
    at: At,
    findings: &mut Findings,
) {
    expect_quote_signature(quote, findings);
    expect_key_hash(quote, findings);
    let Some(chain) = read_chain(quote, fetched_chain, findings) else {
        return;
    };
    let rules = Rules {
        what: "the PCK chain",
        root: ROOT,
        scheme: &P256,
        length: CHAIN_LEN,
        at,
        group: Group::Authenticity,
        expired: Expired::Refused,
    };
    walk(&chain, &rules, findings);
    if let Some(pck) = chain.first() {
        expect_enclave_signature(quote, pck, findings);
    }
}

fn expect_quote_signature(quote: &Quote, findings: &mut Findings) {
    let key = quote.attestation_key();
    if !P256.verifies(&key, &quote.signed, &quote.auth.ecdsa_signature) {
        let expected = "the TD report signed by the quote's attestation key";
        let found = "a signature by another key, or of another report";
        findings.note(Group::Authenticity, Reason::Signature, expected, found);
    }
}

/// The quoting enclave's report carries SHA-256(key ‖ authentication data), then zeros.
fn expect_key_hash(quote: &Quote, findings: &mut Findings) {
    let auth = &quote.auth;
    let vouched = [&auth.ecdsa_attestation_key[..], &auth.qe_auth_data.data].concat();
    let expected = [digest(&SHA256, &vouched).as_ref(), &[0; 32]].concat();
    let found = auth.qe_report.get(REPORT_DATA_OFFSET..);
    if found != Some(expected.as_slice()) {
        let found = "another key, or other authentication data";
        let expected = "the attestation key the quoting enclave vouches for";
        findings.note(Group::Authenticity, Reason::Signature, expected, found);
    }
}

fn expect_enclave_signature(quote: &Quote, pck: &Cert, findings: &mut Findings) {
    let auth = &quote.auth;
    if !pck.ec_signed(&auth.qe_report, &auth.qe_report_signature, &P256) {
        let expected = "the quoting enclave's report signed by the platform's PCK key";
        findings.note(
            Group::Authenticity,
            Reason::Signature,
            expected,
            "a signature by another key",
        );
    }
}

/// The chain fetched with the collateral where there is one, else the quote's own.
fn read_chain(quote: &Quote, fetched: Option<&str>, findings: &mut Findings) -> Option<Vec<Cert>> {
    let own = &quote.auth.certification_data;
    let text = match fetched {
        Some(text) => Some(text),
        None if own.cert_type == PCK_CHAIN => std::str::from_utf8(&own.body.data).ok(),
        None => None,
    };
    // The quoting service ends the text with a zero, as C does.
    let text = text.map(|text| text.trim_end_matches('\0'));
    let chain = text.and_then(|text| certificates(text, CHAIN_LEN));
    if chain.is_none() {
        let expected = "a PCK certificate chain in PEM";
        let found = format!("certification data of type {}", own.cert_type);
        findings.note(Group::Authenticity, Reason::CertParse, expected, found);
    }
    chain
}
