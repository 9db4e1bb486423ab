//! Putting the contracts on a chain.
//!
//! With `--sdk-addresses` every contract gets the nonce whose address 0G's client has built in
//! for chain 31337, and an empty market stands where it looks for an inference service, without
//! which it refuses to list providers.

use crate::args;
use crate::build::Artefact;
use crate::hands::{Hands, Made};
use crate::record::{CodeHashes, Deployment};
use crate::trouble::Trouble;
use crate::verify::{compare, views_of};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolValue;
use chain::bindings::Ledger;
use chain::{Config, Finality, Ground, Timing, Wallet};
use std::time::Duration;

/// The nonces of 0G's own deployment; what it does in between is filled with nothing.
mod sdk_nonce {
    pub(super) const LEDGER: u64 = 2;
    pub(super) const INFERENCE: u64 = 6;
    pub(super) const MARKET: u64 = 12;
    /// From a contract's creation to its registration, 0G's deployment takes so many.
    pub(super) const TO_REGISTRATION: u64 = 2;
}

/// The desk's own first transaction takes a nonce too.
const SENT_BEFORE_MOST: u64 = sdk_nonce::LEDGER - 1;

const VERSION: &str = "v1.0";

pub(crate) async fn deploy(order: &args::Deploy) -> Result<String, Trouble> {
    let wallet = Wallet::open(&order.key_file, order.password_file.as_deref())?;
    let ground = Ground::connect(config(order)).await?;
    check(&ground, wallet.address(), order.sdk_addresses).await?;
    let (sender, desk) = ground.sender(wallet);
    let hands = Hands {
        ground: &ground,
        sender,
    };
    let deployment = tokio::select! {
        made = build_all(&hands, order) => made?,
        () = desk.run() => return Err(chain::SendError::Stopped.into()),
    };
    deployment.write(&order.out)?;
    let Deployment {
        chain_id,
        ledger,
        fine_tuning,
        ..
    } = deployment;
    Ok(format!(
        "deployed to chain {chain_id}: ledger {ledger}, market {fine_tuning}"
    ))
}

fn config(order: &args::Deploy) -> Config {
    Config {
        finality: Finality::Depth(order.confirmations),
        timing: Timing {
            poll: Duration::from_millis(250),
            ..Timing::default()
        },
        ..Config::new(vec![order.rpc.clone()], order.chain_id, Address::ZERO)
    }
}

async fn check(ground: &Ground, wallet: Address, sdk_addresses: bool) -> Result<(), Trouble> {
    if ground.balance(wallet).await?.is_zero() {
        return Err(Trouble::WalletEmpty(wallet));
    }
    let sent = ground.count(wallet).await?;
    if sdk_addresses && sent > SENT_BEFORE_MOST {
        return Err(Trouble::WalletUsed {
            sent,
            most: SENT_BEFORE_MOST,
        });
    }
    Ok(())
}

async fn build_all(hands: &Hands<'_>, order: &args::Deploy) -> Result<Deployment, Trouble> {
    let deployer = hands.sender.wallet();
    let owner = order.owner.unwrap_or(deployer);
    let ledger = make_ledger(hands, order.sdk_addresses).await?;
    let inference = if order.sdk_addresses {
        hands.idle_until(sdk_nonce::INFERENCE).await?;
        let stand_in = make_market(hands, order, ledger.address, owner).await?;
        hands
            .idle_until(sdk_nonce::INFERENCE + sdk_nonce::TO_REGISTRATION)
            .await?;
        register(hands, ledger.address, "inference", stand_in.address).await?;
        hands.idle_until(sdk_nonce::MARKET).await?;
        Some(stand_in.address)
    } else {
        None
    };
    let market = make_market(hands, order, ledger.address, owner).await?;
    if order.sdk_addresses {
        hands
            .idle_until(sdk_nonce::MARKET + sdk_nonce::TO_REGISTRATION)
            .await?;
    }
    register(hands, ledger.address, "fine-tuning", market.address).await?;
    if owner != deployer {
        let call = Ledger::transferOwnershipCall { newOwner: owner };
        hands.tell(ledger.address, &call).await?;
    }
    let mut deployment = Deployment {
        chain_id: order.chain_id,
        block: ledger.block,
        owner,
        lock_time: order.lock_time,
        penalty_percentage: order.penalty,
        ledger: ledger.address,
        fine_tuning: market.address,
        views: views_of(market.address),
        inference,
        code_hashes: CodeHashes {
            ledger: B256::ZERO,
            fine_tuning: B256::ZERO,
            views: B256::ZERO,
        },
    };
    deployment.code_hashes = compare(hands.ground, &deployment).await?;
    Ok(deployment)
}

async fn make_ledger(hands: &Hands<'_>, sdk_addresses: bool) -> Result<Made, Trouble> {
    let me = hands.sender.wallet();
    hands.sender.settle_past().await?;
    if sdk_addresses {
        hands.idle_until(sdk_nonce::LEDGER).await?;
    }
    hands
        .make(Artefact::ledger().creation(&me.abi_encode()))
        .await
}

async fn make_market(
    hands: &Hands<'_>,
    order: &args::Deploy,
    ledger: Address,
    owner: Address,
) -> Result<Made, Trouble> {
    let lock_time = U256::from(order.lock_time);
    let penalty = U256::from(order.penalty);
    let arguments = (ledger, lock_time, penalty, owner).abi_encode_params();
    hands.make(Artefact::market().creation(&arguments)).await
}

async fn register(
    hands: &Hands<'_>,
    ledger: Address,
    service: &str,
    address: Address,
) -> Result<(), Trouble> {
    let register = Ledger::registerServiceCall {
        serviceType: service.into(),
        version: VERSION.into(),
        serviceAddress: address,
        description: service.into(),
    };
    hands.tell(ledger, &register).await?;
    let recommend = Ledger::setRecommendedServiceCall {
        serviceType: service.into(),
        version: VERSION.into(),
    };
    hands.tell(ledger, &recommend).await
}
