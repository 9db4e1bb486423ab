//! Why the node takes no new work, and what ends that.
//!
//! ```text
//!            trouble, failed                    well (causes that heal by themselves)
//!  closed ───────────────────▶ open {causes} ◀─┐ reset (the others)
//!    ▲                           │   └─────────┘
//!    └────── no cause is left ───┘
//! ```
//!
//! Open, the node refuses orders and goes on with those it has: they are paid work. A
//! cause of the world ends when the world is well again; one that points at the machine
//! itself waits for its operator, and survives a restart.

mod cause;
mod gate;

pub use cause::{Blame, Cause};
pub use gate::{Gate, GateError, Standing};

use proto::{Reason, Seconds};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state machine; it reads no clock and touches nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Failures in a row that open it.
    failures_max: u32,
    failures: u32,
    /// Each cause, and since when.
    causes: BTreeMap<Cause, Seconds>,
}

impl Breaker {
    pub fn new(failures_max: u32) -> Self {
        Self {
            failures_max,
            failures: 0,
            causes: BTreeMap::new(),
        }
    }

    /// Something is wrong with the world or the machine.
    pub fn trouble(&mut self, cause: Cause, now: Seconds) {
        self.causes.entry(cause).or_insert(now);
    }

    /// The world is well again in this respect; an operator's cause stays.
    pub fn well(&mut self, cause: Cause) {
        if cause.heals_itself() {
            self.causes.remove(&cause);
        }
    }

    /// A task was given up for this reason, after the node had promised to serve it.
    pub fn failed(&mut self, reason: Reason, now: Seconds) {
        match Blame::of(reason) {
            Blame::Theirs => {}
            Blame::Late => self.trouble(Cause::DeadlineMissed, now),
            Blame::Ours => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= self.failures_max {
                    self.trouble(Cause::FailuresInARow, now);
                }
            }
        }
    }

    /// A task came to its delivery.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The operator has looked. What heals by itself is not his to say.
    pub fn reset(&mut self) {
        self.failures = 0;
        self.causes.retain(|cause, _since| cause.heals_itself());
    }

    pub fn is_open(&self) -> bool {
        !self.causes.is_empty()
    }

    pub fn causes(&self) -> impl Iterator<Item = (Cause, Seconds)> {
        self.causes.iter().map(|(&cause, &since)| (cause, since))
    }

    /// What must survive a restart: the operator's causes.
    fn kept(&self) -> BTreeMap<Cause, Seconds> {
        let mut causes = self.causes.clone();
        causes.retain(|cause, _since| !cause.heals_itself());
        causes
    }
}

#[cfg(test)]
mod laws {
    use super::*;
    use proptest::prelude::*;

    const FAILURES_MAX: u32 = 3;

    #[derive(Clone, Copy, Debug)]
    enum Happening {
        Trouble(Cause),
        Well(Cause),
        Failed(Reason),
        Succeeded,
        Reset,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        let cause = || prop::sample::select(Cause::ALL);
        prop_oneof![
            cause().prop_map(Happening::Trouble),
            cause().prop_map(Happening::Well),
            prop::sample::select(Reason::ALL).prop_map(Happening::Failed),
            Just(Happening::Succeeded),
            Just(Happening::Reset),
        ]
    }

    fn happens(breaker: &mut Breaker, happening: Happening, now: Seconds) {
        match happening {
            Happening::Trouble(cause) => breaker.trouble(cause, now),
            Happening::Well(cause) => breaker.well(cause),
            Happening::Failed(reason) => breaker.failed(reason, now),
            Happening::Succeeded => breaker.succeeded(),
            Happening::Reset => breaker.reset(),
        }
    }

    fn lived(history: &[Happening]) -> Breaker {
        let mut breaker = Breaker::new(FAILURES_MAX);
        for (now, &happening) in (0..).zip(history) {
            happens(&mut breaker, happening, now);
        }
        breaker
    }

    fn holds(breaker: &Breaker, cause: Cause) -> bool {
        breaker.causes().any(|(held, _since)| held == cause)
    }

    proptest! {
        #[test]
        fn an_operators_cause_goes_only_with_a_reset(
            history in prop::collection::vec(happening(), 0..30),
            next in happening(),
        ) {
            let mut breaker = lived(&history);
            let before = breaker.kept();
            happens(&mut breaker, next, 99);
            if matches!(next, Happening::Reset) {
                prop_assert!(breaker.kept().is_empty());
            } else {
                prop_assert!(before.keys().all(|&cause| holds(&breaker, cause)));
            }
        }

        #[test]
        fn a_cause_of_the_world_goes_exactly_when_the_world_is_well(
            history in prop::collection::vec(happening(), 0..30),
            cause in prop::sample::select(Cause::ALL).prop_filter("heals", |c| c.heals_itself()),
            next in happening(),
        ) {
            let mut breaker = lived(&history);
            breaker.trouble(cause, 50);
            happens(&mut breaker, next, 99);
            let healed = matches!(next, Happening::Well(well) if well == cause);
            prop_assert_eq!(holds(&breaker, cause), !healed);
        }

        #[test]
        fn everything_well_and_a_reset_always_close_it(
            history in prop::collection::vec(happening(), 0..30),
        ) {
            let mut breaker = lived(&history);
            for &cause in Cause::ALL {
                breaker.well(cause);
            }
            breaker.reset();
            prop_assert!(!breaker.is_open());
        }

        #[test]
        fn customers_mistakes_never_open_it(
            reasons in prop::collection::vec(prop::sample::select(Reason::ALL), 0..30),
        ) {
            let theirs = reasons.iter().filter(|&&reason| Blame::of(reason) == Blame::Theirs);
            let history: Vec<_> = theirs.map(|&reason| Happening::Failed(reason)).collect();
            prop_assert!(!lived(&history).is_open());
        }

        #[test]
        fn it_opens_at_the_last_of_so_many_failures_in_a_row(
            runs in prop::collection::vec(0..FAILURES_MAX, 0..10),
        ) {
            let failure = Happening::Failed(Reason::TrainerFailed);
            let mut history = Vec::new();
            for run in runs {
                history.extend((0..run).map(|_| failure));
                history.push(Happening::Succeeded);
            }
            prop_assert!(!lived(&history).is_open());
            history.extend((0..FAILURES_MAX).map(|_| failure));
            prop_assert!(holds(&lived(&history), Cause::FailuresInARow));
        }
    }

    #[test]
    fn a_cause_keeps_the_time_it_was_first_seen() {
        let mut breaker = Breaker::new(FAILURES_MAX);
        breaker.trouble(Cause::LowDisk, 5);
        breaker.trouble(Cause::LowDisk, 9);

        assert_eq!(breaker.causes().next(), Some((Cause::LowDisk, 5)));
    }
}
