//! How each duty is done. No state lives here: a duty reads its order and the world,
//! tries once, and may be killed at any moment.

use crate::ports::World;
use proto::{Digest, Order, TaskId};
use tasks::{Duty, Fact, Failure, News, Standing};

pub(crate) async fn perform(
    world: &World,
    id: TaskId,
    order: &Order,
    duty: Duty,
) -> Result<News, Failure> {
    match duty {
        Duty::Promise => Ok(News::Fact(Fact::Promised)),
        Duty::Accept => world.chain.accept(id).await.map(News::Standing),
        Duty::Stage => stage(world, order).await.map(News::Fact),
        Duty::Train { dataset } => train(world, order, dataset).await.map(News::Fact),
        Duty::Seal { adapter } => {
            let blob = world.enclave.seal(order, adapter).await?;
            world.blobs.store(blob).await?;
            Ok(News::Fact(Fact::Sealed { blob }))
        }
        Duty::Deliver { blob } => world.chain.deliver(id, blob).await.map(News::Standing),
        Duty::Settle { .. } => settle(world, id, order).await.map(News::Standing),
        Duty::Release(reason) => world.chain.release(id, reason).await.map(News::Standing),
        Duty::Nothing => std::future::pending().await,
    }
}

async fn stage(world: &World, order: &Order) -> Result<Fact, Failure> {
    world.blobs.fetch(order.base_model).await?;
    world.blobs.fetch(order.dataset).await?;
    let dataset = world.enclave.open(order, order.dataset).await?;
    let work = world.trainer.count(order, dataset).await?;
    world.enclave.charge(order, work).await?;
    Ok(Fact::Staged { dataset })
}

/// What was staged may be gone again: the disk is the host's. The same root has the same data.
async fn train(world: &World, order: &Order, dataset: Digest) -> Result<Fact, Failure> {
    if !world.enclave.holds(dataset).await? {
        stage(world, order).await?;
    }
    let adapter = world.trainer.train(order, dataset).await?;
    Ok(Fact::Trained { adapter })
}

/// Removes what is kept of tasks that are closed for good.
pub(crate) async fn forget(world: &World, tasks: &[TaskId]) {
    for &task in tasks {
        world.trainer.forget(task).await;
        world.enclave.forget(task).await;
    }
}

/// What was delivered before the disk was put back to an older day is counted again: the
/// same data is the same work.
async fn settle(world: &World, id: TaskId, order: &Order) -> Result<Standing, Failure> {
    if !world.enclave.is_charged(order).await? {
        stage(world, order).await?;
    }
    world.chain.settle(id).await
}
