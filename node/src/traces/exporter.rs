//! Sends spans to a collector, many at once, and never twice.

use super::post::Post;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

const BATCH_MAX: usize = 256;
/// So long spans of a task wait for others.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Exporter {
    spans: SpanExporter,
    made: mpsc::Receiver<SpanData>,
    is_lost: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to {endpoint} (traces.endpoint)")]
pub struct TracesError {
    endpoint: String,
    #[source]
    source: ExporterBuildError,
}

impl Exporter {
    /// The collector is asked for nothing yet.
    pub fn new(endpoint: &str, made: mpsc::Receiver<SpanData>) -> Result<Self, TracesError> {
        let built = SpanExporter::builder()
            .with_http()
            .with_http_client(Post)
            .with_endpoint(endpoint)
            .build();
        let mut exporter = built.map_err(|source| TracesError {
            endpoint: endpoint.to_owned(),
            source,
        })?;
        exporter.set_resource(&resource());
        Ok(Self {
            spans: exporter,
            made,
            is_lost: false,
        })
    }

    /// Sends until the end, and then what is left.
    pub async fn run(mut self, end: CancellationToken) -> Result<(), Infallible> {
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                () = end.cancelled() => break,
                _many = self.made.recv_many(&mut batch, BATCH_MAX) => self.send(batch).await,
            }
            // Cancelled or not, the next turn tells.
            drop(tokio::time::timeout(PAUSE, end.cancelled()).await);
        }
        let mut left = Vec::new();
        while let Ok(span) = self.made.try_recv() {
            left.push(span);
        }
        self.send(left).await;
        Ok(())
    }

    /// Spans are news: what a collector does not take is gone.
    async fn send(&mut self, batch: Vec<SpanData>) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len();
        match self.spans.export(batch).await {
            Ok(()) => self.is_lost = false,
            Err(error) if self.is_lost => {
                debug!(code = "N-TRACE-001", %error, count, "traces are lost");
            }
            Err(error) => {
                warn!(code = "N-TRACE-001", %error, count, "traces are lost until the collector answers");
                self.is_lost = true;
            }
        }
    }
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder_empty()
        .with_service_name("sealtune-node")
        .with_attribute(version)
        .build()
}
