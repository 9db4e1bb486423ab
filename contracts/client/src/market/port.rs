//! What a node asks of the market, task by task: taking it, and delivering.

use super::Market;
use super::direct::DirectTask;
use super::standing::{Standing, state};
use crate::bindings::Market as Abi;
use crate::failure::Failure;
use crate::refusal::Refusal;
use alloy_primitives::{Address, Bytes, U256};
use proto::{Root, TaskId};

/// A task, as the chain and the node's record name it.
pub(super) struct Named {
    pub(super) customer: Address,
    pub(super) id: String,
    pub(super) nonce: U256,
}

impl Market {
    pub async fn accept(&self, task: TaskId) -> Result<Standing, Failure> {
        let standing = self.standing(task).await?;
        if standing != Standing::Open {
            return Ok(standing);
        }
        if let Some(known) = self.direct.find(task) {
            self.reader.check_direct(&known, self.provider()).await?;
            return Ok(Standing::Accepted);
        }
        let call = Abi::acceptOrderCall {
            orderId: task.0.into(),
        };
        self.carry(task, &call, |now| now != Standing::Open).await
    }

    /// Asked for with one blob per task, ever.
    pub async fn deliver(&self, task: TaskId, blob: Root) -> Result<Standing, Failure> {
        let direct = self.direct.find(task);
        match self.standing(task).await? {
            Standing::Accepted => {}
            Standing::Open if direct.is_some() => {}
            Standing::Open => {
                return Err(Refusal::OrderState {
                    task,
                    state: state::OPEN,
                }
                .into());
            }
            Standing::Delivered { blob: other } | Standing::Acknowledged { blob: other }
                if other != blob =>
            {
                return Err(Refusal::OtherResult(task).into());
            }
            done @ (Standing::Delivered { .. }
            | Standing::Acknowledged { .. }
            | Standing::Settled
            | Standing::Released(_)
            | Standing::Withdrawn) => return Ok(done),
        }
        let named = self.named(task, direct).await?;
        let call = Abi::addDeliverableCall {
            user: named.customer,
            id: named.id,
            modelRootHash: Bytes::copy_from_slice(&blob.0),
        };
        let done = |now| now != Standing::Open && now != Standing::Accepted;
        self.carry(task, &call, done).await
    }

    pub(super) async fn named(
        &self,
        task: TaskId,
        direct: Option<DirectTask>,
    ) -> Result<Named, Failure> {
        if let Some(direct) = direct {
            return Ok(Named {
                customer: direct.order.customer,
                nonce: direct.order.nonce,
                id: direct.id,
            });
        }
        Ok(Named {
            customer: self.reader.order_record(task).await?.customer,
            id: task.to_string(),
            // An order is paid once; the contract asks for no nonce.
            nonce: U256::ZERO,
        })
    }
}

pub(super) fn is_closed(standing: Standing) -> bool {
    match standing {
        Standing::Settled | Standing::Released(_) | Standing::Withdrawn => true,
        Standing::Open
        | Standing::Accepted
        | Standing::Delivered { .. }
        | Standing::Acknowledged { .. } => false,
    }
}
