//! What the node offers, as the wire tells it.

use super::Proved;
use crate::api::Storefront;
use crate::config::{Config, OfferConfig};
use crate::intake::Speed;
use proto::node::{Gpu, ModelOffer, Offer};
use proto::{Address, Finite, List, Root, Seconds, Text, Tier, U256, Wei};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

const TOKENS_OF_A_PRICE: u64 = 1_000_000;

/// The time of the last final block, shared by who reads the chain and who is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct ChainTime(Arc<AtomicU64>);

/// Prices and limits are those of the configuration as it is now.
#[derive(Debug)]
pub(super) struct Shop {
    provider: Address,
    signer: Address,
    tier: Tier,
    config: watch::Receiver<Arc<Config>>,
    speed: Speed,
    time: ChainTime,
}

impl ChainTime {
    pub(super) fn set(&self, time: Seconds) {
        self.0.fetch_max(time, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Seconds {
        self.0.load(Ordering::Relaxed)
    }
}

impl Shop {
    pub(super) fn new(
        provider: Address,
        proved: &Proved,
        config: watch::Receiver<Arc<Config>>,
        speed: Speed,
        time: ChainTime,
    ) -> Self {
        Self {
            provider,
            signer: proved.identity.signer().address(),
            tier: proved.tier(),
            config,
            speed,
            time,
        }
    }

    fn model(&self, offer: &OfferConfig, (name, &root): (&String, &Root)) -> ModelOffer {
        let speed = u32::try_from(self.speed.tokens_per_sec(root)).unwrap_or(u32::MAX);
        let sequence = offer.recipe.sequence_len_max;
        ModelOffer {
            root,
            name: Text::fitted(name),
            price_per_mtoken: of_a_million(offer.price.0),
            sequence_tokens_max: u32::try_from(sequence).unwrap_or(u32::MAX),
            tokens_per_sec: Finite::new(f64::from(speed)).unwrap_or_default(),
        }
    }
}

impl Storefront for Shop {
    fn offer(&self, queue_free: u32) -> Option<Offer> {
        let config = self.config.borrow().clone();
        let offer = &config.offer;
        let models = offer.models.iter().map(|named| self.model(offer, named));
        Some(Offer {
            provider: self.provider,
            signer: self.signer,
            tier: self.tier,
            models: fitted(models.collect()),
            gpus: fitted(gpus(offer)),
            queue_free,
            memory_bytes: offer.memory_gib.saturating_mul(1 << 30),
            // Only its price and the time until its deadline bound a dataset here.
            dataset_bytes_max: u64::MAX,
        })
    }

    fn chain_time(&self) -> Seconds {
        self.time.get()
    }
}

fn of_a_million(price: Wei) -> Wei {
    Wei(price.0.saturating_mul(U256::from(TOKENS_OF_A_PRICE)))
}

/// As the operator registered them. Only evidence says that one is confidential.
fn gpus(offer: &OfferConfig) -> Vec<Gpu> {
    let gpu = Gpu {
        name: Text::fitted(&offer.gpu_type),
        memory_bytes: 0,
        confidential: false,
    };
    let count = usize::try_from(offer.gpu_count).unwrap_or(usize::MAX);
    vec![gpu; count.min(proto::limits::GPUS_MAX)]
}

/// What is over the bound of the wire is not told.
fn fitted<T, const MAX: usize>(mut items: Vec<T>) -> List<T, MAX> {
    items.truncate(MAX);
    List::new(items).unwrap_or_else(|_fault| unreachable!("a list cut to its bound fits"))
}
