//! What is answered, as JSON: made by the node, read by its command line.

use crate::breaker::{Cause, Standing};
use crate::feed;
use crate::stage::Step;
use proto::attestation::BootBundle;
use proto::{Address, Digest, PublicKey, Seconds, TaskId, Wei};
use serde::{Deserialize, Serialize};
use tasks::{Event, Phase, Task};

/// Whether the node takes new work, and if not, why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    pub ready: bool,
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word.
    pub cause: String,
    pub text: String,
    /// Seconds since the Unix epoch; absent where nobody noted it.
    pub since: Option<Seconds>,
    /// False waits for the operator.
    pub heals_itself: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub up_secs: u64,
    pub chain_time: Seconds,
    pub ready: Ready,
    pub tasks_open: u32,
    pub tasks_known: u32,
    pub queue_free: u32,
    pub training: Option<Training>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    pub task: TaskId,
    pub step: Option<u64>,
    pub steps_total: Option<u64>,
    pub loss: Option<f64>,
    pub tokens_per_sec: Option<f64>,
    pub eta_secs: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub task: TaskId,
    pub phase: String,
    /// The reason's number, where the node gave the task up.
    pub reason: Option<u16>,
    pub customer: Address,
    pub fee_max_wei: Wei,
    pub deadline: Seconds,
    pub queue_position: Option<u32>,
    pub not_before: Seconds,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub row: u64,
    pub task: TaskId,
    pub event: String,
}

/// The public side of the node's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub signer: PublicKey,
    pub tls_spki: Digest,
    pub boot_id: proto::BootId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    pub bundle: BootBundle,
}

/// What a reload changed, and what waits for a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    pub changed: Vec<String>,
    pub needs_restart: Vec<String>,
}

impl Ready {
    pub fn of(standing: &Standing, step: Step, has_evidence: bool) -> Self {
        let mut reasons: Vec<_> = standing
            .causes
            .iter()
            .map(|&(cause, since)| Reason::of(cause, since))
            .collect();
        if standing.draining {
            reasons.push(Reason::said(
                "draining",
                "the operator drains the node",
                false,
            ));
        }
        if let Some((word, text)) = step.waits_for() {
            reasons.push(Reason::said(word, text, step != Step::StandingBy));
        }
        if !has_evidence && step > Step::Proving {
            reasons.push(Reason::said(
                "no_evidence",
                "this machine proves nothing: customers are not served",
                false,
            ));
        }
        Self {
            ready: reasons.is_empty(),
            reasons,
        }
    }
}

impl Reason {
    fn of(cause: Cause, since: Seconds) -> Self {
        Self {
            cause: cause.word().into(),
            text: cause.text().into(),
            since: Some(since),
            heals_itself: cause.heals_itself(),
        }
    }

    pub(super) fn said(cause: &str, text: &str, heals_itself: bool) -> Self {
        Self {
            cause: cause.into(),
            text: text.into(),
            since: None,
            heals_itself,
        }
    }
}

impl Training {
    pub(super) fn of(task: TaskId, latest: Option<feed::Latest>) -> Self {
        let step = latest
            .filter(|latest| latest.task == task)
            .map(|latest| latest.step);
        let step = step.as_ref();
        Self {
            task,
            step: step.map(|step| step.step),
            steps_total: step.map(|step| step.steps_total),
            loss: step.map(|step| step.loss.get()),
            tokens_per_sec: step.map(|step| step.tokens_per_sec.get()),
            eta_secs: step.and_then(|step| step.eta_secs),
        }
    }
}

impl Job {
    pub(super) fn of(task: TaskId, held: &Task) -> Self {
        let (phase, order) = (held.phase(), held.order());
        Self {
            task,
            phase: feed::word(phase).into(),
            reason: reason(phase),
            customer: order.customer,
            fee_max_wei: order.fee_max,
            deadline: order.deadline,
            queue_position: None,
            not_before: held.not_before(),
        }
    }
}

impl Row {
    pub fn of((row, task, event): (u64, TaskId, Event)) -> Self {
        let event = match event {
            Event::Offered(_) => "offered".into(),
            Event::Did(fact) => format!("did {fact:?}"),
            Event::Learned(standing) => format!("learned {standing:?}"),
            Event::Stumbled { retry_at } => format!("stumbled, retry at {retry_at}"),
            Event::Deferred { until } => format!("deferred until {until}"),
            Event::GivenUp(reason) => format!("given up: {reason}"),
        };
        Self { row, task, event }
    }
}

fn reason(phase: Phase) -> Option<u16> {
    use tasks::Outcome::{Refused, Released};
    match phase {
        Phase::Abandoned(reason) | Phase::Closed(Refused(reason) | Released(reason)) => {
            Some(reason.code())
        }
        Phase::Offered
        | Phase::Promised
        | Phase::Accepted
        | Phase::Staged { .. }
        | Phase::Trained { .. }
        | Phase::Sealed { .. }
        | Phase::Delivered { .. }
        | Phase::Closed(_) => None,
    }
}
