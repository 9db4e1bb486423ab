//! A task as its node tells it: status, events, log.

use crate::bounded::{List, Text};
use crate::limits::{DETAIL_BYTES_MAX, LOG_LINE_BYTES_MAX, LOG_LINES_MAX};
use crate::training::{Evaluation, Progress, Step};
use crate::{Address, Reason, Root, Seconds, TaskId};
use serde::{Deserialize, Serialize};
use std::fmt;

message! {
    /// How far a task has come. Money is on the chain: this is news, not proof.
    TaskStatus {
        task: TaskId,
        phase: Phase,
        /// The provider whose node has the order.
        provider: Option<Address>,
        /// Tasks before this one, until it has started.
        queue_position: Option<u32>,
        step: Option<Step>,
        evaluation: Option<Evaluation>,
        changed_at: Seconds,
        /// The latest event's; Watch resumes after it.
        sequence: u64,
    }
}

choice! {
    /// How far a task has come.
    Phase in phase {
        Offered,
        Promised,
        Accepted,
        Staged,
        Trained,
        Sealed(Artefact),
        Delivered(Artefact),
        Abandoned(Refusal),
        Closed(Outcome),
    }
}

message_of_choice! { Phase }

message! {
    /// A sealed adapter in storage.
    Artefact {
        root: Root,
    }
}

choice! {
    /// How a task ended.
    Outcome in outcome {
        Paid,
        Refused(Refusal),
        Released(Refusal),
        Withdrawn,
    }
}

message_of_choice! { Outcome }

message! {
    /// "No" with a stable number. The detail is for people and free of content.
    Refusal {
        reason: Reason,
        detail: Text<DETAIL_BYTES_MAX>,
    }
}

message! {
    /// One thing that became true of a task, or one report while it is worked on.
    TaskEvent {
        task: TaskId,
        sequence: u64,
        /// By the node's clock.
        at: Seconds,
        kind: TaskEventKind,
    }
}

choice! {
    /// What a task's event tells.
    TaskEventKind in task_event {
        Phase(Phase),
        Progress(Progress),
        /// The place in the queue; 0 is next.
        Queued(u32),
    }
}

message! {
    /// One line of a task's log: ids, sizes and durations, never content.
    LogLine {
        sequence: u64,
        at_ms: u64,
        level: LogLevel,
        text: Text<LOG_LINE_BYTES_MAX>,
    }
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

enumeration! { LogLevel { Debug, Info, Warn, Error, } }

message! {
    LogLines {
        lines: List<LogLine, LOG_LINES_MAX>,
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            detail: Text::default(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            return self.reason.fmt(f);
        }
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

impl Phase {
    /// Whether nothing more will happen.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}
