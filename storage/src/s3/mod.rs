//! An S3-compatible bucket: `<prefix>/<root>`, and `<prefix>/<root>.outline` beside it.

mod journal;
mod parts;

use crate::error::StoreError;
use crate::id::{Content, Outline, Shape};
use crate::progress::Progress;
use crate::store::{Found, Receipt, Replica, Segment, Store, Upload};
use async_trait::async_trait;
use bytes::Bytes;
use journal::Journal;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use parts::Parts;
use proto::Root;
use std::fmt;
use std::sync::Arc;

/// A bucket and who may use it.
#[derive(Clone)]
pub struct BucketConfig {
    pub bucket: String,
    /// Keys begin with this; may be empty.
    pub prefix: String,
    pub region: String,
    /// Another server than Amazon's; `http:` is only for a machine's own.
    pub endpoint: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl fmt::Debug for BucketConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketConfig")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// Content in a bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    name: Arc<str>,
    prefix: Path,
    store: Arc<AmazonS3>,
    journals: Option<Arc<std::path::Path>>,
}

impl Bucket {
    pub fn open(config: BucketConfig) -> Result<Self, StoreError> {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let name = format!("s3://{}/{}", config.bucket, config.prefix);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(config.bucket)
            .with_region(config.region)
            .with_access_key_id(config.access_key_id)
            .with_secret_access_key(config.secret_access_key);
        if let Some(endpoint) = config.endpoint {
            builder = builder
                .with_allow_http(endpoint.starts_with("http:"))
                .with_endpoint(endpoint);
        }
        let store = Arc::new(builder.build()?);
        Ok(Self {
            name: name.into(),
            prefix: Path::from(config.prefix),
            store,
            journals: None,
        })
    }

    /// Notes in this folder which parts of an upload are there, so that one that was cut off
    /// goes on where it stood.
    #[must_use]
    pub fn remembering(mut self, folder: &std::path::Path) -> Self {
        self.journals = Some(folder.into());
        self
    }

    fn key(&self, root: Root) -> Path {
        self.prefix.clone().join(root.to_string())
    }

    fn outline_key(&self, root: Root) -> Path {
        self.prefix.clone().join(format!("{root}.outline"))
    }

    async fn size(&self, root: Root) -> Result<Option<u64>, StoreError> {
        Ok(found(self.store.head(&self.key(root)).await)?.map(|meta| meta.size))
    }

    fn journal(&self, content: Content) -> Journal {
        let (folder, key) = (self.journals.as_deref(), self.key(content.root));
        Journal::open(folder, content, &format!("{} {key}", self.name))
    }
}

/// Nothing there is an answer, not an error.
fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl Store for Bucket {
    fn name(&self) -> &str {
        &self.name
    }

    async fn find(&self, root: Root) -> Result<Vec<Found>, StoreError> {
        let size = self.size(root).await?.filter(|size| *size > 0);
        let found = |size| Found {
            content: Content { root, size },
            replica: Arc::new(self.clone()),
        };
        Ok(size.map(found).into_iter().collect())
    }

    /// An object appears whole or not at all.
    async fn put(&self, upload: &Upload, progress: &dyn Progress) -> Result<Receipt, StoreError> {
        let content = upload.content();
        if self.size(content.root).await? == Some(content.size) {
            progress.begin(content.size, content.size);
            return Ok(Receipt {
                content,
                already: true,
                moved_bytes: 0,
                tx_seq: None,
            });
        }
        let outline = upload.outline().to_bytes();
        self.store
            .put(&self.outline_key(content.root), outline.into())
            .await?;
        let parts = Parts {
            store: &*self.store,
            key: &self.key(content.root),
            upload,
            progress,
        };
        let moved_bytes = parts.send(self.journal(content)).await?;
        Ok(Receipt {
            content,
            already: false,
            moved_bytes,
            tx_seq: None,
        })
    }
}

#[async_trait]
impl Replica for Bucket {
    fn name(&self) -> &str {
        &self.name
    }

    async fn outline(&self, content: Content) -> Result<Option<Bytes>, StoreError> {
        let Some(shape) = Shape::of(content.size) else {
            return Ok(None);
        };
        let key = self.outline_key(content.root);
        let Some(answer) = found(
            self.store
                .get_range(&key, 0..Outline::bytes_len(shape))
                .await,
        )?
        else {
            return Ok(None);
        };
        Ok(Some(answer))
    }

    async fn segment(&self, content: Content, index: u64) -> Result<Segment, StoreError> {
        let missing = || StoreError::Missing(content.root);
        let shape = Shape::of(content.size).ok_or_else(missing)?;
        let range = shape.segment_bytes(index).ok_or_else(missing)?;
        let data = found(self.store.get_range(&self.key(content.root), range).await)?
            .ok_or_else(missing)?;
        Ok(Segment { data, proof: None })
    }
}
