//! The training under way, or the last one.

use super::{Figure, whole};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use proto::Seconds;
use proto::training::{Checkpoint, Step};

#[derive(Default)]
pub(super) struct Training {
    step: Gauge,
    steps: Gauge,
    loss: Figure,
    grad_norm: Figure,
    speed: Figure,
    tokens: Counter,
    checkpoint_bytes: Gauge,
    checkpoint_at: Gauge,
    resumed: Counter,
}

impl Training {
    pub(super) fn register(&self, all: &mut Registry) {
        all.register("train_step", "The last step", self.step.clone());
        all.register(
            "train_steps_target",
            "Steps of this training",
            self.steps.clone(),
        );
        all.register("train_loss", "The last step's loss", self.loss.clone());
        all.register(
            "train_grad_norm",
            "The last step's gradient norm",
            self.grad_norm.clone(),
        );
        all.register(
            "train_tokens_per_second",
            "Speed at the last step",
            self.speed.clone(),
        );
        all.register("train_tokens", "Tokens trained on", self.tokens.clone());
        all.register_with_unit(
            "checkpoint",
            "Size of the last checkpoint",
            Unit::Bytes,
            self.checkpoint_bytes.clone(),
        );
        all.register(
            "checkpoint_timestamp_seconds",
            "When the last checkpoint was kept",
            self.checkpoint_at.clone(),
        );
        all.register(
            "resume",
            "Trainings that went on from a checkpoint",
            self.resumed.clone(),
        );
    }

    pub(super) fn stepped(&self, step: &Step, before: Option<&Step>) {
        self.step.set(whole(step.step));
        self.steps.set(whole(step.steps_total));
        self.loss.set(step.loss.get());
        self.grad_norm.set(step.grad_norm.get());
        self.speed.set(step.tokens_per_sec.get());
        let counted = before.map_or(0, |before| before.tokens);
        self.tokens.inc_by(step.tokens.saturating_sub(counted));
    }

    pub(super) fn kept(&self, checkpoint: &Checkpoint, now: Seconds) {
        self.checkpoint_bytes.set(whole(checkpoint.bytes));
        self.checkpoint_at.set(whole(now));
    }

    pub(super) fn went_on(&self) {
        self.resumed.inc();
    }
}
