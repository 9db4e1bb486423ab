//! A provider's own node, on one connection: its evidence, its offer, and its desk.

use super::News;
use super::line::{CallerKey, Line};
use crate::config::Config;
use crate::home::Home;
use crate::trouble::Trouble;
use chain::Reader;
use futures_util::StreamExt;
use proto::attestation::{
    BootBundle, ChallengeReply, ChallengeRequest, LivenessReply, LivenessRequest,
};
use proto::grpc::call_error;
use proto::node::{
    CancelRequest, DispatchReply, DispatchRequest, LogsRequest, NodeStatus, WatchRequest,
};
use proto::task::{LogLines, Refusal, TaskEvent, TaskStatus};
use proto::{Address, CallError, ChallengeNonce, Digest, Fence, Malformed, Submission, wire};
use std::time::Duration;
use tonic::{Response, Status, Streaming};

/// How long a node that is starting is asked again.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Node {
    line: Line,
    pub url: String,
}

impl Node {
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

    /// Hands an order in; what it says where it does not take it.
    pub async fn submit(&mut self, submission: Submission) -> Result<Option<Refusal>, Trouble> {
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
        match DispatchReply::try_from(reply.into_inner())? {
            DispatchReply::Taken(_status) => Ok(None),
            DispatchReply::Refused(refusal) => Ok(Some(refusal)),
        }
    }

    pub async fn cancel(&mut self, asked: CancelRequest) -> Result<TaskStatus, Trouble> {
        let asked = wire::CancelRequest::from(asked);
        let reply = self.line.client.cancel(asked).await?;
        Ok(reply.into_inner().try_into()?)
    }

    pub async fn watch(&mut self, asked: WatchRequest) -> Result<News<TaskEvent>, Trouble> {
        let asked = wire::WatchRequest::from(asked);
        Ok(news(self.line.client.watch(asked).await?))
    }

    pub async fn logs(&mut self, asked: LogsRequest) -> Result<News<LogLines>, Trouble> {
        let asked = wire::LogsRequest::from(asked);
        Ok(news(self.line.client.logs(asked).await?))
    }
}

fn news<W, T>(answer: Response<Streaming<W>>) -> News<T>
where
    W: Send + 'static,
    T: TryFrom<W, Error = Malformed> + Send + 'static,
{
    let read = |message: Result<W, Status>| Ok(T::try_from(message?)?);
    answer.into_inner().map(read).boxed()
}
