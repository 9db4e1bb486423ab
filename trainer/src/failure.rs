//! Why a command ended badly: a stable code and a sentence.

use proto::Reason;
use std::error::Error;
use std::fmt;

/// What scripts and the node act on. The number is the exit status and never changes meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The command line or the plan is wrong.
    Usage = 2,
    /// The model folder cannot be used: missing, truncated, or of an architecture we do not train.
    Model = 10,
    /// The data set cannot be used.
    Data = 11,
    /// A checkpoint cannot be used.
    Checkpoint = 12,
    /// The run would not fit into memory.
    Memory = 13,
    /// The disk is full or a file cannot be written.
    Disk = 14,
    /// The loss became NaN or diverged.
    Diverged = 15,
    /// A comparison found a difference that should not be there.
    Mismatch = 16,
    /// Stopped by a signal after writing a checkpoint.
    Stopped = 17,
    /// The asked device or precision does not exist here.
    Device = 18,
    /// The recipe is not valid.
    Recipe = 19,
    /// A bug of ours.
    Internal = 70,
}

/// The one error that reaches `main`.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    /// The public reason an order would be closed with, were this the end of it.
    pub reason: Reason,
    pub attempted: String,
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub fn new(code: Code, attempted: impl Into<String>) -> Self {
        Self {
            code,
            reason: code.reason(),
            attempted: attempted.into(),
            source: None,
        }
    }

    pub fn because(
        code: Code,
        attempted: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            code,
            reason: code.reason(),
            attempted: attempted.into(),
            source: Some(source.into()),
        }
    }
}

impl Failure {
    /// The same with a more exact reason than its code has.
    #[must_use]
    pub fn with_reason(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attempted)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|e| -> &(dyn Error + 'static) { e })
    }
}
