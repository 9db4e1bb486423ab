//! Orders: taken once, told of to their customers, and withdrawn as far as that is still possible.

use super::{Desk, refused, unavailable};
use crate::job::{Job, Turn};
use crate::peers::{Errand, LogsWanted};
use crate::permits;
use crate::rules;
use crate::store::{Kept, Submitted};
use futures_util::stream::BoxStream;
use futures_util::stream::StreamExt;
use proto::broker::SubmitReply;
use proto::node::{CancelRequest, GetRequest, LogsRequest};
use proto::task::{LogLines, Outcome, Phase, TaskStatus};
use proto::{Action, CallError, Reason, SignedPermit, Submission, TaskId};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Messages of a log on their way to a reader; more are lost to who reads slowly.
const LOG_MESSAGES_MAX: usize = 64;

impl Desk {
    /// The same order again is answered with how it stands, whatever has become of the nodes.
    pub async fn submit(&self, submission: Submission) -> Result<SubmitReply, Status> {
        let task = submission.order().id();
        if let Some(kept) = self.find(task).await? {
            return Ok(reply(kept));
        }
        let nodes = self.fleet.nodes().await.map_err(unavailable)?;
        let now = self.books.now();
        let job = Job::new(submission, now);
        if let Err(reason) = rules::judge(&job.submission, self.market, &nodes, now) {
            return Ok(SubmitReply::Refused(reason.into()));
        }
        let open_max = self.limits.customer_orders_max;
        match self
            .books
            .submit(&job, open_max)
            .await
            .map_err(unavailable)?
        {
            Submitted::New => Ok(SubmitReply::Taken(crate::job::News::of(&job).status)),
            Submitted::Known => Ok(reply(self.known(task).await?)),
            Submitted::OverQuota => Ok(SubmitReply::Refused(Reason::CustomerQuota.into())),
        }
    }

    pub async fn get(&self, asked: GetRequest) -> Result<TaskStatus, Status> {
        let permit = asked.permit.as_ref();
        let kept = self.permitted(asked.task, permit, Action::Read).await?;
        Ok(kept.news.status)
    }

    /// Withdrawn at once while no node has it; else the customer's word is kept for the node.
    pub async fn cancel(&self, asked: CancelRequest) -> Result<TaskStatus, Status> {
        let CancelRequest { task, permit } = asked;
        let kept = self
            .permitted(task, permit.as_ref(), Action::Cancel)
            .await?;
        let permit = permit.ok_or_else(|| refused(CallError::PermitMissing))?;
        let withdraw = Turn::Withdraw { permit };
        let after = self.books.turn(task, withdraw).await.map_err(unavailable)?;
        if let Some(after) = after {
            if let Some(holder) = after.job.holder() {
                self.peers.hand(holder, &after);
            }
            return Ok(after.news.status);
        }
        // Said before, or over; which of the two, the status tells.
        let kept = self.find(task).await?.unwrap_or(kept);
        let is_withdrawn = kept.news.status.phase == Phase::Closed(Outcome::Withdrawn);
        if kept.job.is_ended() && !is_withdrawn {
            return Err(refused(CallError::TaskFinished));
        }
        Ok(kept.news.status)
    }

    /// The log as its node tells it, while the node's session is here.
    pub async fn logs(
        &self,
        asked: LogsRequest,
    ) -> Result<BoxStream<'static, Result<LogLines, CallError>>, Status> {
        let LogsRequest {
            task,
            permit,
            after_sequence,
            follow,
        } = asked;
        let kept = self.permitted(task, permit.as_ref(), Action::Read).await?;
        let provider = kept.news.status.provider;
        let provider = provider.ok_or_else(|| refused(CallError::NotReady))?;
        let (to, lines) = mpsc::channel(LOG_MESSAGES_MAX);
        let wanted = LogsWanted {
            task,
            permit,
            after_sequence,
            follow,
            to,
        };
        let sent = self.peers.send(provider, Errand::Logs(wanted));
        sent.map_err(refused)?;
        Ok(ReceiverStream::new(lines).boxed())
    }

    pub(super) async fn permitted(
        &self,
        task: TaskId,
        permit: Option<&SignedPermit>,
        action: Action,
    ) -> Result<Kept, Status> {
        let kept = self.known(task).await?;
        let whose = (task, kept.job.customer());
        let now = self.books.now();
        permits::for_task(permit, action, whose, self.market, now).map_err(refused)?;
        Ok(kept)
    }

    async fn known(&self, task: TaskId) -> Result<Kept, Status> {
        let found = self.find(task).await?;
        found.ok_or_else(|| refused(CallError::TaskUnknown))
    }

    async fn find(&self, task: TaskId) -> Result<Option<Kept>, Status> {
        self.books.store.job(task).await.map_err(unavailable)
    }
}

/// An order that was refused by the nodes is told as taken and closed: this is how it stands.
fn reply(kept: Kept) -> SubmitReply {
    SubmitReply::Taken(kept.news.status)
}
