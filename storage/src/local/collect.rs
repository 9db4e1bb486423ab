//! Garbage collection by reference and retention.

use super::{LocalFolder, put};
use crate::error::{StoreError, disk};
use crate::id::Content;
use proto::Root;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What a collection removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub removed: Vec<Content>,
    pub freed_bytes: u64,
}

impl LocalFolder {
    /// Says which roots `owner` needs, in place of those it said before.
    /// None at all releases the owner.
    pub fn keep(&self, owner: &str, roots: &BTreeSet<Root>) -> Result<(), StoreError> {
        let path = self.keep_path(owner)?;
        if roots.is_empty() {
            return forget(&path);
        }
        let lines: Vec<String> = roots.iter().map(Root::to_string).collect();
        put::place_bytes(self, &path, (lines.join("\n") + "\n").as_bytes())
    }

    /// Every root that some owner needs.
    pub fn kept(&self) -> Result<BTreeSet<Root>, StoreError> {
        let mut kept = BTreeSet::new();
        for path in files(&self.dir().join("keep"))? {
            let text = fs::read_to_string(&path).map_err(disk("read", &path))?;
            for line in text.lines() {
                kept.insert(line.parse().map_err(|_bad| StoreError::Malformed {
                    place: path.display().to_string(),
                    what: "a line is not a root; nothing is collected until it is mended".into(),
                })?);
            }
        }
        Ok(kept)
    }

    /// Removes content that nobody keeps and that was not put for `retention`, and
    /// what was left unfinished for as long.
    pub fn collect(&self, now: SystemTime, retention: Duration) -> Result<Collected, StoreError> {
        let kept = self.kept()?;
        let mut collected = Collected::default();
        for content in self.list()? {
            let path = self.path(content.root);
            if !kept.contains(&content.root) && old(&path, now, retention) {
                forget(&path)?;
                forget(&self.outline_path(content.root))?;
                collected.freed_bytes += content.size;
                collected.removed.push(content);
            }
        }
        for path in files(&self.tmp())?
            .into_iter()
            .filter(|path| old(path, now, retention))
        {
            forget(&path)?;
        }
        Ok(collected)
    }

    fn keep_path(&self, owner: &str) -> Result<PathBuf, StoreError> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if owner.is_empty()
            || owner.len() > 128
            || owner.starts_with('.')
            || !owner.bytes().all(fine)
        {
            return Err(StoreError::Malformed {
                place: "the owner's name".into(),
                what: "letters, digits, dash, dot and underscore, at most 128, no dot in front"
                    .into(),
            });
        }
        Ok(self.dir().join("keep").join(owner))
    }
}

/// Unknown or future times count as young: when in doubt, content stays.
fn old(path: &Path, now: SystemTime, retention: Duration) -> bool {
    let age = fs::metadata(path)
        .and_then(|found| found.modified())
        .ok()
        .and_then(|modified| now.duration_since(modified).ok());
    age.is_some_and(|age| age >= retention)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = fs::read_dir(dir).map_err(disk("list", dir))?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(disk("list", dir)))
        .collect()
}

fn forget(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
