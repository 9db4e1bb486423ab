//! What can be wrong, in words for the operator, and whose fault a failure is.

use proto::Reason;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why the node takes no new work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    FailuresInARow,
    DeadlineMissed,
    GpuError,
    LowDisk,
    StaleAttestation,
    DeviceBusy,
    ChainUnreachable,
    StorageUnreachable,
    ClockTurned,
}

impl Cause {
    pub const ALL: &[Self] = &[
        Self::FailuresInARow,
        Self::DeadlineMissed,
        Self::GpuError,
        Self::LowDisk,
        Self::StaleAttestation,
        Self::DeviceBusy,
        Self::ChainUnreachable,
        Self::StorageUnreachable,
        Self::ClockTurned,
    ];

    /// Whether the node comes back without its operator.
    pub const fn heals_itself(self) -> bool {
        match self {
            Self::FailuresInARow | Self::DeadlineMissed | Self::GpuError => false,
            Self::LowDisk
            | Self::StaleAttestation
            | Self::DeviceBusy
            | Self::ChainUnreachable
            | Self::StorageUnreachable
            | Self::ClockTurned => true,
        }
    }

    /// The stable word, for scripts and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FailuresInARow => "failures_in_a_row",
            Self::DeadlineMissed => "deadline_missed",
            Self::GpuError => "gpu_error",
            Self::LowDisk => "low_disk",
            Self::StaleAttestation => "stale_attestation",
            Self::DeviceBusy => "device_busy",
            Self::ChainUnreachable => "chain_unreachable",
            Self::StorageUnreachable => "storage_unreachable",
            Self::ClockTurned => "clock_turned",
        }
    }

    /// What the operator reads.
    pub const fn text(self) -> &'static str {
        match self {
            Self::FailuresInARow => "too many tasks failed in a row on this machine",
            Self::DeadlineMissed => "a promised deadline was missed",
            Self::GpuError => "the GPU's driver reported an error",
            Self::LowDisk => "the disk has too little room",
            Self::StaleAttestation => "the attestation evidence is missing or too old",
            Self::DeviceBusy => "the attestation device does not answer",
            Self::ChainUnreachable => "the chain cannot be reached",
            Self::StorageUnreachable => "the storage cannot be reached",
            Self::ClockTurned => "the system clock was turned a short while ago",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Whose fault it is that a task was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The order, the money or the data.
    Theirs,
    /// This node took too long.
    Late,
    /// This node.
    Ours,
}

impl Blame {
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::DeadlinePassed => Self::Late,
            Reason::ModelMismatch
            | Reason::OutOfMemory
            | Reason::TrainerFailed
            | Reason::TriesExhausted => Self::Ours,
            Reason::SignatureInvalid
            | Reason::NonceUsed
            | Reason::WrongChain
            | Reason::WrongProvider
            | Reason::DeadlineTooTight
            | Reason::CustomerQuota
            | Reason::RecipeInvalid
            | Reason::RecipeOverLimit
            | Reason::ModelNotOffered
            | Reason::TierNotMet
            | Reason::KeyInvalid
            | Reason::TermsNotAccepted
            | Reason::FundsNotReserved
            | Reason::FeeTooLow
            | Reason::SignerNotAcknowledged
            | Reason::TooBusy
            | Reason::Draining
            | Reason::BreakerOpen
            | Reason::NoNode
            | Reason::DatasetUnavailable
            | Reason::DatasetMismatch
            | Reason::DatasetUnreadable
            | Reason::DatasetMalformed
            | Reason::DatasetOverLimit
            | Reason::ModelUnavailable
            | Reason::Diverged
            | Reason::Cancelled => Self::Theirs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_causes_are_those_they_are_stored_under() {
        for &cause in Cause::ALL {
            let stored = serde_json::to_string(&cause).unwrap();
            assert_eq!(stored, format!("{:?}", cause.word()));
        }
    }
}
