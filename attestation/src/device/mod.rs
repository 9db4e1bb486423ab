//! Where reports come from: the kernel's interfaces to the TEE.
//!
//! The node speaks to a [`ReportSource`] and never learns whether it is a device or a
//! simulator; the verifier does, from the root.

mod configfs;
mod desk;
mod sev_guest;

pub use configfs::ConfigfsTsm;
pub use desk::{Desk, DeskError, DeskHandle};
pub use sev_guest::SevGuest;

use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The kernel tries a throttled request for a minute; longer than this nobody waits.
pub const REPORT_PATIENCE: Duration = Duration::from_secs(90);

/// A report as the device gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawReport {
    /// An SEV-SNP report and the host's certificate table, which may be empty.
    Snp { report: Vec<u8>, table: Vec<u8> },
    /// A TDX quote.
    Tdx { quote: Vec<u8> },
}

/// A key only this chip gives to this image under this guest policy. A firmware update
/// changes it.
pub struct DerivedKey(pub Zeroizing<[u8; 32]>);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot access {what}")]
    Io {
        what: String,
        source: std::io::Error,
    },
    #[error("the device refused: {0}")]
    Refused(String),
    #[error("another writer came between every try")]
    Contended,
    #[error("the device answered with {0}")]
    Malformed(String),
    #[error("{0} gives no derived keys")]
    NoDerivedKeys(&'static str),
}

/// A TEE this process runs in.
pub trait ReportSource: fmt::Debug + Send {
    /// What it is, for logs and status pages.
    fn name(&self) -> &'static str;

    /// A fresh report over these 64 bytes, asked at VMPL 0. Blocks; the kernel may take
    /// a minute.
    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError>;

    /// The key for sealing what must survive a restart.
    fn derived_key(&mut self) -> Result<DerivedKey, SourceError>;
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(..)")
    }
}

pub(crate) fn io(what: impl fmt::Display) -> impl FnOnce(std::io::Error) -> SourceError {
    let what = what.to_string();
    |source| SourceError::Io { what, source }
}
