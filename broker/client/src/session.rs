//! A node's way to a broker: it dials out and stays.

use crate::broker::in_time;
use crate::{BrokerUrl, CallFailed};
use proto::broker::{Announcement, BrokerMessage, NodeMessage};
use proto::grpc::broker_client::BrokerClient;
use proto::limits::MESSAGE_BYTES_MAX;
use proto::wire;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Messages on their way to a broker that reads slowly; then who speaks waits.
const OUTGOING_MAX: usize = 64;

/// An open session: what the broker says.
#[derive(Debug)]
pub struct Session {
    voice: Voice,
    heard: Streaming<wire::BrokerMessage>,
}

/// What is said to the broker; cheap to copy.
#[derive(Clone, Debug)]
pub struct Voice(mpsc::Sender<wire::NodeMessage>);

/// The session has ended; what was said last may not have been heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended")]
pub struct Gone;

impl Session {
    /// Dials, and says who is there. The broker says next what it wants proven.
    pub async fn open(url: &BrokerUrl, announcement: Announcement) -> Result<Self, CallFailed> {
        let client = BrokerClient::new(url.channel());
        let mut client = client.max_decoding_message_size(MESSAGE_BYTES_MAX);
        let (out, messages) = mpsc::channel(OUTGOING_MAX);
        let first = NodeMessage::Announcement(announcement);
        out.try_send(first.into())
            .unwrap_or_else(|_full| unreachable!("an empty channel has room for a message"));
        let opened = in_time(client.session(ReceiverStream::new(messages))).await?;
        Ok(Self {
            voice: Voice(out),
            heard: opened?.into_inner(),
        })
    }

    pub fn voice(&self) -> Voice {
        self.voice.clone()
    }

    /// The next message; nothing, when the broker has ended the session without a word. May be
    /// given up while it waits, and asked again.
    pub async fn hear(&mut self) -> Result<Option<BrokerMessage>, CallFailed> {
        let Some(message) = self.heard.message().await? else {
            return Ok(None);
        };
        Ok(Some(message.try_into()?))
    }
}

impl Voice {
    /// Waits while the broker reads slowly.
    pub async fn say(&self, message: NodeMessage) -> Result<(), Gone> {
        self.0.send(message.into()).await.map_err(|_closed| Gone)
    }
}
