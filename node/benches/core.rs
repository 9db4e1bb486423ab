//! What the core costs: an append on this disk, a step of a crowded conductor, a replay.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench measures time and stops at the first surprise"
)]

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use node::conductor::{Capacity, Conductor, Mailbox, Memory, mailbox};
use node::fakes::{FakeWorld, TurnedClock, Weather, order};
use node::journal::{Journal, JournalKey};
use node::ports::{Chain, World};
use node::stop::Stop;
use proto::{Order, Reason, Root, TaskId};
use redb::backends::InMemoryBackend;
use std::fs::File;
use std::future::pending;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tasks::{Event, Fact, Failure, Limits, Standing};
use tokio::runtime::{Builder, Handle, Runtime};

const OPEN_TASKS: u64 = 10_000;
const REPLAYED: u64 = 1_000_000;

fn key() -> JournalKey {
    JournalKey::new([7; 32])
}

/// A folder on the disk under test, not one in memory.
fn folder() -> tempfile::TempDir {
    tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn append(c: &mut Criterion) {
    let folder = folder();
    let mut journal = Journal::open(&folder.path().join("append.redb"), &key(), |_, _| ()).unwrap();
    let event = Event::Stumbled {
        retry_at: 1_700_000_000,
    };
    c.bench_function("append one event, durably", |b| {
        b.iter(|| journal.append(&[(TaskId([1; 32]), &event)]).unwrap());
    });
}

/// What the disk alone takes: the figure beside which an append is read.
fn sync(c: &mut Criterion) {
    let folder = folder();
    let mut file = File::create(folder.path().join("bare")).unwrap();
    c.bench_function("4 KiB and a bare fdatasync", |b| {
        b.iter(|| {
            file.seek(SeekFrom::Start(0)).unwrap();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
        });
    });
}

fn replay(c: &mut Criterion) {
    let folder = folder();
    let path = long_journal(folder.path());
    let mut group = c.benchmark_group("replay");
    group.sample_size(10);
    group.bench_function("a million events into tasks", |b| {
        b.iter(|| Memory::recall(&path, &key()).unwrap().open_count());
    });
    group.finish();
}

/// A journal of a million events: tasks of eight events each.
fn long_journal(folder: &Path) -> PathBuf {
    let path = folder.join("long.redb");
    let mut journal = Journal::open(&path, &key(), |_, _| ()).unwrap();
    let stumble = Event::Stumbled {
        retry_at: 1_700_000_000,
    };
    let promise = Event::Did(Fact::Promised);
    for chunk in 0..REPLAYED / 8_000 {
        let offers: Vec<_> = (0..1_000)
            .map(|number| order(chunk * 1_000 + number, 1 << 40))
            .map(|order| (order.id(), Event::Offered(Box::new(order))))
            .collect();
        let rows: Vec<_> = offers
            .iter()
            .flat_map(|(id, offer)| {
                let rest = std::iter::repeat_n((*id, &stumble), 6);
                [(*id, offer), (*id, &promise)].into_iter().chain(rest)
            })
            .collect();
        journal.append(&rows).unwrap();
    }
    path
}

/// A step: one letter in, one row written, one look at what is owed.
fn step(c: &mut Criterion) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    c.bench_function("a conductor step among 10,000 open tasks", |b| {
        b.iter_custom(|steps| steps_take(&runtime, steps));
    });
}

fn steps_take(runtime: &Runtime, steps: u64) -> Duration {
    runtime.block_on(async {
        let stop = Stop::default();
        let mailbox = crowded(&stop).await;
        let began = Instant::now();
        for number in 0..steps {
            mailbox
                .offer(order(OPEN_TASKS + number, 1 << 40))
                .await
                .unwrap();
        }
        let took = began.elapsed();
        stop.now();
        took
    })
}

/// A chain that holds nothing yet and never answers a transaction.
struct Silent;

#[async_trait]
impl Chain for Silent {
    async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure> {
        Ok(Vec::new())
    }

    async fn accept(&self, _task: TaskId) -> Result<Standing, Failure> {
        pending().await
    }

    async fn deliver(&self, _task: TaskId, _blob: Root) -> Result<Standing, Failure> {
        pending().await
    }

    async fn settle(&self, _task: TaskId) -> Result<Standing, Failure> {
        pending().await
    }

    async fn release(&self, _task: TaskId, _reason: Reason) -> Result<Standing, Failure> {
        pending().await
    }
}

/// A conductor with this many tasks, all of them promised and waiting for the chain.
async fn crowded(stop: &Stop) -> Mailbox {
    let memory = Memory::recall_on(InMemoryBackend::new(), &key()).unwrap();
    let fake = FakeWorld::new(1, Weather::CALM, Arc::new(TurnedClock::start()));
    let world = World {
        chain: Arc::new(Silent),
        ..fake.world()
    };
    let patience = Limits {
        stumbles_max: 3,
        backoff_base_secs: 3_600,
        backoff_max_secs: 3_600,
    };
    let capacity = Capacity {
        tasks_max: usize::MAX,
        duties_max: 16,
        patience,
    };
    let (mailbox, inputs) = mailbox();
    let conductor = Conductor::new(memory, world, capacity, inputs, Handle::current());
    tokio::task::spawn(conductor.run(stop.clone()));
    for number in 0..OPEN_TASKS {
        mailbox.offer(order(number, 1 << 40)).await.unwrap();
    }
    mailbox
}

fn id(c: &mut Criterion) {
    c.bench_function("the digest of an order", |b| {
        b.iter_batched(|| order(1, 1), |order| order.id(), BatchSize::SmallInput);
    });
}

criterion_group!(benches, sync, append, step, replay, id);
criterion_main!(benches);
