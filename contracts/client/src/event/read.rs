//! Reading what the market says.

use super::{Event, Seen};
use crate::bindings::Market;
use crate::rpc::words::Log;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEventInterface;
use proto::{TaskId, Wei};

/// The chain and contract that make an order good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) chain_id: u64,
    pub(crate) contract: Address,
}

impl Place {
    /// Nothing, if the log is not what its first topic promises.
    pub(crate) fn read(self, log: &Log) -> Option<Seen> {
        Some(Seen {
            block: log.block_number,
            log_index: log.log_index,
            transaction: log.transaction_hash,
            event: self.event(log)?,
        })
    }

    fn event(self, log: &Log) -> Option<Event> {
        use Market::MarketEvents as Said;
        let &name = log.topics.first()?;
        if !Said::SELECTORS.contains(&name.0) {
            return Some(Event::Other(name));
        }
        let said = Said::decode_raw_log(&log.topics, &log.data).ok()?;
        Some(self.translate(name, said))
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the contract says more than anybody here follows"
    )]
    fn translate(self, name: B256, said: Market::MarketEvents) -> Event {
        use Market::MarketEvents as Said;
        match said {
            Said::OrderOpened(e) => self.opened(&e),
            Said::OrderAccepted(e) => Event::OrderAccepted {
                task: TaskId(e.orderId.0),
                provider: e.provider,
            },
            Said::OrderWithdrawn(e) => Event::OrderWithdrawn {
                task: TaskId(e.orderId.0),
            },
            Said::OrderReleased(e) => Event::OrderReleased {
                task: TaskId(e.orderId.0),
                reason: e.reason,
                compensation: Wei(e.compensation),
            },
            Said::DeliverableAdded(e) => delivered(e),
            Said::DeliverableAcknowledged(e) => Event::DeliverableAcknowledged {
                customer: e.user,
                provider: e.provider,
                id: e.deliverableId,
            },
            Said::DeliverableAbandoned(e) => Event::DeliverableAbandoned {
                customer: e.user,
                provider: e.provider,
                id: e.deliverableId,
            },
            Said::FeesSettled(e) => settled(e),
            Said::BalanceUpdated(e) => Event::BalanceUpdated {
                customer: e.user,
                provider: e.provider,
                balance: Wei(e.amount),
                pending_refund: Wei(e.pendingRefund),
            },
            Said::ServiceUpdated(e) => Event::ServiceUpdated {
                provider: e.provider,
                url: e.url,
                price_per_token: Wei(e.pricePerToken),
                signer: e.teeSignerAddress,
            },
            Said::ServiceRemoved(e) => Event::ServiceRemoved {
                provider: e.provider,
            },
            Said::BondSlashed(e) => Event::BondSlashed {
                provider: e.provider,
                injured: e.injured,
                to_injured: Wei(e.toInjured),
                burnt: Wei(e.burnt),
            },
            _ => Event::Other(name),
        }
    }
}

fn delivered(event: Market::DeliverableAdded) -> Event {
    Event::DeliverableAdded {
        customer: event.user,
        provider: event.provider,
        id: event.deliverableId,
        root: event.modelRootHash,
        at: event.timestamp.saturating_to(),
    }
}

fn settled(event: Market::FeesSettled) -> Event {
    Event::FeesSettled {
        customer: event.user,
        provider: event.provider,
        id: event.deliverableId,
        fee: Wei(event.fee),
        acknowledged: event.acknowledged,
        nonce: event.nonce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Bytes, keccak256};
    use alloy_sol_types::SolEvent;

    #[test]
    fn the_originals_events_have_the_originals_topics() {
        let settled = "0x395fa6798087d6b0e2073c2397d19fcdada968eff962d887479501fe7e22f3c1";
        let added = "0x8271eb00644a0e6352667cb763a339f72506be16fb91fd41e76b852c8951d93a";

        assert_eq!(Market::FeesSettled::SIGNATURE_HASH.to_string(), settled);
        assert_eq!(Market::DeliverableAdded::SIGNATURE_HASH.to_string(), added);
    }

    #[test]
    fn a_log_that_breaks_its_topics_promise_is_no_event() {
        let place = Place {
            chain_id: 1,
            contract: Address::ZERO,
        };
        let mut log = Log {
            address: Address::ZERO,
            topics: vec![Market::FeesSettled::SIGNATURE_HASH],
            data: Bytes::from_static(&[1, 2, 3]),
            block_number: 1,
            block_hash: B256::ZERO,
            transaction_hash: B256::ZERO,
            log_index: 0,
            removed: false,
        };

        assert_eq!(place.read(&log), None);

        log.topics = vec![keccak256("Unheard()")];
        assert!(matches!(place.read(&log).unwrap().event, Event::Other(_)));
    }
}
