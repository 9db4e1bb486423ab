//! Kills the node at every kind of moment and checks that every customer is
//! either served and charged once, or has her money back.
//!
//! The world is fake but honest, time is turned, the journal is the real one on a
//! disk that loses and tears what was not synced. `SEALTUNE_CRASH_SEEDS` says how
//! many different lives are tried.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that panics is a test that fails; the seed count is read once, here"
)]

use node::conductor::{Capacity, Conductor, Mailbox, Memory, mailbox};
use node::fakes::{Crash, Disk, FakeWorld, Tally, TurnedClock, Weather, order};
use node::journal::JournalKey;
use node::stop::Stop;
use proto::Order;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tasks::{Limits, Phase};
use tokio::runtime::Handle;

const ORDERS: u64 = 6;
const DEADLINE: u64 = 600;
const LIVES_MAX: u32 = 3_000;
const PATIENCE: Limits = Limits {
    stumbles_max: 3,
    backoff_base_secs: 1,
    backoff_max_secs: 60,
};
const CAPACITY: Capacity = Capacity {
    tasks_max: 64,
    duties_max: 4,
    patience: PATIENCE,
};

/// What the host does between two lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    Honest,
    /// Sometimes puts an older disk back.
    Rewinds,
}

/// One world, and every life of the node in it.
struct Story {
    seed: u64,
    rng: StdRng,
    fake: FakeWorld,
    disk: Disk,
    /// Disks the host has kept.
    kept: Vec<Vec<u8>>,
    orders: Vec<Order>,
}

impl Story {
    fn begin(seed: u64) -> Self {
        let fake = FakeWorld::new(seed, Weather::ROUGH, Arc::new(TurnedClock::start()));
        let orders: Vec<_> = (0..ORDERS).map(|number| order(number, DEADLINE)).collect();
        for order in &orders {
            fake.market().open(order);
        }
        let rng = StdRng::seed_from_u64(!seed);
        Self {
            seed,
            rng,
            fake,
            disk: Disk::default(),
            kept: Vec::new(),
            orders,
        }
    }

    async fn tell(mut self, host: Host) -> Tally {
        for _life in 0..LIVES_MAX {
            let memory = self.recall();
            if self.is_over(&memory) {
                return self.audit(&memory);
            }
            self.live(memory).await;
            self.end_life(host);
        }
        panic!("seed {} never finishes", self.seed);
    }

    fn recall(&self) -> Memory {
        let memory = Memory::recall_on(self.disk.handle(), &JournalKey::new([7; 32]));
        memory.unwrap_or_else(|error| panic!("seed {}: {error:?}", self.seed))
    }

    /// Over is when every order is closed for the node and the market holds no money.
    fn is_over(&self, memory: &Memory) -> bool {
        memory.tasks().count() == self.orders.len() && memory.open_count() == 0
    }

    async fn live(&mut self, memory: Memory) {
        let (mailbox, inputs) = mailbox();
        let world = self.fake.world();
        let conductor = Conductor::new(memory, world, CAPACITY, inputs, Handle::current());
        let span = Duration::from_millis(self.rng.random_range(1..4_000));
        let customers = customers(self.orders.clone(), self.fake.clone(), mailbox);
        let life = async {
            tokio::select! {
                end = conductor.run(Stop::default()) => end.unwrap(),
                () = customers => {}
            }
        };
        // Running out of time is the kill: everything is dropped where it stands.
        drop(tokio::time::timeout(span, life).await);
    }

    fn end_life(&mut self, host: Host) {
        let crash = if self.rng.random_bool(0.5) {
            Crash::Kill
        } else {
            Crash::PowerCut
        };
        self.disk.crash(crash, &mut self.rng);
        if host == Host::Rewinds {
            self.kept.push(self.disk.image());
            if self.rng.random_bool(0.2) {
                let yesterday = self.rng.random_range(0..self.kept.len());
                self.disk.put_back(&self.kept[yesterday]);
            }
        }
    }

    fn audit(&self, memory: &Memory) -> Tally {
        let ends: BTreeMap<_, Phase> = memory
            .tasks()
            .map(|(id, task)| (id, task.phase()))
            .collect();
        let tally = self.fake.market().audit(&ends);
        tally.unwrap_or_else(|broken| panic!("seed {} broke {broken:#?}", self.seed))
    }
}

/// Customers offer again whatever is not taken yet, change their minds, and acknowledge;
/// the chain's news reaches the node, or is lost with its life.
async fn customers(orders: Vec<Order>, fake: FakeWorld, mailbox: Mailbox) {
    for order in &orders {
        if mailbox.offer(order.clone()).await.is_err() {
            return;
        }
    }
    loop {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let (whim, roll) = {
            let mut rng = fake.rng();
            (rng.random_range(0..orders.len()), rng.random_range(0..100))
        };
        let id = orders[whim].id();
        match roll {
            0..4 => fake.market().withdraw(id),
            4..40 => fake.market().acknowledge(id),
            40..44 if mailbox.cancel(id).await.is_err() => return,
            _ => {}
        }
        let standing = fake.market().standing(id);
        if mailbox.news(id, standing).await.is_err() {
            return;
        }
    }
}

fn seeds(default: u64) -> std::ops::Range<u64> {
    let count = std::env::var("SEALTUNE_CRASH_SEEDS").ok();
    0..count.map_or(default, |count| {
        count.parse().expect("SEALTUNE_CRASH_SEEDS is a number")
    })
}

async fn every_seed(count: u64, host: Host) {
    let mut sum = Tally::default();
    for seed in seeds(count) {
        let tally = Story::begin(seed).tell(host).await;
        sum.paid += tally.paid;
        sum.released += tally.released;
        sum.refused += tally.refused;
        sum.withdrawn += tally.withdrawn;
    }
    println!(
        "paid {} released {} refused {} withdrawn {}",
        sum.paid, sum.released, sum.refused, sum.withdrawn
    );
    assert!(
        sum.paid > 0 && sum.released > 0 && sum.withdrawn > 0,
        "the weather was too kind"
    );
}

#[tokio::test(start_paused = true)]
async fn every_customer_is_served_once_or_has_her_money_back() {
    every_seed(1_000, Host::Honest).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_puts_old_disks_back_changes_nothing() {
    every_seed(1_000, Host::Rewinds).await;
}
