//! Why a training ended without an adapter, for each of three readers.
//!
//! The conductor takes a [`Failure`], the operator the `Display` line and the
//! stable code, the customer [`Cause::for_customer`]. Nothing here was written by
//! the trainer: of what it says, only its exit code counts.

use proto::Reason;
use std::fmt;
use tasks::Failure;

/// The exit codes of `sealtune-trainer`; `docs/training.md` has the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Usage,
    Model,
    Data,
    Checkpoint,
    Memory,
    Disk,
    Diverged,
    Mismatch,
    Stopped,
    Device,
    Recipe,
    /// 70, and every number that is not in the table.
    Internal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The child could not be started.
    Start(String),
    /// The sandbox is not whole; what is missing.
    Sandbox(String),
    /// It ended by itself with this code.
    Exited(Exit),
    /// The kernel killed it: there was no memory left.
    NoMemory,
    /// It asked for more memory than its limit and ended itself.
    OverLimit,
    /// Somebody else killed it.
    Killed,
    /// A fault: segmentation, bus, instruction, arithmetic, a call that is refused.
    Crashed { signal: i32 },
    /// Its processor time is used up.
    CpuTime,
    /// The customer's deadline came.
    Deadline,
    /// No sign of progress for too long; it was killed.
    Silent { secs: u64 },
    /// It did not keep to its lines of progress; it was killed.
    Babbled(&'static str),
    /// It read other data than was staged.
    OtherData,
    /// The data could not be opened to its end.
    Source(Failure),
    /// It said that it was done, and the result is not what it said.
    BadResult(&'static str),
    /// The result could not be kept.
    NotKept(String),
    /// A wish of ours.
    Stopped,
    /// Recipe or model could not be had.
    Materials(Failure),
    /// The thread that kept it ended without a word.
    Lost,
}

impl Exit {
    pub const fn of(code: i32) -> Self {
        match code {
            2 => Self::Usage,
            10 => Self::Model,
            11 => Self::Data,
            12 => Self::Checkpoint,
            13 => Self::Memory,
            14 => Self::Disk,
            15 => Self::Diverged,
            16 => Self::Mismatch,
            17 => Self::Stopped,
            18 => Self::Device,
            19 => Self::Recipe,
            _ => Self::Internal,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Usage => "trainer_usage",
            Self::Model => "trainer_model",
            Self::Data => "trainer_data",
            Self::Checkpoint => "trainer_checkpoint",
            Self::Memory => "trainer_memory_refused",
            Self::Disk => "trainer_disk",
            Self::Diverged => "trainer_diverged",
            Self::Mismatch => "trainer_mismatch",
            Self::Stopped => "trainer_stopped",
            Self::Device => "trainer_device",
            Self::Recipe => "trainer_recipe",
            Self::Internal => "trainer_internal",
        }
    }

    /// What is wrong with the order is hopeless; what is wrong here may pass.
    const fn failure(self) -> Failure {
        match self {
            Self::Data => Failure::Hopeless(Reason::DatasetMalformed),
            Self::Memory => Failure::Hopeless(Reason::OutOfMemory),
            Self::Diverged => Failure::Hopeless(Reason::Diverged),
            Self::Recipe => Failure::Hopeless(Reason::RecipeInvalid),
            Self::Model => Failure::Hopeless(Reason::ModelMismatch),
            Self::Usage
            | Self::Checkpoint
            | Self::Disk
            | Self::Mismatch
            | Self::Stopped
            | Self::Device
            | Self::Internal => Failure::Transient,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Usage => "the trainer does not understand this node; are they of one version?",
            Self::Model => "the trainer cannot use the model folder",
            Self::Data => "the trainer refuses the dataset",
            Self::Checkpoint => "the trainer cannot go on from the checkpoint; it is dropped",
            Self::Memory => "the training would not fit the memory; nothing was read",
            Self::Disk => "the trainer cannot write; make room in trainer.scratch",
            Self::Diverged => "the training diverged",
            Self::Mismatch => {
                "the adapter read back gives other logits; look at the machine's memory"
            }
            Self::Stopped => "the trainer stopped on request",
            Self::Device => "trainer.device does not exist here",
            Self::Recipe => "the trainer refuses the recipe",
            Self::Internal => "the trainer has a bug; please report it",
        }
    }
}

impl Cause {
    /// A stable word for logs, metrics and scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Start(_) => "trainer_start",
            Self::Sandbox(_) => "trainer_sandbox",
            Self::Exited(exit) => exit.name(),
            Self::NoMemory => "trainer_oom_killed",
            Self::OverLimit => "trainer_over_memory_limit",
            Self::Killed => "trainer_killed",
            Self::Crashed { .. } => "trainer_crashed",
            Self::CpuTime => "trainer_cpu_time",
            Self::Deadline => "trainer_deadline",
            Self::Silent { .. } => "trainer_hung",
            Self::Babbled(_) => "trainer_protocol",
            Self::OtherData => "trainer_other_data",
            Self::Source(_) => "trainer_source",
            Self::BadResult(_) => "trainer_bad_result",
            Self::NotKept(_) => "trainer_not_kept",
            Self::Stopped => "trainer_stopped",
            Self::Materials(_) => "trainer_materials",
            Self::Lost => "trainer_lost",
        }
    }

    /// What the conductor makes of it.
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Exited(exit) => exit.failure(),
            Self::OverLimit => Failure::Hopeless(Reason::OutOfMemory),
            Self::Source(failure) | Self::Materials(failure) => *failure,
            Self::Start(_)
            | Self::Sandbox(_)
            | Self::NoMemory
            | Self::Killed
            | Self::Crashed { .. }
            | Self::CpuTime
            | Self::Deadline
            | Self::Silent { .. }
            | Self::Babbled(_)
            | Self::OtherData
            | Self::BadResult(_)
            | Self::NotKept(_)
            | Self::Stopped
            | Self::Lost => Failure::Transient,
        }
    }

    pub(super) fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped | Self::Exited(Exit::Stopped))
    }

    /// What the customer may know, and can do something about.
    pub const fn for_customer(&self) -> &'static str {
        match self {
            Self::Exited(Exit::Data) => {
                "the dataset is malformed; count its tokens to see the lines"
            }
            Self::Exited(Exit::Memory) | Self::OverLimit => {
                "the training does not fit this node's memory; a smaller sequence_len or micro_batch_size needs less"
            }
            Self::Exited(Exit::Diverged) => "the training diverged; try a smaller learning rate",
            Self::Exited(Exit::Recipe) => "the recipe is not valid",
            Self::Exited(Exit::Model) => "the base model cannot be trained here",
            Self::Deadline => "the deadline came before the training was done",
            Self::Stopped | Self::Exited(Exit::Stopped) => {
                "the node stops; the training goes on from its last checkpoint"
            }
            Self::Exited(
                Exit::Usage
                | Exit::Checkpoint
                | Exit::Disk
                | Exit::Mismatch
                | Exit::Device
                | Exit::Internal,
            )
            | Self::Start(_)
            | Self::Sandbox(_)
            | Self::NoMemory
            | Self::Killed
            | Self::Crashed { .. }
            | Self::CpuTime
            | Self::Silent { .. }
            | Self::Babbled(_)
            | Self::OtherData
            | Self::Source(_)
            | Self::BadResult(_)
            | Self::NotKept(_)
            | Self::Materials(_)
            | Self::Lost => {
                "the training was interrupted; the node tries again from its last checkpoint"
            }
        }
    }
}

/// The line for the operator.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(why) => write!(f, "the trainer cannot be started: {why}"),
            Self::Sandbox(missing) => write!(
                f,
                "the sandbox cannot be built {missing}; a newer kernel has it, or set trainer.sandbox = \"best-effort\""
            ),
            Self::Exited(exit) => f.write_str(exit.words()),
            Self::NoMemory => f.write_str("the kernel killed the trainer for want of memory"),
            Self::OverLimit => f.write_str("the trainer wanted more than trainer.memory_mib_max"),
            Self::Killed => f.write_str("somebody killed the trainer"),
            Self::Crashed { signal } => write!(f, "the trainer crashed with signal {signal}"),
            Self::CpuTime => f.write_str("the trainer's processor time is used up"),
            Self::Deadline => f.write_str("the customer's deadline came during the training"),
            Self::Silent { secs } => {
                write!(f, "the trainer said nothing for {secs} s and was killed")
            }
            Self::Babbled(what) => write!(f, "the trainer was killed: {what}"),
            Self::OtherData => f.write_str("the trainer read other data than was staged"),
            Self::Source(_) => f.write_str("the staged dataset cannot be opened"),
            Self::BadResult(what) => write!(f, "the result is not kept: {what}"),
            Self::NotKept(why) => write!(f, "the result cannot be kept: {why}"),
            Self::Stopped => f.write_str("the training stops with the node"),
            Self::Materials(_) => f.write_str("the recipe or the model cannot be had"),
            Self::Lost => f.write_str("the thread of the training ended without a word"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_of_the_documentation_is_known_here() {
        let table = include_str!("../../../docs/training.md");
        let codes: Vec<i32> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse().ok())
            .filter(|&code| code != 0)
            .collect();

        assert_eq!(codes.len(), 12, "{codes:?}");
        for code in codes {
            assert!(code == 70 || Exit::of(code) != Exit::Internal, "{code}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_order_is_never_tried_again() {
        for code in [10, 11, 13, 15, 19] {
            let failure = Cause::Exited(Exit::of(code)).failure();

            assert!(matches!(failure, Failure::Hopeless(_)), "{code}");
        }
        for code in [2, 12, 14, 16, 17, 18, 70, 99] {
            assert_eq!(Cause::Exited(Exit::of(code)).failure(), Failure::Transient);
        }
    }
}
