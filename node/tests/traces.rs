//! Traces as a collector receives them: one for each task, over OTLP.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that panics is a test that fails; it spawns what it drives"
)]

use node::clock::SystemClock;
use node::feed::{Bounds, Feed};
use node::traces::{self, Exporter};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use proto::{Digest, TaskId};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tasks::{Outcome, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_mins(1);

/// Takes what is posted and says that all is well.
async fn collector() -> (String, mpsc::Receiver<Vec<Span>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = mpsc::channel(16);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            sender.send(spans(&body(stream).await)).await.unwrap();
        }
    });
    (format!("http://{address}/v1/traces"), received)
}

async fn body(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let head = loop {
        stream.read_buf(&mut bytes).await.unwrap();
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    assert!(text.starts_with("post /v1/traces http/1.1"), "{text}");
    let length = text.split("content-length: ").nth(1).unwrap();
    let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
    while bytes.len() < head + length {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    bytes.split_off(head)
}

fn spans(bytes: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(bytes).unwrap();
    let scopes = request.resource_spans.into_iter();
    let scopes = scopes.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

#[tokio::test]
async fn a_collector_receives_one_trace_of_a_task() {
    let (endpoint, mut received) = collector().await;
    let (tracer, made) = traces::channel(SystemTime::now);
    let end = CancellationToken::new();
    let exporter = Exporter::new(&endpoint, made).unwrap();
    tokio::spawn(exporter.run(end.clone()));
    let feed = Feed::new(Arc::new(SystemClock), Bounds::default());
    feed.trace_to(tracer);
    let (task, other) = (TaskId([1; 32]), TaskId([2; 32]));

    feed.phase(task, Phase::Offered);
    feed.phase(other, Phase::Offered);
    feed.phase(task, Phase::Promised);
    feed.phase(
        task,
        Phase::Staged {
            dataset: Digest([9; 32]),
        },
    );
    feed.phase(task, Phase::Closed(Outcome::Paid));

    let mut got = Vec::new();
    while !got.iter().any(|span: &Span| span.name == "task") {
        let more = tokio::time::timeout(PATIENCE, received.recv()).await;
        got.extend(more.unwrap().unwrap());
    }
    end.cancel();
    let names: Vec<_> = got.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["promise", "accept", "train", "task"]);
    assert!(got.iter().all(|span| span.trace_id == [1; 16]), "{got:?}");
    assert!(
        got.iter()
            .all(|span| span.end_time_unix_nano >= span.start_time_unix_nano)
    );
}

#[tokio::test]
async fn what_is_left_at_the_end_is_sent() {
    let (endpoint, mut received) = collector().await;
    let (tracer, made) = traces::channel(SystemTime::now);
    let end = CancellationToken::new();
    let exporter = Exporter::new(&endpoint, made).unwrap();
    let feed = Feed::new(Arc::new(SystemClock), Bounds::default());
    feed.trace_to(tracer);
    feed.phase(TaskId([1; 32]), Phase::Offered);
    feed.phase(TaskId([1; 32]), Phase::Closed(Outcome::Withdrawn));

    end.cancel();
    exporter
        .run(end)
        .await
        .unwrap_or_else(|never| match never {});

    let got = received.recv().await.unwrap();
    assert_eq!(got.len(), 2);
}
