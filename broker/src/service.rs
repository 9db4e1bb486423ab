//! The methods of `sealtune.v1.Broker`: the wire on one side, the desk, the reception and the
//! relay on the other.

use crate::desk::Desk;
use crate::session::Reception;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use proto::blob::{BlobQuery, BlobUpload};
use proto::broker::{EstimateRequest, NodeMessage, SubmitRequest};
use proto::grpc::broker_server::Broker;
use proto::grpc::status;
use proto::{CallError, wire};
use tonic::{Request, Response, Status, Streaming};

type Reply<T> = Result<Response<T>, Status>;
type Sent<T> = BoxStream<'static, Result<T, Status>>;

#[derive(Clone, Debug)]
pub struct BrokerService {
    pub desk: Desk,
    pub reception: Reception,
}

#[tonic::async_trait]
impl Broker for BrokerService {
    type WatchStream = Sent<wire::TaskEvent>;
    type LogsStream = Sent<wire::LogLines>;
    type SessionStream = Sent<wire::BrokerMessage>;
    type BlobGetStream = Sent<wire::BlobPiece>;

    async fn submit(&self, request: Request<wire::SubmitRequest>) -> Reply<wire::SubmitReply> {
        let SubmitRequest { submission } = request.into_inner().try_into()?;
        let reply = Box::pin(self.desk.submit(submission)).await?;
        Ok(Response::new(reply.into()))
    }

    async fn estimate(
        &self,
        request: Request<wire::EstimateRequest>,
    ) -> Reply<wire::EstimateReply> {
        let asked = EstimateRequest::try_from(request.into_inner())?;
        Ok(Response::new(self.desk.estimate(&asked).await?.into()))
    }

    async fn get(&self, request: Request<wire::GetRequest>) -> Reply<wire::TaskStatus> {
        let told = self.desk.get(request.into_inner().try_into()?).await?;
        Ok(Response::new(told.into()))
    }

    async fn list(&self, request: Request<wire::ListRequest>) -> Reply<wire::ListReply> {
        let told = self.desk.list(request.into_inner().try_into()?).await?;
        Ok(Response::new(told.into()))
    }

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Reply<Self::WatchStream> {
        let events = self.desk.watch(request.into_inner().try_into()?).await?;
        Ok(Response::new(events.map_ok(Into::into).boxed()))
    }

    async fn logs(&self, request: Request<wire::LogsRequest>) -> Reply<Self::LogsStream> {
        let lines = self.desk.logs(request.into_inner().try_into()?).await?;
        let lines = lines.map(|lines| match lines {
            Ok(lines) => Ok(lines.into()),
            Err(error) => Err(status(error, "")),
        });
        Ok(Response::new(lines.boxed()))
    }

    async fn cancel(&self, request: Request<wire::CancelRequest>) -> Reply<wire::TaskStatus> {
        let asked = request.into_inner().try_into()?;
        let told = Box::pin(self.desk.cancel(asked)).await?;
        Ok(Response::new(told.into()))
    }

    async fn nodes(&self, request: Request<wire::NodesRequest>) -> Reply<wire::NodesReply> {
        let told = self.desk.nodes(request.into_inner().try_into()?).await?;
        Ok(Response::new(told.into()))
    }

    async fn session(
        &self,
        request: Request<Streaming<wire::NodeMessage>>,
    ) -> Reply<Self::SessionStream> {
        let heard = request.into_inner();
        let heard = heard.map(|message| Ok(NodeMessage::try_from(message?)?));
        let told = self.reception.clone().open(heard.boxed());
        Ok(Response::new(
            told.map(|message| Ok(message.into())).boxed(),
        ))
    }

    async fn blob_stat(&self, request: Request<wire::BlobQuery>) -> Reply<wire::BlobState> {
        let query = BlobQuery::try_from(request.into_inner())?;
        let state = self.desk.relay.stat(query.root).await;
        Ok(Response::new(state.map_err(refused)?.into()))
    }

    async fn blob_put(
        &self,
        request: Request<Streaming<wire::BlobUpload>>,
    ) -> Reply<wire::BlobState> {
        let uploading = request.into_inner();
        let uploading = uploading.map(|message| Ok(BlobUpload::try_from(message?)?));
        let state = Box::pin(self.desk.relay.put(uploading.boxed())).await?;
        Ok(Response::new(state.into()))
    }

    async fn blob_get(&self, request: Request<wire::BlobRange>) -> Reply<Self::BlobGetStream> {
        let range = request.into_inner().try_into()?;
        let pieces = self.desk.relay.fetch(range).await?;
        Ok(Response::new(pieces.map_ok(Into::into).boxed()))
    }
}

fn refused(error: CallError) -> Status {
    status(error, "")
}
