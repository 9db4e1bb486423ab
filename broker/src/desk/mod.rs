//! What customers ask for: orders taken, told of and withdrawn.

mod listing;
mod orders;
mod quotes;
mod watching;

use crate::books::Books;
use crate::fleet::Fleet;
use crate::market::Market;
use crate::peers::Peers;
use crate::relay::Relay;
use crate::stop::Stop;
use crate::store::StoreError;
use proto::CallError;
use proto::grpc::status;
use tonic::Status;
use tracing::warn;

/// What the desk works with.
#[derive(Clone, Debug)]
pub struct Desk {
    pub books: Books,
    pub fleet: Fleet,
    pub peers: Peers,
    pub relay: Relay,
    pub market: Market,
    pub limits: Limits,
    pub stop: Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open orders of one customer.
    pub customer_orders_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            customer_orders_max: 64,
        }
    }
}

/// The caller is told to come again; the operator is told why.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(crate) fn unavailable(error: StoreError) -> Status {
    warn!(code = "B-DESK-001", %error, "the books do not answer");
    status(CallError::NotReady, "")
}

fn refused(error: CallError) -> Status {
    status(error, "")
}
