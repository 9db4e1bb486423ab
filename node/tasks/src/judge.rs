//! What to make of a duty's report: patience, and where it ends.

use crate::{Event, Failure, News, Task};
use proto::{Reason, Seconds};

/// How patient the node is.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Failures of one duty after which the task is given up, while it still may be.
    pub stumbles_max: u32,
    /// The first pause; each further failure doubles it.
    pub backoff_base_secs: Seconds,
    /// Where the doubling ends.
    pub backoff_max_secs: Seconds,
}

impl Limits {
    /// How long to wait after this many failures in a row.
    pub fn pause(&self, stumbles: u32) -> Seconds {
        let doubled = self.backoff_base_secs.saturating_mul(1 << stumbles.min(20));
        doubled.min(self.backoff_max_secs)
    }
}

impl Task {
    /// Turns the report of the current duty into the event to record.
    pub fn judge(&self, report: Result<News, Failure>, now: Seconds, limits: &Limits) -> Event {
        match report {
            Ok(News::Fact(fact)) => Event::Did(fact),
            Ok(News::Standing(standing)) if self.would_learn(standing) => Event::Learned(standing),
            // The chain was told and shows nothing of it yet.
            Ok(News::Standing(_)) | Err(Failure::Transient) => self.stumble(None, now, limits),
            Err(Failure::NotBefore(until)) => Event::Deferred { until },
            Err(Failure::Hopeless(reason)) => self.stumble(Some(reason), now, limits),
        }
    }

    fn stumble(&self, hopeless: Option<Reason>, now: Seconds, limits: &Limits) -> Event {
        let spent = (self.stumbles >= limits.stumbles_max).then_some(Reason::TriesExhausted);
        let late = self.is_overdue(now).then_some(Reason::DeadlinePassed);
        match hopeless.or(late).or(spent) {
            Some(reason) if !self.phase.must_finish() => Event::GivenUp(reason),
            Some(_) | None => {
                let pause = limits.pause(self.stumbles);
                Event::Stumbled {
                    retry_at: now.saturating_add(pause),
                }
            }
        }
    }
}
