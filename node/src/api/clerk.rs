//! What is asked about orders and tasks, whichever way it came: at the node's own port, or through
//! a broker that the node called.

use super::challenges::Challenges;
use super::permits;
use super::ports::{Attestor, Intake, Storefront, Unavailable, Verdict};
use crate::breaker::Gate;
use crate::conductor::{Cancelled, Gone, Mailbox, View};
use crate::feed::{Feed, Tail};
use crate::ports::Clock;
use crate::stage::Stage;
use crate::status::{self as node_status, Survey};
use proto::attestation::{BootBundle, ChallengeReply, LivenessReply};
use proto::node::{CancelRequest, DispatchReply, GetRequest, LogsRequest, NodeStatus, Offer};
use proto::task::{LogLine, Outcome, Phase, TaskEvent, TaskStatus};
use proto::{Action, CallError, ChallengeNonce, Order, Seconds, SignedPermit, Submission, TaskId};
use std::fmt;
use std::sync::Arc;
use tasks::Task;
use tracing::info;

/// Whom the clerk asks; cheap to copy.
#[derive(Clone)]
pub struct Clerk {
    pub mailbox: Mailbox,
    pub feed: Feed,
    pub gate: Gate,
    pub stage: Stage,
    pub intake: Arc<dyn Intake>,
    pub attestor: Arc<dyn Attestor>,
    pub storefront: Arc<dyn Storefront>,
    pub clock: Arc<dyn Clock>,
    pub challenges: Challenges,
    pub started: Seconds,
}

/// Why something that was asked is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    pub error: CallError,
    /// For people.
    pub detail: &'static str,
}

type Answered<T> = Result<T, Unanswered>;

/// A task as the conductor has it.
struct Known {
    order: Arc<Order>,
    phase: tasks::Phase,
}

impl Clerk {
    /// Takes an order in. One that is known is answered with how it stands.
    pub async fn take(&self, submission: Submission) -> Answered<DispatchReply> {
        let task = submission.order().id();
        if let Some(known) = self.known(task).await? {
            return self.status_of(task, known.phase).map(reply_for);
        }
        if let Err(reason) = self.gate.admits() {
            return Ok(DispatchReply::Refused(reason.into()));
        }
        match self.intake.take(submission).await? {
            Verdict::Taken => self.status_of(task, tasks::Phase::Offered).map(reply_for),
            Verdict::Refused(refusal) => {
                info!(code = "N-API-010", %task, reason = refusal.reason.code(), "order refused");
                Ok(DispatchReply::Refused(refusal))
            }
        }
    }

    pub async fn cancel(&self, asked: &CancelRequest) -> Answered<TaskStatus> {
        let task = asked.task;
        self.permitted(task, asked.permit.as_ref(), Action::Cancel)
            .await?;
        let cancelled = self.mailbox.cancel(task).await?;
        match (cancelled, self.known(task).await?) {
            (Cancelled::Done, Some(known)) => self.status_of(task, known.phase),
            (Cancelled::TooLate, _) => Err(Unanswered {
                error: CallError::TaskFinished,
                detail: "the adapter is sealed, or the task has ended",
            }),
            (Cancelled::Unknown, _) | (Cancelled::Done, None) => Err(CallError::TaskUnknown.into()),
        }
    }

    pub async fn get(&self, asked: &GetRequest) -> Answered<TaskStatus> {
        self.read(asked.task, asked.permit.as_ref()).await
    }

    /// How a task stands, told to whom it is told anyway.
    pub async fn status(&self, task: TaskId) -> Answered<TaskStatus> {
        let known = self.known(task).await?;
        let known = known.ok_or(CallError::TaskUnknown)?;
        self.status_of(task, known.phase)
    }

    /// The task's events after this number; nothing, where none are remembered.
    pub async fn events(
        &self,
        (task, permit): (TaskId, Option<&SignedPermit>),
        after: u64,
    ) -> Answered<Option<Tail<TaskEvent>>> {
        self.read(task, permit).await?;
        Ok(self.feed.events(task, after))
    }

    /// The task's log after this number.
    pub async fn lines(&self, asked: &LogsRequest) -> Answered<Option<Tail<LogLine>>> {
        let LogsRequest {
            task,
            permit,
            after_sequence,
            follow,
        } = asked;
        self.read(*task, permit.as_ref()).await?;
        Ok(self.feed.lines(*task, *after_sequence, *follow))
    }

    pub fn bundle(&self) -> Answered<BootBundle> {
        let bundle = self.attestor.bundle();
        bundle.ok_or_else(|| Unavailable::NotReady.into())
    }

    pub async fn challenge(&self, nonce: ChallengeNonce) -> Answered<ChallengeReply> {
        let answer = self.challenges.answer(&*self.attestor, nonce);
        let evidence = Box::pin(answer).await?;
        Ok(ChallengeReply { evidence })
    }

    pub fn liveness(&self, nonce: ChallengeNonce) -> Answered<LivenessReply> {
        let (boot_id, signature) = self.attestor.liveness(nonce)?;
        Ok(LivenessReply { boot_id, signature })
    }

    /// What is offered now.
    pub async fn offer(&self) -> Answered<Offer> {
        Ok(self.node_status().await?.offer)
    }

    pub async fn node_status(&self) -> Answered<NodeStatus> {
        self.check_started()?;
        let survey = Survey::take(&self.mailbox).await?;
        let offer = self.storefront.offer(survey.queue_free());
        Ok(NodeStatus {
            offer: offer.ok_or(Unavailable::NotReady)?,
            state: node_status::state(&self.gate.standing()),
            training: survey.training,
            tasks_open: survey.open,
            up_secs: self.clock.now().saturating_sub(self.started),
            version: node_status::version(),
            chain_time: self.storefront.chain_time(),
        })
    }

    /// Those of these tasks that are known, and whether they are open.
    pub async fn known_among(&self, these: Vec<TaskId>) -> Answered<Vec<(TaskId, bool)>> {
        self.check_started()?;
        let read = move |view: &View<'_>| {
            let known = these.into_iter().filter_map(|task| {
                let phase = view.memory.get(task)?.phase();
                Some((task, !matches!(phase, tasks::Phase::Closed(_))))
            });
            known.collect()
        };
        Ok(self.mailbox.look(read).await?)
    }

    /// The task's status, if this permit allows reading it.
    async fn read(&self, task: TaskId, permit: Option<&SignedPermit>) -> Answered<TaskStatus> {
        let known = self.permitted(task, permit, Action::Read).await?;
        self.status_of(task, known.phase)
    }

    /// Before the conductor is at work nobody waits for it.
    fn check_started(&self) -> Answered<()> {
        if self.stage.step().has_conductor() {
            return Ok(());
        }
        Err(Unanswered {
            error: CallError::NotReady,
            detail: "the node is starting",
        })
    }

    async fn known(&self, task: TaskId) -> Answered<Option<Known>> {
        self.check_started()?;
        let read = move |view: &View<'_>| view.memory.get(task).map(Known::of);
        Ok(self.mailbox.look(read).await?)
    }

    /// The task, if this permit allows the action on it.
    async fn permitted(
        &self,
        task: TaskId,
        permit: Option<&SignedPermit>,
        action: Action,
    ) -> Answered<Known> {
        let known = self.known(task).await?;
        let known = known.ok_or(CallError::TaskUnknown)?;
        permits::check(permit, action, (task, &known.order), self.clock.now())?;
        Ok(known)
    }

    /// The task's status; the feed is reminded of a task it has forgotten.
    fn status_of(&self, task: TaskId, phase: tasks::Phase) -> Answered<TaskStatus> {
        let told = self.feed.status(task).or_else(|| {
            self.feed.phase(task, phase);
            self.feed.status(task)
        });
        let mut told = told.ok_or(CallError::Internal)?;
        told.provider = self.storefront.offer(0).map(|offer| offer.provider);
        Ok(told)
    }
}

impl Known {
    fn of(task: &Task) -> Self {
        Self {
            order: task.order().clone(),
            phase: task.phase(),
        }
    }
}

/// What a dispatch is answered with for a task that is known.
fn reply_for(told: TaskStatus) -> DispatchReply {
    match told.phase {
        Phase::Closed(Outcome::Refused(refusal)) => DispatchReply::Refused(refusal),
        Phase::Offered
        | Phase::Promised
        | Phase::Accepted
        | Phase::Staged
        | Phase::Trained
        | Phase::Sealed(_)
        | Phase::Delivered(_)
        | Phase::Abandoned(_)
        | Phase::Closed(Outcome::Paid | Outcome::Released(_) | Outcome::Withdrawn) => {
            DispatchReply::Taken(told)
        }
    }
}

impl From<CallError> for Unanswered {
    fn from(error: CallError) -> Self {
        Self { error, detail: "" }
    }
}

impl From<Gone> for Unanswered {
    fn from(_gone: Gone) -> Self {
        Self {
            error: CallError::NotReady,
            detail: "the node is stopping",
        }
    }
}

impl From<Unavailable> for Unanswered {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::NotReady => CallError::NotReady.into(),
            Unavailable::DeviceBusy => CallError::DeviceBusy.into(),
        }
    }
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk").finish_non_exhaustive()
    }
}
