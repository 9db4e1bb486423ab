//! Spans of a task: one for each stage, and the root over all.

use crate::metrics::stage;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use proto::TaskId;
use ring::rand::{SecureRandom, SystemRandom};
use std::borrow::Cow;
use std::time::SystemTime;
use tasks::{Outcome, Phase};

/// A task that has not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// When this boot first heard of it.
    began: SystemTime,
    phase: Phase,
    since: SystemTime,
}

/// From when to when, and what it was.
struct Sketch {
    name: &'static str,
    context: SpanContext,
    parent: SpanId,
    from: SystemTime,
    to: SystemTime,
}

impl Open {
    /// The span of the stage that ended, and the task as it goes on.
    pub(super) fn step(
        task: TaskId,
        before: Option<Self>,
        to: Phase,
        now: SystemTime,
    ) -> (Option<SpanData>, Self) {
        let ended = before.map(|before| before.stage(task, now));
        let began = before.map_or(now, |before| before.began);
        let (phase, since) = (to, now);
        let next = Self {
            began,
            phase,
            since,
        };
        (ended, next)
    }

    /// The span over all of it.
    pub(super) fn root(
        self,
        task: TaskId,
        outcome: &'static str,
        reason: Option<u16>,
        now: SystemTime,
    ) -> SpanData {
        let sketch = Sketch {
            name: "task",
            context: context(task, root_id(task)),
            parent: SpanId::INVALID,
            from: self.began,
            to: now,
        };
        let mut span = sketch.span(task);
        span.attributes
            .push(KeyValue::new("sealtune.outcome", outcome));
        if let Some(reason) = reason {
            let reason = KeyValue::new("sealtune.reason", i64::from(reason));
            span.attributes.push(reason);
            span.status = Status::error(outcome);
        }
        span
    }

    fn stage(self, task: TaskId, now: SystemTime) -> SpanData {
        let sketch = Sketch {
            name: stage(self.phase),
            context: context(task, fresh_id()),
            parent: root_id(task),
            from: self.since,
            to: now,
        };
        sketch.span(task)
    }
}

impl Sketch {
    fn span(self, task: TaskId) -> SpanData {
        SpanData {
            span_context: self.context,
            parent_span_id: self.parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: Cow::Borrowed(self.name),
            start_time: self.from,
            end_time: self.to,
            attributes: vec![KeyValue::new("sealtune.task", task.to_string())],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("sealtune-node").build(),
        }
    }
}

/// The reason's number, where a task ended with one.
pub(super) fn reason(phase: Phase) -> Option<u16> {
    match phase {
        Phase::Closed(Outcome::Refused(reason) | Outcome::Released(reason)) => Some(reason.code()),
        Phase::Offered
        | Phase::Promised
        | Phase::Accepted
        | Phase::Staged { .. }
        | Phase::Trained { .. }
        | Phase::Sealed { .. }
        | Phase::Delivered { .. }
        | Phase::Abandoned(_)
        | Phase::Closed(Outcome::Paid | Outcome::Withdrawn) => None,
    }
}

/// A task's number has 32 bytes: 16 name the trace, the next 8 its root.
fn context(task: TaskId, span: SpanId) -> SpanContext {
    let mut trace = [0; 16];
    trace.copy_from_slice(&task.0[..16]);
    let trace = TraceId::from_bytes(trace);
    SpanContext::new(
        trace,
        span,
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    )
}

fn root_id(task: TaskId) -> SpanId {
    let mut id = [0; 8];
    id.copy_from_slice(&task.0[16..24]);
    SpanId::from_bytes(id)
}

/// Without randomness a span has no number, and collectors pass it over.
fn fresh_id() -> SpanId {
    let mut id = [0; 8];
    match SystemRandom::new().fill(&mut id) {
        Ok(()) => SpanId::from_bytes(id),
        Err(_unspecified) => SpanId::INVALID,
    }
}
