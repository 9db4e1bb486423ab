//! Who waits for news of a task, and how they are woken.

use proto::TaskId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// Wakes those who watch a task, here or because another broker said so. It carries no news:
/// who is woken looks into the books.
#[derive(Clone, Debug, Default)]
pub struct Feed(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Only tasks that somebody watches are here.
    watched: Mutex<BTreeMap<TaskId, watch::Sender<()>>>,
    submitted: Notify,
}

/// One who watches a task.
#[derive(Debug)]
pub struct Watcher {
    feed: Feed,
    task: TaskId,
    changes: Option<watch::Receiver<()>>,
}

impl Feed {
    pub fn watch(&self, task: TaskId) -> Watcher {
        let mut watched = self.watched();
        let sender = watched.entry(task).or_insert_with(|| watch::channel(()).0);
        Watcher {
            changes: Some(sender.subscribe()),
            feed: self.clone(),
            task,
        }
    }

    pub fn wake(&self, task: TaskId) {
        if let Some(sender) = self.watched().get(&task) {
            sender.send_replace(());
        }
    }

    /// Something may have been missed.
    pub fn wake_all(&self) {
        for sender in self.watched().values() {
            sender.send_replace(());
        }
    }

    /// An order waits for a node, or a node for orders.
    pub fn stir(&self) {
        self.0.submitted.notify_one();
    }

    pub async fn stirred(&self) {
        self.0.submitted.notified().await;
    }

    fn watched(&self) -> MutexGuard<'_, BTreeMap<TaskId, watch::Sender<()>>> {
        let locked = self.0.watched.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Until the task changes; at once, if it did since the last time.
    pub async fn changed(&mut self) {
        let changed = match &mut self.changes {
            Some(changes) => changes.changed().await.is_ok(),
            None => false,
        };
        // The feed has gone, and nothing more will come of it.
        if !changed {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.changes = None;
        let mut watched = self.feed.watched();
        let alone = watched.get(&self.task);
        if alone.is_some_and(|sender| sender.receiver_count() == 0) {
            watched.remove(&self.task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_before_the_first_look_is_not_missed() {
        let feed = Feed::default();
        let mut watcher = feed.watch(TaskId([1; 32]));
        feed.wake(TaskId([1; 32]));

        watcher.changed().await;
    }

    #[test]
    fn who_stops_watching_takes_no_room() {
        let feed = Feed::default();
        let watcher = feed.watch(TaskId([1; 32]));
        drop(feed.watch(TaskId([1; 32])));
        assert_eq!(feed.watched().len(), 1);

        drop(watcher);

        assert!(feed.watched().is_empty());
    }
}
