//! The methods of `sealtune.v1.Node`.

use super::challenges::Challenges;
use super::fences::{Fences, FencesError};
use super::ports::{Attestor, Intake, Storefront, Unavailable, Verdict};
use super::rates::Rates;
use super::streams::{Seat, Seats};
use super::{Callers, Limits, Peer, permits};
use crate::breaker::Gate;
use crate::conductor::{Cancelled, Gone, Mailbox, View};
use crate::feed::{Feed, Tail};
use crate::ports::Clock;
use crate::stage::Stage;
use crate::status::{self as node_status, Survey};
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::attestation::{ChallengeReply, ChallengeRequest, LivenessReply, LivenessRequest};
use proto::grpc::{node_server::Node, status};
use proto::node::{
    CancelRequest, DispatchReply, DispatchRequest, DrainRequest, GetRequest, LogsRequest,
    NodeStatus, WatchRequest,
};
use proto::task::{LogLine, LogLines, Outcome, Phase, TaskEvent, TaskStatus};
use proto::{Action, CallError, Digest, List, Order, Seconds, SignedPermit, TaskId, wire};
use std::fmt;
use std::sync::Arc;
use tasks::Task;
use tonic::{Request, Response, Status};
use tracing::{info, warn};

type Reply<T> = Result<Response<T>, Status>;

/// What the service works with.
#[derive(Clone)]
pub struct Desk {
    pub mailbox: Mailbox,
    pub feed: Feed,
    pub gate: Gate,
    pub stage: Stage,
    pub intake: Arc<dyn Intake>,
    pub attestor: Arc<dyn Attestor>,
    pub storefront: Arc<dyn Storefront>,
    pub clock: Arc<dyn Clock>,
    pub fences: Fences,
    pub callers: Callers,
    pub rates: Rates,
    pub health: tonic_health::server::HealthReporter,
    pub started: Seconds,
}

pub struct NodeService {
    desk: Desk,
    seats: Seats,
    challenges: Challenges,
}

/// A task as the conductor has it.
struct Known {
    order: Arc<Order>,
    phase: tasks::Phase,
}

impl NodeService {
    pub(super) fn new(desk: Desk, limits: &Limits) -> Self {
        Self {
            desk,
            seats: Seats::new(limits.streams, limits.streams_per_peer),
            challenges: Challenges::default(),
        }
    }

    fn broker(&self, peer: Peer) -> Result<Digest, Status> {
        let key = peer
            .key
            .filter(|key| self.desk.callers.brokers.contains(key));
        key.ok_or_else(|| status(CallError::CallerUnknown, "no broker of this node"))
    }

    fn check_operator(&self, peer: Peer) -> Result<(), Status> {
        let key = peer
            .key
            .filter(|key| self.desk.callers.operators.contains(key));
        let known = key.map(|_key| ());
        known.ok_or_else(|| status(CallError::CallerUnknown, "not this node's operator"))
    }

    /// Before the conductor is at work nobody waits for it.
    fn check_started(&self) -> Result<(), Status> {
        if self.desk.stage.step().has_conductor() {
            return Ok(());
        }
        Err(status(CallError::NotReady, "the node is starting"))
    }

    async fn known(&self, task: TaskId) -> Result<Option<Known>, Status> {
        self.check_started()?;
        let read = move |view: &View<'_>| view.memory.get(task).map(Known::of);
        self.desk.mailbox.look(read).await.map_err(gone)
    }

    /// The task, if this permit allows the action on it.
    async fn permitted(
        &self,
        task: TaskId,
        permit: Option<&SignedPermit>,
        action: Action,
    ) -> Result<Known, Status> {
        let known = self.known(task).await?;
        let known = known.ok_or_else(|| status(CallError::TaskUnknown, ""))?;
        let now = self.desk.clock.now();
        permits::check(permit, action, (task, &known.order), now)
            .map_err(|error| status(error, ""))?;
        Ok(known)
    }

    /// The task's status; the feed is reminded of a task it has forgotten.
    fn status_of(&self, task: TaskId, phase: tasks::Phase) -> Result<TaskStatus, Status> {
        let feed = &self.desk.feed;
        let told = feed.status(task).or_else(|| {
            feed.phase(task, phase);
            feed.status(task)
        });
        let mut told = told.ok_or_else(|| status(CallError::Internal, ""))?;
        told.provider = self.desk.storefront.offer(0).map(|offer| offer.provider);
        Ok(told)
    }

    async fn take(&self, asked: DispatchRequest) -> Result<DispatchReply, Status> {
        let task = asked.submission.order().id();
        if let Some(known) = self.known(task).await? {
            return self.status_of(task, known.phase).map(reply_for);
        }
        if let Err(reason) = self.desk.gate.admits() {
            return Ok(DispatchReply::Refused(reason.into()));
        }
        match self.desk.intake.take(asked.submission).await {
            Ok(Verdict::Taken) => self.status_of(task, tasks::Phase::Offered).map(reply_for),
            Ok(Verdict::Refused(refusal)) => {
                info!(code = "N-API-010", %task, reason = refusal.reason.code(), "order refused");
                Ok(DispatchReply::Refused(refusal))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    fn seat(&self, peer: Peer) -> Result<Seat, Status> {
        let seat = self.seats.take(peer);
        seat.ok_or_else(|| status(CallError::TooManyStreams, ""))
    }

    async fn node_status(&self) -> Result<NodeStatus, Status> {
        self.check_started()?;
        let survey = Survey::take(&self.desk.mailbox).await.map_err(gone)?;
        let offer = self.desk.storefront.offer(survey.queue_free());
        let offer = offer.ok_or_else(|| unavailable(Unavailable::NotReady))?;
        Ok(NodeStatus {
            offer,
            state: node_status::state(&self.desk.gate.standing()),
            training: survey.training,
            tasks_open: survey.open,
            up_secs: self.desk.clock.now().saturating_sub(self.desk.started),
            version: node_status::version(),
            chain_time: self.desk.storefront.chain_time(),
        })
    }
}

#[tonic::async_trait]
impl Node for NodeService {
    type WatchStream = BoxStream<'static, Result<wire::TaskEvent, Status>>;
    type LogsStream = BoxStream<'static, Result<wire::LogLines, Status>>;

    async fn dispatch(
        &self,
        request: Request<wire::DispatchRequest>,
    ) -> Reply<wire::DispatchReply> {
        let broker = self.broker(peer(&request))?;
        let asked = DispatchRequest::try_from(request.into_inner())?;
        self.desk
            .fences
            .admit(broker, asked.fence)
            .map_err(|error| fenced(&error))?;
        let reply = Box::pin(self.take(asked)).await?;
        Ok(Response::new(reply.into()))
    }

    async fn cancel(&self, request: Request<wire::CancelRequest>) -> Reply<wire::TaskStatus> {
        let CancelRequest { task, permit } = request.into_inner().try_into()?;
        self.permitted(task, permit.as_ref(), Action::Cancel)
            .await?;
        let cancelled = self.desk.mailbox.cancel(task).await.map_err(gone)?;
        match (cancelled, self.known(task).await?) {
            (Cancelled::Done, Some(known)) => {
                let told = self.status_of(task, known.phase)?;
                Ok(Response::new(told.into()))
            }
            (Cancelled::TooLate, _) => Err(status(
                CallError::TaskFinished,
                "the adapter is sealed, or the task has ended",
            )),
            (Cancelled::Unknown, _) | (Cancelled::Done, None) => {
                Err(status(CallError::TaskUnknown, ""))
            }
        }
    }

    async fn get(&self, request: Request<wire::GetRequest>) -> Reply<wire::TaskStatus> {
        let GetRequest { task, permit } = request.into_inner().try_into()?;
        let known = self.permitted(task, permit.as_ref(), Action::Read).await?;
        Ok(Response::new(self.status_of(task, known.phase)?.into()))
    }

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Reply<Self::WatchStream> {
        let seat = self.seat(peer(&request))?;
        let asked = WatchRequest::try_from(request.into_inner())?;
        let task = asked.task;
        let known = self
            .permitted(task, asked.permit.as_ref(), Action::Read)
            .await?;
        self.status_of(task, known.phase)?;
        let tail = self.desk.feed.events(task, asked.after_sequence);
        Ok(Response::new(events(tail, seat)))
    }

    async fn logs(&self, request: Request<wire::LogsRequest>) -> Reply<Self::LogsStream> {
        let seat = self.seat(peer(&request))?;
        let asked = LogsRequest::try_from(request.into_inner())?;
        let task = asked.task;
        let known = self
            .permitted(task, asked.permit.as_ref(), Action::Read)
            .await?;
        self.status_of(task, known.phase)?;
        let tail = self
            .desk
            .feed
            .lines(task, asked.after_sequence, asked.follow);
        Ok(Response::new(lines(tail, seat)))
    }

    async fn attest(&self, _request: Request<wire::AttestRequest>) -> Reply<wire::BootBundle> {
        let bundle = self.desk.attestor.bundle();
        let bundle = bundle.ok_or_else(|| unavailable(Unavailable::NotReady))?;
        Ok(Response::new(bundle.into()))
    }

    async fn challenge(
        &self,
        request: Request<wire::ChallengeRequest>,
    ) -> Reply<wire::ChallengeReply> {
        let peer = peer(&request);
        let ChallengeRequest { nonce } = request.into_inner().try_into()?;
        if !self.desk.rates.admit_challenge(peer, self.desk.clock.now()) {
            return Err(status(CallError::RateLimited, "challenges"));
        }
        let answer = self.challenges.answer(&*self.desk.attestor, nonce);
        let evidence = Box::pin(answer).await.map_err(unavailable)?;
        Ok(Response::new(ChallengeReply { evidence }.into()))
    }

    async fn liveness(
        &self,
        request: Request<wire::LivenessRequest>,
    ) -> Reply<wire::LivenessReply> {
        let LivenessRequest { nonce } = request.into_inner().try_into()?;
        let (boot_id, signature) = self.desk.attestor.liveness(nonce).map_err(unavailable)?;
        Ok(Response::new(LivenessReply { boot_id, signature }.into()))
    }

    async fn status(&self, _request: Request<wire::StatusRequest>) -> Reply<wire::NodeStatus> {
        Ok(Response::new(self.node_status().await?.into()))
    }

    async fn drain(&self, request: Request<wire::DrainRequest>) -> Reply<wire::NodeStatus> {
        self.check_operator(peer(&request))?;
        let DrainRequest { drain } = request.into_inner().try_into()?;
        self.desk.gate.drain(drain);
        Ok(Response::new(self.node_status().await?.into()))
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

/// A stream keeps its seat until its reader has gone or the task is closed.
fn events(
    tail: Option<Tail<TaskEvent>>,
    seat: Seat,
) -> BoxStream<'static, Result<wire::TaskEvent, Status>> {
    let batches = stream::unfold((tail, seat), |(tail, seat): (Option<_>, Seat)| async move {
        let mut tail = tail?;
        let batch = tail.next().await?;
        Some((batch, (Some(tail), seat)))
    });
    let events = batches.flat_map(stream::iter);
    events.map(|event| Ok(event.into())).boxed()
}

fn lines(
    tail: Option<Tail<LogLine>>,
    seat: Seat,
) -> BoxStream<'static, Result<wire::LogLines, Status>> {
    let batches = stream::unfold((tail, seat), |(tail, seat): (Option<_>, Seat)| async move {
        let mut tail = tail?;
        let batch = tail.next().await?;
        Some((batch, (Some(tail), seat)))
    });
    let messages = batches.map(|batch| {
        let lines = List::new(batch).map_err(|_too_many| status(CallError::Internal, ""))?;
        Ok(LogLines { lines }.into())
    });
    messages.boxed()
}

/// Every request came through the router.
fn peer<T>(request: &Request<T>) -> Peer {
    let peer = request.extensions().get::<Peer>();
    *peer.expect("the router says who calls")
}

fn gone(_gone: Gone) -> Status {
    status(CallError::NotReady, "the node is stopping")
}

fn unavailable(unavailable: Unavailable) -> Status {
    match unavailable {
        Unavailable::NotReady => status(CallError::NotReady, ""),
        Unavailable::DeviceBusy => status(CallError::DeviceBusy, ""),
    }
}

fn fenced(error: &FencesError) -> Status {
    match error {
        FencesError::Stale => status(CallError::FenceStale, ""),
        FencesError::Read { .. } | FencesError::Garbled { .. } | FencesError::Write(_) => {
            warn!(code = "N-API-011", %error, "a dispatch was refused");
            status(CallError::NotReady, "")
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl fmt::Debug for NodeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeService").finish_non_exhaustive()
    }
}
