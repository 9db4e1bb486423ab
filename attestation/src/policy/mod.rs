//! The relying party's whole policy: what it takes, and what it does not look at.

mod file;
mod hash;
mod snp;
mod tdx;
mod value;

use crate::{Assurance, Purpose};
use std::collections::BTreeSet;

pub use file::BadPolicy;

/// What a relying party demands. Fields are set by a policy file or by code; nothing in
/// the evidence can change them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What the report must be bound to.
    pub binding: Binding,
    /// The classes of assurance it takes.
    pub assurance: BTreeSet<Assurance>,
    /// What it demands of AMD SEV-SNP guests.
    pub snp: crate::snp::Policy,
    /// What it demands of Intel TDX guests.
    pub tdx: crate::tdx::Policy,
}

/// What REPORT_DATA has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Do not look. For tools that judge machines, never for keys.
    Unchecked,
    /// Exactly these bytes.
    Exactly([u8; 64]),
    /// The hash of the transcript that comes with the evidence, made for one of these
    /// purposes and, where one is given, over this nonce.
    Transcript {
        purposes: BTreeSet<Purpose>,
        nonce: Option<[u8; 32]>,
    },
}
