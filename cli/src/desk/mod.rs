//! The desk: who takes orders and tells how they go.
//!
//! Today that is the provider's own node. A broker speaks the same messages, so it becomes a
//! second kind of desk and no command changes.

mod line;

pub use line::{CallerKey, Line};

use crate::config::Config;
use crate::home::Home;
use crate::trouble::Trouble;
use chain::Reader;
use proto::attestation::LivenessRequest;
use proto::attestation::{BootBundle, ChallengeReply, ChallengeRequest, LivenessReply};
use proto::grpc::call_error;
use proto::node::{DispatchReply, DispatchRequest, NodeStatus};
use proto::task::TaskStatus;
use proto::{
    Action, Address, CallError, ChallengeNonce, Digest, Fence, SignedPermit, Submission, TaskId,
    wire,
};
use std::time::Duration;
use tonic::Streaming;

/// How long a node that is starting is asked again.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(500);

/// One provider's node, on one connection.
#[derive(Debug)]
pub struct Desk {
    line: Line,
    pub url: String,
}

impl Desk {
    /// Connects. Nothing the node says is believed by that.
    pub async fn open(url: &str, home: &Home, config: &Config) -> Result<Self, Trouble> {
        let path = config.node.caller_key.clone();
        let key = CallerKey::open(&path.unwrap_or_else(|| home.caller_key()))?;
        let line = Line::open(url, &key).await?;
        let url = url.to_owned();
        Ok(Self { line, url })
    }

    /// Where a provider is answered: as configured, or as it wrote on chain.
    pub async fn url_of(
        provider: Address,
        reader: &Reader,
        config: &Config,
    ) -> Result<String, Trouble> {
        match &config.node.url {
            Some(url) => Ok(url.clone()),
            None => Ok(reader.service(provider).await?.url),
        }
    }

    /// The key this connection was made with.
    pub const fn tls_key(&self) -> Digest {
        self.line.shown
    }

    pub async fn bundle(&mut self) -> Result<BootBundle, Trouble> {
        let bundle = self.line.client.attest(wire::AttestRequest {}).await?;
        Ok(bundle.into_inner().try_into()?)
    }

    /// A fresh hardware report; nothing, if the device is busy with others.
    pub async fn challenge(
        &mut self,
        nonce: ChallengeNonce,
    ) -> Result<Option<ChallengeReply>, Trouble> {
        let asked = wire::ChallengeRequest::from(ChallengeRequest { nonce });
        match self.line.client.challenge(asked).await {
            Ok(reply) => Ok(Some(reply.into_inner().try_into()?)),
            Err(status) => match call_error(&status) {
                Some(CallError::DeviceBusy | CallError::RateLimited) => Ok(None),
                Some(_) | None => Err(status.into()),
            },
        }
    }

    pub async fn liveness(&mut self, nonce: ChallengeNonce) -> Result<LivenessReply, Trouble> {
        let asked = wire::LivenessRequest::from(LivenessRequest { nonce });
        let reply = self.line.client.liveness(asked).await?;
        Ok(reply.into_inner().try_into()?)
    }

    pub async fn about(&mut self) -> Result<NodeStatus, Trouble> {
        let status = self.line.client.status(wire::StatusRequest {}).await?;
        Ok(status.into_inner().try_into()?)
    }

    /// Hands an order in. Handing the same one in twice is one order.
    pub async fn submit(&mut self, submission: Submission) -> Result<DispatchReply, Trouble> {
        let fence = Fence::default();
        let asked = wire::DispatchRequest::from(DispatchRequest { submission, fence });
        let answer = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.line.client.dispatch(asked.clone()).await {
                    Err(status) if call_error(&status) == Some(CallError::NotReady) => {
                        tokio::time::sleep(PAUSE).await;
                    }
                    other => return other,
                }
            }
        });
        let late = |_late| tonic::Status::unavailable("it is not ready yet");
        let reply = answer.await.unwrap_or_else(|elapsed| Err(late(elapsed)))?;
        Ok(reply.into_inner().try_into()?)
    }

    pub async fn status(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
    ) -> Result<TaskStatus, Trouble> {
        let task = bytes(task);
        let permit = Some(permit.into());
        let reply = self
            .line
            .client
            .get(wire::GetRequest { task, permit })
            .await?;
        Ok(reply.into_inner().try_into()?)
    }

    pub async fn cancel(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
    ) -> Result<TaskStatus, Trouble> {
        let task = bytes(task);
        let permit = Some(permit.into());
        let asked = wire::CancelRequest { task, permit };
        Ok(self
            .line
            .client
            .cancel(asked)
            .await?
            .into_inner()
            .try_into()?)
    }

    pub async fn watch(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
        after_sequence: u64,
    ) -> Result<Streaming<wire::TaskEvent>, Trouble> {
        let asked = wire::WatchRequest {
            task: bytes(task),
            permit: Some(permit.into()),
            after_sequence,
        };
        Ok(self.line.client.watch(asked).await?.into_inner())
    }

    pub async fn logs(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
        follow: bool,
    ) -> Result<Streaming<wire::LogLines>, Trouble> {
        let asked = wire::LogsRequest {
            task: bytes(task),
            permit: Some(permit.into()),
            after_sequence: 0,
            follow,
        };
        Ok(self.line.client.logs(asked).await?.into_inner())
    }
}

fn bytes(task: TaskId) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(task.as_bytes())
}

/// What a permit is for, in the words of the command line.
pub const fn permit_word(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Cancel => "cancel",
        Action::Upload => "upload",
    }
}
