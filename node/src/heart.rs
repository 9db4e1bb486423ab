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
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Between two looks at the machine where systemd does not ask for more.
const PAUSE: Duration = Duration::from_secs(15);
/// A training that says nothing for so long hangs; the trainer's keeper ends it well before.
const SILENCE_SECS_MAX: Seconds = 3_600;
/// More than this between two looks is no drift: somebody turned the system's clock.
const CLOCK_TURN_SECS: Seconds = 120;
/// So long after a turn the clock is trusted again.
const CLOCK_QUIET: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub struct Heart {
    board: Board,
    folder: PathBuf,
    disk_free_bytes_min: u64,
    pause: Duration,
    training: Option<(TaskId, Seconds)>,
    hands: Hands,
}

/// The system's clock beside the machine's steady one.
#[derive(Debug)]
struct Hands {
    began: Instant,
    /// What the system's had when the steady one began, as it was at the last look.
    offset: Seconds,
    turned: Option<Instant>,
}

impl Heart {
    pub fn new(board: Board, config: &Config) -> Self {
        let asked = sd_notify::watchdog_enabled();
        let now = board.clock.now();
        Self {
            board,
            folder: config.state.folder.clone(),
            disk_free_bytes_min: config.breaker.disk_free_bytes_min,
            pause: asked.map_or(PAUSE, |within| PAUSE.min(within / 3)),
            training: None,
            hands: Hands::new(now),
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

    fn look_around(&mut self) {
        let (gate, board) = (&self.board.gate, &self.board);
        if let Some(free) = disk_free_bytes(&self.folder) {
            gate.observe(Cause::LowDisk, free >= self.disk_free_bytes_min);
            board.feed.metrics().disk(free);
        }
        gate.observe(Cause::ClockTurned, self.hands.are_steady(board.clock.now()));
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

impl Hands {
    fn new(system: Seconds) -> Self {
        Self {
            began: Instant::now(),
            offset: system,
            turned: None,
        }
    }

    fn are_steady(&mut self, system: Seconds) -> bool {
        let offset = system.saturating_sub(self.began.elapsed().as_secs());
        if offset.abs_diff(self.offset) > CLOCK_TURN_SECS {
            self.turned = Some(Instant::now());
        }
        self.offset = offset;
        self.turned
            .is_none_or(|turned| turned.elapsed() > CLOCK_QUIET)
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_turned_clock_is_noticed_and_trusted_again_after_a_while() {
        let mut hands = Hands::new(1_000_000);

        advance(Duration::from_secs(15)).await;
        assert!(hands.are_steady(1_000_015));
        assert!(!hands.are_steady(1_009_000));
        advance(Duration::from_mins(5)).await;
        assert!(!hands.are_steady(1_009_300));
        advance(Duration::from_secs(301)).await;
        assert!(hands.are_steady(1_009_601));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_drifts_is_not_a_turned_one() {
        let mut hands = Hands::new(1_000_000);

        for minute in 1..100 {
            advance(Duration::from_mins(1)).await;
            assert!(hands.are_steady(1_000_000 + minute * 61));
        }
    }
}
