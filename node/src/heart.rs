//! The beat systemd listens to, and what the node watches of its own machine.
//!
//! It beats only while the conductor answers and, in training, while the trainer
//! reports: a node that hangs is restarted, which is safe because a crash is.

use crate::breaker::Cause;
use crate::config::Config;
use crate::operator::{Board, Ready};
use proto::{Seconds, TaskId};
use sd_notify::NotifyState;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Between two looks at the machine where systemd does not ask for more.
const PAUSE: Duration = Duration::from_secs(15);
/// A training that says nothing for so long hangs; the trainer's keeper ends it well before.
const SILENCE_SECS_MAX: Seconds = 3_600;
/// Blocks come with the proposer's clock; more than this before ours is no drift.
const CLOCK_BEHIND_SECS_MAX: Seconds = 120;

#[derive(Debug)]
pub struct Heart {
    board: Board,
    folder: PathBuf,
    disk_free_bytes_min: u64,
    pause: Duration,
    training: Option<(TaskId, Seconds)>,
}

impl Heart {
    pub fn new(board: Board, config: &Config) -> Self {
        let asked = sd_notify::watchdog_enabled();
        Self {
            board,
            folder: config.state.folder.clone(),
            disk_free_bytes_min: config.breaker.disk_free_bytes_min,
            pause: asked.map_or(PAUSE, |within| PAUSE.min(within / 3)),
            training: None,
        }
    }

    pub async fn beat(mut self, end: CancellationToken) -> Result<(), Infallible> {
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            () = self.board.stage.proven() => tell(&[NotifyState::Ready]),
        }
        loop {
            self.look_around();
            if self.makes_progress().await {
                let words = self.words().await;
                tell(&[NotifyState::Watchdog, NotifyState::Status(&words)]);
            } else {
                warn!(code = "N-HEART-001", "no progress; the watchdog is not fed");
            }
            tokio::select! {
                () = end.cancelled() => break,
                () = tokio::time::sleep(self.pause) => {}
            }
        }
        tell(&[NotifyState::Stopping]);
        Ok(())
    }

    async fn makes_progress(&mut self) -> bool {
        if !self.board.stage.step().has_conductor() {
            return true;
        }
        let read = |view: &crate::conductor::View<'_>| view.training;
        let asked = tokio::time::timeout(self.pause, self.board.mailbox.look(read)).await;
        let Ok(Ok(training)) = asked else {
            return false;
        };
        self.trainer_reports(training)
    }

    fn trainer_reports(&mut self, training: Option<TaskId>) -> bool {
        let now = self.board.clock.now();
        let Some(task) = training else {
            self.training = None;
            return true;
        };
        let begun = match self.training {
            Some((same, begun)) if same == task => begun,
            Some(_) | None => now,
        };
        self.training = Some((task, begun));
        let heard = self.board.feed.stirred(task).unwrap_or(begun).max(begun);
        now.saturating_sub(heard) <= SILENCE_SECS_MAX
    }

    fn look_around(&self) {
        let (gate, board) = (&self.board.gate, &self.board);
        if let Some(free) = disk_free_bytes(&self.folder) {
            gate.observe(Cause::LowDisk, free >= self.disk_free_bytes_min);
        }
        let behind = board
            .storefront
            .chain_time()
            .saturating_sub(board.clock.now());
        gate.observe(Cause::ClockTurned, behind <= CLOCK_BEHIND_SECS_MAX);
    }

    /// One line for `systemctl status`.
    async fn words(&self) -> String {
        if !self.board.stage.step().has_conductor() {
            return state(&self.board.ready().await);
        }
        let Ok(status) = self.board.status().await else {
            return "stopping".into();
        };
        let state = state(&status.ready);
        let training = status.training.map(|training| {
            let step = training.step.zip(training.steps_total);
            let step = step.map(|(step, of)| format!(", step {step} of {of}"));
            format!("; training {}{}", training.task, step.unwrap_or_default())
        });
        let open = status.tasks_open;
        format!("{state}; {open} tasks open{}", training.unwrap_or_default())
    }
}

fn state(ready: &Ready) -> String {
    if ready.ready {
        return "ready".into();
    }
    let causes = ready.reasons.iter().map(|reason| reason.cause.as_str());
    format!("not ready: {}", causes.collect::<Vec<_>>().join(", "))
}

/// Room left on the disk of this folder, for who is not root.
pub(crate) fn disk_free_bytes(folder: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Without systemd nobody hears it.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(code = "N-HEART-002", %error, "the service manager was not told");
    }
}
