//! The books with those who read them: every change of a job is made, told and woken for here.

use crate::clock::Clock;
use crate::feed::Feed;
use crate::job::{Job, News, Report, Turn, turn_of};
use crate::ledger::{Entry, Happening};
use crate::store::{Change, Changed, Kept, Store, StoreError, Submitted};
use proto::task::{Outcome, Phase, TaskEventKind};
use proto::{Seconds, TaskId};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Books {
    pub store: Arc<dyn Store>,
    pub feed: Feed,
    pub clock: Arc<dyn Clock>,
}

impl Books {
    pub fn now(&self) -> Seconds {
        self.clock.now()
    }

    pub async fn submit(&self, job: &Job, open_max: u32) -> Result<Submitted, StoreError> {
        let submitted = self.store.submit(job, open_max).await?;
        if submitted == Submitted::New {
            self.feed.stir();
        }
        Ok(submitted)
    }

    /// The job after a turn, as it was seen; nothing, if the turn means nothing or comes too late.
    pub async fn change(&self, kept: &Kept, turn: Turn) -> Result<Option<Kept>, StoreError> {
        let Some((job, happened)) = kept.job.after(turn) else {
            return Ok(None);
        };
        let next = self.next(kept, job, happened, None);
        self.write(kept, next).await
    }

    /// A turn of whatever the job is by now.
    pub async fn turn(&self, task: TaskId, turn: Turn) -> Result<Option<Kept>, StoreError> {
        loop {
            let Some(kept) = self.store.job(task).await? else {
                return Ok(None);
            };
            if kept.job.after(turn).is_none() {
                return Ok(None);
            }
            if let Some(after) = self.change(&kept, turn).await? {
                return Ok(Some(after));
            }
        }
    }

    /// What a node says of a task: it moves the job where it means something, and is told to
    /// customers if the node has the task. A node has until `take_until` to start what it took.
    pub async fn report(
        &self,
        task: TaskId,
        report: &Report,
        take_until: Seconds,
    ) -> Result<Option<Kept>, StoreError> {
        loop {
            let Some(mut kept) = self.store.job(task).await? else {
                return Ok(None);
            };
            if is_of_started_work(&report.kind) {
                let started = self.change(&kept, Turn::Start { by: report.by }).await?;
                kept = started.unwrap_or(kept);
            }
            let Some(next) = self.reported(&kept, report, take_until) else {
                return Ok(Some(kept));
            };
            if let Some(after) = self.write(&kept, next).await? {
                return Ok(Some(after));
            }
        }
    }

    fn reported(&self, kept: &Kept, report: &Report, take_until: Seconds) -> Option<Change> {
        let turned = match &report.kind {
            TaskEventKind::Phase(phase) => kept.job.after(turn_of(phase, report.by, take_until)),
            TaskEventKind::Progress(_) | TaskEventKind::Queued(_) => None,
        };
        match turned {
            Some((job, happened)) => Some(self.next(kept, job, happened, Some(report))),
            None if kept.job.holder() == Some(report.by) => {
                kept.news.after(report)?;
                Some(self.next(kept, kept.job.clone(), None, Some(report)))
            }
            None => None,
        }
    }

    fn next(
        &self,
        kept: &Kept,
        job: Job,
        happened: Option<Happening>,
        report: Option<&Report>,
    ) -> Change {
        let at = self.now();
        let mut news = kept.news.clone();
        let mut events = Vec::new();
        // A refusal that puts the order back is no end that a customer should be told of.
        let heard = report.filter(|report| job.is_ended() || !is_end(&report.kind));
        if let Some((after, event)) = heard.and_then(|report| news.after(report)) {
            events.extend(event);
            news = after;
        }
        if let Some((turned, event)) = turned(&news, kept, &job, at) {
            events.push(event);
            news = turned;
        }
        let task = job.task;
        let entry = happened.map(|happened| Entry { at, task, happened });
        Change {
            job,
            news,
            version: kept.version,
            entry,
            events,
        }
    }

    async fn write(&self, kept: &Kept, change: Change) -> Result<Option<Kept>, StoreError> {
        let Changed::Done(version) = self.store.change(&change).await? else {
            return Ok(None);
        };
        self.feed.wake(kept.job.task);
        Ok(Some(Kept {
            job: change.job,
            news: change.news,
            version,
        }))
    }
}

/// A node's own end of its story stands; the broker adds one only where no node told it.
fn turned(
    news: &News,
    kept: &Kept,
    job: &Job,
    at: Seconds,
) -> Option<(News, proto::task::TaskEvent)> {
    if news.status.phase.is_closed() {
        return None;
    }
    news.turned(&kept.job, job, at)
}

/// An end that only comes after a start: who tells it may never have been heard in between.
fn is_of_started_work(kind: &TaskEventKind) -> bool {
    matches!(
        kind,
        TaskEventKind::Phase(Phase::Closed(Outcome::Paid | Outcome::Released(_)))
    )
}

fn is_end(kind: &TaskEventKind) -> bool {
    match kind {
        TaskEventKind::Phase(phase) => matches!(phase, Phase::Closed(_)),
        TaskEventKind::Progress(_) | TaskEventKind::Queued(_) => false,
    }
}
