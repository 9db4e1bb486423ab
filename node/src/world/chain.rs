//! The chain behind its port: each call reads, sends what is missing, and answers how it stands.

use super::signer::Signer;
use crate::admission::{OnChain, Reserved};
use crate::intake::ChainFacts;
use crate::keys::Identity;
use crate::orders::Book;
use crate::ports::Chain;
use async_trait::async_trait;
use attestation::sealing::{Recipient, VerifiedOrder, wrap_result_key};
use chain::bindings::Market as Abi;
use chain::{Bill, DirectTask, Market, Mode};
use proto::{Address, Order, Reason, Root, TaskId, U256};
use ring::rand::SystemRandom;
use std::sync::Arc;
use tasks::{Failure, Standing};
use tokio::task::spawn_blocking;
use tracing::warn;

#[derive(Clone, Debug)]
pub struct ChainPort {
    market: Arc<Market>,
    signer: Signer,
    bills: Bills,
}

/// Makes bills: the fee of the work that was counted, and the result's key, wrapped.
#[derive(Clone, Debug)]
pub struct Bills {
    book: Book,
    identity: Arc<Identity>,
}

impl ChainPort {
    pub fn new(market: Arc<Market>, signer: Signer, bills: Bills) -> Self {
        Self {
            market,
            signer,
            bills,
        }
    }

    pub fn market(&self) -> &Arc<Market> {
        &self.market
    }

    /// How a task stands, for whoever follows the chain.
    pub async fn standing(&self, task: TaskId) -> Result<Standing, Failure> {
        let standing = self.market.standing(task).await;
        standing.map(ours).map_err(|failure| told(task, &failure))
    }

    async fn reserved(&self, order: &Order) -> Result<Reserved, chain::Failure> {
        let reader = self.market.reader();
        if let Some((standing, provider)) = reader.standing(order.id()).await? {
            return Ok(reserved(standing, provider == self.market.provider()));
        }
        let call = Abi::orderNonceUsedCall {
            customer: order.customer,
            nonce: order.nonce,
        };
        let is_used = reader.view(call).await?;
        Ok(if is_used {
            Reserved::NonceUsed
        } else {
            Reserved::NotYet
        })
    }

    /// At a contract that knows no orders: whether it would pay for this one. What it says of
    /// the account, the nonce and the signer is its own refusal.
    async fn known_in_base(&self, order: &Order) -> Result<OnChain, chain::Failure> {
        let task = DirectTask {
            id: order.id().to_string(),
            order: order.clone(),
        };
        let reader = self.market.reader();
        reader.check_direct(&task, self.market.provider()).await?;
        Ok(OnChain {
            reserved: Reserved::Yes,
            signer_is_accepted: true,
            bond_covers: true,
        })
    }

    async fn known_in_full(&self, order: &Order) -> Result<OnChain, chain::Failure> {
        Ok(OnChain {
            reserved: self.reserved(order).await?,
            signer_is_accepted: self.signer_is_accepted(order.customer).await?,
            bond_covers: self.bond_covers(order).await?,
        })
    }

    /// By the owner, by a verifier, or by this customer alone.
    async fn signer_is_accepted(&self, customer: Address) -> Result<bool, chain::Failure> {
        let (reader, provider) = (self.market.reader(), self.market.provider());
        let signer = chain::TeeSigner::address(&self.signer);
        let service = match reader.service(provider).await {
            Ok(service) => service,
            Err(chain::RpcError::Reverted(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if service.teeSignerAddress != signer {
            return Ok(false);
        }
        if service.teeSignerAcknowledged {
            return Ok(true);
        }
        let until = Abi::signerAcceptedUntilCall { provider, signer };
        let until: U256 = reader.view(until).await?;
        if until > U256::from(reader.final_head().await?.timestamp) {
            return Ok(true);
        }
        let trusted = Abi::trustedSignerCall { customer, provider };
        Ok(reader.view(trusted).await? == signer)
    }

    /// An accepted order locks twice its compensation.
    async fn bond_covers(&self, order: &Order) -> Result<bool, chain::Failure> {
        let reader = self.market.reader();
        let bond = reader.bond(self.market.provider()).await?;
        let free = U256::from(bond.amount.saturating_sub(bond.locked));
        Ok(free >= order.compensation.0.saturating_mul(U256::from(2)))
    }
}

#[async_trait]
impl Chain for ChainPort {
    async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure> {
        let orders = self.market.orders().await.map_err(|failure| {
            warn!(%failure, "the chain's orders cannot be read");
            Failure::Transient
        })?;
        let orders = orders.into_iter();
        Ok(orders
            .map(|(order, standing)| (order, ours(standing)))
            .collect())
    }

    async fn accept(&self, task: TaskId) -> Result<Standing, Failure> {
        let accepted = self.market.accept(task).await;
        accepted.map(ours).map_err(|failure| told(task, &failure))
    }

    async fn deliver(&self, task: TaskId, blob: Root) -> Result<Standing, Failure> {
        let delivered = self.market.deliver(task, blob).await;
        delivered.map(ours).map_err(|failure| told(task, &failure))
    }

    async fn settle(&self, task: TaskId) -> Result<Standing, Failure> {
        let bill = self.bills.bill(task).await?;
        let settled = self.market.settle(task, &bill, &self.signer).await;
        settled.map(ours).map_err(|failure| told(task, &failure))
    }

    async fn release(&self, task: TaskId, reason: Reason) -> Result<Standing, Failure> {
        let released = self.market.release(task, reason.code(), &self.signer).await;
        released.map(ours).map_err(|failure| told(task, &failure))
    }
}

#[async_trait]
impl ChainFacts for ChainPort {
    async fn known(&self, order: &Order) -> Result<OnChain, Failure> {
        let known = match self.market.reader().mode() {
            Mode::Base => self.known_in_base(order).await,
            Mode::Full => self.known_in_full(order).await,
        };
        known.map_err(|failure| told(order.id(), &failure))
    }
}

impl Bills {
    pub fn new(book: Book, identity: Arc<Identity>) -> Self {
        Self { book, identity }
    }

    /// The bill of a task. The key is wrapped anew each time: the wrap is random, the key
    /// and the fee are not.
    async fn bill(&self, task: TaskId) -> Result<Bill, Failure> {
        let bills = self.clone();
        let bill = spawn_blocking(move || bills.reckon(task)).await;
        bill.unwrap_or(None).ok_or_else(|| {
            warn!(%task, "the bill cannot be made: what was kept of the order is not there");
            Failure::Transient
        })
    }

    fn reckon(&self, task: TaskId) -> Option<Bill> {
        let taken = self.book.find(task).ok()??;
        let work = self.book.work(task).ok()??;
        let fee = taken.fee(work)?;
        let signature = taken.signed.signature.to_bytes();
        let order = VerifiedOrder::check(taken.signed.order, &signature).ok()?;
        let recipient = Recipient::of_order(&order).ok()?;
        let key = self.identity.artefact_key(task);
        let secret = wrap_result_key(&recipient, &task, &key, &SystemRandom::new()).ok()?;
        Some(Bill {
            fee,
            secret: secret.into(),
        })
    }
}

fn reserved(standing: chain::Standing, is_ours: bool) -> Reserved {
    match standing {
        chain::Standing::Open => Reserved::Yes,
        chain::Standing::Accepted
        | chain::Standing::Delivered { .. }
        | chain::Standing::Acknowledged { .. } => {
            if is_ours {
                Reserved::Yes
            } else {
                Reserved::TakenByAnother
            }
        }
        chain::Standing::Settled | chain::Standing::Released(_) | chain::Standing::Withdrawn => {
            Reserved::Over
        }
    }
}

/// The chain's word in the tasks' words. A reason that this version does not know is told as
/// an unexplained one.
fn ours(standing: chain::Standing) -> Standing {
    match standing {
        chain::Standing::Open => Standing::Open,
        chain::Standing::Accepted => Standing::Accepted,
        chain::Standing::Delivered { blob } => Standing::Delivered { blob },
        chain::Standing::Acknowledged { blob } => Standing::Acknowledged { blob },
        chain::Standing::Settled => Standing::Settled,
        chain::Standing::Released(code) => {
            Standing::Released(Reason::try_from(code).unwrap_or(Reason::TrainerFailed))
        }
        chain::Standing::Withdrawn => Standing::Withdrawn,
    }
}

fn told(task: TaskId, failure: &chain::Failure) -> Failure {
    match failure {
        chain::Failure::NotBefore(until) => Failure::NotBefore(*until),
        chain::Failure::Refused(refusal) if refusal.reason().is_some() => {
            warn!(%task, %refusal, "the contract refuses");
            Failure::Hopeless(refusal.reason().unwrap_or(Reason::TermsNotAccepted))
        }
        chain::Failure::Refused(_)
        | chain::Failure::Unsettled
        | chain::Failure::Rpc(_)
        | chain::Failure::Send(_)
        | chain::Failure::Follow(_) => {
            warn!(%task, %failure, "the chain did not do it this time");
            Failure::Transient
        }
    }
}
