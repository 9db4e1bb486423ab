//! Intel TDX quotes, versions 4 and 5, judged offline with their collateral.
//!
//! ```text
//!   TD report ◄─ quote signature ─ attestation key ◄─ hash in ─ quoting enclave's report
//!                                                                  ▲
//!   Intel's root ─► platform CA ─► PCK certificate ─ signature ────┘
//!        └────────► TCB info, enclave identity, revocation lists: the collateral
//! ```
//!
//! The first line is checked here, so that a quote without collateral is still told
//! from a forged one, with the reason by name; `dcap-qvl` checks all of it again
//! together with the collateral. Only both together make a quote authentic.

mod attest;
mod certification;
mod claims;
mod collateral;
mod judge;
mod policy;
mod quote;

pub(crate) use attest::attest;
pub use claims::{Claims, Registers, Tcb};
pub use collateral::{BadCollateral, Collateral};
pub use judge::{Evidence, Judged, judge};
pub use policy::{Policy, TcbStatus, UnknownTcbStatus};
pub use quote::{BadQuote, Quote};

#[cfg(test)]
mod tests;
