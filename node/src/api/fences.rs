//! The highest fencing number seen from each broker.

use crate::files;
use proto::{Digest, Fence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};

/// Shared by the service and the sessions. Kept on disk, so that a session that was
/// taken over stays so when the node restarts.
#[derive(Clone, Debug)]
pub struct Fences(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seen: Mutex<Seen>,
    path: Option<PathBuf>,
}

/// By the broker's key. Only brokers of the configuration come here: that is the bound.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Seen(BTreeMap<String, Fence>);

#[derive(Debug, thiserror::Error)]
pub enum FencesError {
    #[error("a later session has taken over")]
    Stale,
    #[error("cannot read the fencing numbers {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} holds no fencing numbers")]
    Garbled {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("cannot keep the fencing number")]
    Write(#[source] io::Error),
}

impl Fences {
    /// Remembers for as long as it lives.
    pub fn in_memory() -> Self {
        Self::with(Seen::default(), None)
    }

    pub fn open(path: PathBuf) -> Result<Self, FencesError> {
        let seen = read(&path)?;
        Ok(Self::with(seen, Some(path)))
    }

    fn with(seen: Seen, path: Option<PathBuf>) -> Self {
        let seen = Mutex::new(seen);
        Self(Arc::new(Inner { seen, path }))
    }

    /// Takes a number of this broker; refuses one lower than it has shown before.
    pub fn admit(&self, broker: Digest, fence: Fence) -> Result<(), FencesError> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.0.get(&broker.to_string()).copied();
        if before.is_some_and(|before| fence < before) {
            return Err(FencesError::Stale);
        }
        if before == Some(fence) {
            return Ok(());
        }
        let mut later = seen.clone();
        later.0.insert(broker.to_string(), fence);
        self.keep(&later).map_err(FencesError::Write)?;
        *seen = later;
        Ok(())
    }

    /// The highest number seen from this broker; 0 if none.
    pub fn seen(&self, broker: Digest) -> Fence {
        let seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0.get(&broker.to_string()).copied().unwrap_or_default()
    }

    fn keep(&self, seen: &Seen) -> io::Result<()> {
        let Some(path) = &self.0.path else {
            return Ok(());
        };
        let json = serde_json::to_vec(seen).expect("text and numbers are JSON");
        files::write_whole(path, &json)
    }
}

fn read(path: &Path) -> Result<Seen, FencesError> {
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Seen::default()),
        Err(source) => {
            let path = path.into();
            return Err(FencesError::Read { path, source });
        }
    };
    serde_json::from_slice(&json).map_err(|source| FencesError::Garbled {
        path: path.into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKER: Digest = Digest([1; 32]);

    #[test]
    fn a_lower_number_is_refused_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fences.json");
        let first = Fences::open(path.clone()).unwrap();
        first.admit(BROKER, Fence(7)).unwrap();

        let second = Fences::open(path).unwrap();

        assert!(matches!(
            second.admit(BROKER, Fence(6)),
            Err(FencesError::Stale)
        ));
        assert!(second.admit(BROKER, Fence(7)).is_ok());
        assert!(second.admit(BROKER, Fence(9)).is_ok());
        assert_eq!(second.seen(BROKER), Fence(9));
    }

    #[test]
    fn brokers_have_numbers_of_their_own() {
        let fences = Fences::in_memory();
        fences.admit(BROKER, Fence(7)).unwrap();

        assert!(fences.admit(Digest([2; 32]), Fence(1)).is_ok());
    }
}
