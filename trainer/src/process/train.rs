//! The training loop: steps, evaluations, checkpoints, and when to end.
//!
//! Everything that decides the result is a function of the identity and the step.
//! Time decides only when to write, what to report, and the wall-time limit.

use super::clock::Clock;
use super::events::{Event, Events};
use super::stop::Stop;
use super::store::Store;
use crate::backend::{Backend, LossSum, Place};
use crate::batch::Batch;
use crate::checkpoint::{Identity, LossBits, Progress, Snapshot, StepRecord};
use crate::data::{Course, StepData};
use crate::failure::{Code, Failure};
use crate::recipe::Recipe;
use crate::result::{Ending, EvalFigures};
use crate::settings::Schedule;

/// How a call of [`Training::run`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Trained(Ending),
    /// On request; a checkpoint was written.
    Stopped,
    /// A window was taken again, and it was the same.
    Replayed,
}

/// One run: what it is, how far it is, and what it works with.
pub struct Training<'a> {
    pub backend: &'a mut dyn Backend,
    pub course: Course,
    pub held_out: Vec<Batch>,
    pub recipe: &'a Recipe,
    pub schedule: Schedule,
    pub identity: Identity,
    pub progress: Progress,
    pub records: Vec<StepRecord>,
    pub clock: &'a dyn Clock,
    pub stop: &'a Stop,
    pub events: &'a mut Events,
    pub store: Store,
    /// The longest time between checkpoints, besides those the recipe asks for.
    pub checkpoint_every_secs: Option<u64>,
    /// Where this process began.
    pub begun: Begun,
}

/// Where a process began to train: what its speed is measured from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Begun {
    pub seconds: f64,
    pub step: u64,
    pub tokens: u64,
    /// When the last checkpoint was written, or this process began.
    pub saved: f64,
}

impl std::fmt::Debug for Training<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Training")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl Training<'_> {
    /// Trains to the end, or until it is asked to stop.
    pub fn run(&mut self) -> Result<Ended, Failure> {
        self.begin();
        if self.progress.step == 0 && self.progress.eval_before.is_none() {
            self.progress.eval_before = self.evaluate()?;
        }
        while self.progress.step < self.schedule.total_steps {
            if self.stop.is_asked() {
                return self.leave();
            }
            if self.has_stalled() {
                return self.end(Ending::EarlyStop);
            }
            if self.is_out_of_time() {
                return self.end(Ending::WallTime);
            }
            self.step()?;
            if self.is_due(self.recipe.eval_every(self.course.steps_per_epoch())) {
                self.evaluate_and_judge()?;
            }
            let due = self.is_due(self.recipe.save_every(self.course.steps_per_epoch()));
            if due || self.is_long_ago() {
                self.save()?;
            }
        }
        self.end(Ending::Completed)
    }

    /// Takes steps up to `until` and nothing else: a replay.
    pub fn take_steps(&mut self, until: u64) -> Result<(), Failure> {
        self.begin();
        while self.progress.step < until && !self.stop.is_asked() {
            self.step()?;
        }
        Ok(())
    }

    fn begin(&mut self) {
        let seconds = self.clock.seconds();
        self.begun = Begun {
            seconds,
            saved: seconds,
            step: self.progress.step,
            tokens: self.progress.tokens,
        };
    }

    fn step(&mut self) -> Result<(), Failure> {
        let step = self.progress.step;
        let data = self.course.step(step);
        let sum = self.forward_backward(step, &data)?;
        let loss = sum.loss / data.labels.max(1) as f64;
        self.watch(loss)?;
        let rate = self.schedule.rate(self.recipe.learning_rate as f32, step);
        let report = self.backend.optimizer_step(rate, data.labels)?;
        if !report.grad_norm.is_finite() {
            return Err(diverged(step, "the gradient is no number"));
        }
        self.record(
            StepRecord::new(step, loss, report.grad_norm, data.digest),
            data.tokens,
        );
        self.report(loss, rate, report.grad_norm);
        Ok(())
    }

    fn forward_backward(&mut self, step: u64, data: &StepData) -> Result<LossSum, Failure> {
        let mut total = LossSum::default();
        for (micro, batch) in (0..).zip(&data.batches) {
            let sum = self
                .backend
                .forward_backward(batch, Place { step, micro })?;
            total.loss += sum.loss;
            total.labels += sum.labels;
        }
        Ok(total)
    }

    /// Gives up where going on would only burn money.
    fn watch(&mut self, loss: f64) -> Result<(), Failure> {
        if !loss.is_finite() {
            return Err(diverged(self.progress.step, "the loss is no number"));
        }
        let Some(threshold) = self.recipe.loss_watchdog_threshold else {
            return Ok(());
        };
        let strikes = &mut self.progress.watchdog_strikes;
        *strikes = if loss > threshold { *strikes + 1 } else { 0 };
        if *strikes >= self.recipe.loss_watchdog_patience.max(1) {
            return Err(diverged(
                self.progress.step,
                "the loss stays above loss_watchdog_threshold",
            ));
        }
        Ok(())
    }

    fn record(&mut self, record: StepRecord, tokens: u64) {
        self.progress.chain = self.progress.chain.and(&record);
        self.progress.step += 1;
        self.progress.tokens += tokens;
        self.records.push(record);
    }

    fn report(&mut self, loss: f64, lr: f32, grad_norm: f32) {
        let (step, steps) = (self.progress.step, self.schedule.total_steps);
        if !step.is_multiple_of(self.recipe.logging_steps.max(1)) && step != steps {
            return;
        }
        let seconds = (self.clock.seconds() - self.begun.seconds).max(1e-9);
        let taken = step.saturating_sub(self.begun.step).max(1);
        self.events.say(&Event::Step {
            step,
            steps,
            epoch: step as f64 / self.course.steps_per_epoch().max(1) as f64,
            tokens: self.progress.tokens,
            loss,
            lr,
            grad_norm,
            tok_s: (self.progress.tokens - self.begun.tokens) as f64 / seconds,
            eta_s: seconds / taken as f64 * steps.saturating_sub(step) as f64,
        });
    }

    fn is_due(&self, every: Option<u64>) -> bool {
        every.is_some_and(|every| self.progress.step.is_multiple_of(every.max(1)))
    }

    /// Whether a checkpoint is due by the clock. When one is written decides nothing
    /// about what is in it.
    fn is_long_ago(&self) -> bool {
        let every = self.checkpoint_every_secs.map(|secs| secs as f64);
        every.is_some_and(|every| self.clock.seconds() - self.begun.saved >= every)
    }

    fn is_out_of_time(&self) -> bool {
        let limit = self.recipe.wall_secs_max.map(|limit| limit as f64);
        limit.is_some_and(|limit| self.seconds() >= limit)
    }

    /// Seconds of training, those before a resume included.
    pub fn seconds(&self) -> f64 {
        self.progress.trained_secs + self.clock.seconds() - self.begun.seconds
    }

    /// Whether the held-out loss has stopped falling.
    fn has_stalled(&self) -> bool {
        let patience = self.recipe.early_stopping_patience;
        patience.is_some_and(|patience| self.progress.stale_evals >= patience)
    }

    fn evaluate_and_judge(&mut self) -> Result<(), Failure> {
        let Some(figures) = self.evaluate()? else {
            return Ok(());
        };
        let best = self
            .progress
            .best_eval_bits
            .map_or(f64::INFINITY, f64::from_bits);
        if figures.mean() < best - self.recipe.early_stopping_threshold {
            self.progress.best_eval_bits = Some(figures.mean().to_bits());
            self.progress.stale_evals = 0;
        } else {
            self.progress.stale_evals += 1;
        }
        Ok(())
    }

    /// The loss over what was held out, if anything was.
    fn evaluate(&mut self) -> Result<Option<LossBits>, Failure> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        if self.progress.eval_last_step == Some(self.progress.step) {
            return Ok(self.progress.eval_last);
        }
        let mut total = LossSum::default();
        for batch in &self.held_out {
            let sum = self.backend.evaluate(batch)?;
            total.loss += sum.loss;
            total.labels += sum.labels;
            total.correct += sum.correct;
        }
        let bits = LossBits::from(total);
        self.progress.eval_last = Some(bits);
        self.progress.eval_last_step = Some(self.progress.step);
        let figures = EvalFigures::of(bits);
        let (step, eval_loss) = (self.progress.step, figures.loss);
        self.events.say(&Event::Eval {
            step,
            eval_loss,
            figures,
        });
        Ok(Some(bits))
    }

    fn end(&mut self, ending: Ending) -> Result<Ended, Failure> {
        self.evaluate()?;
        self.save()?;
        Ok(Ended::Trained(ending))
    }

    fn leave(&mut self) -> Result<Ended, Failure> {
        self.save()?;
        let step = self.progress.step;
        self.events.say(&Event::Stopped { step });
        Ok(Ended::Stopped)
    }

    fn save(&mut self) -> Result<(), Failure> {
        let snapshot = self.snapshot()?;
        self.store.save(&snapshot, self.events)?;
        self.begun.saved = self.clock.seconds();
        Ok(())
    }

    fn snapshot(&self) -> Result<Snapshot, Failure> {
        let trained_secs = self.seconds();
        Ok(Snapshot {
            identity: self.identity.clone(),
            progress: Progress {
                trained_secs,
                ..self.progress.clone()
            },
            records: self.records.clone(),
            state: self.backend.state()?,
        })
    }
}

fn diverged(step: u64, what: &str) -> Failure {
    Failure::new(
        Code::Diverged,
        format!("cannot go on after step {step}: {what}"),
    )
}
