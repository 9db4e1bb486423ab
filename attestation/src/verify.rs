//! The one judgement.

use crate::{Transcript, snp};

/// What a machine shows: its report, and the transcript it says the report is bound to.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    pub cpu: Cpu<'a>,
    pub transcript: Option<Transcript>,
}

/// The processor's part of the evidence.
#[derive(Clone, Copy, Debug)]
pub enum Cpu<'a> {
    Snp(snp::Evidence<'a>),
}

/// What the verifier believes before it has seen anything.
#[derive(Clone, Debug)]
pub struct TrustRoots {
    pub(crate) amd: Vec<snp::Root>,
}
