//! How kind the world is, in numbers.

use rand::RngExt;
use rand::rngs::StdRng;
use std::time::Duration;
use tasks::Failure;

#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// The longest any call takes.
    pub latency_max: Duration,
    /// Calls out of a hundred that fail before they take effect.
    pub failures: u32,
    /// Calls out of a hundred that take effect and lose their reply.
    pub lost_replies: u32,
    /// Pieces of work out of a hundred that can never succeed.
    pub hopeless: u32,
}

/// What one call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fortune {
    Fair,
    FailsBefore,
    ReplyLost,
    Hopeless,
}

impl Weather {
    /// Rough enough that most tasks meet some of it.
    pub const ROUGH: Self = Self {
        latency_max: Duration::from_millis(400),
        failures: 10,
        lost_replies: 8,
        hopeless: 2,
    };

    pub const CALM: Self = Self {
        latency_max: Duration::ZERO,
        failures: 0,
        lost_replies: 0,
        hopeless: 0,
    };

    pub(super) fn draw(&self, rng: &mut StdRng) -> (Duration, Fortune) {
        let latency = self.latency_max.mul_f64(rng.random_range(0.0..=1.0));
        let roll = rng.random_range(0..100);
        let (lost, hopeless) = (self.failures + self.lost_replies, self.hopeless);
        let fortune = match roll {
            roll if roll < self.failures => Fortune::FailsBefore,
            roll if roll < lost => Fortune::ReplyLost,
            roll if roll < lost + hopeless => Fortune::Hopeless,
            _ => Fortune::Fair,
        };
        (latency, fortune)
    }
}

impl Fortune {
    /// What the caller hears of a call that took effect.
    pub(super) fn reply<T>(self, value: T) -> Result<T, Failure> {
        if self == Self::ReplyLost {
            Err(Failure::Transient)
        } else {
            Ok(value)
        }
    }
}
