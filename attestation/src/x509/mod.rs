//! X.509, as far as attestation roots and their certificates need it.
//!
//! Generic path validators refuse AMD's leaf certificates (no key usage, serial
//! number zero), so each chain is walked by hand, link by link.

mod cert;
pub(crate) mod chain;
mod crl;
mod ecdsa;
mod pem;
mod pss;

#[allow(
    unused_imports,
    reason = "the judgement that reads them follows in the next commit"
)]
pub(crate) use cert::{BadCert, Cert, Link};
#[allow(
    unused_imports,
    reason = "the judgement that reads them follows in the next commit"
)]
pub(crate) use crl::{Crl, CrlFault};
pub(crate) use ecdsa::{P256, P384, Scheme};
pub(crate) use pem::{base64, certificates};
