//! Keeping the entry in the registry as the operator wants it.

use crate::config::{ChainConfig, OfferConfig};
use crate::stop::Stop;
use chain::{Market, Offer};
use proto::{Address, Wei};
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// Between tries; the chain or the wallet may be in the way for long.
const PAUSE: Duration = Duration::from_secs(5);

/// What is to stand on chain.
#[derive(Clone, Debug)]
pub struct Registration {
    pub offer: Offer,
    pub bond: Wei,
}

impl Registration {
    pub fn new(offer: &OfferConfig, chain: &ChainConfig, signer: Address) -> Self {
        let offer = Offer {
            url: offer.url.clone(),
            cpu_count: offer.cpu_count,
            memory_gib: offer.memory_gib,
            gpu_count: offer.gpu_count,
            storage_gib: offer.storage_gib,
            gpu_type: offer.gpu_type.clone(),
            price_per_token: offer.price.0,
            occupied: false,
            models: offer.models.keys().cloned().collect(),
            signer,
        };
        Self {
            offer,
            bond: chain.bond,
        }
    }
}

/// Registers or refreshes, until it is done or the node stops: true when it is done.
pub async fn register(market: &Arc<Market>, wanted: &Registration, stop: &Stop) -> bool {
    loop {
        match market.register(&wanted.offer, wanted.bond).await {
            Ok(()) => {
                info!(provider = %market.provider(), signer = %wanted.offer.signer, "the service is registered");
                return true;
            }
            Err(failure) => warn!(%failure, "the service is not registered yet"),
        }
        tokio::select! {
            () = stop.draining() => return false,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
