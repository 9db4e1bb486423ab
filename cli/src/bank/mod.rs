//! The bank: her account, her orders and her acknowledgements on chain.
//!
//! Each act is one transaction, and is waited for until it is final: what the next command reads
//! is then what this one did.

mod look;

pub use look::{
    AtProvider, at_provider, deliverable, money_of, reader, result_signer, root, standing,
};

use crate::config::Config;
use crate::trouble::{Kind, Trouble};
use crate::voice::Voice;
use chain::{Customer, Failure, Outcome, Reader, Wallet};
use proto::{Action, Address, Order, Permit, Scope, SignedOrder, SignedPermit, TaskId, Wei};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a permit is good.
const PERMIT_SECS: u64 = 3_600;
/// How long blocks may take to become final.
const FINAL_PATIENCE: Duration = Duration::from_mins(15);

/// Her wallet at the market.
#[derive(Debug)]
pub struct Bank {
    pub customer: Customer,
    wallet: Wallet,
    poll: Duration,
    voice: Voice,
    _desk: JoinSet<()>,
}

/// What she has where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// In the account, free to move.
    pub available: Wei,
    /// The account and all that lies at providers.
    pub total: Wei,
}

/// What a transaction's hash is.
pub type Hash = String;

impl Bank {
    pub async fn open(config: &Config, wallet: Wallet, voice: Voice) -> Result<Self, Trouble> {
        let reader = reader(config).await?;
        let signer = wallet.again();
        let (customer, desk) = Customer::new(reader, wallet).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(desk.run());
        Ok(Self {
            customer,
            wallet: signer,
            poll: config.poll(),
            voice,
            _desk: tasks,
        })
    }

    pub fn address(&self) -> Address {
        self.customer.address()
    }

    pub fn reader(&self) -> &Reader {
        self.customer.reader()
    }

    pub async fn holdings(&self) -> Result<Option<Holdings>, Trouble> {
        let funds = self.customer.funds().await?;
        Ok(funds.map(|funds| Holdings {
            available: funds.available,
            total: funds.total,
        }))
    }

    pub async fn at(&self, provider: Address) -> Result<AtProvider, Trouble> {
        at_provider(self.reader(), self.address(), provider).await
    }

    /// Waits until what a transaction did cannot go away; its hash.
    pub async fn done(&self, what: &'static str, outcome: Outcome) -> Result<Hash, Trouble> {
        let Outcome::Included { block, transaction } = outcome else {
            return Err(Failure::Unsettled.into());
        };
        let bar = self.voice.wait(what);
        let until_final = async {
            loop {
                if self.reader().final_head().await?.number >= block {
                    return Ok(transaction.to_string());
                }
                tokio::time::sleep(self.poll).await;
            }
        };
        let waited = tokio::time::timeout(FINAL_PATIENCE, until_final).await;
        bar.finish_and_clear();
        waited.unwrap_or_else(|_late| Err(Failure::Unsettled.into()))
    }

    pub fn sign_order(&self, order: Order) -> Result<SignedOrder, Trouble> {
        let signature = self.sign(order.id().as_bytes())?;
        Ok(SignedOrder { order, signature })
    }

    /// Lets whoever shows it do one thing with one task, for an hour.
    pub async fn permit(&self, action: Action, task: TaskId) -> Result<SignedPermit, Trouble> {
        let config = self.reader().config();
        let permit = Permit {
            chain_id: config.chain_id,
            contract: config.market,
            customer: self.address(),
            action,
            scope: Scope::Task(task),
            expires: self.reader().time().await?.saturating_add(PERMIT_SECS),
        };
        let signature = self.sign(&permit.digest())?;
        Ok(SignedPermit { permit, signature })
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<proto::Signature, Trouble> {
        let refused = || Trouble::new(Kind::Input, "the wallet refuses to sign");
        self.wallet.sign(digest).ok_or_else(refused)
    }

    /// Moves what an order needs from her account to the provider's sub-account.
    pub async fn cover(&self, move_: Wei, provider: Address) -> Result<Hash, Trouble> {
        let outcome = self.customer.fund(provider, move_).await?;
        self.done("money moves to the provider's sub-account", outcome)
            .await
    }
}
