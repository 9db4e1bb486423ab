//! A collector of the test's own: takes traces as OpenTelemetry sends them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use proto::TaskId;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    received: mpsc::Receiver<Vec<Span>>,
    kept: Vec<Span>,
}

impl Collector {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel(64);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if sender.send(spans(&body(stream).await)).await.is_err() {
                    return;
                }
            }
        });
        Self {
            address,
            received,
            kept: Vec::new(),
        }
    }

    /// Every span of this task, once the one over all of it is here.
    pub(crate) async fn until_root(&mut self, task: TaskId) -> Vec<Span> {
        let hers = |span: &&Span| span.trace_id == task.0[..16];
        loop {
            let spans: Vec<_> = self.kept.iter().filter(hers).cloned().collect();
            if spans.iter().any(|span| span.name == "task") {
                return spans;
            }
            let more = tokio::time::timeout(Duration::from_mins(2), self.received.recv());
            self.kept.extend(more.await.unwrap().unwrap());
        }
    }
}

async fn body(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let head = loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.split("content-length: ").nth(1).unwrap();
    let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
    while bytes.len() < head + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
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
