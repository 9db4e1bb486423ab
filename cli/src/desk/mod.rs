//! The desk: who takes orders and tells how they go. A broker, or the provider's own node.
//!
//! Neither is believed: what a machine is, its evidence says; what an order has come to, the chain.

mod line;
mod node;
mod wire;

pub use line::{CallerKey, Line};
pub use node::Node;
pub use wire::Wire;

use crate::config::Config;
use crate::home::Home;
use crate::trouble::{Kind, Trouble};
use broker_client::{Broker, BrokerUrl};
use chain::Reader;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use proto::broker::SubmitReply;
use proto::node::{CancelRequest, LogsRequest, WatchRequest};
use proto::task::{LogLines, Refusal, TaskEvent, TaskStatus};
use proto::{Address, SignedPermit, Submission, TaskId};

/// What comes bit by bit.
pub type News<T> = BoxStream<'static, Result<T, Trouble>>;

#[derive(Debug)]
pub enum Desk {
    Node(Box<Node>),
    Broker(Box<Broker>),
}

impl Desk {
    /// The configured broker, or else the provider's node.
    pub async fn of(
        provider: Address,
        reader: &Reader,
        home: &Home,
        config: &Config,
    ) -> Result<Self, Trouble> {
        if let Some(broker) = broker(config)? {
            return Ok(Self::Broker(Box::new(broker)));
        }
        let url = Node::url_of(provider, reader, config).await?;
        let node = Node::open(&url, home, config).await?;
        Ok(Self::Node(Box::new(node)))
    }

    /// The configured broker, or else this node.
    pub fn beside(node: Node, config: &Config) -> Result<Self, Trouble> {
        Ok(match broker(config)? {
            Some(broker) => Self::Broker(Box::new(broker)),
            None => Self::Node(Box::new(node)),
        })
    }

    /// Who it is, in a sentence.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Node(_) => "the node",
            Self::Broker(_) => "the broker",
        }
    }

    /// Hands an order in; what it says where it does not take it. Handing the same one in twice is
    /// one order.
    pub async fn submit(&mut self, submission: Submission) -> Result<Option<Refusal>, Trouble> {
        match self {
            Self::Node(node) => node.submit(submission).await,
            Self::Broker(broker) => match broker.submit(submission).await? {
                SubmitReply::Taken(_status) => Ok(None),
                SubmitReply::Refused(refusal) => Ok(Some(refusal)),
            },
        }
    }

    pub async fn cancel(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
    ) -> Result<TaskStatus, Trouble> {
        let permit = Some(permit);
        let asked = CancelRequest { task, permit };
        match self {
            Self::Node(node) => node.cancel(asked).await,
            Self::Broker(broker) => Ok(broker.cancel(asked).await?),
        }
    }

    /// Every event from the first on.
    pub async fn watch(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
    ) -> Result<News<TaskEvent>, Trouble> {
        let asked = WatchRequest {
            task,
            permit: Some(permit),
            after_sequence: 0,
        };
        match self {
            Self::Node(node) => node.watch(asked).await,
            Self::Broker(broker) => Ok(told(broker.watch(asked).await?)),
        }
    }

    pub async fn logs(
        &mut self,
        task: TaskId,
        permit: SignedPermit,
        follow: bool,
    ) -> Result<News<LogLines>, Trouble> {
        let asked = LogsRequest {
            task,
            permit: Some(permit),
            after_sequence: 0,
            follow,
        };
        match self {
            Self::Node(node) => node.logs(asked).await,
            Self::Broker(broker) => Ok(told(broker.logs(asked).await?)),
        }
    }
}

fn broker(config: &Config) -> Result<Option<Broker>, Trouble> {
    let Some(url) = &config.broker.url else {
        return Ok(None);
    };
    let parsed: Result<BrokerUrl, _> = url.parse();
    let parsed = parsed.map_err(|error| {
        let what = format!("{url:?} is no address of a broker");
        Trouble::because(Kind::Input, &what, &error)
    })?;
    Ok(Some(Broker::at(&parsed)))
}

fn told<T: Send + 'static>(news: broker_client::News<T>) -> News<T> {
    news.map(|piece| piece.map_err(Trouble::from)).boxed()
}
