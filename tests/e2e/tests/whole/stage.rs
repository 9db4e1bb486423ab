//! The contracts on the chain, and everybody's part in them.

use alloy_primitives::utils::parse_ether;
use alloy_primitives::{Address, U256, hex, keccak256};
use alloy_sol_types::SolCall;
use chain::bindings::Market as Abi;
use chain::{Budget, Config, Finality, Reader, Timing, Wallet};
use proto::Wei;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testchain::{Anvil, CHAIN_ID, OWNER};

pub(crate) const START: &str = "10000";

pub(crate) fn ether(amount: &str) -> Wei {
    Wei(parse_ether(amount).unwrap())
}

/// A ledger and a market on a chain.
pub(crate) struct Stage {
    pub(crate) anvil: Anvil,
    pub(crate) market: Address,
}

impl Stage {
    /// From the committed build.
    pub(crate) async fn set(anvil: Anvil) -> Self {
        let market = testchain::ours(&anvil).await.market;
        Self { anvil, market }
    }

    /// 0G's, out of their official client's package.
    pub(crate) async fn originals(anvil: Anvil) -> Self {
        let market = testchain::originals(&anvil).await.market;
        Self { anvil, market }
    }

    async fn as_owner(&self, to: Address, call: impl SolCall) {
        let data = call.abi_encode().into();
        self.anvil.send(OWNER, Some(to), data, U256::ZERO).await;
    }

    pub(crate) async fn accept_signer_of(&self, provider: Address) {
        let call = Abi::acknowledgeTEESignerByOwnerCall { provider };
        self.as_owner(self.market, call).await;
    }

    /// A key file with money behind it.
    pub(crate) async fn wallet(&self, folder: &Path, name: &str) -> (PathBuf, Wallet) {
        let path = folder.join(format!("{name}.key"));
        std::fs::write(&path, hex::encode(keccak256(name))).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let wallet = Wallet::open(&path, None).unwrap();
        self.anvil.endow(wallet.address(), ether(START).0).await;
        (path, wallet)
    }

    pub(crate) async fn reader(&self) -> Reader {
        let config = Config {
            finality: Finality::Depth(2),
            timing: Timing {
                request: Duration::from_secs(5),
                poll: Duration::from_millis(50),
                bump_after: Duration::from_secs(2),
                patience: Duration::from_secs(30),
            },
            budget: Budget {
                per_second: 10_000,
                burst: 10_000,
            },
            page_blocks: 100,
            ..Config::new(vec![self.anvil.url.clone()], CHAIN_ID, self.market)
        };
        Reader::connect(config).await.unwrap()
    }
}
