//! An order between our words and the contract's.

use super::read::Place;
use super::{Event, Unreadable};
use crate::bindings::{ISealtuneTypes, Market};
use proto::{EncryptionKey, Order, RecipeDigest, Root, TaskId, Tier, Wei};

impl Place {
    pub(super) fn opened(self, opened: &Market::OrderOpened) -> Event {
        let task = TaskId(opened.orderId.0);
        let order = self.order(&opened.order).and_then(|order| {
            let genuine = order.id() == task;
            genuine.then_some(order).ok_or(Unreadable::OtherId)
        });
        let order = Box::new(order);
        Event::OrderOpened { task, order }
    }

    fn order(self, order: &ISealtuneTypes::Order) -> Result<Order, Unreadable> {
        Ok(Order {
            chain_id: self.chain_id,
            contract: self.contract,
            customer: order.customer,
            provider: order.provider.into(),
            base_model: Root(order.baseModel.0),
            dataset: Root(order.dataset.0),
            recipe: RecipeDigest(order.recipe.0),
            fee_max: Wei(order.feeMax),
            deadline: order.deadline,
            nonce: order.nonce,
            encryption_key: EncryptionKey::try_from(order.encryptionKey.as_ref())?,
            tier: Tier::try_from(order.tier)?,
            ack_window_secs: order.ackWindow,
            penalty_bps: order.penaltyBps,
            compensation: Wei(order.compensation),
            resumable: order.resumable,
        })
    }
}

/// The order as the contract takes it.
pub(crate) fn on_chain(order: &Order) -> ISealtuneTypes::Order {
    ISealtuneTypes::Order {
        customer: order.customer,
        provider: order.provider.address(),
        baseModel: order.base_model.0.into(),
        dataset: order.dataset.0.into(),
        recipe: order.recipe.0.into(),
        feeMax: order.fee_max.0,
        deadline: order.deadline,
        nonce: order.nonce,
        encryptionKey: order.encryption_key.to_bytes().into(),
        tier: order.tier.code(),
        ackWindow: order.ack_window_secs,
        penaltyBps: order.penalty_bps,
        compensation: order.compensation.0,
        resumable: order.resumable,
    }
}
