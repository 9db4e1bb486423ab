//! What a relying party demands of a TDX guest.

use dcap_qvl::TcbStatus as Intel;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The demands. `None` means: do not look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What Intel may say of the platform's firmware.
    pub tcb_statuses: BTreeSet<TcbStatus>,
    /// Advisories with which even an allowed status does not pass.
    pub refused_advisories: BTreeSet<String>,
    /// The host may read a debuggable guest's memory.
    pub allow_debug: bool,
    /// A service TD may move the guest, or act for it.
    pub allow_service_tds: bool,
    pub mrtd: Option<BTreeSet<[u8; 48]>>,
    pub rtmr: [Option<BTreeSet<[u8; 48]>>; 4],
    pub mr_config_id: Option<[u8; 48]>,
    pub mr_owner: Option<[u8; 48]>,
}

/// Intel's word for a platform's firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TcbStatus {
    UpToDate,
    SwHardeningNeeded,
    ConfigurationNeeded,
    ConfigurationAndSwHardeningNeeded,
    OutOfDate,
    OutOfDateConfigurationNeeded,
    RelaunchAdvised,
    RelaunchAdvisedConfigurationNeeded,
    Revoked,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no TCB status of Intel's")]
pub struct UnknownTcbStatus(pub String);

impl Default for Policy {
    /// Up to date, not debuggable, and nothing known of what runs in it.
    fn default() -> Self {
        Self {
            tcb_statuses: BTreeSet::from([TcbStatus::UpToDate]),
            refused_advisories: BTreeSet::new(),
            allow_debug: false,
            allow_service_tds: false,
            mrtd: None,
            rtmr: [None, None, None, None],
            mr_config_id: None,
            mr_owner: None,
        }
    }
}

impl Policy {
    /// For who wants no TDX guests: no status passes.
    pub fn taking_none() -> Self {
        Self {
            tcb_statuses: BTreeSet::new(),
            ..Self::default()
        }
    }
}

impl TcbStatus {
    pub const ALL: [Self; 9] = [
        Self::UpToDate,
        Self::SwHardeningNeeded,
        Self::ConfigurationNeeded,
        Self::ConfigurationAndSwHardeningNeeded,
        Self::OutOfDate,
        Self::OutOfDateConfigurationNeeded,
        Self::RelaunchAdvised,
        Self::RelaunchAdvisedConfigurationNeeded,
        Self::Revoked,
    ];

    /// The word as Intel writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::UpToDate => "UpToDate",
            Self::SwHardeningNeeded => "SWHardeningNeeded",
            Self::ConfigurationNeeded => "ConfigurationNeeded",
            Self::ConfigurationAndSwHardeningNeeded => "ConfigurationAndSWHardeningNeeded",
            Self::OutOfDate => "OutOfDate",
            Self::OutOfDateConfigurationNeeded => "OutOfDateConfigurationNeeded",
            Self::RelaunchAdvised => "TDRelaunchAdvised",
            Self::RelaunchAdvisedConfigurationNeeded => "TDRelaunchAdvisedConfigurationNeeded",
            Self::Revoked => "Revoked",
        }
    }
}

impl From<Intel> for TcbStatus {
    fn from(status: Intel) -> Self {
        match status {
            Intel::UpToDate => Self::UpToDate,
            Intel::SWHardeningNeeded => Self::SwHardeningNeeded,
            Intel::ConfigurationNeeded => Self::ConfigurationNeeded,
            Intel::ConfigurationAndSWHardeningNeeded => Self::ConfigurationAndSwHardeningNeeded,
            Intel::OutOfDate => Self::OutOfDate,
            Intel::OutOfDateConfigurationNeeded => Self::OutOfDateConfigurationNeeded,
            Intel::TDRelaunchAdvised => Self::RelaunchAdvised,
            Intel::TDRelaunchAdvisedConfigurationNeeded => Self::RelaunchAdvisedConfigurationNeeded,
            Intel::Revoked => Self::Revoked,
        }
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for TcbStatus {
    type Err = UnknownTcbStatus;

    fn from_str(word: &str) -> Result<Self, UnknownTcbStatus> {
        let known = Self::ALL.into_iter().find(|status| status.word() == word);
        known.ok_or_else(|| UnknownTcbStatus(word.to_owned()))
    }
}
