//! The conductor, one behaviour at a time, in a calm fake world with a turned clock.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use async_trait::async_trait;
use node::breaker::{Cause, Gate as Breaker};
use node::conductor::{
    Answer, Cancelled, Capacity, Conductor, ConductorError, Mailbox, Memory, mailbox,
};
use node::fakes::{Disk, FakeWorld, TurnedClock, Weather, order};
use node::feed::{Bounds, Feed};
use node::journal::JournalKey;
use node::orders::Work;
use node::ports::{Trainer, World};
use node::stop::Stop;
use proto::{Digest, Order, Reason, TaskId};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tasks::{Failure, Limits, Outcome, Phase, Standing};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const CAPACITY: Capacity = Capacity {
    tasks_max: 3,
    duties_max: 8,
    patience: Limits {
        stumbles_max: 3,
        backoff_base_secs: 1,
        backoff_max_secs: 60,
    },
};
const LATER: u64 = 2_000;

/// A trainer that finishes when the test says so, and counts who is at it.
struct Gate {
    finish: Semaphore,
    begun: AtomicUsize,
    under_way: AtomicUsize,
}

struct Seat<'a>(&'a AtomicUsize);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Trainer for Gate {
    async fn count(&self, _order: &Order, _dataset: Digest) -> Result<Work, Failure> {
        Ok(Work {
            tokens: 1,
            steps: 1,
        })
    }

    async fn train(&self, _order: &Order, _dataset: Digest) -> Result<Digest, Failure> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let _seat = Seat(&self.under_way);
        self.finish.acquire().await.unwrap().forget();
        Ok(Digest([1; 32]))
    }
}

/// A node at work, and everything a test holds of it.
struct Scene {
    fake: FakeWorld,
    gate: Arc<Gate>,
    breaker: Breaker,
    feed: Feed,
    disk: Disk,
    mailbox: Mailbox,
    stop: Stop,
    life: JoinHandle<Result<(), ConductorError>>,
}

impl Scene {
    fn open(orders: &[Order]) -> Self {
        let fake = FakeWorld::new(1, Weather::CALM, Arc::new(TurnedClock::start()));
        for order in orders {
            fake.market().open(order);
        }
        let gate = Arc::new(Gate {
            finish: Semaphore::new(0),
            begun: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
        });
        let world = World {
            trainer: gate.clone(),
            ..fake.world()
        };
        let (disk, stop) = (Disk::default(), Stop::default());
        let (mailbox, inputs) = mailbox();
        let (breaker, feed) = (
            Breaker::default(),
            Feed::new(world.clock.clone(), Bounds::default()),
        );
        let conductor = Conductor::new(recall(&disk), world, CAPACITY, inputs, Handle::current())
            .telling(feed.clone())
            .behind(breaker.clone());
        let life = spawn(conductor, stop.clone());
        Self {
            fake,
            gate,
            breaker,
            feed,
            disk,
            mailbox,
            stop,
            life,
        }
    }

    /// Turns the clock until this holds; the runtime ends a test that waits for ever.
    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        for _turn in 0..100_000 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never came true");
    }

    fn trainings(&self) -> usize {
        self.gate.under_way.load(Ordering::SeqCst)
    }

    fn begun(&self) -> usize {
        self.gate.begun.load(Ordering::SeqCst)
    }

    fn standing(&self, task: TaskId) -> Standing {
        self.fake.market().standing(task)
    }

    /// Ends the node at once and reads what it remembers.
    async fn end(self) -> Memory {
        self.stop.now();
        self.life.await.unwrap().unwrap();
        recall(&self.disk)
    }
}

#[allow(clippy::disallowed_methods, reason = "a test has no crew")]
fn spawn(conductor: Conductor, stop: Stop) -> JoinHandle<Result<(), ConductorError>> {
    tokio::task::spawn(conductor.run(stop))
}

fn recall(disk: &Disk) -> Memory {
    Memory::recall_on(disk.handle(), &JournalKey::new([7; 32])).unwrap()
}

fn phase(memory: &Memory, order: &Order) -> Phase {
    memory.get(order.id()).unwrap().phase()
}

#[tokio::test(start_paused = true)]
async fn an_order_goes_from_offer_to_paid() {
    let wanted = order(1, LATER);
    let scene = Scene::open(std::slice::from_ref(&wanted));
    scene.gate.finish.add_permits(1);

    let answer = scene.mailbox.offer(wanted.clone()).await;

    assert_eq!(answer, Ok(Answer::Taken));
    scene
        .until(|scene| scene.standing(wanted.id()) == Standing::Settled)
        .await;
    scene.until(|scene| scene.trainings() == 0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = scene.end().await;
    assert_eq!(phase(&memory, &wanted), Phase::Closed(Outcome::Paid));
}

#[tokio::test(start_paused = true)]
async fn an_order_offered_twice_is_taken_once() {
    let wanted = order(1, LATER);
    let scene = Scene::open(std::slice::from_ref(&wanted));

    assert_eq!(scene.mailbox.offer(wanted.clone()).await, Ok(Answer::Taken));
    assert_eq!(scene.mailbox.offer(wanted.clone()).await, Ok(Answer::Taken));

    assert_eq!(scene.end().await.tasks().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_order_too_many_is_refused_and_not_remembered() {
    let orders: Vec<_> = (0..4).map(|number| order(number, LATER)).collect();
    let scene = Scene::open(&orders);
    for wanted in &orders[..3] {
        assert_eq!(scene.mailbox.offer(wanted.clone()).await, Ok(Answer::Taken));
    }

    let answer = scene.mailbox.offer(orders[3].clone()).await;

    assert_eq!(answer, Ok(Answer::Refused(Reason::TooBusy)));
    assert_eq!(scene.end().await.tasks().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_second_training_begins_when_the_first_has_ended() {
    let orders = [order(1, LATER), order(2, LATER + 1)];
    let scene = Scene::open(&orders);
    for wanted in &orders {
        scene.mailbox.offer(wanted.clone()).await.unwrap();
    }
    scene.until(|scene| scene.trainings() == 1).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(scene.trainings(), 1);

    scene.gate.finish.add_permits(2);

    scene
        .until(|scene| {
            orders
                .iter()
                .all(|order| scene.standing(order.id()) == Standing::Settled)
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_order_frees_the_trainer() {
    let (fickle, faithful) = (order(1, LATER), order(2, LATER + 1));
    let scene = Scene::open(&[fickle.clone(), faithful.clone()]);
    scene.mailbox.offer(fickle.clone()).await.unwrap();
    scene.until(|scene| scene.trainings() == 1).await;
    scene.mailbox.offer(faithful.clone()).await.unwrap();

    scene.fake.market().withdraw(fickle.id());
    scene
        .mailbox
        .news(fickle.id(), Standing::Withdrawn)
        .await
        .unwrap();

    scene.until(|scene| scene.begun() == 2).await;
    assert_eq!(scene.trainings(), 1);
    scene.gate.finish.add_permits(1);
    scene
        .until(|scene| scene.standing(faithful.id()) == Standing::Settled)
        .await;
    let memory = scene.end().await;
    assert_eq!(phase(&memory, &fickle), Phase::Closed(Outcome::Withdrawn));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_past_its_deadline_gives_the_money_back() {
    let (slow, late) = (order(1, LATER), order(2, LATER + 1));
    let scene = Scene::open(&[slow.clone(), late.clone()]);
    for wanted in [&slow, &late] {
        scene.mailbox.offer(wanted.clone()).await.unwrap();
    }
    scene.until(|scene| scene.trainings() == 1).await;

    let waiting = late.id();
    scene
        .until(|scene| scene.standing(waiting) == Standing::Released(Reason::DeadlinePassed))
        .await;

    assert_eq!(
        scene.trainings(),
        1,
        "the one that trains is not interrupted by the other's deadline"
    );
}

#[tokio::test(start_paused = true)]
async fn a_draining_node_refuses_orders_and_finishes_what_runs() {
    let (running, new) = (order(1, LATER), order(2, LATER));
    let scene = Scene::open(&[running.clone(), new.clone()]);
    scene.mailbox.offer(running.clone()).await.unwrap();
    scene.until(|scene| scene.trainings() == 1).await;

    scene.stop.drain();

    let answer = scene.mailbox.offer(new).await;
    assert_eq!(answer, Ok(Answer::Refused(Reason::Draining)));
    scene.gate.finish.add_permits(1);
    scene.life.await.unwrap().unwrap();
    let memory = recall(&scene.disk);
    assert!(matches!(phase(&memory, &running), Phase::Trained { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_cancels_in_training_has_her_money_back_and_the_trainer_is_free() {
    let (fickle, faithful) = (order(1, LATER), order(2, LATER + 1));
    let scene = Scene::open(&[fickle.clone(), faithful.clone()]);
    scene.mailbox.offer(fickle.clone()).await.unwrap();
    scene.mailbox.offer(faithful.clone()).await.unwrap();
    scene.until(|scene| scene.trainings() == 1).await;

    let cancelled = scene.mailbox.cancel(fickle.id()).await;

    assert_eq!(cancelled, Ok(Cancelled::Done));
    scene
        .until(|scene| scene.standing(fickle.id()) == Standing::Released(Reason::Cancelled))
        .await;
    scene.until(|scene| scene.begun() == 2).await;
    assert_eq!(scene.mailbox.cancel(fickle.id()).await, Ok(Cancelled::Done));
    assert_eq!(scene.trainings(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_sealed_or_unknown_cannot_be_cancelled() {
    let wanted = order(1, LATER);
    let scene = Scene::open(std::slice::from_ref(&wanted));
    scene.gate.finish.add_permits(1);
    scene.mailbox.offer(wanted.clone()).await.unwrap();
    scene
        .until(|scene| matches!(scene.standing(wanted.id()), Standing::Delivered { .. }))
        .await;

    assert_eq!(
        scene.mailbox.cancel(wanted.id()).await,
        Ok(Cancelled::TooLate)
    );
    assert_eq!(
        scene.mailbox.cancel(TaskId([1; 32])).await,
        Ok(Cancelled::Unknown)
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_refuses_new_orders_and_what_runs_goes_on() {
    let (running, new) = (order(1, LATER), order(2, LATER));
    let scene = Scene::open(&[running.clone(), new.clone()]);
    scene.mailbox.offer(running.clone()).await.unwrap();
    scene.until(|scene| scene.trainings() == 1).await;

    scene.breaker.trouble(Cause::GpuError);

    let answer = scene.mailbox.offer(new).await;
    assert_eq!(answer, Ok(Answer::Refused(Reason::BreakerOpen)));
    scene.gate.finish.add_permits(1);
    scene
        .until(|scene| scene.standing(running.id()) == Standing::Settled)
        .await;
}

#[tokio::test(start_paused = true)]
async fn who_watches_is_told_the_place_in_the_queue_and_every_phase() {
    let (first, second) = (order(1, LATER), order(2, LATER + 1));
    let scene = Scene::open(&[first.clone(), second.clone()]);
    scene.mailbox.offer(first.clone()).await.unwrap();
    scene.until(|scene| scene.trainings() == 1).await;
    scene.mailbox.offer(second.clone()).await.unwrap();
    let place = |scene: &Scene| scene.feed.status(second.id())?.queue_position;
    scene.until(|scene| place(scene) == Some(0)).await;

    scene.gate.finish.add_permits(2);

    scene
        .until(|scene| scene.standing(second.id()) == Standing::Settled)
        .await;
    scene
        .until(|scene| {
            let told = scene.feed.status(second.id());
            told.is_some_and(|told| told.phase.is_closed() && told.queue_position.is_none())
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_with_what_is_there() {
    let wanted = order(1, LATER);
    let scene = Scene::open(std::slice::from_ref(&wanted));
    scene.mailbox.offer(wanted.clone()).await.unwrap();
    scene.until(|scene| scene.trainings() == 1).await;

    let seen = scene
        .mailbox
        .look(|view| {
            (
                view.memory.open_count(),
                view.training,
                view.memory.rows(2).unwrap().len(),
            )
        })
        .await;

    assert_eq!(seen, Ok((1, Some(wanted.id()), 2)));
}

#[tokio::test(start_paused = true)]
async fn a_task_only_the_chain_remembers_is_taken_up() {
    let forgotten = order(1, LATER);
    let first = Scene::open(std::slice::from_ref(&forgotten));
    first.mailbox.offer(forgotten.clone()).await.unwrap();
    first
        .until(|scene| scene.standing(forgotten.id()) == Standing::Accepted)
        .await;
    let market = first.fake.clone();
    drop(first.end().await);

    // The host puts an empty disk in place.
    let (disk, stop) = (Disk::default(), Stop::default());
    let (_mailbox, inputs) = mailbox();
    let conductor = Conductor::new(
        recall(&disk),
        market.world(),
        CAPACITY,
        inputs,
        Handle::current(),
    );
    let life = spawn(conductor, stop.clone());

    for _turn in 0..1_000 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(market.market().standing(forgotten.id()), Standing::Settled);
    stop.now();
    life.await.unwrap().unwrap();
}
