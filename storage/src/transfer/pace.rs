//! How hard and how long a transfer tries.

use std::time::Duration;

/// The patience and the width of a transfer.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Segments on their way at once; each takes about 1 MiB while it is.
    pub parallel: usize,
    /// Tries for one segment, over all replicas.
    pub tries: u32,
    /// The first pause after a round of failures; it doubles up to `pause_max`.
    pub pause: Duration,
    pub pause_max: Duration,
    /// How long one segment may take: a slow trickle is a failure.
    pub segment_timeout: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            parallel: 8,
            tries: 8,
            pause: Duration::from_millis(250),
            pause_max: Duration::from_secs(15),
            segment_timeout: Duration::from_secs(30),
        }
    }
}

impl Pace {
    /// The pause before try number `number`, counted from one.
    pub(crate) fn pause_before(&self, number: u32) -> Duration {
        let doubled = 2u32.saturating_pow(number.saturating_sub(1));
        self.pause.saturating_mul(doubled).min(self.pause_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let pace = Pace {
            pause: Duration::from_secs(1),
            pause_max: Duration::from_secs(5),
            ..Pace::default()
        };

        let pauses: Vec<_> = (1..6).map(|n| pace.pause_before(n).as_secs()).collect();

        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(pace.pause_before(u32::MAX), pace.pause_max);
    }
}
