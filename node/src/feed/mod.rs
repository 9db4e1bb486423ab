//! News of tasks for whoever watches: numbered, bounded, and free of content by type.
//!
//! The conductor and the trainer's keeper push, the API reads. A push never waits and
//! never fails: at a bound the oldest goes. Words are fixed in this program's text and
//! figures are typed, so that nothing of a customer's data can pass through here.
//!
//! ```text
//!  conductor ─phase, queued─▶ ┌──────┐ ─▶ Tail of events  (Watch)
//!  trainer   ─progress──────▶ │ Feed │ ─▶ Tail of lines   (Logs)
//!  anybody   ─note──────────▶ └──────┘ ─▶ status          (Get)
//! ```
//!
//! A watcher holds a place in a task's ring and nothing else, so that a thousand idle
//! ones cost little. Numbers go on rising across restarts: they begin with the time.

mod hub;
mod news;
mod note;
mod ring;
mod story;
mod tail;

pub use hub::{Bounds, Latest};
pub(crate) use news::word;
pub use note::{Note, Value};
pub use tail::Tail;

use crate::metrics::Metrics;
use crate::ports::Clock;
use crate::traces::Tracer;
use hub::Hub;
use proto::task::{LogLine, TaskEvent, TaskEventKind, TaskStatus};
use proto::training::Progress;
use proto::{Seconds, TaskId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tasks::Phase;

/// The hub of news, shared by who pushes and who reads.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

struct Shared {
    hub: Mutex<Hub>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    tracer: OnceLock<Tracer>,
}

impl Feed {
    pub fn new(clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        let hub = Mutex::new(Hub::new(bounds, clock.now()));
        let metrics = Metrics::default();
        Self(Arc::new(Shared {
            hub,
            clock,
            metrics,
            tracer: OnceLock::new(),
        }))
    }

    /// From now on also traces what passes; the first tracer stays.
    pub fn trace_to(&self, tracer: Tracer) {
        drop(self.0.tracer.set(tracer));
    }

    /// What was counted of all that passed.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// A task came to this phase; saying so again changes nothing.
    pub fn phase(&self, task: TaskId, phase: Phase) {
        let now = self.now();
        if let Some(from) = self.hub().phase(task, phase, now) {
            self.0.metrics.moved(from.phase, phase);
            if let Some(tracer) = self.0.tracer.get() {
                tracer.moved(task, phase);
            }
        }
    }

    /// The task's place in the queue for the trainer; 0 is next. The same again changes nothing.
    pub fn queued(&self, task: TaskId, place: u32) {
        let now = self.now();
        self.hub().queued(task, place, now);
    }

    /// A report of work under way.
    pub fn progress(&self, task: TaskId, progress: Progress) {
        let now = self.now();
        let mut hub = self.hub();
        self.0.metrics.reported(&progress, hub.step(task), now);
        hub.event(task, TaskEventKind::Progress(progress), now);
    }

    /// A line for the task's log.
    pub fn note(&self, task: TaskId, note: Note) {
        let now = self.now();
        self.hub().note(task, note, now);
    }

    /// What goes with the reason when the task is refused or given up: told before it is.
    pub fn explain(&self, task: TaskId, detail: &Note) {
        self.hub().explain(task, detail);
    }

    /// How far the task has come, as far as is still remembered here.
    pub fn status(&self, task: TaskId) -> Option<TaskStatus> {
        self.hub().status(task)
    }

    /// The task's events after this number, then each new one until it is closed.
    pub fn events(&self, task: TaskId, after: u64) -> Option<Tail<TaskEvent>> {
        Tail::events(self, task, after)
    }

    /// The task's log after this number; with `follow`, until the task is closed.
    pub fn lines(&self, task: TaskId, after: u64, follow: bool) -> Option<Tail<LogLine>> {
        Tail::lines(self, task, after, follow)
    }

    /// The last report of a training step, and when it came.
    pub fn latest(&self) -> Option<Latest> {
        self.hub().latest()
    }

    /// When the task last gave an event.
    pub fn stirred(&self, task: TaskId) -> Option<Seconds> {
        self.hub().story(task)?.stirred_at()
    }

    fn now(&self) -> Seconds {
        self.0.clock.now()
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.0.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
