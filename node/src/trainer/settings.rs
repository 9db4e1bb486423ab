//! How this machine trains.

use crate::sandbox::Strictness;
use std::path::PathBuf;
use std::time::Duration;

/// Whether a work folder on a plain disk will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainDisk {
    /// The folder is in memory, and memory is not swapped to a disk.
    Refuse,
    /// For development: plaintext may reach the disk.
    Allow,
}

#[derive(Clone, Debug)]
pub struct Settings {
    /// Our own program, which becomes the trainer behind its walls.
    pub launcher: PathBuf,
    /// `sealtune-trainer`.
    pub program: PathBuf,
    /// Where work folders are made; in memory.
    pub scratch: PathBuf,
    pub plain_disk: PlainDisk,
    /// Where the running child is written down, across restarts.
    pub records: PathBuf,
    pub strictness: Strictness,
    /// `cpu`, or a device the trainer knows.
    pub device: String,
    /// As many as there are processors, if not said.
    pub threads: Option<u64>,
    /// The most a training may need.
    pub memory_bytes: u64,
    /// Without any sign of progress for this long a child is killed.
    pub silence_max: Duration,
    /// The longest time between checkpoints, whatever the recipe says.
    pub checkpoint_every: Duration,
    /// How many are kept of a task; at least one.
    pub checkpoints_kept: usize,
    /// How long a first stop waits: a training that ends sooner is let to its end.
    pub grace: Duration,
}
