//! The contracts on the chain, and everybody's part in them.

use crate::anvil::{Anvil, CHAIN_ID};
use alloy_primitives::utils::parse_ether;
use alloy_primitives::{Address, Bytes, U256, address, hex, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use chain::bindings::{Ledger, Market as Abi};
use chain::{Budget, Config, Finality, Reader, Timing, Wallet};
use proto::Wei;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Anvil's first account.
pub(crate) const OWNER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
pub(crate) const LOCK_TIME: u64 = 86_400;
pub(crate) const PENALTY: u64 = 30;
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
        let ledger = deploy(&anvil, "Ledger", OWNER.abi_encode()).await;
        let arguments =
            (ledger, U256::from(LOCK_TIME), U256::from(PENALTY), OWNER).abi_encode_params();
        let market = deploy(&anvil, "FineTuning", arguments).await;
        let stage = Self { anvil, market };
        stage.name_the_service(ledger).await;
        stage
    }

    pub(crate) async fn name_the_service(&self, ledger: Address) {
        let register = Ledger::registerServiceCall {
            serviceType: "fine-tuning".into(),
            version: "v1.0".into(),
            serviceAddress: self.market,
            description: "fine-tuning".into(),
        };
        self.as_owner(ledger, register).await;
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
            ..Config::new(vec![self.anvil.url()], CHAIN_ID, self.market)
        };
        Reader::connect(config).await.unwrap()
    }
}

async fn deploy(anvil: &Anvil, name: &str, arguments: Vec<u8>) -> Address {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/artifacts");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let code: Bytes = json["bytecode"].as_str().unwrap().parse().unwrap();
    create(anvil, [code.as_ref(), &arguments].concat().into()).await
}

pub(crate) async fn create(anvil: &Anvil, code: Bytes) -> Address {
    let receipt = anvil.send(OWNER, None, code, U256::ZERO).await;
    serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
}
