//! Hardware evidence: parsed over exact bytes, judged in one place.
//!
//! ```text
//!   bytes from outside ──► Evidence ─┐
//!   the relying party  ──► Policy  ──┼──► verify ──► Verdict ─┬─ Accepted(Attested)
//!   compiled in        ──► Roots   ──┤                        └─ Rejected(Rejection)
//!   the caller's clock ──► At      ──┘
//! ```
//!
//! [`verify`] is the only way to an [`Attested`], and so to everything that
//! wants one. There is no clock, no network and no environment inside.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that panics is a test that fails"
    )
)]
#![allow(
    clippy::doc_markdown,
    reason = "the names of fields in vendors' specifications are plain words here"
)]

mod binding;
mod bound;
pub mod bundle;
#[cfg(feature = "device")]
pub mod device;
mod domain;
mod explain;
mod finding;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gpu;
#[cfg(feature = "kds")]
pub mod kds;
#[cfg(feature = "measure")]
pub mod measure;
mod policy;
mod reason;
pub mod sealing;
pub mod snp;
pub mod tdx;
mod time;
mod verdict;
mod verify;
mod x509;

#[cfg(feature = "cli")]
pub mod cli;

pub use binding::{BadTranscript, Purpose, Transcript};
pub use bundle::Bundle;
pub use domain::{Assurance, Fingerprint, TrustDomain, Vendor};
pub use explain::explain;
pub(crate) use finding::Checks;
pub use finding::{Finding, Findings, Group};
pub use policy::{BadPolicy, Binding, Policy};
pub use reason::{Reason, UnknownReason};
pub use time::{At, BadTime};
pub use verdict::{Attested, Claims, Judgement, Rejection, VERIFIER, Verdict};
pub use verify::{BadRoot, Cpu, Evidence, TrustRoots, verify};

#[cfg(test)]
mod test_attested;
#[cfg(test)]
mod test_shared;
