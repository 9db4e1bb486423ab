//! Events of the tasks that a broker dealt out, as they come.

use super::talk::Line;
use crate::feed::Tail;
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::TaskId;
use proto::broker::NodeMessage;
use proto::task::TaskEvent;
use tokio::sync::mpsc;
use tokio_stream::StreamMap;

type Events = BoxStream<'static, TaskEvent>;

/// Ends when nobody hears it.
pub(super) async fn tell(line: &Line, mut named: mpsc::Receiver<TaskId>) {
    let mut news = StreamMap::new();
    for task in line.broker.dealt.of(line.broker.id()) {
        line.follow(&mut news, task).await;
    }
    loop {
        tokio::select! {
            task = named.recv() => match task {
                Some(task) => line.follow(&mut news, task).await,
                None => return,
            },
            Some((_task, event)) = news.next() => {
                if line.voice.say(NodeMessage::Event(event)).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Line {
    /// From its first event that is remembered: a broker knows by the numbers what is new to it.
    /// A task leaves by itself when it is closed and all of it was told.
    async fn follow(&self, news: &mut StreamMap<TaskId, Events>, task: TaskId) {
        let clerk = &self.broker.clerk;
        // One that is no longer known has no news.
        if news.contains_key(&task) || clerk.status(task).await.is_err() {
            return;
        }
        if let Some(tail) = clerk.feed.events(task, 0) {
            news.insert(task, events(tail));
        }
    }
}

fn events(tail: Tail<TaskEvent>) -> Events {
    let batches = stream::unfold(tail, |mut tail| async move {
        let batch = tail.next().await?;
        Some((stream::iter(batch), tail))
    });
    batches.flatten().boxed()
}
