//! What a node was asked and has not answered yet.

use proto::task::LogLines;
use proto::{CallError, ChallengeNonce, Seconds, TaskId};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Requests without an answer. At the bound nothing more is asked: orders run out of their time,
/// readers of logs come again.
const ASKED_MAX: usize = 1_024;
/// After this long nobody waits for an answer any more; logs are followed for as long as they come.
const ANSWER_SECS_MAX: Seconds = 120;

#[derive(Debug)]
pub(super) enum Asked {
    Dispatch(TaskId),
    Status(TaskId),
    Challenge(ChallengeNonce),
    Logs(mpsc::Sender<Result<LogLines, CallError>>),
}

#[derive(Debug, Default)]
pub(super) struct Open {
    last: u64,
    asked: BTreeMap<u64, (Seconds, Asked)>,
}

impl Open {
    /// The number of a new request, if there is room for one.
    pub(super) fn ask(&mut self, asked: Asked, now: Seconds) -> Option<u64> {
        if self.asked.len() >= ASKED_MAX {
            return None;
        }
        self.last = self.last.saturating_add(1);
        self.asked.insert(self.last, (now, asked));
        Some(self.last)
    }

    pub(super) fn answered(&mut self, id: u64) -> Option<Asked> {
        self.asked.remove(&id).map(|(_, asked)| asked)
    }

    /// Who reads the log that this answer is of; it stays open.
    pub(super) fn reader(&self, id: u64) -> Option<&mpsc::Sender<Result<LogLines, CallError>>> {
        match self.asked.get(&id) {
            Some((_, Asked::Logs(reader))) => Some(reader),
            Some(_) | None => None,
        }
    }

    /// Whether this order was handed over and not answered for.
    pub(super) fn is_dispatching(&self, task: TaskId) -> bool {
        let mut asked = self.asked.values();
        asked.any(|(_, asked)| matches!(asked, Asked::Dispatch(one) if *one == task))
    }

    /// The node owes an answer to a nonce.
    pub(super) fn is_challenged(&self) -> bool {
        let mut asked = self.asked.values();
        asked.any(|(_, asked)| matches!(asked, Asked::Challenge(_)))
    }

    pub(super) fn forget_old(&mut self, now: Seconds) {
        self.asked.retain(|_, (since, asked)| match asked {
            Asked::Logs(reader) => !reader.is_closed(),
            Asked::Dispatch(_) | Asked::Status(_) | Asked::Challenge(_) => {
                now.saturating_sub(*since) < ANSWER_SECS_MAX
            }
        });
    }
}
