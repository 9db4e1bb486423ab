//! The services as generated: what they are called, and that they refuse in numbers.

#![allow(clippy::unwrap_used, reason = "a test")]

use proto::blob::{BlobQuery, BlobState};
use proto::grpc::broker_client::BrokerClient;
use proto::grpc::broker_server::{Broker, BrokerServer};
use proto::grpc::{call_error, status};
use proto::{CallError, Root, wire};
use std::pin::Pin;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

type Reply<T> = Result<Response<T>, Status>;
type Sent<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A broker that holds one blob and refuses all else.
struct OneBlob(Root);

fn refused<T>() -> Reply<T> {
    Err(status(CallError::NotReady, ""))
}

#[tonic::async_trait]
impl Broker for OneBlob {
    type WatchStream = Sent<wire::TaskEvent>;
    type LogsStream = Sent<wire::LogLines>;
    type SessionStream = Sent<wire::BrokerMessage>;
    type BlobGetStream = Sent<wire::BlobPiece>;

    async fn submit(&self, _: Request<wire::SubmitRequest>) -> Reply<wire::SubmitReply> {
        refused()
    }

    async fn estimate(&self, _: Request<wire::EstimateRequest>) -> Reply<wire::EstimateReply> {
        refused()
    }

    async fn get(&self, _: Request<wire::GetRequest>) -> Reply<wire::TaskStatus> {
        refused()
    }

    async fn list(&self, _: Request<wire::ListRequest>) -> Reply<wire::ListReply> {
        refused()
    }

    async fn watch(&self, _: Request<wire::WatchRequest>) -> Reply<Self::WatchStream> {
        refused()
    }

    async fn logs(&self, _: Request<wire::LogsRequest>) -> Reply<Self::LogsStream> {
        refused()
    }

    async fn cancel(&self, _: Request<wire::CancelRequest>) -> Reply<wire::TaskStatus> {
        refused()
    }

    async fn nodes(&self, _: Request<wire::NodesRequest>) -> Reply<wire::NodesReply> {
        refused()
    }

    async fn session(
        &self,
        _: Request<Streaming<wire::NodeMessage>>,
    ) -> Reply<Self::SessionStream> {
        refused()
    }

    async fn blob_stat(&self, request: Request<wire::BlobQuery>) -> Reply<wire::BlobState> {
        let query = BlobQuery::try_from(request.into_inner())?;
        if query.root != self.0 {
            return Err(status(CallError::BlobUnknown, ""));
        }
        let state = BlobState {
            root: query.root,
            size_bytes: 3,
            held_bytes: 3,
            complete: true,
        };
        Ok(Response::new(state.into()))
    }

    async fn blob_put(
        &self,
        request: Request<Streaming<wire::BlobUpload>>,
    ) -> Reply<wire::BlobState> {
        let mut pieces = request.into_inner();
        let mut held_bytes = 0;
        while let Some(piece) = pieces.next().await {
            if let proto::blob::BlobUpload::Data(data) = piece?.try_into()? {
                held_bytes += u64::try_from(data.len()).unwrap();
            }
        }
        let state = BlobState {
            root: self.0,
            size_bytes: held_bytes,
            held_bytes,
            complete: true,
        };
        Ok(Response::new(state.into()))
    }

    async fn blob_get(&self, _: Request<wire::BlobRange>) -> Reply<Self::BlobGetStream> {
        refused()
    }
}

const ROOT: Root = Root([4; 32]);

fn client() -> BrokerClient<BrokerServer<OneBlob>> {
    BrokerClient::new(BrokerServer::new(OneBlob(ROOT)))
}

fn data(byte: u8) -> wire::BlobUpload {
    let data = vec![byte; 1000].into();
    wire::BlobUpload {
        kind: Some(wire::blob_upload::Kind::Data(data)),
    }
}

#[tokio::test]
async fn a_call_is_answered_through_the_generated_client_and_server() {
    let query = BlobQuery { root: ROOT };

    let reply = client()
        .blob_stat(wire::BlobQuery::from(query))
        .await
        .unwrap();

    assert!(BlobState::try_from(reply.into_inner()).unwrap().complete);
}

#[tokio::test]
async fn a_stream_is_read_to_its_end() {
    let pieces = tokio_stream::iter((0..20).map(data));

    let reply = client().blob_put(pieces).await.unwrap();

    assert_eq!(reply.into_inner().held_bytes, 20_000);
}

#[tokio::test]
async fn a_refusal_arrives_with_its_number() {
    let query = BlobQuery {
        root: Root([5; 32]),
    };

    let refused = client()
        .blob_stat(wire::BlobQuery::from(query))
        .await
        .unwrap_err();

    assert_eq!(refused.code(), tonic::Code::NotFound);
    assert_eq!(call_error(&refused), Some(CallError::BlobUnknown));
}

#[tokio::test]
async fn a_malformed_message_is_refused_at_its_field() {
    let query = wire::BlobQuery {
        root: vec![1; 31].into(),
    };

    let refused = client().blob_stat(query).await.unwrap_err();

    assert_eq!(call_error(&refused), Some(CallError::MessageMalformed));
    assert!(refused.message().contains("root is 31 bytes"));
}

#[test]
fn reflection_knows_every_method() {
    let set: prost_types::FileDescriptorSet =
        prost::Message::decode(wire::FILE_DESCRIPTOR_SET).unwrap();
    let services: Vec<_> = set.file.iter().flat_map(|file| &file.service).collect();

    let methods = |name: &str| {
        let service = services.iter().find(|service| service.name() == name);
        let methods = &service.unwrap().method;
        methods
            .iter()
            .map(|m| m.name().to_owned())
            .collect::<Vec<_>>()
    };

    assert_eq!(
        methods("Node").join(" "),
        "Dispatch Cancel Get Watch Logs Attest Challenge Liveness Status Drain"
    );
    assert_eq!(
        methods("Broker").join(" "),
        "Submit Estimate Get List Watch Logs Cancel Nodes Session BlobStat BlobPut BlobGet"
    );
}
