//! What customers are told of a task: its status, and the numbered events that made it.

use super::{Ending, Job, Stage, Turn};
use proto::task::{Outcome, Phase, Refusal, TaskEvent, TaskEventKind, TaskStatus};
use proto::training::Progress;
use proto::{Address, Reason, Seconds};

/// How far a task has come, and how much of its node's story has been heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub status: TaskStatus,
    /// The last number heard from the node that has it: a node numbers its own events.
    pub heard: u64,
}

/// An event as a node tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub by: Address,
    /// The node's own number.
    pub number: u64,
    /// How the task stands, as an answer: a node that began anew counts from the start again.
    pub is_answer: bool,
    pub at: Seconds,
    pub kind: TaskEventKind,
}

impl News {
    /// Of an order that just came.
    pub fn of(job: &Job) -> Self {
        let status = TaskStatus {
            task: job.task,
            phase: Phase::Offered,
            provider: None,
            queue_position: None,
            step: None,
            evaluation: None,
            changed_at: job.since,
            sequence: 0,
        };
        Self { status, heard: 0 }
    }

    /// After a node's report, and what is new in it; nothing, if it was heard before.
    pub fn after(&self, report: &Report) -> Option<(Self, Option<TaskEvent>)> {
        let same = self.status.provider == Some(report.by);
        if same && !report.is_answer && report.number <= self.heard {
            return None;
        }
        let mut next = self.clone();
        next.heard = report.number;
        next.status.provider = Some(report.by);
        if same && report.is_answer && self.is_told(&report.kind) {
            return (next != *self).then_some((next, None));
        }
        let (next, event) = next.told(report.at, report.kind.clone());
        Some((next, Some(event)))
    }

    fn is_told(&self, kind: &TaskEventKind) -> bool {
        match kind {
            TaskEventKind::Phase(phase) => self.status.phase == *phase,
            TaskEventKind::Progress(_) | TaskEventKind::Queued(_) => false,
        }
    }

    /// After the broker itself changed what it holds of the task; nothing, if that is no news.
    pub fn turned(&self, before: &Job, after: &Job, at: Seconds) -> Option<(Self, TaskEvent)> {
        let phase = match after.stage {
            Stage::Waiting if before.stage != Stage::Waiting => Phase::Offered,
            Stage::Ended(Ending::Expired) => closed(Outcome::Refused(Reason::NoNode.into())),
            Stage::Ended(Ending::Withdrawn) => closed(Outcome::Withdrawn),
            Stage::Ended(Ending::Unpaid(because)) => closed(Outcome::Refused(because.into())),
            Stage::Waiting
            | Stage::Assigned { .. }
            | Stage::Taken { .. }
            | Stage::Started { .. }
            | Stage::Ended(Ending::Paid) => return None,
        };
        if self.status.phase == phase {
            return None;
        }
        let mut next = self.clone();
        if after.stage == Stage::Waiting {
            next = Self {
                heard: 0,
                ..Self::of(after)
            };
            next.status.sequence = self.status.sequence;
        }
        Some(next.told(at, TaskEventKind::Phase(phase)))
    }

    fn told(mut self, at: Seconds, kind: TaskEventKind) -> (Self, TaskEvent) {
        let status = &mut self.status;
        status.sequence = status.sequence.saturating_add(1);
        status.changed_at = at;
        match &kind {
            TaskEventKind::Phase(phase) => status.phase = phase.clone(),
            TaskEventKind::Queued(place) => status.queue_position = Some(*place),
            TaskEventKind::Progress(Progress::Step(step)) => {
                status.queue_position = None;
                status.step = Some(step.clone());
            }
            TaskEventKind::Progress(Progress::Evaluation(evaluation)) => {
                status.evaluation = Some(evaluation.clone());
            }
            TaskEventKind::Progress(_) => {}
        }
        let event = TaskEvent {
            task: status.task,
            sequence: status.sequence,
            at,
            kind,
        };
        (self, event)
    }
}

/// What a phase that a node tells of means for the order, if it means anything.
pub(crate) fn turn_of(phase: &Phase, by: Address, take_until: Seconds) -> Turn {
    match phase {
        Phase::Offered | Phase::Promised => Turn::Take {
            by,
            until: take_until,
        },
        Phase::Accepted
        | Phase::Staged
        | Phase::Trained
        | Phase::Sealed(_)
        | Phase::Delivered(_)
        | Phase::Abandoned(_) => Turn::Start { by },
        Phase::Closed(Outcome::Paid) => Turn::Pay { to: by, fee: None },
        Phase::Closed(Outcome::Refused(Refusal { reason, .. })) => Turn::Refuse {
            by,
            because: *reason,
        },
        Phase::Closed(Outcome::Released(Refusal { reason, .. })) => Turn::Fail {
            by,
            because: *reason,
        },
        Phase::Closed(Outcome::Withdrawn) => Turn::Withdrawn { by },
    }
}

fn closed(outcome: Outcome) -> Phase {
    Phase::Closed(outcome)
}
