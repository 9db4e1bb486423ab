//! Giving an order back.

use super::Market;
use super::port::is_closed;
use super::standing::Standing;
use crate::bindings::Market as Abi;
use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::settlement::{Release, TeeSigner};
use alloy_primitives::Bytes;
use proto::TaskId;

/// The reasons that are the customer's own data; the signer states them.
const CUSTOMERS_DATA: std::ops::RangeInclusive<u16> = 400..=499;

impl Market {
    /// Gives an order back: accepted ones by us, unaccepted ones once they are overdue; until
    /// then only the customer can take them back.
    pub async fn release(
        &self,
        task: TaskId,
        reason: u16,
        signer: &dyn TeeSigner,
    ) -> Result<Standing, Failure> {
        let direct = self.direct.find(task);
        match self.standing(task).await? {
            Standing::Open if direct.is_some() => Ok(Standing::Released(reason)),
            Standing::Open => self.reclaim(task).await,
            Standing::Accepted => self.release_accepted(task, reason, signer).await,
            done @ (Standing::Delivered { .. }
            | Standing::Acknowledged { .. }
            | Standing::Settled
            | Standing::Released(_)
            | Standing::Withdrawn) => Ok(done),
        }
    }

    async fn release_accepted(
        &self,
        task: TaskId,
        reason: u16,
        signer: &dyn TeeSigner,
    ) -> Result<Standing, Failure> {
        let mut signature = Bytes::new();
        if CUSTOMERS_DATA.contains(&reason) {
            let release = Release::new(self.reader.core.place(), task, reason);
            let statement = signer
                .sign_release(&release)
                .await
                .ok_or(Refusal::NotSigned)?;
            signature = statement.to_bytes().into();
        }
        let call = Abi::releaseOrderCall {
            orderId: task.0.into(),
            reason,
            signature,
        };
        self.carry(task, &call, is_closed).await
    }

    async fn reclaim(&self, task: TaskId) -> Result<Standing, Failure> {
        let deadline = self.reader.order_record(task).await?.deadline;
        self.not_until(deadline).await?;
        let call = Abi::reclaimOrderCall {
            orderId: task.0.into(),
        };
        self.carry(task, &call, is_closed).await
    }
}
