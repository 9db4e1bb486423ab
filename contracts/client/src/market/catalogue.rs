//! The orders that concern one provider, as the market's events tell them.

use crate::event::Event;
use crate::follow::{Cursor, Page};
use alloy_primitives::Address;
use proto::{Order, Provider, TaskId};
use std::collections::BTreeMap;

/// Orders for anybody that are listed at once. Opening one takes no money worth naming, so
/// there is a bound; at it, newer ones are left to other providers.
const FOR_ANYBODY_MAX: usize = 10_000;

/// Everything read so far.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) cursor: Cursor,
    /// Orders that name us and are not withdrawn, and all that we accepted.
    ours: BTreeMap<TaskId, Order>,
    /// Open orders that anybody may accept.
    for_anybody: BTreeMap<TaskId, Order>,
    released: BTreeMap<TaskId, u16>,
}

impl Catalogue {
    pub(crate) fn new(from: u64) -> Self {
        Self {
            cursor: Cursor {
                next: from,
                last_hash: None,
            },
            ours: BTreeMap::new(),
            for_anybody: BTreeMap::new(),
            released: BTreeMap::new(),
        }
    }

    pub(crate) fn read(&mut self, page: Page, us: Address) {
        for seen in page.events {
            self.note(seen.event, us);
        }
    }

    pub(crate) fn orders(&self) -> impl Iterator<Item = (&TaskId, &Order)> {
        self.ours.iter().chain(&self.for_anybody)
    }

    pub(crate) fn reason(&self, task: TaskId) -> Option<u16> {
        self.released.get(&task).copied()
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the catalogue is about orders; the market says more"
    )]
    fn note(&mut self, event: Event, us: Address) {
        match event {
            Event::OrderOpened { task, order } => match *order {
                Ok(order) => self.open(task, order, us),
                Err(why) => tracing::debug!(%task, %why, "an order nobody can serve"),
            },
            Event::OrderAccepted { task, provider } => self.accepted(task, provider == us),
            Event::OrderReleased { task, reason, .. } if self.ours.contains_key(&task) => {
                self.released.insert(task, reason);
            }
            Event::OrderReleased { task, .. } | Event::OrderWithdrawn { task } => self.forget(task),
            _ => {}
        }
    }

    fn open(&mut self, task: TaskId, order: Order, us: Address) {
        match order.provider {
            Provider::Only(provider) if provider == us => {
                self.ours.insert(task, order);
            }
            Provider::Any if self.for_anybody.len() < FOR_ANYBODY_MAX => {
                self.for_anybody.insert(task, order);
            }
            Provider::Any | Provider::Only(_) => {}
        }
    }

    fn accepted(&mut self, task: TaskId, by_us: bool) {
        if let Some(order) = self.for_anybody.remove(&task)
            && by_us
        {
            self.ours.insert(task, order);
        }
    }

    fn forget(&mut self, task: TaskId) {
        self.ours.remove(&task);
        self.for_anybody.remove(&task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Unreadable;
    use proto::{EncryptionKey, RecipeDigest, Root, Tier, U256, Wei};

    const US: Address = Address::repeat_byte(1);
    const THEM: Address = Address::repeat_byte(2);

    fn order(provider: Provider, nonce: u64) -> Order {
        Order {
            chain_id: 1,
            contract: Address::ZERO,
            customer: Address::ZERO,
            provider,
            base_model: Root::default(),
            dataset: Root::default(),
            recipe: RecipeDigest::default(),
            fee_max: Wei::ZERO,
            deadline: 0,
            nonce: U256::from(nonce),
            encryption_key: EncryptionKey::X25519([0; 32]),
            tier: Tier::Cpu,
            ack_window_secs: 0,
            penalty_bps: 0,
            compensation: Wei::ZERO,
            resumable: false,
        }
    }

    fn opened(order: &Order) -> Event {
        Event::OrderOpened {
            task: order.id(),
            order: Box::new(Ok(order.clone())),
        }
    }

    fn listed(events: Vec<Event>) -> Vec<Order> {
        let mut catalogue = Catalogue::new(0);
        for event in events {
            catalogue.note(event, US);
        }
        catalogue
            .orders()
            .map(|(_task, order)| order.clone())
            .collect()
    }

    #[test]
    fn others_orders_and_unreadable_ones_are_not_listed() {
        let theirs = order(Provider::Only(THEM), 1);
        let unreadable = Event::OrderOpened {
            task: TaskId::default(),
            order: Box::new(Err(Unreadable::OtherId)),
        };

        assert_eq!(listed(vec![opened(&theirs), unreadable]), []);
    }

    #[test]
    fn an_order_for_anybody_stays_with_who_accepted_it() {
        let anybody = order(Provider::Any, 1);
        let accepted = |provider| Event::OrderAccepted {
            task: anybody.id(),
            provider,
        };

        assert_eq!(
            listed(vec![opened(&anybody)]),
            std::slice::from_ref(&anybody)
        );
        assert_eq!(
            listed(vec![opened(&anybody), accepted(US)]),
            std::slice::from_ref(&anybody)
        );
        assert_eq!(listed(vec![opened(&anybody), accepted(THEM)]), []);
    }

    #[test]
    fn a_release_is_remembered_with_its_reason_and_a_withdrawal_forgotten() {
        let ours = order(Provider::Only(US), 1);
        let task = ours.id();
        let mut catalogue = Catalogue::new(0);

        catalogue.note(opened(&ours), US);
        let released = Event::OrderReleased {
            task,
            reason: 502,
            compensation: Wei::ZERO,
        };
        catalogue.note(released, US);
        assert_eq!(catalogue.reason(task), Some(502));

        catalogue.note(Event::OrderWithdrawn { task }, US);
        assert_eq!(catalogue.orders().count(), 0);
    }

    #[test]
    fn orders_for_anybody_are_bounded() {
        let flood = (0..10_002).map(|nonce| opened(&order(Provider::Any, nonce)));

        assert_eq!(listed(flood.collect()).len(), FOR_ANYBODY_MAX);
    }
}
