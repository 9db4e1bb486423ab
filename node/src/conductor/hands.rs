//! The duties under way: at most one for each task, at most one that trains.

use crate::duties::{forget, perform};
use crate::ports::World;
use proto::TaskId;
use std::collections::BTreeMap;
use tasks::{Duty, Failure, News, Task};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
pub(super) struct Hands {
    room: usize,
    runtime: Handle,
    held: BTreeMap<TaskId, Held>,
    trainings: usize,
    duties: JoinSet<Report>,
    /// Nobody waits for these: what a stop ends, the next start does.
    chores: JoinSet<()>,
}

#[derive(Debug)]
struct Held {
    duty: Duty,
    enough: CancellationToken,
}

/// What a duty came to; `None` if it was put away.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) id: TaskId,
    pub(super) duty: Duty,
    pub(super) result: Option<Result<News, Failure>>,
}

impl Hands {
    pub(super) fn new(room: usize, runtime: Handle) -> Self {
        Self {
            room,
            runtime,
            held: BTreeMap::new(),
            trainings: 0,
            duties: JoinSet::new(),
            chores: JoinSet::new(),
        }
    }

    pub(super) fn have_room(&self) -> bool {
        self.held.len() < self.room
    }

    pub(super) fn hold(&self, id: TaskId) -> bool {
        self.held.contains_key(&id)
    }

    pub(super) fn trainer_is_free(&self) -> bool {
        self.trainings == 0
    }

    /// The task in training.
    pub(super) fn training(&self) -> Option<TaskId> {
        let trains = |held: &Held| held.duty.needs_the_trainer();
        let mut held = self.held.iter();
        held.find(|(_, held)| trains(held)).map(|(&id, _)| id)
    }

    pub(super) fn begin(&mut self, world: &World, id: TaskId, task: &Task) {
        let (duty, enough) = (task.duty(), CancellationToken::new());
        self.trainings += usize::from(duty.needs_the_trainer());
        self.held.insert(
            id,
            Held {
                duty,
                enough: enough.clone(),
            },
        );
        let (world, order) = (world.clone(), task.order().clone());
        let work = async move {
            let result = enough
                .run_until_cancelled(perform(&world, id, &order, duty))
                .await;
            Report { id, duty, result }
        };
        self.duties.spawn_on(work, &self.runtime);
    }

    /// Forgets tasks that are closed, beside everything else.
    pub(super) fn clear_up(&mut self, world: &World, closed: Vec<TaskId>) {
        while self.chores.try_join_next().is_some() {}
        let world = world.clone();
        let chore = async move { forget(&world, &closed).await };
        self.chores.spawn_on(chore, &self.runtime);
    }

    /// The next duty that ended; `None` when none is under way.
    pub(super) async fn report(&mut self) -> Option<Result<Report, JoinError>> {
        self.duties.join_next().await
    }

    pub(super) fn put_down(&mut self, id: TaskId) {
        if let Some(held) = self.held.remove(&id) {
            self.trainings -= usize::from(held.duty.needs_the_trainer());
        }
    }

    /// Ends the task's duty unless it is this one. The hand stays taken until the
    /// duty has reported, so that a second training never begins beside the first.
    pub(super) fn put_away_unless(&self, id: TaskId, duty: Duty) {
        if let Some(held) = self.held.get(&id).filter(|held| held.duty != duty) {
            held.enough.cancel();
        }
    }
}
