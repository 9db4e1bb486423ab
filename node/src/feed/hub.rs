//! All the stories, and the bounds that hold for them together.

use super::note::Note;
use super::ring::Ring;
use super::story::Story;
use proto::task::{TaskEventKind, TaskStatus};
use proto::training::{Progress, Step};
use proto::{Seconds, TaskId};
use std::collections::{BTreeMap, VecDeque};
use tasks::Phase;

/// Numbers of one boot fit below those of a boot a second later; in JavaScript's
/// numbers (2^53) there is room for them until the year 2242.
const NUMBERS_PER_SEC: u64 = 1 << 20;

/// How much is remembered. At a bound the oldest goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Tasks at once; closed ones go first.
    pub tasks: usize,
    /// Events of one task, and as many log lines.
    pub per_task: usize,
    /// Events and lines of all tasks; each takes up to about 400 bytes.
    pub in_all: usize,
}

/// The last step of training that was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    pub task: TaskId,
    pub step: Step,
    pub at: Seconds,
}

/// The phase a task was in before and how long, if it was known here.
#[derive(Clone, Copy, Debug)]
pub(super) struct From {
    pub(super) phase: Option<(Phase, Seconds)>,
}

#[derive(Debug)]
pub(super) struct Hub {
    bounds: Bounds,
    /// Where numbers begin for a task first heard of now.
    base: u64,
    stories: BTreeMap<TaskId, Story>,
    /// In the order they closed.
    closed: VecDeque<TaskId>,
    entries: usize,
    latest: Option<Latest>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            tasks: 1_024,
            per_task: 512,
            in_all: 32_768,
        }
    }
}

impl Hub {
    pub(super) fn new(bounds: Bounds, now: Seconds) -> Self {
        Self {
            bounds,
            base: now.saturating_mul(NUMBERS_PER_SEC),
            stories: BTreeMap::new(),
            closed: VecDeque::new(),
            entries: 0,
            latest: None,
        }
    }

    /// Where the task came from, if this is news.
    pub(super) fn phase(&mut self, task: TaskId, phase: Phase, now: Seconds) -> Option<From> {
        let before = self.stories.get(&task).and_then(Story::phase);
        if before.is_some_and(|(before, _at)| before == phase) {
            return None;
        }
        self.change(task, |story| story.enter(phase, now));
        if matches!(phase, Phase::Closed(_)) {
            self.closed.push_back(task);
        }
        let phase = before.map(|(before, at)| (before, now.saturating_sub(at)));
        Some(From { phase })
    }

    /// The task's latest step of training.
    pub(super) fn step(&self, task: TaskId) -> Option<&Step> {
        self.stories.get(&task)?.step()
    }

    pub(super) fn queued(&mut self, task: TaskId, place: u32, now: Seconds) {
        self.change(task, |story| story.queue(place, now));
    }

    pub(super) fn event(&mut self, task: TaskId, kind: TaskEventKind, now: Seconds) {
        if let TaskEventKind::Progress(Progress::Step(step)) = &kind {
            let (step, at) = (step.clone(), now);
            self.latest = Some(Latest { task, step, at });
        }
        self.change(task, |story| story.report(kind, now));
    }

    pub(super) fn note(&mut self, task: TaskId, note: Note, now: Seconds) {
        self.change(task, |story| story.note(note, now));
    }

    pub(super) fn explain(&mut self, task: TaskId, detail: &Note) {
        self.change(task, |story| story.explain(detail));
    }

    pub(super) fn story(&self, task: TaskId) -> Option<&Story> {
        self.stories.get(&task)
    }

    pub(super) fn status(&self, task: TaskId) -> Option<TaskStatus> {
        self.stories.get(&task)?.status(task)
    }

    pub(super) fn latest(&self) -> Option<Latest> {
        self.latest.clone()
    }

    /// Changes one story and then keeps the bounds.
    fn change(&mut self, task: TaskId, change: impl FnOnce(&mut Story)) {
        self.make_room_for(task);
        let story = self
            .stories
            .entry(task)
            .or_insert_with(|| Story::after(self.base));
        let before = story.entries();
        change(story);
        trim(&mut story.events, self.bounds.per_task);
        trim(&mut story.lines, self.bounds.per_task);
        self.entries = self.entries - before + story.entries();
        while self.entries > self.bounds.in_all && self.shed(task) {}
    }

    /// A new task takes the place of the one that closed first, or else of any other.
    fn make_room_for(&mut self, task: TaskId) {
        if self.stories.contains_key(&task) || self.stories.len() < self.bounds.tasks {
            return;
        }
        let leaves = self.closed.front().or_else(|| self.stories.keys().next());
        if let Some(leaves) = leaves.copied() {
            self.forget(leaves);
        }
    }

    /// A closed task is forgotten, or the one that grew loses its oldest entry: who says
    /// more than there is room for pays for it alone.
    fn shed(&mut self, grown: TaskId) -> bool {
        if let Some(&closed) = self.closed.front().filter(|&&closed| closed != grown) {
            self.forget(closed);
            return true;
        }
        let Some(story) = self.stories.get_mut(&grown) else {
            return false;
        };
        let shed = story.events.shed() || story.lines.shed();
        self.entries -= usize::from(shed);
        shed
    }

    /// Its watchers see their stream end.
    fn forget(&mut self, task: TaskId) {
        self.closed.retain(|&closed| closed != task);
        if let Some(story) = self.stories.remove(&task) {
            self.entries -= story.entries();
        }
    }
}

fn trim<T>(ring: &mut Ring<T>, most: usize) {
    while ring.len() > most && ring.shed() {}
}
