//! Tasks without an order on chain: what 0G's own client asks for over HTTP.
//!
//! The market knows such a task only from its delivery on. So the node's own record of it
//! stands in for the order, and accepting one is reading whether it would be paid.

use super::standing::{Standing, of_deliverable};
use crate::bindings::IFineTuningTypes::AccountDetails;
use crate::bindings::Market;
use crate::failure::Failure;
use crate::reader::{Mode, Reader, Snapshot};
use crate::refusal::Refusal;
use crate::rpc::{Fault, RpcError};
use alloy_primitives::{Address, U256};
use proto::{Order, Seconds, TaskId};

/// A task as the node agreed on it with the customer, and its name on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectTask {
    pub order: Order,
    /// 1 to 256 bytes; 0G's client uses UUIDs.
    pub id: String,
}

/// The node's record of such tasks.
pub trait DirectTasks: Send + Sync {
    fn find(&self, task: TaskId) -> Option<DirectTask>;
    fn all(&self) -> Vec<DirectTask>;
}

/// A node that takes orders from the chain alone.
impl DirectTasks for () {
    fn find(&self, _task: TaskId) -> Option<DirectTask> {
        None
    }

    fn all(&self) -> Vec<DirectTask> {
        Vec::new()
    }
}

pub(crate) async fn standing(
    snap: &Snapshot,
    task: &DirectTask,
    provider: Address,
) -> Result<Standing, Fault> {
    let call = Market::getDeliverableCall {
        user: task.order.customer,
        provider,
        id: task.id.clone(),
    };
    match snap.view(&call).await {
        Ok(deliverable) => Ok(of_deliverable(&deliverable)),
        Err(Fault::Reverted(data)) => {
            let refusal = Refusal::from_revert(&data);
            let unknown = matches!(refusal, Refusal::ResultUnknown | Refusal::NoAccount { .. });
            unknown
                .then_some(Standing::Open)
                .ok_or(Fault::Reverted(data))
        }
        Err(fault) => Err(fault),
    }
}

impl Reader {
    /// Whether the task would be paid as things stand (facts A.4).
    pub async fn check_direct(&self, task: &DirectTask, provider: Address) -> Result<(), Failure> {
        let service = self.service(provider).await?;
        let account = self.account(task.order.customer, provider).await?;
        let signer = service.teeSignerAddress;
        if !service.teeSignerAcknowledged || !account.acknowledged {
            return Err(Refusal::SignerNotAccepted { provider, signer }.into());
        }
        check_account(&account, &task.order)?;
        Ok(())
    }

    /// From when the task may be settled without an acknowledgement: the original leaves it to
    /// the provider, and half the lock time is what its customers know.
    pub(crate) async fn direct_deadline(
        &self,
        task: &DirectTask,
        provider: Address,
    ) -> Result<Seconds, RpcError> {
        let (user, id) = (task.order.customer, task.id.clone());
        let until = match self.mode() {
            Mode::Full => {
                let call = Market::acknowledgementDeadlineCall { user, provider, id };
                self.view(call).await?
            }
            Mode::Base => {
                let delivered = self
                    .view(Market::getDeliverableCall { user, provider, id })
                    .await?;
                let window = self.view(Market::lockTimeCall {}).await? / U256::from(2);
                window.saturating_add(U256::from(delivered.timestamp))
            }
        };
        Ok(until.saturating_to())
    }
}

fn check_account(account: &AccountDetails, order: &Order) -> Result<(), Refusal> {
    let available = account.balance.saturating_sub(account.pendingRefund);
    let required = order.fee_max.0;
    if available < required {
        return Err(Refusal::FeeNotCovered {
            available,
            required,
        });
    }
    if order.nonce <= account.nonce {
        return Err(Refusal::OrderNonceUsed(order.nonce));
    }
    let last = account.deliverables.last();
    if last.is_some_and(|last| !last.acknowledged && !last.settled) {
        return Err(Refusal::PreviousOpen);
    }
    Ok(())
}
