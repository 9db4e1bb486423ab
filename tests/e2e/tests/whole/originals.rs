//! 0G's original contracts, out of their official client's npm package; and an order at them.

use crate::anvil::Anvil;
use crate::stage::{LOCK_TIME, OWNER, PENALTY, Stage, create};
use crate::story::Play;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use chain::bindings::{Ledger, Market};
use std::path::PathBuf;

const CLIENT: &str = "@0gfoundation/0g-compute-ts-sdk/cli.commonjs/sdk";

pub(crate) async fn set(anvil: Anvil) -> Stage {
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
    let stage = Stage { anvil, market };
    stage.name_the_service(ledger).await;
    stage
}

async fn send(anvil: &Anvil, to: Address, data: Bytes) {
    anvil.send(OWNER, Some(to), data, U256::ZERO).await;
}

/// Behind a beacon, as they are on the live network.
async fn proxied(anvil: &Anvil, code: &Bytes) -> Address {
    let implementation = create(anvil, code.clone()).await;
    let beacon = [
        proxy_part("UpgradeableBeacon").as_ref(),
        &implementation.abi_encode(),
    ]
    .concat();
    let beacon = create(anvil, beacon.into()).await;
    let arguments = (beacon, Bytes::new()).abi_encode_params();
    create(
        anvil,
        [proxy_part("BeaconProxy").as_ref(), &arguments]
            .concat()
            .into(),
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

fn installed(path: &str) -> PathBuf {
    let modules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/node_modules");
    let found = modules.join(path);
    let shown = found.display();
    assert!(found.exists(), "{shown} is missing: run `make setup` first");
    found
}

/// No order is on chain here: she signs one, and her account stands for it.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_originals_too_an_order_goes_from_her_signature_to_money() {
    let stage = set(Anvil::start("0.2").await).await;
    let mut play = Play::begin_at(stage).await;
    let expected = play.order(1, 20).await;

    play.through_base(&expected).await;
}
