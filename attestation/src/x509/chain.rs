//! Elliptic-curve chains to one pinned root, walked link by link.

use super::{Cert, Link, Scheme};
use crate::{At, Findings, Group, Reason};

/// How to judge one chain.
pub(crate) struct Rules<'a> {
    /// What it is the chain of, for the reader.
    pub(crate) what: &'a str,
    /// The one certificate it may end in, in DER.
    pub(crate) root: &'a [u8],
    pub(crate) scheme: &'static Scheme,
    pub(crate) length: usize,
    pub(crate) at: At,
    pub(crate) group: Group,
    /// What a certificate that has ended means.
    pub(crate) expired: Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    Refused,
    Tolerated,
}

/// Walks a chain, leaf first and root last, and notes everything wrong with it.
/// Says whether a tolerated certificate had ended.
pub(crate) fn walk(chain: &[Cert], rules: &Rules<'_>, findings: &mut Findings) -> bool {
    expect_length(chain, rules, findings);
    expect_root(chain, rules, findings);
    for (place, pair) in chain.windows(2).enumerate() {
        if let [below, above] = pair {
            expect_link(place, below, above, rules, findings);
        }
    }
    expect_profiles(chain, rules, findings);
    expect_understood(chain, rules, findings);
    expect_dates(chain, rules, findings)
}

fn expect_length(chain: &[Cert], rules: &Rules<'_>, findings: &mut Findings) {
    if chain.len() != rules.length {
        let expected = format!("{} certificates in {}", rules.length, rules.what);
        findings.note(rules.group, Reason::Chain, expected, chain.len());
    }
}

fn expect_root(chain: &[Cert], rules: &Rules<'_>, findings: &mut Findings) {
    let root = chain.last();
    if root.is_none_or(|root| !root.is(rules.root)) {
        let found = root.map_or_else(|| "none".to_owned(), |root| root.subject().to_string());
        let expected = format!("the vendor's own root above {}", rules.what);
        findings.note(rules.group, Reason::RootUntrusted, expected, found);
    }
}

fn expect_link(
    place: usize,
    below: &Cert,
    above: &Cert,
    rules: &Rules<'_>,
    findings: &mut Findings,
) {
    let found = match below.ec_link_to(above, rules.scheme) {
        Link::Holds => return,
        Link::Names { issuer, subject } => format!("issuer {issuer} under {subject}"),
        Link::Algorithm => "another algorithm".to_owned(),
        Link::Signature => "a signature by another key".to_owned(),
    };
    let expected = format!(
        "{}: certificate {place} issued by the one above it",
        rules.what
    );
    findings.note(rules.group, Reason::Chain, expected, found);
}

fn expect_profiles(chain: &[Cert], rules: &Rules<'_>, findings: &mut Findings) {
    for (place, cert) in chain.iter().enumerate() {
        let (fits, expected) = if place == 0 {
            (cert.is_signer(), "a key that signs and issues nothing")
        } else {
            (cert.stands_above(place), "an authority over those below")
        };
        if !fits {
            let expected = format!("{}: {expected} at place {place}", rules.what);
            let found = cert.subject().to_string();
            findings.note(rules.group, Reason::CertProfile, expected, found);
        }
    }
}

/// RFC 5280, 4.2: who does not know a critical extension must refuse its certificate.
fn expect_understood(chain: &[Cert], rules: &Rules<'_>, findings: &mut Findings) {
    for cert in chain {
        if let Some(id) = cert.not_understood() {
            let expected = format!("{}: known extensions, each once", rules.what);
            let found = format!("{} with {id}", cert.subject());
            findings.note(rules.group, Reason::CertProfile, expected, found);
        }
    }
}

fn expect_dates(chain: &[Cert], rules: &Rules<'_>, findings: &mut Findings) -> bool {
    let mut tolerated = false;
    for cert in chain {
        if rules.at < cert.not_before() {
            let expected = format!("{} valid at {}", rules.what, rules.at);
            let found = format!("{} from {}", cert.subject(), cert.not_before());
            findings.note(rules.group, Reason::CertNotYet, expected, found);
        }
        if rules.at > cert.not_after() {
            tolerated |= rules.expired == Expired::Tolerated;
            note_expired(cert, rules, findings);
        }
    }
    tolerated
}

fn note_expired(cert: &Cert, rules: &Rules<'_>, findings: &mut Findings) {
    if rules.expired == Expired::Refused {
        let expected = format!("{} valid at {}", rules.what, rules.at);
        let found = format!("{} until {}", cert.subject(), cert.not_after());
        findings.note(rules.group, Reason::CertExpired, expected, found);
    }
}
