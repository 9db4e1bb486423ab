//! 0G's original contracts, out of their official client's npm package.

use super::cast::{LOCK_TIME, OWNER, PENALTY, Stage, with_arguments};
use super::node::{Anvil, installed};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use chain::bindings::{Ledger, Market};

const CLIENT: &str = "@0gfoundation/0g-compute-ts-sdk/cli.commonjs/sdk";

pub(crate) async fn stage(anvil: Anvil) -> Stage {
    let ledger = proxied(&anvil, &factory("ledger", "LedgerManager")).await;
    let initialize = Ledger::initializeCall { owner: OWNER };
    send(&anvil, ledger, initialize.abi_encode().into()).await;
    let market = proxied(&anvil, &factory("fine-tuning", "FineTuningServing")).await;
    let initialize = Market::initializeCall {
        _locktime: U256::from(LOCK_TIME),
        _ledgerAddress: ledger,
        owner: OWNER,
        _penaltyPercentage: U256::from(PENALTY),
    };
    send(&anvil, market, initialize.abi_encode().into()).await;
    let stage = Stage {
        anvil,
        ledger,
        market,
    };
    stage.name_the_service().await;
    stage.anvil.mine(3).await;
    stage
}

async fn send(anvil: &Anvil, to: Address, data: Bytes) {
    anvil.send(OWNER, Some(to), data, U256::ZERO).await;
}

/// Behind a beacon, as they are on the live network.
async fn proxied(anvil: &Anvil, code: &Bytes) -> Address {
    let implementation = anvil.deploy(OWNER, code.clone()).await;
    let beacon = with_arguments(
        &proxy_part("UpgradeableBeacon"),
        &implementation.abi_encode(),
    );
    let beacon = anvil.deploy(OWNER, beacon).await;
    let arguments = (beacon, Bytes::new()).abi_encode_params();
    anvil
        .deploy(
            OWNER,
            with_arguments(&proxy_part("BeaconProxy"), &arguments),
        )
        .await
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
    let file = installed(&format!(
        "@openzeppelin/contracts-v4/build/contracts/{name}.json"
    ));
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    json["bytecode"].as_str().unwrap().parse().unwrap()
}
