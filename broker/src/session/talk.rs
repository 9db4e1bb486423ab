//! The session after the welcome: what a node says is written down, what it is to do is told.

use super::asked::{Asked, Open};
use super::greeting::{Greeted, disbelieved, fresh_nonce};
use super::{End, Inbound, Reception};
use crate::job::{Report, Stage, Turn};
use crate::peers::{Errand, LogsWanted};
use crate::store::{Beat, Kept, Noted};
use futures_util::stream::StreamExt;
use proto::attestation::{ChallengeReply, ChallengeRequest};
use proto::broker::{
    Answer, AnswerKind, BrokerMessage, Failure, Heartbeat, NodeMessage, Request, RequestKind,
};
use proto::node::{
    CancelRequest, DispatchReply, DispatchRequest, GetRequest, LogsRequest, NodeState,
};
use proto::task::{TaskEvent, TaskEventKind, TaskStatus};
use proto::{CallError, ChallengeNonce, Reason, Seconds, TaskId};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

/// How long before its end a judgement is renewed.
const RENEW_SECS: Seconds = 60;

pub(super) struct Talk<'a> {
    reception: &'a Reception,
    node: Greeted,
    out: &'a mpsc::Sender<BrokerMessage>,
    open: Open,
    heard_at: Seconds,
    beat_at: Seconds,
    /// When progress of a task was written last: once a second is enough.
    progressed: BTreeMap<TaskId, Seconds>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        reception: &'a Reception,
        node: Greeted,
        out: &'a mpsc::Sender<BrokerMessage>,
    ) -> Self {
        Self {
            heard_at: reception.now(),
            beat_at: 0,
            reception,
            node,
            out,
            open: Open::default(),
            progressed: BTreeMap::new(),
        }
    }

    pub(super) async fn run(mut self, mut inbound: Inbound) -> Result<(), End> {
        self.catch_up().await?;
        let pause = Duration::from_secs(u64::from(self.reception.settings.heartbeat_secs).max(1));
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.reception.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.draining() => return Err(End::come_back(CallError::NotReady, 1)),
                message = inbound.next() => match message.transpose()? {
                    None | Some(NodeMessage::Farewell(_)) => return Ok(()),
                    Some(message) => self.hear(message).await?,
                },
                errand = self.node.seated.errands.recv() => match errand {
                    Some(errand) => self.run_errand(errand).await?,
                    None => return Err(End::of(CallError::FenceStale, "")),
                },
                _tick = ticks.tick() => self.look_around().await?,
            }
        }
    }

    /// Orders that this node has, or was given while its session was elsewhere.
    async fn catch_up(&mut self) -> Result<(), End> {
        for kept in self.books().store.held_by(self.node.provider).await? {
            let task = kept.job.task;
            self.look_at(&kept).await?;
            if !matches!(kept.job.stage, Stage::Assigned { .. }) {
                let get = GetRequest { task, permit: None };
                self.ask(Asked::Status(task), RequestKind::Get(get)).await;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, message: NodeMessage) -> Result<(), End> {
        self.heard_at = self.reception.now();
        match message {
            NodeMessage::Heartbeat(heartbeat) => self.note(heartbeat).await,
            NodeMessage::Answer(answer) => self.answered(answer).await,
            NodeMessage::Event(event) => self.event(event).await,
            NodeMessage::Announcement(_) | NodeMessage::Farewell(_) => {
                Err(End::of(CallError::Unexpected, "announced already"))
            }
        }
    }

    async fn note(&mut self, heartbeat: Heartbeat) -> Result<(), End> {
        let Heartbeat {
            fence,
            beat,
            status,
        } = heartbeat;
        let mut offer = status.offer;
        if fence != self.node.fence {
            return Err(End::of(CallError::FenceStale, ""));
        }
        if (offer.provider, offer.signer) != (self.node.provider, self.node.signer) {
            return Err(End::of(CallError::Unexpected, "another node's offer"));
        }
        // More than one a second says nothing new.
        if self.beat_at == self.heard_at {
            return Ok(());
        }
        self.beat_at = self.heard_at;
        if status.state != NodeState::Serving {
            offer.queue_free = 0;
        }
        let beat = Beat {
            provider: offer.provider,
            fence,
            beat,
            at: self.heard_at,
            offer,
            tasks_open: status.tasks_open,
        };
        match self.books().store.beat(&beat).await? {
            Noted::Alive => Ok(()),
            Noted::Stale => Err(End::of(CallError::FenceStale, "")),
        }
    }

    async fn event(&mut self, event: TaskEvent) -> Result<(), End> {
        let at = self.heard_at;
        match &event.kind {
            TaskEventKind::Progress(_) => {
                if self.progressed.insert(event.task, at) == Some(at) {
                    return Ok(());
                }
            }
            TaskEventKind::Phase(phase) if phase.is_closed() => {
                self.progressed.remove(&event.task);
            }
            TaskEventKind::Phase(_) | TaskEventKind::Queued(_) => {}
        }
        self.report(event.task, event.sequence, false, event.kind)
            .await
    }

    async fn report(
        &self,
        task: TaskId,
        number: u64,
        is_answer: bool,
        kind: TaskEventKind,
    ) -> Result<(), End> {
        let now = self.reception.now();
        let report = Report {
            by: self.node.provider,
            number,
            is_answer,
            at: now,
            kind,
        };
        let until = now.saturating_add(self.reception.patience.start_secs);
        let after = self.books().report(task, &report, until).await?;
        if after.is_some_and(|after| after.job.stage == Stage::Waiting) {
            self.books().feed.stir();
        }
        Ok(())
    }

    async fn run_errand(&mut self, errand: Errand) -> Result<(), End> {
        match errand {
            Errand::Task(task) => match self.books().store.job(task).await? {
                Some(kept) => self.look_at(&kept).await,
                None => Ok(()),
            },
            Errand::Logs(wanted) => {
                self.read_log(wanted).await;
                Ok(())
            }
        }
    }

    /// What this job means for this node: to be handed over, to be cancelled, or nothing.
    async fn look_at(&mut self, kept: &Kept) -> Result<(), End> {
        let task = kept.job.task;
        match kept.job.stage {
            Stage::Assigned { to, until, .. } if to == self.node.provider => {
                if self.reception.now() < until && !self.open.is_dispatching(task) {
                    self.dispatch(kept).await;
                }
            }
            Stage::Assigned { .. }
            | Stage::Waiting
            | Stage::Taken { .. }
            | Stage::Started { .. }
            | Stage::Ended(_) => {}
        }
        let ours = kept.job.holder() == Some(self.node.provider);
        if let Some(permit) = kept.job.cancel.filter(|_permit| ours) {
            let permit = Some(permit);
            let cancel = RequestKind::Cancel(CancelRequest { task, permit });
            self.ask(Asked::Status(task), cancel).await;
        }
        Ok(())
    }

    async fn dispatch(&mut self, kept: &Kept) {
        let dispatch = DispatchRequest {
            submission: (*kept.job.submission).clone(),
            fence: self.node.fence,
        };
        let kind = RequestKind::Dispatch(dispatch);
        self.ask(Asked::Dispatch(kept.job.task), kind).await;
    }

    async fn read_log(&mut self, wanted: LogsWanted) {
        let logs = LogsRequest {
            task: wanted.task,
            permit: wanted.permit,
            after_sequence: wanted.after_sequence,
            follow: wanted.follow,
        };
        self.ask(Asked::Logs(wanted.to), RequestKind::Logs(logs))
            .await;
    }

    async fn ask(&mut self, asked: Asked, kind: RequestKind) {
        let Some(id) = self.open.ask(asked, self.reception.now()) else {
            warn!(code = "B-SESSION-004", provider = %self.node.provider, "too many requests without an answer");
            return;
        };
        // A node that has gone is noticed when it is heard next.
        drop(
            self.out
                .send(BrokerMessage::Request(Request { id, kind }))
                .await,
        );
    }

    async fn answered(&mut self, answer: Answer) -> Result<(), End> {
        let Answer { id, kind } = answer;
        if let AnswerKind::Logs(lines) = kind {
            if let Some(reader) = self.open.reader(id) {
                // A reader that does not keep up loses lines and asks for them again.
                drop(reader.try_send(Ok(lines)));
            }
            return Ok(());
        }
        let Some(asked) = self.open.answered(id) else {
            debug!(code = "B-SESSION-005", id, "an answer nobody waits for");
            return Ok(());
        };
        match (asked, kind) {
            (Asked::Dispatch(task), AnswerKind::Dispatch(reply)) => {
                self.dispatched(task, reply).await
            }
            (Asked::Status(task), AnswerKind::Status(status)) => {
                self.status(task, status, true).await
            }
            (Asked::Challenge(nonce), AnswerKind::Challenge(reply)) => {
                self.challenged(nonce, reply).await
            }
            (Asked::Logs(_reader), AnswerKind::LogsEnd(_)) => Ok(()),
            (asked, AnswerKind::Failure(failure)) => self.failed(asked, &failure).await,
            (_asked, _other) => Err(End::of(CallError::Unexpected, "an answer of another kind")),
        }
    }

    async fn dispatched(&mut self, task: TaskId, reply: DispatchReply) -> Result<(), End> {
        match reply {
            // Events of it may have come before; then they are the news.
            DispatchReply::Taken(status) => self.status(task, status, false).await,
            DispatchReply::Refused(refusal) => self.refused(task, refusal.reason).await,
        }
    }

    async fn refused(&self, task: TaskId, because: Reason) -> Result<(), End> {
        let by = self.node.provider;
        let refuse = Turn::Refuse { by, because };
        if self.books().turn(task, refuse).await?.is_some() {
            self.books().feed.stir();
        }
        Ok(())
    }

    async fn status(&self, task: TaskId, status: TaskStatus, is_answer: bool) -> Result<(), End> {
        if status.task != task {
            return Err(End::of(CallError::Unexpected, "another task's status"));
        }
        let kind = TaskEventKind::Phase(status.phase);
        self.report(task, status.sequence, is_answer, kind).await
    }

    async fn failed(&mut self, asked: Asked, failure: &Failure) -> Result<(), End> {
        if failure.error == CallError::FenceStale {
            return Err(End::of(CallError::FenceStale, ""));
        }
        match asked {
            Asked::Dispatch(task) => self.refused(task, Reason::NoNode).await,
            Asked::Logs(reader) => {
                drop(reader.try_send(Err(failure.error)));
                Ok(())
            }
            Asked::Challenge(_) => self.set_aside("the node answers no challenge").await,
            Asked::Status(_) => Ok(()),
        }
    }

    async fn look_around(&mut self) -> Result<(), End> {
        let now = self.reception.now();
        let silence = Seconds::from(self.reception.settings.silence_secs_max);
        if now.saturating_sub(self.heard_at) >= silence {
            return Err(End::of(
                CallError::NodeUnreachable,
                "not heard of for too long",
            ));
        }
        self.open.forget_old(now);
        let ends = self.node.judgement.good_until;
        if now >= ends && self.open.is_challenged() {
            return self.set_aside("the node answers no challenge").await;
        }
        if now.saturating_add(RENEW_SECS) >= ends && !self.open.is_challenged() {
            return self.challenge().await;
        }
        Ok(())
    }

    async fn challenge(&mut self) -> Result<(), End> {
        let nonce = fresh_nonce()?;
        let kind = RequestKind::Challenge(ChallengeRequest { nonce });
        self.ask(Asked::Challenge(nonce), kind).await;
        Ok(())
    }

    async fn challenged(
        &mut self,
        nonce: ChallengeNonce,
        reply: ChallengeReply,
    ) -> Result<(), End> {
        let (judge, bundle) = (self.reception.judge.clone(), self.node.bundle.clone());
        let now = self.reception.now();
        let judged = tokio::task::spawn_blocking(move || {
            judge.challenge(&reply.evidence, &bundle, nonce, now)
        });
        let judged = judged.await;
        match judged.map_err(|_panic| End::of(CallError::Internal, ""))? {
            Ok(judgement) => {
                let (provider, fence) = (self.node.provider, self.node.fence);
                let store = &self.books().store;
                if store.rejudge(provider, fence, &judgement).await? == Noted::Stale {
                    return Err(End::of(CallError::FenceStale, ""));
                }
                self.node.judgement = judgement;
                Ok(())
            }
            Err(why) => {
                self.quarantine(&why.to_string()).await?;
                Err(disbelieved(&why))
            }
        }
    }

    async fn set_aside(&self, why: &str) -> Result<(), End> {
        self.quarantine(why).await?;
        Err(End::of(CallError::EvidenceRejected, why))
    }

    async fn quarantine(&self, why: &str) -> Result<(), End> {
        let provider = self.node.provider;
        warn!(code = "B-SESSION-006", %provider, why, "quarantined");
        self.books().store.quarantine(provider, why).await?;
        self.reception.fleet.forget();
        Ok(())
    }

    fn books(&self) -> &'a crate::books::Books {
        &self.reception.books
    }
}
