//! Which tasks came from which broker.

use crate::files;
use proto::{Digest, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};
use tracing::warn;

/// Tasks remembered of one broker between two sessions. At the bound any other one is forgotten,
/// and the broker hears of it from its customer alone.
const TASKS_MAX: usize = 4_096;

/// Shared by the sessions, and on disk: a broker is told how its tasks went on after a restart of
/// the node too.
#[derive(Clone, Debug)]
pub struct Dealt(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tasks: Mutex<Tasks>,
    path: PathBuf,
}

/// By the broker. Only brokers of the configuration come here: that is the bound.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Tasks(BTreeMap<String, BTreeSet<TaskId>>);

#[derive(Debug, thiserror::Error)]
pub enum DealtError {
    #[error("cannot read which broker's the tasks are, {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} does not say which broker's the tasks are; brokers ask again without it")]
    Garbled {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("cannot keep whose task it is")]
    Write(#[source] io::Error),
}

impl Dealt {
    pub fn open(path: PathBuf) -> Result<Self, DealtError> {
        let tasks = Mutex::new(read(&path)?);
        Ok(Self(Arc::new(Inner { tasks, path })))
    }

    /// This task is this broker's from now on.
    pub(super) fn note(&self, broker: Digest, task: TaskId) -> Result<(), DealtError> {
        let mut tasks = self.tasks();
        let mut later = tasks.clone();
        let of = later.0.entry(broker.to_string()).or_default();
        if !of.insert(task) {
            return Ok(());
        }
        if of.len() > TASKS_MAX {
            let other = of.iter().copied().find(|&other| other != task);
            of.retain(|&one| Some(one) != other);
        }
        self.write(&later).map_err(DealtError::Write)?;
        *tasks = later;
        Ok(())
    }

    pub(super) fn has(&self, broker: Digest, task: TaskId) -> bool {
        let tasks = self.tasks();
        let of = tasks.0.get(&broker.to_string());
        of.is_some_and(|of| of.contains(&task))
    }

    pub(super) fn of(&self, broker: Digest) -> Vec<TaskId> {
        let tasks = self.tasks();
        let of = tasks.0.get(&broker.to_string());
        of.into_iter().flatten().copied().collect()
    }

    /// The others are forgotten; a disk that does not do as told is asked again the next time.
    pub(super) fn keep_only(&self, broker: Digest, these: BTreeSet<TaskId>) {
        let mut tasks = self.tasks();
        if tasks
            .0
            .get(&broker.to_string())
            .is_none_or(|of| *of == these)
        {
            return;
        }
        tasks.0.insert(broker.to_string(), these);
        if let Err(error) = self.write(&tasks) {
            warn!(code = "N-BROKER-007", %error, "whose tasks are whose is not on disk");
        }
    }

    fn write(&self, tasks: &Tasks) -> io::Result<()> {
        let json = serde_json::to_vec(tasks).expect("text and digits are JSON");
        files::write_whole(&self.0.path, &json)
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Tasks, DealtError> {
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tasks::default()),
        Err(source) => {
            let path = path.into();
            return Err(DealtError::Read { path, source });
        }
    };
    serde_json::from_slice(&json).map_err(|source| DealtError::Garbled {
        path: path.into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKER: Digest = Digest([1; 32]);
    const OTHER: Digest = Digest([2; 32]);
    const TASK: TaskId = TaskId([3; 32]);

    #[test]
    fn whose_a_task_is_survives_a_restart_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dealt.json");
        Dealt::open(path.clone())
            .unwrap()
            .note(BROKER, TASK)
            .unwrap();

        let again = Dealt::open(path.clone()).unwrap();

        assert!(again.has(BROKER, TASK));
        assert!(!again.has(OTHER, TASK));
        again.keep_only(BROKER, BTreeSet::new());
        assert!(!Dealt::open(path).unwrap().has(BROKER, TASK));
    }

    #[test]
    fn at_the_bound_another_task_goes_and_not_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let dealt = Dealt::open(folder.path().join("dealt.json")).unwrap();
        let many = (0..TASKS_MAX).map(|number| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
            TaskId(id)
        });
        dealt.tasks().0.insert(BROKER.to_string(), many.collect());

        dealt.note(BROKER, TASK).unwrap();

        assert!(dealt.has(BROKER, TASK));
        assert_eq!(dealt.of(BROKER).len(), TASKS_MAX);
    }
}
