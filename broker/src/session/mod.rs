//! A node's session: it dials in, proves itself, and is heard and asked for as long as it stays.
//!
//! ```text
//!   announcement ─▶ evidence judged ─▶ nonce signed ─▶ written down, fence ─▶ welcome
//!        │                 │                │                                   │
//!        └── dismissed ────┴────────────────┘          heartbeats, events, answers; requests
//! ```
//!
//! A session runs while its stream is read. When the node goes, or a later session of it begins
//! anywhere, it ends; what it asked for is forgotten, because all that matters is in the books.

mod asked;
mod greeting;
mod talk;

use crate::books::Books;
use crate::dispatch::Patience;
use crate::fleet::Fleet;
use crate::judge::Judges;
use crate::peers::Peers;
use crate::stop::Stop;
use crate::store::StoreError;
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use proto::broker::{BrokerMessage, Dismissal, Failure, NodeMessage};
use proto::{CallError, Seconds, Text, grpc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tracing::{info, warn};

/// Messages on their way to a node that reads slowly; then the session waits for it.
const OUTGOING_MAX: usize = 64;

/// What comes from a node.
pub type Inbound = BoxStream<'static, Result<NodeMessage, Status>>;

/// What sessions work with.
#[derive(Clone, Debug)]
pub struct Reception {
    pub books: Books,
    pub fleet: Fleet,
    pub peers: Peers,
    pub judge: Arc<dyn Judges>,
    pub settings: Settings,
    pub patience: Patience,
    pub stop: Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub heartbeat_secs: u32,
    /// A node not heard of for so long is given nothing, and its session ends.
    pub silence_secs_max: u32,
    /// How long a node may take to announce itself and to sign a nonce.
    pub greeting: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat_secs: 10,
            silence_secs_max: 30,
            greeting: Duration::from_secs(20),
        }
    }
}

/// Why the broker ends a session.
#[derive(Debug)]
struct End {
    error: CallError,
    detail: String,
    retry_after_secs: u32,
}

impl Reception {
    /// Attends to a node; what comes out is what it is told.
    pub fn open(self, inbound: Inbound) -> impl Stream<Item = BrokerMessage> {
        let (out, outgoing) = mpsc::channel(OUTGOING_MAX);
        let attended = async move {
            if let Err(end) = self.attend(inbound, &out).await {
                info!(code = "B-SESSION-001", error = end.error.code(), detail = %end.detail, "dismissed");
                // Who does not read her dismissal has gone.
                drop(out.send(BrokerMessage::Dismissal(end.into())).await);
            }
        };
        let attended = stream::once(attended).filter_map(|()| ready(None));
        stream::select(ReceiverStream::new(outgoing), attended)
    }

    async fn attend(
        &self,
        mut inbound: Inbound,
        out: &mpsc::Sender<BrokerMessage>,
    ) -> Result<(), End> {
        let Some(greeted) = self.greet(&mut inbound, out).await? else {
            return Ok(());
        };
        talk::Talk::new(self, greeted, out).run(inbound).await
    }

    fn now(&self) -> Seconds {
        self.books.now()
    }
}

impl End {
    #[allow(clippy::needless_pass_by_value, reason = "words and errors alike")]
    fn of(error: CallError, detail: impl ToString) -> Self {
        Self {
            error,
            detail: detail.to_string(),
            retry_after_secs: retry_after(error),
        }
    }

    fn come_back(error: CallError, secs: u32) -> Self {
        Self {
            retry_after_secs: secs,
            ..Self::of(error, "")
        }
    }
}

/// What passes by itself is worth another try; a machine may prove itself anew, and the one that
/// took its place may go. Who does not speak the protocol would only be sent away again.
fn retry_after(error: CallError) -> u32 {
    let code = grpc::code(error);
    if code == Code::InvalidArgument {
        0
    } else if code == Code::PermissionDenied {
        60
    } else {
        15
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        warn!(code = "B-SESSION-002", %error, "a session ends for the books' sake");
        Self::come_back(CallError::NotReady, 5)
    }
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self::of(CallError::MessageMalformed, status.message())
    }
}

impl From<End> for Dismissal {
    fn from(end: End) -> Self {
        Self {
            cause: Failure {
                error: end.error,
                detail: Text::fitted(&end.detail),
            },
            retry_after_secs: end.retry_after_secs,
        }
    }
}
