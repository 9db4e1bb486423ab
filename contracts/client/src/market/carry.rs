//! One act for one task: sent, and waited for until final blocks tell of it.

use super::standing::{Stage, Standing, placed};
use super::{Market, direct};
use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::rpc::Fault;
use crate::sender::{Act, Outcome};
use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use proto::TaskId;
use tokio::time::Instant;

impl Market {
    /// Sends, and waits for the word of final blocks. A refusal is no failure where it says
    /// that the thing is done.
    pub(super) async fn carry(
        &self,
        task: TaskId,
        call: &impl SolCall,
        done: impl Fn(Standing) -> bool + Send + Sync,
    ) -> Result<Standing, Failure> {
        let act = Act {
            to: Some(self.reader.config().market),
            data: call.abi_encode().into(),
            value: U256::ZERO,
        };
        match self.sender.send(act).await? {
            Outcome::Included { .. } => {}
            Outcome::Refused(data) => {
                if !self.is_done_now(task, &done).await? {
                    return Err(Refusal::from_revert(&data).into());
                }
            }
            Outcome::Displaced => return Err(Failure::Unsettled),
        }
        self.when_final(task, done).await
    }

    /// Whether the newest state, final or not, says that it is done.
    async fn is_done_now(
        &self,
        task: TaskId,
        done: &(impl Fn(Standing) -> bool + Sync),
    ) -> Result<bool, Failure> {
        let us = self.provider();
        let known = &self.direct.find(task);
        let ask = |snap| async move {
            match known {
                Some(known) => direct::standing(&snap, known, us)
                    .await
                    .map(Stage::Standing),
                None => match placed(&snap, task).await? {
                    Some(placed) => Ok(placed.stage),
                    None => Err(Fault::Behind(0)),
                },
            }
        };
        Ok(match self.reader.core.now(ask).await? {
            Stage::Standing(standing) => done(standing),
            Stage::Released => true,
        })
    }

    async fn when_final(
        &self,
        task: TaskId,
        done: impl Fn(Standing) -> bool,
    ) -> Result<Standing, Failure> {
        let timing = self.reader.config().timing;
        let give_up_at = Instant::now() + timing.patience;
        loop {
            let standing = self.standing(task).await?;
            if done(standing) {
                return Ok(standing);
            }
            if Instant::now() >= give_up_at {
                return Err(Failure::Unsettled);
            }
            tokio::time::sleep(timing.poll).await;
        }
    }
}
