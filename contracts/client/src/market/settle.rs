//! Asking for the fee, when it is due.

use super::Market;
use super::direct::DirectTask;
use super::port::{Named, is_closed};
use super::standing::{Standing, state};
use crate::bindings::Market as Abi;
use crate::failure::Failure;
use crate::reader::Mode;
use crate::refusal::Refusal;
use crate::settlement::{Settlement, TeeSigner};
use alloy_primitives::{Address, Bytes};
use proto::{Seconds, TaskId, Wei};

/// What is asked for, and handed over for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub fee: Wei,
    /// The data key, wrapped for the customer. It goes on chain only if she acknowledged.
    pub secret: Bytes,
}

impl Market {
    /// Not due before the customer acknowledged or her window ended: [`Failure::NotBefore`].
    pub async fn settle(
        &self,
        task: TaskId,
        bill: &Bill,
        signer: &dyn TeeSigner,
    ) -> Result<Standing, Failure> {
        let direct = self.direct.find(task);
        let (root, secret) = match self.standing(task).await? {
            Standing::Acknowledged { blob } => (blob, bill.secret.clone()),
            Standing::Delivered { blob } => {
                self.wait_for_window(task, direct.as_ref()).await?;
                (blob, Bytes::new())
            }
            early @ (Standing::Open | Standing::Accepted) => {
                let state = if early == Standing::Open {
                    state::OPEN
                } else {
                    state::ACCEPTED
                };
                return Err(Refusal::OrderState { task, state }.into());
            }
            closed @ (Standing::Settled | Standing::Released(_) | Standing::Withdrawn) => {
                return Ok(closed);
            }
        };
        let named = self.named(task, direct).await?;
        self.check_signer(&named, signer.address()).await?;
        let place = self.reader.core.place();
        let settlement = Settlement {
            chain_id: place.chain_id,
            contract: place.contract,
            id: named.id,
            encrypted_secret: secret,
            root,
            nonce: named.nonce,
            fee: bill.fee,
            customer: named.customer,
        };
        let signature = signer
            .sign_settlement(&settlement)
            .await
            .ok_or(Refusal::NotSigned)?;
        let call = Abi::settleFeesCall {
            verifierInput: settlement.signed(signature),
        };
        self.carry(task, &call, is_closed).await
    }

    async fn wait_for_window(
        &self,
        task: TaskId,
        direct: Option<&DirectTask>,
    ) -> Result<(), Failure> {
        let until = match direct {
            Some(direct) => self.reader.direct_deadline(direct, self.provider()).await?,
            None => self.order_deadline(task).await?,
        };
        self.not_until(until).await
    }

    async fn order_deadline(&self, task: TaskId) -> Result<Seconds, Failure> {
        let named = self.named(task, None).await?;
        let call = Abi::acknowledgementDeadlineCall {
            user: named.customer,
            provider: self.provider(),
            id: named.id,
        };
        Ok(self.reader.view(call).await?.saturating_to())
    }

    /// The contract wants a block after this time.
    pub(super) async fn not_until(&self, until: Seconds) -> Result<(), Failure> {
        let now = self
            .reader
            .core
            .now(|snap| async move { Ok(snap.time) })
            .await?;
        if now <= until {
            return Err(Failure::NotBefore(until.saturating_add(1)));
        }
        Ok(())
    }

    async fn check_signer(&self, named: &Named, ours: Address) -> Result<(), Failure> {
        let (user, provider) = (named.customer, self.provider());
        let expected = match self.reader.mode() {
            Mode::Base => self.reader.service(provider).await?.teeSignerAddress,
            Mode::Full => {
                let id = named.id.clone();
                let call = Abi::deliverableSignerCall { user, provider, id };
                self.reader.view(call).await?
            }
        };
        if expected != ours {
            return Err(Refusal::SignerChanged { expected, ours }.into());
        }
        Ok(())
    }
}
