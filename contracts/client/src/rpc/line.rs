//! One URL in use: the questions we ask, with typed answers.

use super::endpoint::Endpoint;
use super::fault::Fault;
use super::post;
use super::words::{Header, Log, Number, Receipt, present};
use crate::config::Finality;
use alloy_primitives::{Address, B256, Bytes, U128, U256};
use reqwest::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// JSON-RPC's "method not found".
const METHOD_UNKNOWN: i64 = -32601;

/// A URL that is on our chain. Questions that belong together are asked on one line,
/// so that one history answers all of them.
#[derive(Clone)]
pub(crate) struct Line(Arc<Inner>);

struct Inner {
    client: Client,
    endpoint: Arc<Endpoint>,
    next_id: AtomicU64,
    patience: Duration,
}

/// The state a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Latest,
    Pending,
    Block(u64),
}

impl Line {
    pub(crate) fn new(client: Client, endpoint: Arc<Endpoint>, patience: Duration) -> Self {
        Self(Arc::new(Inner {
            client,
            endpoint,
            next_id: AtomicU64::new(1),
            patience,
        }))
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    pub(crate) async fn chain_id(&self) -> Result<u64, Fault> {
        let id: Number = self.ask("eth_chainId", json!([])).await?;
        Ok(id.0)
    }

    pub(crate) async fn latest(&self) -> Result<Header, Fault> {
        self.tagged("latest").await
    }

    /// The newest block that cannot go away.
    pub(crate) async fn last_final(&self, finality: Finality) -> Result<Header, Fault> {
        match finality {
            Finality::Tag => self.tagged("finalized").await,
            Finality::Depth(0) => self.latest().await,
            Finality::Depth(depth) => {
                let latest = self.latest().await?;
                self.header(latest.number.saturating_sub(depth)).await
            }
        }
    }

    pub(crate) async fn header(&self, number: u64) -> Result<Header, Fault> {
        let found: Option<Header> = self
            .ask("eth_getBlockByNumber", json!([quantity(number), false]))
            .await?;
        let header = present(found, number)?;
        if header.number != number {
            return Err(Fault::Malformed);
        }
        Ok(header)
    }

    /// All logs of one contract in a range of blocks.
    pub(crate) async fn logs(&self, of: Address, from: u64, to: u64) -> Result<Vec<Log>, Fault> {
        let filter = json!({ "address": of, "fromBlock": quantity(from), "toBlock": quantity(to) });
        self.ask("eth_getLogs", json!([filter])).await
    }

    /// The logs of one contract that begin with these topics.
    pub(crate) async fn logs_about(
        &self,
        of: Address,
        topics: [B256; 2],
        from: u64,
        to: u64,
    ) -> Result<Vec<Log>, Fault> {
        let filter = json!({
            "address": of, "topics": topics, "fromBlock": quantity(from), "toBlock": quantity(to),
        });
        self.ask("eth_getLogs", json!([filter])).await
    }

    /// All logs of one contract in one block, by the block's hash.
    pub(crate) async fn logs_in(&self, of: Address, block: &Header) -> Result<Vec<Log>, Fault> {
        if self.endpoint().has_receipts() {
            match self.receipts(block).await {
                Err(Fault::Refused(METHOD_UNKNOWN)) => self.endpoint().lacks_receipts(),
                Ok(receipts) => return Ok(logs_of(of, receipts)),
                Err(fault) => return Err(fault),
            }
        }
        let filter = json!({ "address": of, "blockHash": block.hash });
        self.ask("eth_getLogs", json!([filter])).await
    }

    async fn receipts(&self, block: &Header) -> Result<Vec<Receipt>, Fault> {
        let found: Option<Vec<Receipt>> = self
            .ask("eth_getBlockReceipts", json!([block.hash]))
            .await?;
        let receipts = present(found, block.number)?;
        if receipts
            .iter()
            .any(|receipt| receipt.block_hash != block.hash)
        {
            return Err(Fault::Malformed);
        }
        Ok(receipts)
    }

    pub(crate) async fn call(&self, to: Address, data: &[u8], at: At) -> Result<Bytes, Fault> {
        let call = json!({ "to": to, "data": Bytes::copy_from_slice(data) });
        self.ask("eth_call", json!([call, at.param()])).await
    }

    /// What the call would cost, by doing it on the latest state.
    pub(crate) async fn estimate(&self, call: Value) -> Result<u64, Fault> {
        let gas: Number = self.ask("eth_estimateGas", json!([call])).await?;
        Ok(gas.0)
    }

    pub(crate) async fn replay(&self, call: Value, at: At) -> Result<Bytes, Fault> {
        self.ask("eth_call", json!([call, at.param()])).await
    }

    /// How many transactions of the account there are: its next nonce.
    pub(crate) async fn count(&self, of: Address, at: At) -> Result<u64, Fault> {
        let count: Number = self
            .ask("eth_getTransactionCount", json!([of, at.param()]))
            .await?;
        Ok(count.0)
    }

    pub(crate) async fn balance(&self, of: Address) -> Result<U256, Fault> {
        self.ask("eth_getBalance", json!([of, "latest"])).await
    }

    pub(crate) async fn code(&self, of: Address) -> Result<Bytes, Fault> {
        self.ask("eth_getCode", json!([of, "latest"])).await
    }

    pub(crate) async fn receipt(&self, of: B256) -> Result<Option<Receipt>, Fault> {
        self.ask("eth_getTransactionReceipt", json!([of])).await
    }

    pub(crate) async fn tip(&self) -> Result<u128, Fault> {
        let tip: U128 = self.ask("eth_maxPriorityFeePerGas", json!([])).await?;
        Ok(tip.to())
    }

    pub(crate) async fn send_raw(&self, transaction: &Bytes) -> Result<B256, Fault> {
        self.ask("eth_sendRawTransaction", json!([transaction]))
            .await
    }

    async fn tagged(&self, tag: &str) -> Result<Header, Fault> {
        let found: Option<Header> = self
            .ask("eth_getBlockByNumber", json!([tag, false]))
            .await?;
        present(found, 0)
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, Fault> {
        let inner = &self.0;
        tokio::time::sleep_until(inner.endpoint.spend()).await;
        let id = inner.next_id.fetch_add(1, Ordering::Relaxed);
        let question = (method, &params);
        let url = &inner.endpoint.url;
        let answer = post::ask(&inner.client, url, id, question, inner.patience).await?;
        serde_json::from_value(answer).map_err(|_shape| Fault::Malformed)
    }
}

impl At {
    fn param(self) -> Value {
        match self {
            Self::Latest => json!("latest"),
            Self::Pending => json!("pending"),
            Self::Block(number) => quantity(number),
        }
    }
}

fn quantity(number: u64) -> Value {
    Value::String(format!("{number:#x}"))
}

fn logs_of(contract: Address, receipts: Vec<Receipt>) -> Vec<Log> {
    receipts
        .into_iter()
        .flat_map(|receipt| receipt.logs)
        .filter(|log| log.address == contract)
        .collect()
}
