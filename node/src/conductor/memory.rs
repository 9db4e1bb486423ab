//! Every task the journal tells of.

use super::ConductorError;
use crate::journal::{Journal, JournalError, JournalKey};
use proto::TaskId;
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::path::Path;
use tasks::{Event, Illegal, Task};

#[derive(Debug)]
pub struct Memory {
    tasks: BTreeMap<TaskId, Task>,
    open: usize,
    journal: Journal,
}

impl Memory {
    /// Opens the journal at `path` and remembers every task in it.
    pub fn recall(path: &Path, key: &JournalKey) -> Result<Self, ConductorError> {
        Self::fold(|fold| Journal::open(path, key, |task, event| fold.add(task, &event)))
    }

    /// The same, on any kind of disk.
    pub fn recall_on(disk: impl StorageBackend, key: &JournalKey) -> Result<Self, ConductorError> {
        Self::fold(|fold| Journal::open_on(disk, key, |task, event| fold.add(task, &event)))
    }

    fn fold(
        read: impl FnOnce(&mut Fold) -> Result<Journal, JournalError>,
    ) -> Result<Self, ConductorError> {
        let mut fold = Fold {
            tasks: BTreeMap::new(),
            broken: None,
        };
        let journal = read(&mut fold)?;
        if let Some((task, source)) = fold.broken {
            return Err(ConductorError::History {
                task,
                source: Box::new(source),
            });
        }
        let open = fold.tasks.values().filter(|task| !task.is_closed()).count();
        Ok(Self {
            tasks: fold.tasks,
            open,
            journal,
        })
    }

    /// Makes the event durable, then applies it.
    pub(super) fn record(&mut self, id: TaskId, event: &Event) -> Result<&Task, ConductorError> {
        let before = self.tasks.get(&id).cloned();
        let was_open = before.as_ref().is_some_and(|task| !task.is_closed());
        let task = Task::apply(before, event).map_err(|source| ConductorError::History {
            task: id,
            source: Box::new(source),
        })?;
        self.journal.append(&[(id, event)])?;
        self.open -= usize::from(was_open);
        self.open += usize::from(!task.is_closed());
        Ok(self.tasks.entry(id).insert_entry(task).into_mut())
    }

    /// The last `count` rows of the journal, oldest first, each with its number.
    pub fn rows(&self, count: u64) -> Result<Vec<(u64, TaskId, Event)>, JournalError> {
        self.journal.last_rows(count)
    }

    pub fn get(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id)
    }

    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        self.tasks.iter().map(|(&id, task)| (id, task))
    }

    pub fn open(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        self.tasks().filter(|(_, task)| !task.is_closed())
    }

    /// Every task there is, closed ones too.
    pub fn count(&self) -> usize {
        self.tasks.len()
    }

    pub fn open_count(&self) -> usize {
        self.open
    }
}

/// The tasks so far, and the first event that could not follow.
struct Fold {
    tasks: BTreeMap<TaskId, Task>,
    broken: Option<(TaskId, Illegal)>,
}

impl Fold {
    fn add(&mut self, id: TaskId, event: &Event) {
        match Task::apply(self.tasks.remove(&id), event) {
            Ok(task) => drop(self.tasks.insert(id, task)),
            Err(source) => drop(self.broken.get_or_insert((id, source))),
        }
    }
}
