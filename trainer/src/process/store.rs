//! Where checkpoints go: a folder, a pipe, or nowhere.

use super::events::{Event, Events};
use super::plan::Plan;
use crate::checkpoint::{CheckpointError, Folder, Frames, Snapshot, read_snapshot};
use std::fs::File;
use std::io::BufReader;

/// Takes checkpoints and gives the newest back.
#[derive(Debug)]
pub enum Store {
    Folder(Folder),
    Pipe(Frames),
    Nowhere,
}

impl Store {
    pub fn open(plan: &Plan) -> Result<Self, CheckpointError> {
        match (&plan.checkpoint_pipe, &plan.checkpoint_dir) {
            (Some(pipe), _) => Ok(Self::Pipe(Frames::open(pipe)?)),
            (None, Some(dir)) => Ok(Self::Folder(Folder::open(
                dir,
                plan.recipe.save_total_limit,
            )?)),
            (None, None) => Ok(Self::Nowhere),
        }
    }

    pub fn save(
        &mut self,
        snapshot: &Snapshot,
        events: &mut Events,
    ) -> Result<(), CheckpointError> {
        let (step, chain) = (snapshot.progress.step, snapshot.progress.chain.0);
        let file = match self {
            Self::Folder(folder) => folder.save(snapshot)?.display().to_string(),
            Self::Pipe(frames) => {
                frames.save(snapshot)?;
                "pipe".to_owned()
            }
            Self::Nowhere => return Ok(()),
        };
        let file = file.as_str();
        events.say(&Event::Checkpoint { step, file, chain });
        Ok(())
    }

    /// What the run goes on from, if anything.
    pub fn newest(
        &self,
        plan: &Plan,
        events: &mut Events,
    ) -> Result<Option<Snapshot>, CheckpointError> {
        if let Some(path) = &plan.checkpoint_from {
            let file = File::open(path).map_err(|source| CheckpointError::Read {
                path: path.clone(),
                source,
            })?;
            return read_snapshot(&mut BufReader::new(file)).map(Some);
        }
        match self {
            Self::Folder(folder) if plan.resume => {
                let newest = folder.newest()?;
                for path in &newest.corrupt {
                    let file = &path.display().to_string();
                    events.say(&Event::CheckpointSkipped { file });
                }
                Ok(newest.snapshot)
            }
            Self::Folder(_) | Self::Pipe(_) | Self::Nowhere => Ok(None),
        }
    }
}
