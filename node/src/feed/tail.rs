//! A reader's place in a task's news.

use super::Feed;
use super::story::Story;
use proto::TaskId;
use proto::limits::LOG_LINES_MAX;
use proto::task::{LogLine, TaskEvent};
use tokio::sync::watch;

/// Items of one batch.
const BATCH_MAX: usize = LOG_LINES_MAX;

/// Reads one task's events or lines in order. It holds no news itself.
#[derive(Debug)]
pub struct Tail<T> {
    feed: Feed,
    task: TaskId,
    place: u64,
    follow: bool,
    changed: watch::Receiver<()>,
    read: fn(&Story, TaskId, u64) -> Batch<T>,
}

/// What is there, and the number it reaches to.
#[derive(Debug)]
struct Batch<T> {
    items: Vec<T>,
    reaches: u64,
    is_the_end: bool,
}

impl Tail<TaskEvent> {
    pub(super) fn events(feed: &Feed, task: TaskId, after: u64) -> Option<Self> {
        Self::open(feed, task, after, true, |story, task, after| {
            let events = story.events.since(after).take(BATCH_MAX);
            let items = events.map(|(number, dated)| dated.event(task, number));
            Batch::of(items.collect(), after, |last| last.sequence, story)
        })
    }
}

impl Tail<LogLine> {
    pub(super) fn lines(feed: &Feed, task: TaskId, after: u64, follow: bool) -> Option<Self> {
        Self::open(feed, task, after, follow, |story, _task, after| {
            let lines = story.lines.since(after).take(BATCH_MAX);
            let items = lines.map(|(number, dated)| {
                let at_ms = dated.at.saturating_mul(1_000);
                dated.what.line(number, at_ms)
            });
            Batch::of(items.collect(), after, |last| last.sequence, story)
        })
    }
}

impl<T> Tail<T> {
    fn open(
        feed: &Feed,
        task: TaskId,
        place: u64,
        follow: bool,
        read: fn(&Story, TaskId, u64) -> Batch<T>,
    ) -> Option<Self> {
        let changed = feed.hub().story(task)?.changed.subscribe();
        Some(Self {
            feed: feed.clone(),
            task,
            place,
            follow,
            changed,
            read,
        })
    }

    /// The next items, oldest first; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Vec<T>> {
        loop {
            self.changed.mark_unchanged();
            let batch = self.read()?;
            self.place = batch.reaches;
            if !batch.items.is_empty() {
                return Some(batch.items);
            }
            if batch.is_the_end || !self.follow || self.changed.changed().await.is_err() {
                return None;
            }
        }
    }

    fn read(&self) -> Option<Batch<T>> {
        let hub = self.feed.hub();
        Some((self.read)(hub.story(self.task)?, self.task, self.place))
    }
}

impl<T> Batch<T> {
    fn of(items: Vec<T>, after: u64, number: impl Fn(&T) -> u64, story: &Story) -> Self {
        let reaches = items.last().map_or(after, number);
        let is_the_end = items.is_empty() && story.is_closed();
        Self {
            items,
            reaches,
            is_the_end,
        }
    }
}
