//! Checks on what a key server answers, before it is kept.

use super::vek::{Holder, Vek};
use super::{KeyKind, Line, Tcb};
use crate::At;
use crate::x509::{Cert, crl_span};
use x509_cert::certificate::CertificateInner;

/// The chip and firmware level a certificate has to be for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckedVcek<'a> {
    pub(crate) hwid: &'a [u8],
    pub(crate) tcb: Tcb,
}

/// Whether this is a certificate for that chip at that level. Who issued it is for the
/// verifier to judge.
pub(crate) fn check_vcek(der: &[u8], line: Line, wanted: &CheckedVcek<'_>) -> Result<(), String> {
    let cert = Cert::parse(der).map_err(|why| why.to_string())?;
    let name = cert.common_name().unwrap_or_default();
    let prefix = name.strip_suffix("SEV-VCEK").unwrap_or_default();
    let vek = Vek::read(&cert, line, prefix).map_err(|why| why.to_string())?;
    let holder = Holder::Chip(wanted.hwid.to_vec());
    if vek.kind == KeyKind::Vcek && vek.tcb == wanted.tcb && vek.holder == holder {
        Ok(())
    } else {
        Err("a certificate for another chip or firmware level".to_owned())
    }
}

/// The two certificates of a chain in PEM: the authority, then the root; in DER.
pub(crate) fn pem_chain(pem: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    use der::Encode;
    let chain = CertificateInner::load_pem_chain(pem).map_err(|why| why.to_string())?;
    let [ask, ark]: [x509_cert::Certificate; 2] = chain
        .try_into()
        .map_err(|_other| "not two certificates".to_owned())?;
    let der = |cert: x509_cert::Certificate| cert.to_der().map_err(|why| why.to_string());
    Ok((der(ask)?, der(ark)?))
}

/// Whether this is a revocation list valid now. Who signed it is for the verifier to judge.
pub(crate) fn crl_is_current(der: &[u8], now: At) -> Result<(), String> {
    let (from, until) = crl_span(der).map_err(|why| why.to_string())?;
    if from <= now && now <= until {
        Ok(())
    } else {
        Err(format!("a list from {from} to {until}, at {now}"))
    }
}
