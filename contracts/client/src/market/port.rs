//! What a node asks of the market, task by task.

use super::Market;
use super::direct::DirectTask;
use super::standing::{Standing, state};
use crate::bindings::Market as Abi;
use crate::failure::Failure;
use crate::reader::Mode;
use crate::refusal::Refusal;
use crate::settlement::{Release, Settlement, TeeSigner};
use alloy_primitives::{Address, Bytes, U256};
use proto::{Root, Seconds, TaskId, Wei};

/// The reasons that are the customer's own data; the signer states them.
const CUSTOMERS_DATA: std::ops::RangeInclusive<u16> = 400..=499;

/// What is asked for, and handed over for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub fee: Wei,
    /// The data key, wrapped for the customer. It goes on chain only if she acknowledged.
    pub secret: Bytes,
}

/// A task, as the chain and the node's record name it.
struct Named {
    customer: Address,
    id: String,
    nonce: U256,
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
    async fn not_until(&self, until: Seconds) -> Result<(), Failure> {
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

    async fn named(&self, task: TaskId, direct: Option<DirectTask>) -> Result<Named, Failure> {
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

fn is_closed(standing: Standing) -> bool {
    match standing {
        Standing::Settled | Standing::Released(_) | Standing::Withdrawn => true,
        Standing::Open
        | Standing::Accepted
        | Standing::Delivered { .. }
        | Standing::Acknowledged { .. } => false,
    }
}
