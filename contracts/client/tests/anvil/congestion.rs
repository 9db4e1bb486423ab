//! Fees under congestion: a transaction that is stuck is replaced, and happens once.

use super::cast::{Running, Stage, config, ether, offer};
use alloy_primitives::{Address, U64, U256};
use chain::{Market, Reader};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testchain::Anvil;

const GWEI: u64 = 1_000_000_000;
const ROOMY: u64 = 30_000_000;

/// A provider at a market whose blocks are made by the test alone.
struct Play {
    stage: Stage,
    market: Running<Market>,
    provider: Address,
    /// The nonce of the transaction to watch.
    nonce: u64,
}

impl Play {
    async fn new() -> Self {
        let anvil = Anvil::silent(ROOMY).await;
        anvil.rpc("evm_setAutomine", json!([true])).await;
        let stage = Stage::ours(anvil).await;
        let provider = stage.wallet("provider").await.address();
        let mut config = config(vec![stage.anvil.url.clone()], stage.market);
        config.timing.bump_after = Duration::from_millis(150);
        config.finality = chain::Finality::Depth(0);
        let market = stage.market_with("provider", config, Arc::new(())).await;
        market.it.sender().settle_past().await.unwrap();
        stage.anvil.rpc("evm_setAutomine", json!([false])).await;
        let nonce = count(&stage, provider, "latest").await;
        Self {
            stage,
            market,
            provider,
            nonce,
        }
    }

    /// Registers while `block` makes one block after the other.
    async fn register_while<B: AsyncFn(&Stage)>(&self, block: B) {
        let (offer, bond) = (offer(self.provider), ether("100"));
        let registered = self.market.it.register(&offer, bond);
        let blocks = async {
            loop {
                block(&self.stage).await;
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        };
        let done = async {
            tokio::select! {
                done = registered => done.unwrap(),
                () = blocks => {}
            }
        };
        tokio::time::timeout(Duration::from_mins(1), done)
            .await
            .expect("it is registered in time");
    }

    /// One transaction used the nonce, and the bond was paid once.
    async fn happened_once(&self) {
        let stage = &self.stage;
        assert_eq!(count(stage, self.provider, "latest").await, self.nonce + 1);
        assert_eq!(count(stage, self.provider, "pending").await, self.nonce + 1);
        let reader: &Reader = self.market.it.reader();
        let bond = reader.bond(self.provider).await.unwrap();
        assert_eq!(U256::from(bond.amount), ether("100").0);
        assert_eq!(stage.anvil.balance(stage.market).await, ether("100").0);
    }

    /// What the transaction that was included bid: the most for gas, and the tip.
    async fn bid(&self) -> (u64, u64) {
        for number in (0..=self.stage.anvil.height().await).rev() {
            let block = json!([U64::from(number), true]);
            let block = self.stage.anvil.rpc("eth_getBlockByNumber", block).await;
            let ours = |sent: &&Value| {
                quantity(&sent["nonce"]) == self.nonce
                    && sent["from"].as_str().unwrap().parse() == Ok(self.provider)
            };
            if let Some(sent) = block["transactions"].as_array().unwrap().iter().find(ours) {
                let most = quantity(&sent["maxFeePerGas"]);
                return (most, quantity(&sent["maxPriorityFeePerGas"]));
            }
        }
        panic!("it is in no block");
    }
}

async fn count(stage: &Stage, of: Address, at: &str) -> u64 {
    quantity(
        &stage
            .anvil
            .rpc("eth_getTransactionCount", json!([of, at]))
            .await,
    )
}

fn quantity(value: &Value) -> u64 {
    serde_json::from_value::<U64>(value.clone()).unwrap().to()
}

async fn block_at(stage: &Stage, base_fee: u64) {
    let fee = json!([U64::from(base_fee)]);
    stage
        .anvil
        .rpc("anvil_setNextBlockBaseFeePerGas", fee)
        .await;
    stage.anvil.mine(1).await;
}

#[tokio::test]
async fn a_transaction_that_a_risen_base_fee_has_priced_out_is_replaced() {
    let play = Play::new().await;
    let before = quantity(&head(&play.stage).await["baseFeePerGas"]);
    let risen = (before * 50).max(100 * GWEI);

    play.register_while(async |stage: &Stage| {
        // Not before there is a bid to be outpriced.
        if count(stage, play.provider, "pending").await > play.nonce {
            block_at(stage, risen).await;
        }
    })
    .await;

    let (most, _tip) = play.bid().await;
    assert!(
        most >= risen,
        "the bid of {most} that was included is a later one"
    );
    play.happened_once().await;
}

async fn head(stage: &Stage) -> Value {
    stage
        .anvil
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await
}
