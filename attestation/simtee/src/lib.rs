//! A simulated TEE: AMD's formats, a root of its own, no protection at all.
//!
//! The same verification code judges its reports; only the root differs. So that nobody
//! mistakes one for a machine, it says what it is in every name of every certificate,
//! in signed bytes of every report, and so in every verdict. Keys are made at start and
//! die with the process.

#![allow(
    clippy::doc_markdown,
    clippy::similar_names,
    reason = "the names in vendors' specifications are plain words here: ARK, ASK, ASVK"
)]

mod boot;
mod cert;
mod crl;
mod kds;
mod keys;
mod layout;
mod machine;
mod oid;
mod root;
mod socket;

pub use boot::boot_bundle;
pub use kds::{FakeKds, Fault, pem};
pub use keys::KeyError;
pub use machine::{Identity, Machine, ReportVersion};
pub use root::SyntheticRoot;
pub use socket::{listen, serve};

/// Why the simulator cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("cannot make a key")]
    Key(#[from] KeyError),
    #[error("cannot write a certificate")]
    Der(#[from] der::Error),
    #[error("cannot put a bundle together")]
    Bundle(#[from] attestation::bundle::BadBundle),
    #[error("cannot write the bundle")]
    Folder(#[from] attestation::bundle::FolderError),
    #[error("cannot use {what}")]
    Io {
        what: String,
        source: std::io::Error,
    },
}
