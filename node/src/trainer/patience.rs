//! How long the node waits for a sign of life, and how fast life goes.

use std::time::{Duration, Instant};

/// A deadline that every sign moves on. Monotonic: a clock that jumps kills nobody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    most: Duration,
    since: Instant,
}

impl Patience {
    pub(super) fn of(most: Duration) -> Self {
        Self { most, since: now() }
    }

    pub(super) fn renew(&mut self) {
        self.since = now();
    }

    /// Zero when it is at its end.
    pub(super) fn left(&self) -> Duration {
        self.most.saturating_sub(now().duration_since(self.since))
    }
}

/// How fast one attempt trains, from its first step on: loading the model is no training.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    first: Option<Mark>,
    last: Option<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    tokens: u64,
    at: Instant,
}

impl Pace {
    /// Less says more of the machine's moods than of its speed.
    const SECS_LEAST: f64 = 5.0;

    /// A step ended, with so many tokens trained since the first.
    pub(super) fn note(&mut self, tokens: u64) {
        let mark = Mark { tokens, at: now() };
        self.first.get_or_insert(mark);
        self.last = Some(mark);
    }

    /// Tokens per second; nothing, where there was too little to tell.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rate of positive numbers, of which three digits matter"
    )]
    pub(super) fn tokens_per_sec(&self) -> Option<u64> {
        let (first, last) = self.first.zip(self.last)?;
        let secs = last.at.duration_since(first.at).as_secs_f64();
        let tokens = last.tokens.saturating_sub(first.tokens);
        (secs >= Self::SECS_LEAST).then(|| (tokens as f64 / secs) as u64)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a watchdog measures its own waiting; no task state depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_no_measure() {
        let mut pace = Pace::default();
        pace.note(10);
        pace.note(20);

        assert_eq!(pace.tokens_per_sec(), None);
    }

    #[test]
    fn a_pace_is_what_was_trained_since_the_first_step() {
        let mut pace = Pace::default();
        pace.note(1_000);
        pace.note(11_000);
        let first = pace.first.as_mut().unwrap();
        first.at -= Duration::from_secs(10);

        let measured = pace.tokens_per_sec().unwrap();

        assert!((900..=1_000).contains(&measured), "{measured}");
    }
}
