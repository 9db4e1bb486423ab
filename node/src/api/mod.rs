//! The gRPC service `sealtune.v1.Node`, for brokers, customers and whoever verifies.
//!
//! ```text
//!  TCP ─ door ─ TLS (attested key) ─ HTTP/2 ─ router ─┬─ Node        permit, fence, peer
//!        │ connections, handshake     │ rate, deadline ├─ Health
//!        └ in all and each            └ at once        └─ Reflection
//! ```
//!
//! A caller is known by the key of the certificate it shows, if it shows one: brokers
//! that may dispatch and operators that may drain are listed by its hash. What concerns
//! a customer's task needs her permit.

mod buckets;
mod challenges;
mod clerk;
mod door;
mod fences;
mod permits;
mod ports;
mod rates;
mod router;
mod service;
mod streams;
mod tls;

pub use challenges::Challenges;
pub use clerk::{Clerk, Unanswered};
pub use door::{Door, DoorError};
pub use fences::{Fences, FencesError};
pub use ports::{Attestor, Intake, Storefront, Unavailable, Verdict};
pub use rates::Rates;
pub use service::{Desk, NodeService};
pub use tls::{Identity, IdentityError};

use proto::Digest;
use std::net::SocketAddr;
use std::time::Duration;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub address: SocketAddr,
    /// SHA-256 of the key it proved to have in the handshake.
    pub key: Option<Digest>,
}

/// How much the service takes on. At a bound a caller is told so, and nobody waits for ever.
#[derive(Clone, Debug)]
pub struct Limits {
    pub connections: usize,
    pub connections_per_peer: usize,
    /// Calls under way, streams aside.
    pub calls: usize,
    /// Watches and followed logs.
    pub streams: usize,
    pub streams_per_peer: usize,
    pub calls_per_sec: u32,
    pub challenges_per_min: u32,
    pub handshake: Duration,
    /// The longest a call may take until its answer begins.
    pub deadline: Duration,
}

/// Keys of callers that may do what others may not.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// May dispatch orders.
    pub brokers: Vec<Digest>,
    /// May drain.
    pub operators: Vec<Digest>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            connections_per_peer: 64,
            calls: 256,
            streams: 2_048,
            streams_per_peer: 128,
            calls_per_sec: 50,
            challenges_per_min: 12,
            handshake: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
        }
    }
}
