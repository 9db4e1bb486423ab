//! A task's events, from where the watcher stopped until the task ends.

use super::{Desk, refused, unavailable};
use crate::books::Books;
use crate::feed::Watcher;
use crate::stop::Stop;
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::node::WatchRequest;
use proto::task::{TaskEvent, TaskEventKind};
use proto::{Action, CallError, TaskId};
use std::collections::VecDeque;
use tonic::Status;

/// Read from the books at once.
const PAGE: u32 = 64;

struct Tail {
    books: Books,
    watcher: Watcher,
    stop: Stop,
    task: TaskId,
    after: u64,
    read: VecDeque<TaskEvent>,
    ended: bool,
}

impl Desk {
    pub async fn watch(
        &self,
        asked: WatchRequest,
    ) -> Result<BoxStream<'static, Result<TaskEvent, Status>>, Status> {
        let permit = asked.permit.as_ref();
        let kept = self.permitted(asked.task, permit, Action::Read).await?;
        let tail = Tail {
            watcher: self.books.feed.watch(asked.task),
            books: self.books.clone(),
            stop: self.stop.clone(),
            task: asked.task,
            after: asked.after_sequence,
            read: VecDeque::new(),
            ended: kept.job.is_ended() && asked.after_sequence >= kept.news.status.sequence,
        };
        Ok(stream::try_unfold(tail, Tail::next).boxed())
    }
}

impl Tail {
    async fn next(mut self) -> Result<Option<(TaskEvent, Self)>, Status> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.after = event.sequence;
                self.ended = is_end(&event);
                return Ok(Some((event, self)));
            }
            if self.ended {
                return Ok(None);
            }
            let store = &self.books.store;
            let read = store.events(self.task, self.after, PAGE).await;
            self.read = read.map_err(unavailable)?.into();
            if self.read.is_empty() {
                tokio::select! {
                    () = self.stop.draining() => return Err(refused(CallError::NotReady)),
                    () = self.watcher.changed() => {}
                }
            }
        }
    }
}

fn is_end(event: &TaskEvent) -> bool {
    match &event.kind {
        TaskEventKind::Phase(phase) => phase.is_closed(),
        TaskEventKind::Progress(_) | TaskEventKind::Queued(_) => false,
    }
}
