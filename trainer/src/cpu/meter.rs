//! Where the time of a step goes, if somebody asks.

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    LinearForward,
    LinearBackward,
    AttentionForward,
    AttentionBackward,
    Head,
}

const NAMES: [&str; 5] = ["lin_fwd", "lin_bwd", "attn_fwd", "attn_bwd", "head_ce"];

/// Nanoseconds by phase; without a clock nothing is measured.
#[derive(Debug, Default)]
pub(super) struct Meter {
    clock: Option<fn() -> u64>,
    spent: [u64; NAMES.len()],
}

impl Meter {
    pub(super) fn new(clock: fn() -> u64) -> Self {
        Self {
            clock: Some(clock),
            ..Self::default()
        }
    }

    pub(super) fn start(&self) -> u64 {
        self.clock.map_or(0, |clock| clock())
    }

    pub(super) fn stop(&mut self, phase: Phase, started: u64) {
        if let Some(clock) = self.clock {
            self.spent[phase as usize] += clock() - started;
        }
    }

    pub(super) fn spent(&self) -> Vec<(&'static str, u64)> {
        NAMES.into_iter().zip(self.spent).collect()
    }
}
