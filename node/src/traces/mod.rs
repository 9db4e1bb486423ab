//! One trace for each task, for whoever collects OpenTelemetry.
//!
//! ```text
//!  feed ─ a task came to a phase ─▶ Tracer ─ spans, bounded ─▶ Exporter ─ OTLP/HTTP ─▶ collector
//! ```
//!
//! The trace's number is the beginning of the task's, and the root span's what follows it: every
//! boot of the node, and whoever else serves the task, adds to the same trace without being told.
//! What is traced is what is logged: ids, stages, outcomes and times.

mod exporter;
mod post;
mod spans;

pub use exporter::{Exporter, TracesError};

use crate::feed;
use opentelemetry_sdk::trace::SpanData;
use proto::TaskId;
use spans::Open;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tasks::Phase;
use tokio::sync::mpsc;
use tracing::debug;

/// At the bound a span is dropped: nobody waits for a collector.
const SPANS_MAX: usize = 1_024;
/// Tasks followed at once. At the bound a new one is not followed.
const TASKS_MAX: usize = 4_096;

/// Makes spans of what the feed hears. It never waits.
#[derive(Clone)]
pub struct Tracer(Arc<Inner>);

struct Inner {
    open: Mutex<BTreeMap<TaskId, Open>>,
    spans: mpsc::Sender<SpanData>,
    now: fn() -> SystemTime,
}

/// A tracer, and where its spans come out.
pub fn channel(now: fn() -> SystemTime) -> (Tracer, mpsc::Receiver<SpanData>) {
    let (spans, made) = mpsc::channel(SPANS_MAX);
    let open = Mutex::default();
    (Tracer(Arc::new(Inner { open, spans, now })), made)
}

impl Tracer {
    /// A task came to this phase.
    pub(crate) fn moved(&self, task: TaskId, to: Phase) {
        let now = (self.0.now)();
        let mut open = self.open();
        if !open.contains_key(&task) && open.len() >= TASKS_MAX {
            return;
        }
        let before = open.remove(&task);
        let (stage, next) = Open::step(task, before, to, now);
        if let Some(span) = stage {
            self.send(span);
        }
        if let Phase::Closed(_) = to {
            self.send(next.root(task, feed::word(to), spans::reason(to), now));
        } else {
            open.insert(task, next);
        }
    }

    fn send(&self, span: SpanData) {
        if self.0.spans.try_send(span).is_err() {
            debug!(code = "N-TRACE-002", "a span was dropped");
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<TaskId, Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::SpanId;
    use proto::{Digest, Reason};
    use std::time::{Duration, UNIX_EPOCH};
    use tasks::Outcome;

    fn told(phases: &[Phase]) -> Vec<SpanData> {
        let (tracer, mut made) = channel(|| UNIX_EPOCH + Duration::from_secs(9));
        for &phase in phases {
            tracer.moved(TaskId([7; 32]), phase);
        }
        std::iter::from_fn(|| made.try_recv().ok()).collect()
    }

    #[test]
    fn a_tasks_stages_are_children_of_one_root_in_one_trace() {
        let staged = Phase::Staged {
            dataset: Digest::default(),
        };
        let spans = told(&[
            Phase::Offered,
            Phase::Promised,
            staged,
            Phase::Closed(Outcome::Paid),
        ]);

        let names: Vec<_> = spans.iter().map(|span| span.name.as_ref()).collect();
        assert_eq!(names, ["promise", "accept", "train", "task"]);
        let (root, children) = spans.split_last().unwrap();
        assert_eq!(root.parent_span_id, SpanId::INVALID);
        for stage in children {
            assert_eq!(stage.span_context.trace_id(), root.span_context.trace_id());
            assert_eq!(stage.parent_span_id, root.span_context.span_id());
        }
    }

    #[test]
    fn the_trace_of_a_task_is_the_same_after_a_restart() {
        let end = Phase::Closed(Outcome::Refused(Reason::TooBusy));

        let (first, second) = (told(&[Phase::Offered, end]), told(&[Phase::Offered, end]));

        let root = |spans: &[SpanData]| spans.last().unwrap().span_context.clone();
        assert_eq!(root(&first), root(&second));
        assert_ne!(
            first[0].span_context.span_id(),
            second[0].span_context.span_id()
        );
    }

    #[test]
    fn a_collector_that_does_not_listen_costs_nothing_but_spans() {
        let (tracer, mut made) = channel(|| SystemTime::UNIX_EPOCH);

        for number in 0_u16..2_000 {
            let mut task = TaskId([0; 32]);
            task.0[..2].copy_from_slice(&number.to_be_bytes());
            tracer.moved(task, Phase::Offered);
            tracer.moved(task, Phase::Closed(Outcome::Withdrawn));
        }

        let kept = std::iter::from_fn(|| made.try_recv().ok()).count();
        assert_eq!(kept, SPANS_MAX);
        assert!(tracer.open().is_empty());
    }
}
