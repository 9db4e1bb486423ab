//! When each task is looked at again, and which waits for the trainer.

use proto::{Seconds, TaskId};
use std::collections::BTreeSet;

/// Who waits further back is not told his place.
const PLACES_TOLD: u32 = 64;

/// Notes, not state: whoever takes one checks whether it still holds. It has at
/// most a few notes for each open task.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    later: BTreeSet<(Seconds, TaskId)>,
    /// By deadline, so that nobody starves.
    trainings: BTreeSet<(Seconds, TaskId)>,
    /// Whether the queue for the trainer changed since it was last told.
    queue_moved: bool,
}

impl Agenda {
    pub(super) fn note(&mut self, id: TaskId, at: Seconds) {
        self.later.insert((at, id));
    }

    /// The task is looked at when the trainer is free, and at its deadline.
    pub(super) fn queue_for_training(&mut self, id: TaskId, deadline: Seconds) {
        self.queue_moved |= self.trainings.insert((deadline, id));
        self.note(id, deadline);
    }

    /// The next task to look at, if one is due.
    pub(super) fn next(&mut self, now: Seconds, trainer_is_free: bool) -> Option<TaskId> {
        if trainer_is_free && let Some((_, id)) = self.trainings.pop_first() {
            self.queue_moved = true;
            return Some(id);
        }
        let (_, id) = self.later.first().copied().filter(|&(at, _)| at <= now)?;
        self.later.pop_first();
        Some(id)
    }

    /// The first places of the queue for the trainer, if it moved since it was last asked.
    pub(super) fn queue_if_moved(&mut self) -> Vec<(u32, TaskId)> {
        if !std::mem::take(&mut self.queue_moved) {
            return Vec::new();
        }
        let places = (0..PLACES_TOLD).zip(&self.trainings);
        places.map(|(place, &(_, id))| (place, id)).collect()
    }

    /// When the first note is due.
    pub(super) fn wake(&self) -> Seconds {
        self.later.first().map_or(Seconds::MAX, |&(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TaskId = TaskId([1; 32]);
    const B: TaskId = TaskId([2; 32]);

    #[test]
    fn a_note_is_due_at_its_time_and_not_before() {
        let mut agenda = Agenda::default();
        agenda.note(A, 10);

        assert_eq!(agenda.next(9, true), None);
        assert_eq!(agenda.wake(), 10);
        assert_eq!(agenda.next(10, true), Some(A));
        assert_eq!(agenda.next(10, true), None);
    }

    #[test]
    fn the_trainer_serves_the_earliest_deadline_first() {
        let mut agenda = Agenda::default();
        agenda.queue_for_training(A, 200);
        agenda.queue_for_training(B, 100);

        assert_eq!(agenda.next(0, false), None);
        assert_eq!(agenda.next(0, true), Some(B));
        assert_eq!(agenda.next(0, true), Some(A));
    }

    #[test]
    fn a_task_in_the_queue_is_looked_at_when_its_deadline_passes() {
        let mut agenda = Agenda::default();
        agenda.queue_for_training(A, 200);

        assert_eq!(agenda.wake(), 200);
        assert_eq!(agenda.next(200, false), Some(A));
    }
}
