//! What a customer asks of a broker.

use crate::failed::checked;
use crate::{BrokerUrl, CallFailed};
use futures_util::stream::{BoxStream, StreamExt};
use proto::broker::{
    EstimateReply, EstimateRequest, ListReply, ListRequest, NodesReply, NodesRequest, SubmitReply,
    SubmitRequest,
};
use proto::grpc::broker_client::BrokerClient;
use proto::limits::MESSAGE_BYTES_MAX;
use proto::node::{CancelRequest, GetRequest, LogsRequest, WatchRequest};
use proto::task::{LogLines, TaskEvent, TaskStatus};
use proto::{Malformed, Submission, wire};
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Response, Status, Streaming};

/// The longest a call may take until its answer.
const ANSWER_SECS_MAX: u64 = 60;

/// What comes bit by bit; it ends with the first error.
pub type News<T> = BoxStream<'static, Result<T, CallFailed>>;

/// A broker as a customer calls it; cheap to copy.
#[derive(Clone, Debug)]
pub struct Broker(BrokerClient<Channel>);

impl Broker {
    /// Nothing is connected before the first call.
    pub fn at(url: &BrokerUrl) -> Self {
        let client = BrokerClient::new(url.channel());
        Self(client.max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    /// The same order again is answered with how it stands.
    pub async fn submit(&self, submission: Submission) -> Result<SubmitReply, CallFailed> {
        let asked = wire::SubmitRequest::from(SubmitRequest { submission });
        checked(in_time(self.client().submit(asked)).await?)
    }

    pub async fn estimate(&self, asked: EstimateRequest) -> Result<EstimateReply, CallFailed> {
        let asked = wire::EstimateRequest::from(asked);
        checked(in_time(self.client().estimate(asked)).await?)
    }

    pub async fn get(&self, asked: GetRequest) -> Result<TaskStatus, CallFailed> {
        let asked = wire::GetRequest::from(asked);
        checked(in_time(self.client().get(asked)).await?)
    }

    pub async fn list(&self, asked: ListRequest) -> Result<ListReply, CallFailed> {
        let asked = wire::ListRequest::from(asked);
        checked(in_time(self.client().list(asked)).await?)
    }

    pub async fn cancel(&self, asked: CancelRequest) -> Result<TaskStatus, CallFailed> {
        let asked = wire::CancelRequest::from(asked);
        checked(in_time(self.client().cancel(asked)).await?)
    }

    pub async fn nodes(&self, asked: NodesRequest) -> Result<NodesReply, CallFailed> {
        let asked = wire::NodesRequest::from(asked);
        checked(in_time(self.client().nodes(asked)).await?)
    }

    /// The task's events after a number, until it is closed.
    pub async fn watch(&self, asked: WatchRequest) -> Result<News<TaskEvent>, CallFailed> {
        let asked = wire::WatchRequest::from(asked);
        Ok(news(in_time(self.client().watch(asked)).await??))
    }

    /// The task's log after a number, as the node tells it to the broker.
    pub async fn logs(&self, asked: LogsRequest) -> Result<News<LogLines>, CallFailed> {
        let asked = wire::LogsRequest::from(asked);
        Ok(news(in_time(self.client().logs(asked)).await??))
    }

    pub(crate) fn client(&self) -> BrokerClient<Channel> {
        self.0.clone()
    }
}

pub(crate) async fn in_time<T>(
    call: impl Future<Output = Result<T, Status>>,
) -> Result<Result<T, Status>, CallFailed> {
    let patience = Duration::from_secs(ANSWER_SECS_MAX);
    let answered = tokio::time::timeout(patience, call).await;
    answered.map_err(|_elapsed| CallFailed::Silent)
}

pub(crate) fn news<W, T>(answer: Response<Streaming<W>>) -> News<T>
where
    W: Send + 'static,
    T: TryFrom<W, Error = Malformed> + Send + 'static,
{
    let read = |message: Result<W, Status>| Ok(T::try_from(message?)?);
    answer.into_inner().map(read).boxed()
}
