//! How far the start has come, for systemd, `/readyz` and the operator.
//!
//! ```text
//!   Proving ─▶ Connecting ─▶ Registering ─▶ Working
//!      └─ without [chain] ─▶ StandingBy
//! ```

use std::sync::Arc;
use tokio::sync::watch;

/// A step of the start, in the order they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The evidence of this boot is being made. Nobody is served yet.
    Proving,
    /// The chain is not reached yet. Whoever verifies is served.
    Connecting,
    /// The tasks in the journal go on; new orders wait for the entry on chain and for models.
    Registering,
    Working,
    /// Without a chain there is nothing to work on.
    StandingBy,
}

/// Shared by who starts and who is asked.
#[derive(Clone, Debug)]
pub struct Stage(Arc<watch::Sender<Step>>);

impl Step {
    /// The stable word of a step that keeps orders out, and what the operator reads.
    pub const fn waits_for(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Proving => Some(("proving", "the evidence of this boot is not made yet")),
            Self::Connecting => Some(("connecting", "the chain is not reached yet")),
            Self::Registering => Some((
                "registering",
                "the entry on chain or a model on offer is not there yet",
            )),
            Self::StandingBy => Some((
                "standing_by",
                "there is no [chain] in the configuration: no orders are taken",
            )),
            Self::Working => None,
        }
    }

    /// Whether the conductor is at work, and so has to answer.
    pub const fn has_conductor(self) -> bool {
        match self {
            Self::Proving | Self::Connecting => false,
            Self::Registering | Self::Working | Self::StandingBy => true,
        }
    }
}

impl Stage {
    pub fn reach(&self, step: Step) {
        self.0.send_replace(step);
    }

    pub fn step(&self) -> Step {
        *self.0.borrow()
    }

    /// To be woken whenever a step is reached.
    pub fn steps(&self) -> watch::Receiver<Step> {
        self.0.subscribe()
    }

    /// Returns when the evidence of this boot holds.
    pub async fn proven(&self) {
        let mut steps = self.steps();
        let proven = steps.wait_for(|&step| step > Step::Proving).await;
        // The sender is here too: it cannot be gone.
        drop(proven);
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Step::Proving)))
    }
}
