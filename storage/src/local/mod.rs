//! Content in a local folder, the embedded default.
//!
//! ```text
//! content/<root>           the bytes
//! content/<root>.outline   the roots of its segments
//! keep/<owner>             roots this owner still needs, one a line
//! tmp/                     what is not whole yet
//! ```
//!
//! A file in `content` is whole: it was written in `tmp`, synced, renamed, and
//! the folder synced. Any web server over `content` is a replica for [`HttpFolder`].
//!
//! [`HttpFolder`]: crate::HttpFolder

mod collect;
mod pace;
pub(crate) mod put;
#[cfg(test)]
mod tests;

pub use collect::Collected;

use crate::error::{StoreError, blocking, disk};
use crate::id::{Content, Outline, outline_of};
use crate::progress::Progress;
use crate::store::{Found, Receipt, Replica, Segment, Store, Upload};
use async_trait::async_trait;
use bytes::Bytes;
use proto::Root;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder that keeps content, maybe up to a quota.
#[derive(Clone, Debug)]
pub struct LocalFolder {
    name: Arc<str>,
    dir: Arc<Path>,
    quota: Option<u64>,
}

impl LocalFolder {
    /// Opens the folder, making it where there is none.
    pub fn open(dir: &Path, quota: Option<u64>) -> Result<Self, StoreError> {
        for room in ["content", "keep", "tmp"] {
            let room = dir.join(room);
            fs::create_dir_all(&room).map_err(disk("make the folder", &room))?;
        }
        Ok(Self {
            name: format!("folder {}", dir.display()).into(),
            dir: dir.into(),
            quota,
        })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the bytes of `root` are or would be.
    pub fn path(&self, root: Root) -> PathBuf {
        self.dir.join("content").join(root.to_string())
    }

    pub(crate) fn outline_path(&self, root: Root) -> PathBuf {
        self.dir.join("content").join(format!("{root}.outline"))
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// Where the bytes of `root` gather until they are whole.
    pub(crate) fn partial_path(&self, root: Root) -> PathBuf {
        self.tmp().join(format!("{root}.part"))
    }

    /// The content of this root, if it is here.
    pub fn has(&self, root: Root) -> Result<Option<Content>, StoreError> {
        let path = self.path(root);
        match fs::metadata(&path) {
            Ok(found) => Ok(Some(Content {
                root,
                size: found.len(),
            })),
            // A folder that is gone itself, as an unmounted disk is, says nothing of what it holds.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.is_there() => Ok(None),
            Err(error) => Err(disk("look for", &path)(error)),
        }
    }

    fn is_there(&self) -> bool {
        self.dir.join("content").is_dir()
    }

    /// Everything here, in the order of the roots.
    pub fn list(&self) -> Result<Vec<Content>, StoreError> {
        let dir = self.dir.join("content");
        let mut all = Vec::new();
        for entry in fs::read_dir(&dir).map_err(disk("list", &dir))? {
            let entry = entry.map_err(disk("list", &dir))?;
            if let Some(root) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            {
                all.extend(self.has(root)?);
            }
        }
        all.sort();
        Ok(all)
    }

    /// The roots of the content's segments; made again where they are lost or spoilt.
    pub fn outline(&self, root: Root) -> Result<Outline, StoreError> {
        match fs::read(self.outline_path(root)).map(|bytes| Outline::parse(root, &bytes)) {
            Ok(Ok(outline)) => Ok(outline),
            Ok(Err(_)) | Err(_) => self.verify(root),
        }
    }

    /// Reads all bytes of the content and compares them with its name.
    pub fn verify(&self, root: Root) -> Result<Outline, StoreError> {
        let path = self.path(root);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing(root));
            }
            Err(error) => return Err(disk("open", &path)(error)),
        };
        let outline = outline_of(file)?;
        match outline.root() {
            found if found == root => Ok(outline),
            found => Err(StoreError::WrongContent {
                wanted: root,
                found,
            }),
        }
    }

    /// Keeps whatever `reader` gives, named and written in one pass.
    pub fn put_reader(&self, reader: impl Read + Send) -> Result<Receipt, StoreError> {
        put::from_reader(self, reader)
    }

    pub(crate) fn quota(&self) -> Option<u64> {
        self.quota
    }

    /// Bytes of content that are here now.
    pub fn used_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.list()?.iter().map(|content| content.size).sum())
    }

    /// Whether `bytes` more fit into the quota.
    pub fn room_for(&self, bytes: u64) -> Result<(), StoreError> {
        match self.quota {
            Some(quota) if self.used_bytes()?.saturating_add(bytes) > quota => {
                Err(StoreError::Quota {
                    quota,
                    needed: bytes,
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Some bytes of a content's file.
    pub(crate) fn read_at(&self, root: Root, at: u64, len: usize) -> Result<Bytes, StoreError> {
        let path = self.path(root);
        let file = File::open(&path).map_err(disk("open", &path))?;
        let mut data = vec![0; len];
        file.read_exact_at(&mut data, at)
            .map_err(disk("read", &path))?;
        Ok(data.into())
    }
}

#[async_trait]
impl Store for LocalFolder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn find(&self, root: Root) -> Result<Vec<Found>, StoreError> {
        let folder = self.clone();
        let found = blocking(move || folder.has(root)).await?;
        let replica = |content| Found {
            content,
            replica: Arc::new(self.clone()),
        };
        Ok(found.map(replica).into_iter().collect())
    }

    async fn put(&self, upload: &Upload, progress: &dyn Progress) -> Result<Receipt, StoreError> {
        let (folder, file) = (self.clone(), Arc::clone(upload.file()));
        let content = upload.content();
        progress.begin(content.size, 0);
        let receipt = blocking(move || put::from_file(&folder, &file, content)).await?;
        progress.moved(content.size);
        Ok(receipt)
    }
}

#[async_trait]
impl Replica for LocalFolder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn outline(&self, content: Content) -> Result<Option<Bytes>, StoreError> {
        let folder = self.clone();
        blocking(move || LocalFolder::outline(&folder, content.root))
            .await
            .map(|outline| Some(outline.to_bytes().into()))
    }

    async fn segment(&self, content: Content, index: u64) -> Result<Segment, StoreError> {
        let folder = self.clone();
        let shape = crate::id::Shape::of(content.size).ok_or(StoreError::Missing(content.root))?;
        let start = shape.segment_bytes(index).map_or(0, |bytes| bytes.start);
        let read = move || folder.read_at(content.root, start, shape.segment_len(index));
        blocking(read)
            .await
            .map(|data| Segment { data, proof: None })
    }
}
