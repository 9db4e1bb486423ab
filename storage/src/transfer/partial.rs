//! Content that is not whole yet: the bytes so far, and which segments they are.
//!
//! Beside the bytes stands a journal: the size, then for each segment its root
//! or zeros. A segment's root is written after its bytes. When a partial is
//! opened again every journalled segment is hashed once more, so that neither a
//! kill nor a power cut between the two writes is believed.

use crate::error::{StoreError, disk};
use crate::id::{CONTENT_BYTES_MAX, Content, Hash, Outline, SEGMENT_BYTES, Shape, segment_root};
use crate::local::{LocalFolder, put};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A partial that several segments on their way write to.
pub(super) type Shared = Arc<Mutex<Partial>>;

pub(super) fn lock(partial: &Shared) -> MutexGuard<'_, Partial> {
    partial.lock().unwrap_or_else(PoisonError::into_inner)
}

const HEAD_BYTES: u64 = 8;
const MISSING: Hash = [0; 32];

/// A file that grows by checked segments, in any order.
#[derive(Debug)]
pub struct Partial {
    content: Content,
    shape: Shape,
    path: PathBuf,
    data: File,
    journal: File,
    roots: Vec<Hash>,
}

impl Partial {
    /// Opens what an earlier transfer of this content left at `path`, or begins.
    pub fn open(path: &Path, content: Content) -> Result<Self, StoreError> {
        if content.size > CONTENT_BYTES_MAX {
            return Err(StoreError::TooLarge(content.size));
        }
        let shape = Shape::of(content.size).ok_or(StoreError::Missing(content.root))?;
        let journal_path = journal_path(path);
        let data = open(path)?;
        let journal = open(&journal_path)?;
        let segments = usize::try_from(shape.segments())
            .map_err(|_large| StoreError::TooLarge(content.size))?;
        let mut partial = Self {
            content,
            shape,
            path: path.to_owned(),
            data,
            journal,
            roots: vec![MISSING; segments],
        };
        if partial.read_journal() {
            partial.believe_only_bytes();
        } else {
            partial.begin()?;
        }
        Ok(partial)
    }

    pub const fn content(&self) -> Content {
        self.content
    }

    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The segments still to come, in order.
    pub fn missing(&self) -> Vec<u64> {
        (0..)
            .zip(&self.roots)
            .filter(|(_, root)| **root == MISSING)
            .map(|(index, _)| index)
            .collect()
    }

    pub fn has(&self, index: u64) -> bool {
        let root = usize::try_from(index)
            .ok()
            .and_then(|index| self.roots.get(index));
        root.is_some_and(|root| *root != MISSING)
    }

    /// Segments that are here.
    pub fn segments_here(&self) -> u64 {
        self.shape.segments() - u64::try_from(self.missing().len()).unwrap_or(0)
    }

    /// Bytes that are here.
    pub fn bytes_here(&self) -> u64 {
        let lens = (0..self.shape.segments()).filter(|index| self.has(*index));
        lens.map(|index| u64::try_from(self.shape.segment_len(index)).unwrap_or(0))
            .sum()
    }

    pub fn is_whole(&self) -> bool {
        !self.roots.contains(&MISSING)
    }

    /// Writes a segment whose root the caller has found and, where it could, checked.
    pub fn write(&mut self, index: u64, data: &[u8], root: Hash) -> Result<(), StoreError> {
        let Some(slot) = usize::try_from(index)
            .ok()
            .filter(|slot| *slot < self.roots.len())
        else {
            return Err(StoreError::Missing(self.content.root));
        };
        self.data
            .write_all_at(data, index * SEGMENT_BYTES)
            .map_err(disk("write", &self.path))?;
        let at = HEAD_BYTES + 32 * index;
        self.journal
            .write_all_at(&root, at)
            .map_err(disk("write the journal of", &self.path))?;
        self.roots[slot] = root;
        Ok(())
    }

    /// Forgets every segment: the bytes were another content's.
    pub fn reset(&mut self) -> Result<(), StoreError> {
        self.roots.fill(MISSING);
        self.begin()
    }

    /// The outline, when all segments are here and make the root.
    pub fn outline(&self) -> Result<Outline, StoreError> {
        let missing = || StoreError::Missing(self.content.root);
        if !self.is_whole() {
            return Err(missing());
        }
        let outline = Outline::of_roots(self.shape, self.roots.clone()).ok_or_else(missing)?;
        match outline.root() {
            found if found == self.content.root => Ok(outline),
            found => Err(StoreError::WrongContent {
                wanted: self.content.root,
                found,
            }),
        }
    }

    /// Moves the whole content to `to`, synced.
    pub fn finish(self, to: &Path) -> Result<Outline, StoreError> {
        let outline = self.outline()?;
        self.data.sync_all().map_err(disk("sync", &self.path))?;
        put::place(&self.path, to)?;
        self.forget_journal()?;
        Ok(outline)
    }

    /// Moves the whole content into a folder, under its root.
    pub fn adopt(&self, folder: &LocalFolder) -> Result<Outline, StoreError> {
        let outline = self.outline()?;
        put::commit(folder, &self.path, &outline)?;
        self.forget_journal()?;
        Ok(outline)
    }

    fn forget_journal(&self) -> Result<(), StoreError> {
        let path = journal_path(&self.path);
        fs::remove_file(&path).map_err(disk("remove", &path))
    }

    /// Whether the journal is of this content; then the roots are what it says.
    fn read_journal(&mut self) -> bool {
        let mut head = [0; 8];
        let mut roots = vec![MISSING; self.roots.len()];
        let read = self.journal.read_exact_at(&mut head, 0).and_then(|()| {
            self.journal
                .read_exact_at(roots.as_flattened_mut(), HEAD_BYTES)
        });
        let ours = read.is_ok() && u64::from_le_bytes(head) == self.content.size;
        if ours {
            self.roots = roots;
        }
        ours
    }

    /// Drops every journalled segment whose bytes are not what was journalled.
    fn believe_only_bytes(&mut self) {
        let mut buffer = Vec::new();
        for (index, root) in (0..).zip(&mut self.roots) {
            if *root == MISSING {
                continue;
            }
            buffer.resize(self.shape.segment_len(index), 0);
            let read = self.data.read_exact_at(&mut buffer, index * SEGMENT_BYTES);
            let found = read
                .ok()
                .and_then(|()| segment_root(self.shape, index, &buffer));
            if found != Some(*root) {
                *root = MISSING;
            }
        }
    }

    fn begin(&self) -> Result<(), StoreError> {
        let journalled = HEAD_BYTES + 32 * self.shape.segments();
        self.journal
            .set_len(0)
            .and_then(|()| self.journal.set_len(journalled))
            .and_then(|()| {
                self.journal
                    .write_all_at(&self.content.size.to_le_bytes(), 0)
            })
            .map_err(disk("begin the journal of", &self.path))?;
        self.data
            .set_len(self.content.size)
            .map_err(disk("make room for", &self.path))
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(disk("open", path))
}

fn journal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".roots");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::outline_of;
    use tempfile::TempDir;

    const SEGMENT: usize = 262_144;

    fn content(size: usize) -> (Vec<u8>, Outline) {
        let data: Vec<u8> = (0..size)
            .map(|i| (i / 7 + i / 4096).to_le_bytes()[0])
            .collect();
        let outline = outline_of(data.as_slice()).expect("not empty");
        (data, outline)
    }

    fn write(partial: &mut Partial, data: &[u8], index: usize) {
        let segment = data.chunks(SEGMENT).nth(index).expect("a segment");
        let index = u64::try_from(index).expect("small");
        let root = segment_root(partial.shape(), index, segment).expect("a segment");
        partial.write(index, segment, root).expect("written");
    }

    #[test]
    fn segments_in_any_order_make_the_content() {
        let dir = TempDir::new().expect("a folder");
        let (data, outline) = content(3 * SEGMENT + 100);
        let mut partial = Partial::open(&dir.path().join("a"), outline.content()).expect("begun");

        for index in [3, 0, 2, 1] {
            assert!(!partial.is_whole());
            write(&mut partial, &data, index);
        }
        let to = dir.path().join("whole");
        assert_eq!(partial.finish(&to).expect("finished"), outline);

        assert_eq!(fs::read(&to).expect("the file"), data);
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    }

    #[test]
    fn what_is_there_is_not_asked_for_again() {
        let dir = TempDir::new().expect("a folder");
        let (data, outline) = content(4 * SEGMENT);
        let path = dir.path().join("a");
        let mut partial = Partial::open(&path, outline.content()).expect("begun");
        write(&mut partial, &data, 2);
        drop(partial);

        let again = Partial::open(&path, outline.content()).expect("opened");

        assert_eq!(again.missing(), [0, 1, 3]);
        assert_eq!(again.bytes_here(), 262_144);
    }

    #[test]
    fn a_journalled_segment_whose_bytes_were_lost_is_missing() {
        let dir = TempDir::new().expect("a folder");
        let (data, outline) = content(2 * SEGMENT);
        let path = dir.path().join("a");
        let mut partial = Partial::open(&path, outline.content()).expect("begun");
        write(&mut partial, &data, 0);
        write(&mut partial, &data, 1);
        partial
            .data
            .write_all_at(&[0xff; 9], 70_000)
            .expect("spoilt");
        drop(partial);

        let again = Partial::open(&path, outline.content()).expect("opened");

        assert_eq!(again.missing(), [0]);
    }

    #[test]
    fn a_partial_of_another_size_begins_anew() {
        let dir = TempDir::new().expect("a folder");
        let (data, outline) = content(2 * SEGMENT);
        let path = dir.path().join("a");
        let mut partial = Partial::open(&path, outline.content()).expect("begun");
        write(&mut partial, &data, 0);
        drop(partial);
        let (_, other) = content(2 * SEGMENT + 1);

        let again = Partial::open(&path, other.content()).expect("opened");

        assert_eq!(again.missing(), [0, 1, 2]);
    }

    #[test]
    fn segments_of_another_content_never_become_this_one() {
        let dir = TempDir::new().expect("a folder");
        let (data, outline) = content(2 * SEGMENT);
        let mut wrong = outline.content();
        wrong.root.0[0] ^= 1;
        let mut partial = Partial::open(&dir.path().join("a"), wrong).expect("begun");
        write(&mut partial, &data, 0);
        write(&mut partial, &data, 1);

        let refused = partial.finish(&dir.path().join("whole"));

        assert!(matches!(refused, Err(StoreError::WrongContent { .. })));
        assert!(!dir.path().join("whole").exists());
    }
}
