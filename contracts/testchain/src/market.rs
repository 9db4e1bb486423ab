//! A ledger and a market on the chain: ours from the committed build, or 0G's out of their
//! official client's npm package.

use crate::npm::installed;
use crate::{Anvil, LOCK_TIME, OWNER, PENALTY};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue, sol};
use serde_json::Value;
use std::path::{Path, PathBuf};

const CLIENT: &str = "@0gfoundation/0g-compute-ts-sdk/cli.commonjs/sdk";

sol! {
    interface ILedger {
        function initialize(address owner);
        function registerService(string serviceType, string version, address serviceAddress, string description);
    }
    interface IMarket {
        function initialize(uint256 lockTime, address ledger, address owner, uint256 penaltyPercentage);
    }
}

/// Where they are.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub ledger: Address,
    pub market: Address,
}

/// From the committed build.
pub async fn ours(anvil: &Anvil) -> Placed {
    let ledger = with_arguments(&artefact("Ledger"), &OWNER.abi_encode());
    let ledger = anvil.deploy(OWNER, ledger).await;
    let arguments = (ledger, U256::from(LOCK_TIME), U256::from(PENALTY), OWNER);
    let market = with_arguments(&artefact("FineTuning"), &arguments.abi_encode_params());
    let market = anvil.deploy(OWNER, market).await;
    named(anvil, Placed { ledger, market }).await
}

/// 0G's.
pub async fn originals(anvil: &Anvil) -> Placed {
    let ledger = proxied(anvil, &factory("ledger", "LedgerManager")).await;
    as_owner(anvil, ledger, ILedger::initializeCall { owner: OWNER }).await;
    let market = proxied(anvil, &factory("fine-tuning", "FineTuningServing")).await;
    let initialize = IMarket::initializeCall {
        lockTime: U256::from(LOCK_TIME),
        ledger,
        owner: OWNER,
        penaltyPercentage: U256::from(PENALTY),
    };
    as_owner(anvil, market, initialize).await;
    named(anvil, Placed { ledger, market }).await
}

/// The ledger learns which market it pays into.
async fn named(anvil: &Anvil, placed: Placed) -> Placed {
    let register = ILedger::registerServiceCall {
        serviceType: "fine-tuning".into(),
        version: "v1.0".into(),
        serviceAddress: placed.market,
        description: "fine-tuning".into(),
    };
    as_owner(anvil, placed.ledger, register).await;
    placed
}

async fn as_owner(anvil: &Anvil, to: Address, call: impl SolCall) {
    let data = call.abi_encode().into();
    anvil.send(OWNER, Some(to), data, U256::ZERO).await;
}

/// Behind a beacon, as they are on the live network.
async fn proxied(anvil: &Anvil, code: &Bytes) -> Address {
    let implementation = anvil.deploy(OWNER, code.clone()).await;
    let beacon = proxy_part("UpgradeableBeacon");
    let beacon = with_arguments(&beacon, &implementation.abi_encode());
    let beacon = anvil.deploy(OWNER, beacon).await;
    let arguments = (beacon, Bytes::new()).abi_encode_params();
    let proxy = with_arguments(&proxy_part("BeaconProxy"), &arguments);
    anvil.deploy(OWNER, proxy).await
}

fn factory(service: &str, name: &str) -> Bytes {
    let file = installed(&format!(
        "{CLIENT}/{service}/contract/typechain/factories/{name}__factory.js"
    ));
    let text = std::fs::read_to_string(file).unwrap();
    let (_, code) = text
        .split_once("_bytecode = '")
        .expect("the factory holds its bytecode");
    let (code, _) = code.split_once('\'').unwrap();
    code.parse().unwrap()
}

fn proxy_part(name: &str) -> Bytes {
    bytecode(&installed(&format!(
        "@openzeppelin/contracts-v4/build/contracts/{name}.json"
    )))
}

/// The bytecode of a contract of ours, as it is committed.
pub fn artefact(name: &str) -> Bytes {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../artifacts");
    bytecode(&folder.join(format!("{name}.json")))
}

fn bytecode(file: &Path) -> Bytes {
    let json: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    json["bytecode"].as_str().unwrap().parse().unwrap()
}

fn with_arguments(code: &Bytes, arguments: &[u8]) -> Bytes {
    [code.as_ref(), arguments].concat().into()
}
