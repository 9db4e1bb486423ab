//! Progress: one JSON object per line on standard output, and nothing else there.

use super::stop::Stop;
use crate::data::Report;
use crate::result::{Ending, EvalFigures};
use proto::Digest;
use serde::Serialize;
use std::fmt;
use std::io::Write;
use std::path::Path;

/// What a listener hears. Fields are only ever added.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// The dataset was read.
    Data {
        report: &'a Report,
        #[serde(with = "crate::digest::hex_text")]
        sha256: Digest,
    },
    /// What is about to happen.
    Planned {
        steps: u64,
        steps_per_epoch: u64,
        tokens_per_epoch: u64,
        rows: usize,
        /// Share of the rows' room that holds tokens.
        fill: f64,
        #[serde(with = "crate::digest::hex_text")]
        recipe: Digest,
        #[serde(with = "crate::digest::hex_text")]
        run: Digest,
        memory_bytes: u64,
        memory_available_bytes: Option<u64>,
        class: String,
    },
    Resumed {
        step: u64,
        file: &'a str,
    },
    /// A newer checkpoint was there and is corrupt.
    CheckpointSkipped {
        file: &'a str,
    },
    Step {
        step: u64,
        steps: u64,
        epoch: f64,
        tokens: u64,
        loss: f64,
        lr: f32,
        grad_norm: f32,
        tok_s: f64,
        eta_s: f64,
    },
    Eval {
        step: u64,
        eval_loss: f64,
        #[serde(flatten)]
        figures: EvalFigures,
    },
    Checkpoint {
        step: u64,
        file: &'a str,
        #[serde(with = "crate::digest::hex_text")]
        chain: Digest,
    },
    /// Stopped on request; the checkpoint of this step goes on.
    Stopped {
        step: u64,
    },
    Finished {
        ending: Ending,
        step: u64,
        out: &'a Path,
        #[serde(with = "crate::digest::hex_text")]
        chain: Digest,
        adapter: &'a str,
    },
    Replayed {
        from: u64,
        to: u64,
        steps: u64,
        same_bits: u64,
        largest_difference: f64,
    },
    Failed {
        code: u8,
        name: &'static str,
        /// The public reason an order would be closed with.
        reason: u16,
        message: &'a str,
    },
}

/// Where the events go.
pub struct Events {
    out: Box<dyn Write + Send>,
    stop: Stop,
}

impl Events {
    pub fn new(out: Box<dyn Write + Send>, stop: Stop) -> Self {
        Self { out, stop }
    }

    /// Says something. When the listener is gone, whoever started this process is
    /// gone too: that is a wish to stop.
    pub fn say(&mut self, event: &Event<'_>) {
        let line = serde_json::to_string(event).expect("events have text keys") + "\n";
        let said = self.out.write_all(line.as_bytes());
        if said.and_then(|()| self.out.flush()).is_err() {
            self.stop.ask();
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}
