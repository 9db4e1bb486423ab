//! Intel's collateral: TCB levels, the quoting enclave's identity, revocation lists.

use crate::{At, Findings, Group, Reason};
use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::policy::{Policy, QuoteClaims};
use dcap_qvl::verify::QuoteVerifier;
use der::Decode;
use serde::Deserialize;
use x509_cert::crl::CertificateList;

/// Genuine collateral has about 20 kB.
const COLLATERAL_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Collateral, read but not yet believed.
#[derive(Clone, Debug)]
pub struct Collateral(QuoteCollateralV3);

#[derive(Debug, thiserror::Error)]
pub enum BadCollateral {
    #[error("{0} bytes are more than any collateral has")]
    TooLong(usize),
    #[error("it is not the JSON of a collateral")]
    Json(#[source] serde_json::Error),
}

/// A document Intel signs, as far as its dates go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dated {
    issue_date: String,
    next_update: String,
}

/// Takes whatever is authentic: what may pass is decided by our own policy.
struct Everything;

impl Policy for Everything {
    fn validate(&self, _claims: &QuoteClaims) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Collateral {
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadCollateral> {
        if bytes.len() > COLLATERAL_BYTES_MAX {
            return Err(BadCollateral::TooLong(bytes.len()));
        }
        let parsed = serde_json::from_slice(bytes).map_err(BadCollateral::Json)?;
        Ok(Self(parsed))
    }

    pub(super) fn pck_chain(&self) -> Option<&str> {
        self.0.pck_certificate_chain.as_deref()
    }

    /// Names what is out of date. These dates are not yet believed: a forged one can
    /// add a reason, and takes none away, for [`Self::verify`] judges them again.
    pub(super) fn expect_current(&self, at: At, findings: &mut Findings) {
        let documents = [
            ("TCB info", dates(&self.0.tcb_info)),
            ("quoting enclave identity", dates(&self.0.qe_identity)),
        ];
        for (what, found) in documents {
            expect_within(what, found, at, Reason::CollateralStale, findings);
        }
        let lists = [
            ("root revocation list", crl_dates(&self.0.root_ca_crl)),
            ("PCK revocation list", crl_dates(&self.0.pck_crl)),
        ];
        for (what, found) in lists {
            expect_within(what, found, at, Reason::CrlStale, findings);
        }
    }

    /// The whole of Intel's procedure, by `dcap-qvl`, down to the compiled-in root.
    pub(super) fn verify(
        &self,
        quote: &[u8],
        at: At,
        allow_service_tds: bool,
        findings: &mut Findings,
    ) -> Option<QuoteClaims> {
        let verifier = QuoteVerifier::new(super::certification::ROOT.to_vec())
            .allow_debug(true)
            .allow_service_td(allow_service_tds);
        match verifier.verify_with_policy(quote, &self.0, at.0, &Everything) {
            Ok(claims) => Some(claims),
            Err(error) => {
                let expected = "a quote and collateral that verify together";
                let found = format!("{error:#}");
                findings.note(
                    Group::Authenticity,
                    Reason::CollateralInvalid,
                    expected,
                    found,
                );
                None
            }
        }
    }
}

fn expect_within(
    what: &str,
    found: Option<(At, At)>,
    at: At,
    reason: Reason,
    findings: &mut Findings,
) {
    let expected = format!("{what} valid at {at}");
    match found {
        Some((from, until)) if from <= at && at <= until => {}
        Some((from, until)) => {
            let found = format!("valid from {from} until {until}");
            findings.note(Group::Authenticity, reason, expected, found);
        }
        None => {
            let found = "no dates that can be read";
            findings.note(
                Group::Authenticity,
                Reason::CollateralInvalid,
                expected,
                found,
            );
        }
    }
}

fn dates(document: &str) -> Option<(At, At)> {
    let dated: Dated = serde_json::from_str(document).ok()?;
    let from = dated.issue_date.parse().ok()?;
    Some((from, dated.next_update.parse().ok()?))
}

fn crl_dates(der: &[u8]) -> Option<(At, At)> {
    let list = CertificateList::from_der(der).ok()?.tbs_cert_list;
    let at = |time: x509_cert::time::Time| At(time.to_unix_duration().as_secs());
    Some((at(list.this_update), at(list.next_update?)))
}
