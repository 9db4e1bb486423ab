//! What is remembered of one task.

use super::news;
use super::note::{Note, of_progress};
use super::ring::Ring;
use proto::limits::DETAIL_BYTES_MAX;
use proto::task::{TaskEvent, TaskEventKind, TaskStatus};
use proto::training::{Evaluation, Progress, Step};
use proto::{Seconds, TaskId, Text};
use tasks::Phase;
use tokio::sync::watch;

#[derive(Debug)]
pub(super) struct Story {
    pub(super) events: Ring<Dated<TaskEventKind>>,
    pub(super) lines: Ring<Dated<Note>>,
    pub(super) changed: watch::Sender<()>,
    phase: Option<Phase>,
    detail: Text<DETAIL_BYTES_MAX>,
    place: Option<u32>,
    step: Option<Step>,
    evaluation: Option<Evaluation>,
    changed_at: Seconds,
}

#[derive(Debug)]
pub(super) struct Dated<T> {
    pub(super) at: Seconds,
    pub(super) what: T,
}

impl Story {
    pub(super) fn after(last: u64) -> Self {
        Self {
            events: Ring::after(last),
            lines: Ring::after(last),
            changed: watch::Sender::new(()),
            phase: None,
            detail: Text::default(),
            place: None,
            step: None,
            evaluation: None,
            changed_at: 0,
        }
    }

    /// The phase and since when.
    pub(super) fn phase(&self) -> Option<(Phase, Seconds)> {
        Some((self.phase?, self.changed_at))
    }

    /// When it last gave an event.
    pub(super) fn stirred_at(&self) -> Option<Seconds> {
        let last = self.events.last();
        let newest = self.events.since(last.saturating_sub(1)).next();
        newest.map(|(_, dated)| dated.at)
    }

    pub(super) fn step(&self) -> Option<&Step> {
        self.step.as_ref()
    }

    /// Takes a new phase.
    pub(super) fn enter(&mut self, phase: Phase, at: Seconds) {
        self.phase = Some(phase);
        self.changed_at = at;
        if !matches!(
            phase,
            Phase::Offered | Phase::Promised | Phase::Accepted | Phase::Staged { .. }
        ) {
            self.place = None;
        }
        let kind = TaskEventKind::Phase(news::phase(phase, &self.detail));
        self.lines.push(dated(at, news::note(phase)));
        self.tell(kind, at);
    }

    /// Takes a new place in the queue; the one already known is no news.
    pub(super) fn queue(&mut self, place: u32, at: Seconds) {
        if self.place == Some(place) {
            return;
        }
        self.place = Some(place);
        self.tell(TaskEventKind::Queued(place), at);
    }

    pub(super) fn report(&mut self, kind: TaskEventKind, at: Seconds) {
        if let TaskEventKind::Progress(progress) = &kind {
            self.keep(progress, at);
        }
        self.tell(kind, at);
    }

    pub(super) fn note(&mut self, note: Note, at: Seconds) {
        self.lines.push(dated(at, note));
        self.changed.send_replace(());
    }

    pub(super) fn explain(&mut self, detail: &Note) {
        self.detail = detail.text();
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, Some(Phase::Closed(_)))
    }

    pub(super) fn entries(&self) -> usize {
        self.events.len() + self.lines.len()
    }

    pub(super) fn status(&self, task: TaskId) -> Option<TaskStatus> {
        Some(TaskStatus {
            task,
            phase: news::phase(self.phase?, &self.detail),
            provider: None,
            queue_position: self.place,
            step: self.step.clone(),
            evaluation: self.evaluation.clone(),
            changed_at: self.changed_at,
            sequence: self.events.last(),
        })
    }

    fn keep(&mut self, progress: &Progress, at: Seconds) {
        match progress {
            Progress::Step(step) => {
                self.place = None;
                self.step = Some(step.clone());
            }
            Progress::Evaluation(evaluation) => self.evaluation = Some(evaluation.clone()),
            Progress::Staging(_)
            | Progress::Checkpoint(_)
            | Progress::Gpu(_)
            | Progress::Sealing(_)
            | Progress::Upload(_)
            | Progress::Resumed => {}
        }
        if let Some(note) = of_progress(progress) {
            self.lines.push(dated(at, note));
        }
    }

    fn tell(&mut self, kind: TaskEventKind, at: Seconds) {
        self.events.push(dated(at, kind));
        self.changed.send_replace(());
    }
}

impl Dated<TaskEventKind> {
    pub(super) fn event(&self, task: TaskId, sequence: u64) -> TaskEvent {
        TaskEvent {
            task,
            sequence,
            at: self.at,
            kind: self.what.clone(),
        }
    }
}

fn dated<T>(at: Seconds, what: T) -> Dated<T> {
    Dated { at, what }
}
