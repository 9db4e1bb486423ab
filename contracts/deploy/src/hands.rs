//! The deployer's hands: one transaction after the other, each to its end.

use crate::trouble::Trouble;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use chain::{Act, Ground, Outcome, Refusal, Sender};

pub(crate) struct Hands<'a> {
    pub(crate) ground: &'a Ground,
    pub(crate) sender: Sender,
}

/// A contract that was made, and the block it was made in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) address: Address,
    pub(crate) block: u64,
}

impl Hands<'_> {
    pub(crate) async fn make(&self, creation: Bytes) -> Result<Made, Trouble> {
        let Outcome::Included { block, transaction } = self.send(None, creation).await? else {
            return Err(Trouble::Displaced);
        };
        let address = self.ground.made_by(transaction).await?;
        let address = address.ok_or(Trouble::Displaced)?;
        Ok(Made { address, block })
    }

    pub(crate) async fn tell(&self, to: Address, call: &impl SolCall) -> Result<(), Trouble> {
        self.send(Some(to), call.abi_encode().into())
            .await
            .map(drop)
    }

    /// Empty transactions, until the next one has this nonce.
    pub(crate) async fn idle_until(&self, nonce: u64) -> Result<(), Trouble> {
        let me = self.sender.wallet();
        while self.ground.count(me).await? < nonce {
            self.send(Some(me), Bytes::new()).await?;
        }
        Ok(())
    }

    async fn send(&self, to: Option<Address>, data: Bytes) -> Result<Outcome, Trouble> {
        let value = U256::ZERO;
        match self.sender.send(Act { to, data, value }).await? {
            Outcome::Refused(data) => Err(Trouble::Refused(Refusal::from_revert(&data))),
            Outcome::Displaced => Err(Trouble::Displaced),
            included @ Outcome::Included { .. } => Ok(included),
        }
    }
}
