//! Whom the conductor's work concerns, passed as one value.

use super::teller::Teller;
use crate::breaker::Gate;
use crate::conductor::Mailbox;
use crate::config::Config;
use crate::earnings::Earnings;
use crate::feed::Feed;
use crate::front::Front;
use crate::stage::Stage;
use crate::trainer::Listener;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Who is told of tasks, who decides whether work is taken, and who hears of the end.
#[derive(Clone, Debug)]
pub struct Audience {
    pub mailbox: Mailbox,
    pub feed: Feed,
    pub gate: Gate,
    pub stage: Stage,
    /// Takes its places as there is something to show.
    pub front: Front,
    pub earnings: Earnings,
    /// As it is read again.
    pub config: watch::Receiver<Arc<Config>>,
    /// Cancelled when the conductor has ended.
    pub end: CancellationToken,
}

impl Audience {
    pub(super) fn teller(&self) -> Arc<dyn Listener> {
        Arc::new(Teller {
            feed: self.feed.clone(),
            gate: self.gate.clone(),
        })
    }
}
