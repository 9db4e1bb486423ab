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

pub(crate) use cert::{Cert, Link};
pub(crate) use crl::Crl;
#[cfg(feature = "kds")]
pub(crate) use crl::span as crl_span;
pub(crate) use ecdsa::{P256, P384, Scheme};
pub(crate) use pem::{base64, certificates};
