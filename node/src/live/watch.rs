//! What the node asks of chain, storage and device without being asked: how it stands with them.

use super::shop::ChainTime;
use super::speak::Speaker;
use crate::breaker::{Cause, Gate};
use crate::clock::SystemClock;
use crate::metrics::Metrics;
use crate::ports::Clock;
use crate::world::{ChainPort, Places};
use chain::Mode;
use proto::{ChallengeNonce, U256, Wei};
use ring::rand::{SecureRandom, SystemRandom};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Final blocks come every few seconds; nobody needs their time more exactly.
const CHAIN_PAUSE: Duration = Duration::from_secs(5);
/// So many unanswered questions in a row are no hiccup.
const CHAIN_FAULTS_MAX: u32 = 3;
/// A graph of money needs no more points.
const PURSE_PAUSE: Duration = Duration::from_secs(30);
const STORAGE_PAUSE: Duration = Duration::from_secs(30);
/// A device that answers is asked seldom: the host's firmware is shared with others.
const DEVICE_PAUSE: Duration = Duration::from_mins(10);
const DEVICE_RETRY: Duration = Duration::from_secs(15);
/// Without a fresh report for so long the evidence counts as stale.
const STALE_SECS: u64 = 3_600;

/// Reads the last final block until the end.
pub(super) async fn watch_chain(
    chain: ChainPort,
    time: ChainTime,
    (gate, metrics): (Gate, Metrics),
    end: CancellationToken,
) -> Result<(), Infallible> {
    let reader = chain.market().reader();
    let mut faults = 0;
    loop {
        match reader.final_head().await {
            Ok(head) => {
                time.set(head.timestamp);
                metrics.chain(head.timestamp, SystemClock.now());
                faults = 0;
            }
            Err(_told_by_the_client) => faults = CHAIN_FAULTS_MAX.min(faults + 1),
        }
        gate.observe(Cause::ChainUnreachable, faults < CHAIN_FAULTS_MAX);
        for (place, url) in reader.health().iter().enumerate() {
            metrics.rpc(place, url.requests, url.faults);
        }
        if rest(CHAIN_PAUSE, &end).await {
            return Ok(());
        }
    }
}

/// Reads what the wallet and the bond hold. What cannot be read now keeps its last figure.
pub(super) async fn watch_purse(
    chain: ChainPort,
    metrics: Metrics,
    end: CancellationToken,
) -> Result<(), Infallible> {
    let (reader, us) = (chain.market().reader(), chain.market().provider());
    loop {
        if let Ok(balance) = reader.wealth(us).await {
            metrics.wallet(Wei(balance));
        }
        if reader.mode() == Mode::Full
            && let Ok(bond) = reader.bond(us).await
        {
            metrics.bond(Wei(U256::from(bond.amount)), Wei(U256::from(bond.locked)));
        }
        if rest(PURSE_PAUSE, &end).await {
            return Ok(());
        }
    }
}

/// Asks the places that keep content whether they are there.
pub(super) async fn watch_storage(
    places: Places,
    (gate, metrics): (Gate, Metrics),
    end: CancellationToken,
) -> Result<(), Infallible> {
    loop {
        let answers = places.answer().await;
        gate.observe(Cause::StorageUnreachable, answers);
        metrics.storage(answers, places.own_bytes().await);
        if rest(STORAGE_PAUSE, &end).await {
            return Ok(());
        }
    }
}

/// Asks the device for a fresh report now and then, and often while it gives none.
pub async fn watch_device(
    speaker: Arc<Speaker>,
    (gate, metrics): (Gate, Metrics),
    end: CancellationToken,
) -> Result<(), Infallible> {
    let mut proven_at = SystemClock.now();
    metrics.attested(proven_at);
    let mut pause = DEVICE_PAUSE;
    loop {
        if rest(pause, &end).await {
            return Ok(());
        }
        let now = SystemClock.now();
        let proven = speaker.ask(nonce()).await.is_ok();
        if proven {
            proven_at = now;
            metrics.attested(now);
        }
        pause = if proven { DEVICE_PAUSE } else { DEVICE_RETRY };
        let age = now.saturating_sub(proven_at);
        gate.observe(Cause::StaleAttestation, age < STALE_SECS);
    }
}

/// A generator that fails gives a nonce that is worth nothing to anybody; nobody uses it.
fn nonce() -> ChallengeNonce {
    let mut nonce = ChallengeNonce([1; 32]);
    let _failed = SystemRandom::new().fill(&mut nonce.0);
    nonce
}

/// Whether it is time to end.
async fn rest(pause: Duration, end: &CancellationToken) -> bool {
    tokio::time::timeout(pause, end.cancelled()).await.is_ok()
}
