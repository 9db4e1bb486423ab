//! Which parts of an upload the bucket has: what a kill must not forget.
//!
//! Lines of JSON, appended as parts arrive. One that was cut off in the middle is not
//! believed, nor is what follows it: those parts are sent again.

use crate::error::{StoreError, disk};
use crate::id::Content;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
struct Begun {
    /// The bucket and key: an upload to elsewhere says nothing about this one.
    place: String,
    upload: String,
    part_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Part {
    part: usize,
    tag: String,
}

/// The journal of one upload. Without a folder it remembers as long as it lives.
#[derive(Debug)]
pub(super) struct Journal {
    path: Option<PathBuf>,
    place: String,
    /// The bucket's name of the upload and the size of its parts.
    pub(super) begun: Option<(String, u64)>,
    /// The bucket's tags of the parts it has.
    pub(super) parts: BTreeMap<usize, String>,
}

impl Journal {
    /// Reads what an earlier upload of this content to this place left.
    pub(super) fn open(folder: Option<&Path>, content: Content, place: &str) -> Self {
        let path = folder.map(|folder| folder.join(format!("{}.s3", content.root)));
        let text = path.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let mut journal = Self {
            path,
            place: place.to_owned(),
            begun: None,
            parts: BTreeMap::new(),
        };
        journal.believe(text.unwrap_or_default().lines());
        journal
    }

    fn believe<'a>(&mut self, mut lines: impl Iterator<Item = &'a str>) {
        let first = lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok());
        let Some(Begun {
            place,
            upload,
            part_bytes,
        }) = first
        else {
            return;
        };
        if place != self.place || part_bytes == 0 {
            return;
        }
        self.begun = Some((upload, part_bytes));
        let parts = lines.map_while(|line| serde_json::from_str(line).ok());
        self.parts = parts.map(|Part { part, tag }| (part, tag)).collect();
    }

    pub(super) fn begin(&mut self, upload: String, part_bytes: u64) -> Result<(), StoreError> {
        self.parts.clear();
        self.begun = Some((upload.clone(), part_bytes));
        let Some(path) = &self.path else {
            return Ok(());
        };
        let begun = Begun {
            place: self.place.clone(),
            upload,
            part_bytes,
        };
        fs::write(path, line(&begun)).map_err(disk("write", path))
    }

    pub(super) fn note(&mut self, part: usize, tag: String) -> Result<(), StoreError> {
        self.parts.insert(part, tag.clone());
        let Some(path) = &self.path else {
            return Ok(());
        };
        let written = File::options()
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(line(&Part { part, tag }).as_bytes()));
        written.map_err(disk("write", path))
    }

    /// The upload is over, or the bucket knows nothing of it.
    pub(super) fn forget(&mut self) {
        self.begun = None;
        self.parts.clear();
        if let Some(path) = &self.path {
            // One that stays is found out by the bucket, or collected.
            let _gone = fs::remove_file(path);
        }
    }
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::Root;

    const CONTENT: Content = Content {
        root: Root([7; 32]),
        size: 99,
    };

    #[test]
    fn what_was_noted_is_there_after_a_kill() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(Some(dir.path()), CONTENT, "a");
        journal.begin("id".into(), 5).expect("written");
        journal.note(2, "two".into()).expect("written");
        drop(journal);

        let again = Journal::open(Some(dir.path()), CONTENT, "a");
        let other = Journal::open(Some(dir.path()), CONTENT, "b");

        assert_eq!(again.begun, Some(("id".into(), 5)));
        assert_eq!(again.parts, BTreeMap::from([(2, "two".into())]));
        assert_eq!(other.begun, None);
    }

    #[test]
    fn a_line_that_was_cut_off_is_not_believed() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(Some(dir.path()), CONTENT, "a");
        journal.begin("id".into(), 5).expect("written");
        journal.note(0, "zero".into()).expect("written");
        journal.note(1, "one".into()).expect("written");
        let path = journal.path.expect("a path");
        let text = fs::read_to_string(&path).expect("read");

        for cut in 0..text.len() {
            fs::write(&path, &text[..cut]).expect("cut");
            let journal = Journal::open(Some(dir.path()), CONTENT, "a");
            let known: Vec<_> = journal.parts.values().map(String::as_str).collect();
            assert!(["zero", "one"].starts_with(&known), "{cut}: {known:?}");
            assert!(journal.begun.is_some() || known.is_empty());
        }
    }

    #[test]
    fn what_is_over_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(Some(dir.path()), CONTENT, "a");
        journal.begin("id".into(), 5).expect("written");

        journal.forget();

        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    }
}
