//! The parent's side of the socket: the fake world answers, and customers live in it.

use crate::Outcome;
use crate::wire::{Question, Reply, hear, say};
use node::fakes::FakeWorld;
use proto::Order;
use rand::RngExt;
use serde::Serialize;
use std::io;
use std::time::Duration;
use tasks::Failure;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

/// Answers every connection until dropped. A caller that was killed takes its
/// unfinished work with it.
pub(crate) async fn serve(listener: UnixListener, fake: FakeWorld) -> Outcome {
    let mut callers = JoinSet::new();
    loop {
        tokio::select! {
            caller = listener.accept() => {
                callers.spawn(answer(caller?.0, fake.clone()));
            }
            // A caller that was killed in the middle of a word is no news.
            Some(_ended) = callers.join_next() => {}
        }
    }
}

async fn answer(mut caller: UnixStream, fake: FakeWorld) -> io::Result<()> {
    let question = hear(&mut caller).await?;
    let reply = tokio::select! {
        reply = consult(&fake, question) => reply,
        () = gone(&caller) => return Ok(()),
    };
    say(&mut caller, &reply).await
}

/// Ends when the other process has.
async fn gone(caller: &UnixStream) {
    let mut nothing = [0];
    while caller.readable().await.is_ok() {
        match caller.try_read(&mut nothing) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

async fn consult(fake: &FakeWorld, question: Question) -> Reply {
    let world = fake.world();
    match question {
        Question::Orders => json(world.chain.orders().await),
        Question::Accept(task) => json(world.chain.accept(task).await),
        Question::Deliver(task, blob) => json(world.chain.deliver(task, blob).await),
        Question::Settle(task) => json(world.chain.settle(task).await),
        Question::Release(task, reason) => json(world.chain.release(task, reason).await),
        Question::Fetch(root) => json(world.blobs.fetch(root).await),
        Question::Store(root) => json(world.blobs.store(root).await),
        Question::Open(order, root) => json(world.enclave.open(&order, root).await),
        Question::Seal(order, adapter) => json(world.enclave.seal(&order, adapter).await),
        Question::Count(order, dataset) => json(world.trainer.count(&order, dataset).await),
        Question::Charge(order, work) => json(world.enclave.charge(&order, work).await),
        Question::IsCharged(order) => json(world.enclave.is_charged(&order).await),
        Question::Train(order, dataset) => json(world.trainer.train(&order, dataset).await),
    }
}

fn json(answer: Result<impl Serialize, Failure>) -> Reply {
    let value = serde_json::to_value(answer?);
    Ok(value.expect("what the world answers has a JSON form"))
}

/// Customers acknowledge what they got; now and then one changes her mind.
pub(crate) async fn customers(fake: FakeWorld, orders: Vec<Order>) -> Outcome {
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (whim, roll) = {
            let mut rng = fake.rng();
            (
                rng.random_range(0..orders.len()),
                rng.random_range(0..1_000),
            )
        };
        let id = orders[whim].id();
        match roll {
            0..8 => fake.market().withdraw(id),
            8..700 => fake.market().acknowledge(id),
            _ => {}
        }
    }
}
