//! Sessions with the brokers that the configuration names: the node dials out, proves itself and
//! stays, so that it can be handed orders where nobody can call it.
//!
//! ```text
//!   dialling ─▶ proving ─▶ welcome ─┬─ heartbeats under the welcome's fence      (beat)
//!      ▲           │          │     ├─ requests answered, each by itself       (answer)
//!      └── pause ◀─┴──────────┘     └─ events of tasks this broker dealt out     (tell)
//!          sent away for good: until a restart
//! ```
//!
//! Each broker is a member of the crew. A broker is believed in nothing: an order it hands over is
//! judged as any other, what concerns a task needs the customer's permit, and a dispatch under an
//! older fence than was seen is refused. All a session has is forgotten when it ends; which tasks
//! a broker dealt out, and its highest fence, are on disk.

mod answer;
mod beat;
mod dealt;
mod greeting;
mod keep;
mod pause;
mod talk;
mod tell;

pub use dealt::{Dealt, DealtError};

use crate::api::{Clerk, Fences};
use broker_client::BrokerUrl;
use proto::Digest;
use proto::broker::{Dismissal, Endpoint};
use ring::digest::{SHA256, digest};

/// One broker, and all that a session with it needs; cheap to copy.
#[derive(Clone, Debug)]
pub struct Broker {
    pub url: BrokerUrl,
    pub clerk: Clerk,
    pub fences: Fences,
    pub dealt: Dealt,
    /// Where customers reach this node, if it says.
    pub endpoint: Option<Endpoint>,
}

/// How a session ended.
#[derive(Debug)]
enum Left {
    /// Before or after the welcome, without a word.
    Lost {
        was_welcome: bool,
    },
    Dismissed(Dismissal),
    /// Its welcome has a lower fence than it showed before: it forgot, or it is another.
    Stale,
    /// The node is done.
    End,
}

impl Broker {
    /// What its fences and tasks are kept under.
    fn id(&self) -> Digest {
        let hash = digest(&SHA256, self.url.to_string().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        Digest(bytes)
    }
}
