//! A fake world behind the ports: every call is slow, and some fail.

use super::market::{Broken, Market};
use super::weather::{Fortune, Weather};
use crate::orders::Work;
use crate::ports::{Blobs, Chain, Clock, Enclave, Trainer, World};
use async_trait::async_trait;
use proto::{Digest, Order, Reason, Root, TaskId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tasks::{Failure, Standing};

#[derive(Clone)]
pub struct FakeWorld(Arc<Inner>);

struct Inner {
    weather: Weather,
    rng: Mutex<StdRng>,
    market: Mutex<Market>,
    training: AtomicBool,
    clock: Arc<dyn Clock>,
}

impl FakeWorld {
    pub fn new(seed: u64, weather: Weather, clock: Arc<dyn Clock>) -> Self {
        let rng = Mutex::new(StdRng::seed_from_u64(seed));
        let (market, training) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Inner {
            weather,
            rng,
            market,
            training,
            clock,
        }))
    }

    /// This world, as the conductor sees it.
    pub fn world(&self) -> World {
        World {
            chain: Arc::new(self.clone()),
            blobs: Arc::new(self.clone()),
            enclave: Arc::new(self.clone()),
            trainer: Arc::new(self.clone()),
            clock: self.0.clock.clone(),
        }
    }

    pub fn market(&self) -> MutexGuard<'_, Market> {
        self.0.market.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.0.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the time a call takes and tells what it meets.
    async fn meet(&self) -> Result<Fortune, Failure> {
        let (latency, fortune) = self.0.weather.draw(&mut self.rng());
        tokio::time::sleep(latency).await;
        if fortune == Fortune::FailsBefore {
            Err(Failure::Transient)
        } else {
            Ok(fortune)
        }
    }

    /// The chain never says that something is hopeless: it takes effect or it does not.
    async fn transact<T>(&self, effect: impl FnOnce(&mut Market) -> T) -> Result<T, Failure> {
        let fortune = self.meet().await?;
        let after = effect(&mut self.market());
        self.meet().await?;
        fortune.reply(after)
    }

    async fn work(&self, excuse: Reason) -> Result<[u8; 32], Failure> {
        match self.meet().await? {
            Fortune::Hopeless => Err(Failure::Hopeless(excuse)),
            fortune @ (Fortune::Fair | Fortune::ReplyLost | Fortune::FailsBefore) => {
                fortune.reply(self.rng().random())
            }
        }
    }
}

#[async_trait]
impl Chain for FakeWorld {
    async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure> {
        let fortune = self.meet().await?;
        fortune.reply(self.market().orders())
    }

    async fn accept(&self, task: TaskId) -> Result<Standing, Failure> {
        self.transact(|market| market.accept(task)).await
    }

    async fn deliver(&self, task: TaskId, blob: Root) -> Result<Standing, Failure> {
        let now = self.0.clock.now();
        self.transact(|market| market.deliver(task, blob, now))
            .await
    }

    async fn settle(&self, task: TaskId) -> Result<Standing, Failure> {
        let now = self.0.clock.now();
        self.transact(|market| market.settle(task, now)).await?
    }

    async fn release(&self, task: TaskId, reason: Reason) -> Result<Standing, Failure> {
        self.transact(|market| market.release(task, reason)).await
    }
}

#[async_trait]
impl Blobs for FakeWorld {
    async fn fetch(&self, _root: Root) -> Result<(), Failure> {
        self.work(Reason::DatasetUnavailable).await.map(|_bytes| ())
    }

    async fn store(&self, _root: Root) -> Result<(), Failure> {
        let fortune = self.meet().await?;
        fortune.reply(())
    }
}

#[async_trait]
impl Enclave for FakeWorld {
    async fn open(&self, _order: &Order, _dataset: Root) -> Result<Digest, Failure> {
        self.work(Reason::DatasetMalformed).await.map(Digest)
    }

    async fn charge(&self, _order: &Order, _work: Work) -> Result<(), Failure> {
        let fortune = self.meet().await?;
        fortune.reply(())
    }

    /// As on a real disk, what was written may be gone after the host put an old one back.
    async fn is_charged(&self, _order: &Order) -> Result<bool, Failure> {
        Ok(self.rng().random_bool(0.9))
    }

    /// As in a real one, sealing twice gives different bytes.
    async fn seal(&self, _order: &Order, _adapter: Digest) -> Result<Root, Failure> {
        let fortune = self.meet().await?;
        fortune.reply(Root(self.rng().random()))
    }
}

#[async_trait]
impl Trainer for FakeWorld {
    async fn count(&self, _order: &Order, _dataset: Digest) -> Result<Work, Failure> {
        self.work(Reason::DatasetMalformed).await?;
        Ok(Work {
            tokens: 1_000,
            steps: 10,
        })
    }

    async fn train(&self, _order: &Order, _dataset: Digest) -> Result<Digest, Failure> {
        if self.0.training.swap(true, Ordering::SeqCst) {
            self.market().report(Broken::TwoTrainings);
        }
        let _one = OneTraining(&self.0.training);
        self.work(Reason::Diverged).await.map(Digest)
    }
}

/// Ends the training however it ends.
struct OneTraining<'a>(&'a AtomicBool);

impl Drop for OneTraining<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl std::fmt::Debug for FakeWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeWorld")
            .field("weather", &self.0.weather)
            .finish_non_exhaustive()
    }
}
