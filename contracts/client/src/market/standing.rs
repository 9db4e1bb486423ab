//! How a task stands on chain.

use crate::bindings::{IFineTuningTypes::Deliverable, ISealtuneTypes as Ours, Market};
use crate::reader::{Core, Reader, Snapshot, get_order};
use crate::rpc::{Fault, RpcError};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use proto::{Root, TaskId};

/// How the chain sees a task. In a word from final blocks this is for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The fee is reserved; no node has accepted. For a task without an order: nothing is on chain.
    Open,
    Accepted,
    Delivered {
        blob: Root,
    },
    Acknowledged {
        blob: Root,
    },
    Settled,
    /// With a number of the public list of reasons.
    Released(u16),
    Withdrawn,
}

/// `ISealtuneTypes.OrderState`, which the ABI shows as a bare number.
pub(crate) mod state {
    pub(crate) const OPEN: u8 = 1;
    pub(crate) const ACCEPTED: u8 = 2;
    pub(crate) const DELIVERED: u8 = 3;
    pub(crate) const PAID: u8 = 4;
    pub(crate) const RELEASED: u8 = 5;
    pub(crate) const WITHDRAWN: u8 = 6;
}

/// An order's standing, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) stage: Stage,
    /// Zero while nobody has accepted.
    pub(crate) provider: Address,
}

/// A standing as views show it: reasons are only in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Standing(Standing),
    Released,
}

impl Reader {
    /// How an order stands for good, and who has it; nothing, if the chain knows no such order.
    pub async fn standing(&self, task: TaskId) -> Result<Option<(Standing, Address)>, RpcError> {
        let Some(placed) = self
            .core
            .finally(|snap| async move { placed(&snap, task).await })
            .await?
        else {
            return Ok(None);
        };
        let standing = match placed.stage {
            Stage::Standing(standing) => standing,
            Stage::Released => Standing::Released(self.core.release_reason(task).await?),
        };
        Ok(Some((standing, placed.provider)))
    }
}

impl Core {
    /// Out of the event, for the record does not hold it; zero where no event is found.
    pub(crate) async fn release_reason(&self, task: TaskId) -> Result<u16, RpcError> {
        let topics = [Market::OrderReleased::SIGNATURE_HASH, B256::from(task.0)];
        let (market, from, span) = (
            self.config.market,
            self.config.deployed_at,
            self.config.page_blocks,
        );
        let finality = self.config.finality;
        self.pool
            .with(|line| async move {
                let mut to = line.last_final(finality).await?.number;
                loop {
                    let start = to.saturating_sub(span).max(from);
                    let logs = line.logs_about(market, topics, start, to).await?;
                    let found = logs.iter().find_map(|log| {
                        Market::OrderReleased::decode_raw_log(&log.topics, &log.data).ok()
                    });
                    if let Some(event) = found {
                        return Ok(event.reason);
                    }
                    if start == from {
                        return Ok(0);
                    }
                    to = start - 1;
                }
            })
            .await
    }
}

/// An order at one block; nothing, if the chain knows none.
pub(crate) async fn placed(snap: &Snapshot, task: TaskId) -> Result<Option<Placed>, Fault> {
    let record = snap.view(&get_order(task)).await?;
    let standing = match record.state {
        state::OPEN => Standing::Open,
        state::ACCEPTED => Standing::Accepted,
        state::DELIVERED => delivered(snap, task, &record).await?,
        state::PAID => Standing::Settled,
        state::WITHDRAWN => Standing::Withdrawn,
        state::RELEASED => {
            return Ok(Some(Placed {
                stage: Stage::Released,
                provider: record.provider,
            }));
        }
        _none => return Ok(None),
    };
    Ok(Some(Placed {
        stage: Stage::Standing(standing),
        provider: record.provider,
    }))
}

async fn delivered(
    snap: &Snapshot,
    task: TaskId,
    record: &Ours::OrderRecord,
) -> Result<Standing, Fault> {
    let call = Market::getDeliverableCall {
        user: record.customer,
        provider: record.provider,
        id: task.to_string(),
    };
    Ok(of_deliverable(&snap.view(&call).await?))
}

pub(crate) fn of_deliverable(deliverable: &Deliverable) -> Standing {
    let blob = root(&deliverable.modelRootHash);
    match (deliverable.settled, deliverable.acknowledged) {
        (true, _) => Standing::Settled,
        (false, true) => Standing::Acknowledged { blob },
        (false, false) => Standing::Delivered { blob },
    }
}

/// Providers may write anything; what is no root is nobody's: zero.
fn root(bytes: &[u8]) -> Root {
    Root(bytes.try_into().unwrap_or_default())
}
