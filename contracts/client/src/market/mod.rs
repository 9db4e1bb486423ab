//! The market as a node's port: each call reads, sends what is missing, and answers how the
//! task stands for good.

mod carry;
mod catalogue;
mod direct;
mod listing;
mod offer;
mod port;
mod release;
mod settle;
mod standing;

pub use direct::{DirectTask, DirectTasks};
pub use offer::Offer;
pub use settle::Bill;
pub use standing::Standing;

use crate::config::Config;
use crate::preflight::Problem;
use crate::reader::{Mode, Reader};
use crate::rpc::RpcError;
use crate::sender::{Desk, Sender};
use crate::wallet::Wallet;
use alloy_primitives::{Address, U256};
use catalogue::Catalogue;
use std::sync::{Arc, Mutex};

/// One provider at one market.
pub struct Market {
    reader: Reader,
    sender: Sender,
    direct: Arc<dyn DirectTasks>,
    catalogue: Mutex<Catalogue>,
}

impl Market {
    /// Looks at chain, contract and wallet. The desk must be run for the market to act.
    pub async fn connect(
        config: Config,
        wallet: Wallet,
        direct: Arc<dyn DirectTasks>,
    ) -> Result<(Self, Desk), Problem> {
        let reader = Reader::connect(config).await?;
        check_wallet(&reader, wallet.address()).await?;
        let (sender, desk) = Sender::new(reader.core.clone(), wallet);
        let catalogue = Mutex::new(Catalogue::new(reader.config().deployed_at));
        let market = Self {
            reader,
            sender,
            direct,
            catalogue,
        };
        Ok((market, desk))
    }

    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    pub fn provider(&self) -> Address {
        self.sender.wallet()
    }

    /// Whether orders with this much compensation can be accepted: the service is registered,
    /// its signer accepted, and the bond has room. One line for what is missing.
    pub async fn check(&self, signer: Address, compensation: U256) -> Result<(), Problem> {
        let provider = self.provider();
        let service = match self.reader.service(provider).await {
            Err(RpcError::Reverted(_)) => return Err(Problem::NoService(provider)),
            known => known?,
        };
        if service.teeSignerAddress != signer || !service.teeSignerAcknowledged {
            return Err(Problem::SignerNotAccepted { provider, signer });
        }
        match self.reader.mode() {
            Mode::Base => Ok(()),
            Mode::Full => self.check_bond(compensation).await,
        }
    }

    async fn check_bond(&self, compensation: U256) -> Result<(), Problem> {
        let provider = self.provider();
        let bond = self.reader.bond(provider).await?;
        let free = U256::from(bond.amount.saturating_sub(bond.locked));
        let required = compensation.saturating_mul(U256::from(2));
        if free < required {
            return Err(Problem::BondTooSmall {
                provider,
                free,
                required,
            });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Market {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Market")
            .field("reader", &self.reader)
            .field("provider", &self.provider())
            .finish_non_exhaustive()
    }
}

async fn check_wallet(reader: &Reader, wallet: Address) -> Result<(), Problem> {
    if reader.wealth(wallet).await?.is_zero() {
        return Err(Problem::WalletEmpty(wallet));
    }
    Ok(())
}
