//! The methods of `sealtune.v1.Node`.

use super::clerk::{Clerk, Unanswered};
use super::fences::{Fences, FencesError};
use super::rates::Rates;
use super::streams::{Seat, Seats};
use super::{Callers, Limits, Peer};
use crate::feed::Tail;
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::attestation::{ChallengeRequest, LivenessRequest};
use proto::grpc::{node_server::Node, status};
use proto::node::{
    CancelRequest, DispatchRequest, DrainRequest, GetRequest, LogsRequest, WatchRequest,
};
use proto::task::{LogLine, LogLines, TaskEvent};
use proto::{CallError, Digest, List, wire};
use std::fmt;
use tonic::{Request, Response, Status};
use tracing::warn;

type Reply<T> = Result<Response<T>, Status>;

/// What the service works with.
#[derive(Clone)]
pub struct Desk {
    pub clerk: Clerk,
    pub fences: Fences,
    pub callers: Callers,
    pub rates: Rates,
    pub health: tonic_health::server::HealthReporter,
}

pub struct NodeService {
    desk: Desk,
    seats: Seats,
}

impl NodeService {
    pub(super) fn new(desk: Desk, limits: &Limits) -> Self {
        Self {
            desk,
            seats: Seats::new(limits.streams, limits.streams_per_peer),
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

    fn seat(&self, peer: Peer) -> Result<Seat, Status> {
        let seat = self.seats.take(peer);
        seat.ok_or_else(|| status(CallError::TooManyStreams, ""))
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
        let reply = Box::pin(self.desk.clerk.take(asked.submission)).await?;
        Ok(Response::new(reply.into()))
    }

    async fn cancel(&self, request: Request<wire::CancelRequest>) -> Reply<wire::TaskStatus> {
        let asked = CancelRequest::try_from(request.into_inner())?;
        let told = self.desk.clerk.cancel(&asked).await?;
        Ok(Response::new(told.into()))
    }

    async fn get(&self, request: Request<wire::GetRequest>) -> Reply<wire::TaskStatus> {
        let asked = GetRequest::try_from(request.into_inner())?;
        Ok(Response::new(self.desk.clerk.get(&asked).await?.into()))
    }

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Reply<Self::WatchStream> {
        let seat = self.seat(peer(&request))?;
        let asked = WatchRequest::try_from(request.into_inner())?;
        let task = (asked.task, asked.permit.as_ref());
        let tail = self.desk.clerk.events(task, asked.after_sequence).await?;
        Ok(Response::new(events(tail, seat)))
    }

    async fn logs(&self, request: Request<wire::LogsRequest>) -> Reply<Self::LogsStream> {
        let seat = self.seat(peer(&request))?;
        let asked = LogsRequest::try_from(request.into_inner())?;
        let tail = self.desk.clerk.lines(&asked).await?;
        Ok(Response::new(lines(tail, seat)))
    }

    async fn attest(&self, _request: Request<wire::AttestRequest>) -> Reply<wire::BootBundle> {
        Ok(Response::new(self.desk.clerk.bundle()?.into()))
    }

    async fn challenge(
        &self,
        request: Request<wire::ChallengeRequest>,
    ) -> Reply<wire::ChallengeReply> {
        let peer = peer(&request);
        let ChallengeRequest { nonce } = request.into_inner().try_into()?;
        let now = self.desk.clerk.clock.now();
        if !self.desk.rates.admit_challenge(peer, now) {
            return Err(status(CallError::RateLimited, "challenges"));
        }
        let reply = self.desk.clerk.challenge(nonce).await?;
        Ok(Response::new(reply.into()))
    }

    async fn liveness(
        &self,
        request: Request<wire::LivenessRequest>,
    ) -> Reply<wire::LivenessReply> {
        let LivenessRequest { nonce } = request.into_inner().try_into()?;
        Ok(Response::new(self.desk.clerk.liveness(nonce)?.into()))
    }

    async fn status(&self, _request: Request<wire::StatusRequest>) -> Reply<wire::NodeStatus> {
        Ok(Response::new(self.desk.clerk.node_status().await?.into()))
    }

    async fn drain(&self, request: Request<wire::DrainRequest>) -> Reply<wire::NodeStatus> {
        self.check_operator(peer(&request))?;
        let DrainRequest { drain } = request.into_inner().try_into()?;
        self.desk.clerk.gate.drain(drain);
        Ok(Response::new(self.desk.clerk.node_status().await?.into()))
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

impl From<Unanswered> for Status {
    fn from(unanswered: Unanswered) -> Self {
        status(unanswered.error, unanswered.detail)
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
