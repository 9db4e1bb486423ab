//! How each duty is done. No state lives here: a duty reads its order and the world,
//! tries once, and may be killed at any moment.

use crate::ports::World;
use proto::{Order, TaskId};
use tasks::{Duty, Fact, Failure, News};

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
        Duty::Train { dataset } => {
            let adapter = world.trainer.train(order, dataset).await?;
            Ok(News::Fact(Fact::Trained { adapter }))
        }
        Duty::Seal { adapter } => {
            let blob = world.enclave.seal(order, adapter).await?;
            world.blobs.store(blob).await?;
            Ok(News::Fact(Fact::Sealed { blob }))
        }
        Duty::Deliver { blob } => world.chain.deliver(id, blob).await.map(News::Standing),
        Duty::Settle { .. } => world.chain.settle(id).await.map(News::Standing),
        Duty::Release(reason) => world.chain.release(id, reason).await.map(News::Standing),
        Duty::Nothing => std::future::pending().await,
    }
}

async fn stage(world: &World, order: &Order) -> Result<Fact, Failure> {
    world.blobs.fetch(order.base_model).await?;
    world.blobs.fetch(order.dataset).await?;
    let dataset = world.enclave.open(order, order.dataset).await?;
    Ok(Fact::Staged { dataset })
}
