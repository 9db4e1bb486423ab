//! Content by root: fetched from whoever has it, kept where others can fetch it.

use crate::config::StorageConfig;
use crate::intake::Sizes;
use crate::ports::Blobs;
use async_trait::async_trait;
use proto::{Reason, Root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use storage::{
    Bucket, BucketConfig, HttpFolder, Limits, LocalFolder, Pace, Reputation, Silent, Sources,
    Store, StoreError, Submitter, UnpackError, Upload, ZeroG, fetch_into, unpack,
};
use tasks::Failure;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

/// How often nobody may have a root before it is believed that nobody has it.
const MISSED_MAX: u32 = 3;
/// Roots that are missed at once; at the bound all begin anew.
const MISSING_MAX: usize = 1_024;
/// How long admission waits for somebody to tell a size.
const SIZE_PATIENCE: Duration = Duration::from_secs(2);
/// How long a place may take to answer before it counts as unreachable.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
const HTTP_PATIENCE: Duration = Duration::from_mins(1);

/// The node's own folder, the places of others, and the models that are unpacked.
#[derive(Clone, Debug)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: LocalFolder,
    others: Vec<Arc<dyn Store>>,
    reputation: Reputation,
    pace: Pace,
    models: PathBuf,
    offered: BTreeSet<Root>,
    missed: Mutex<BTreeMap<Root, u32>>,
}

#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    #[error("cannot use a place of [storage]")]
    Store(#[from] StoreError),
    #[error("cannot read the bucket's file {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("the bucket's file {0} can be read by others; chmod 600 it")]
    Exposed(PathBuf),
    #[error("the bucket's file {path} is not what it should be")]
    Form {
        path: PathBuf,
        source: serde_json::Error,
    },
}

impl Places {
    /// Opens the folder and names the places; none of them is asked yet.
    pub fn open(
        config: &StorageConfig,
        content: &Path,
        models: PathBuf,
        offered: BTreeSet<Root>,
        payer: Option<&Arc<dyn Submitter>>,
    ) -> Result<Self, PlacesError> {
        let quota = config.quota_gib.map(|gib| gib.saturating_mul(1 << 30));
        Ok(Self(Arc::new(Inner {
            folder: LocalFolder::open(content, quota)?,
            others: others(config, payer)?,
            reputation: Reputation::default(),
            pace: Pace::default(),
            models,
            offered,
            missed: Mutex::default(),
        })))
    }

    pub fn folder(&self) -> &LocalFolder {
        &self.0.folder
    }

    /// The models that are offered.
    pub fn offered(&self) -> &BTreeSet<Root> {
        &self.0.offered
    }

    /// Fetches and unpacks a model that is offered.
    pub async fn model(&self, root: Root) -> Result<(), Failure> {
        self.get(root).await?;
        let (from, models) = (self.0.folder.path(root), self.0.models.clone());
        let unpacked = spawn_blocking(move || unpack_model(&from, &models, root)).await;
        match unpacked {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                warn!(model = %root, %error, "a model cannot be unpacked");
                Err(Failure::Transient)
            }
            Err(_lost) => Err(Failure::Transient),
        }
    }

    /// Whether any place of others answers; where there are none, always.
    pub async fn answer(&self) -> bool {
        let asked = self.0.offered.first().copied().unwrap_or_default();
        for place in &self.0.others {
            let found = tokio::time::timeout(ANSWER_PATIENCE, place.find(asked)).await;
            if matches!(found, Ok(Ok(_))) {
                return true;
            }
        }
        self.0.others.is_empty()
    }

    /// What our own folder holds; nothing, where it cannot be read.
    pub async fn own_bytes(&self) -> Option<u64> {
        let folder = self.0.folder.clone();
        let counted = spawn_blocking(move || folder.used_bytes()).await;
        counted.ok()?.ok()
    }

    async fn get(&self, root: Root) -> Result<(), Failure> {
        let from = Sources {
            stores: &self.0.others,
            reputation: &self.0.reputation,
            pace: self.0.pace,
            progress: &Silent,
        };
        match fetch_into(&self.0.folder, root.into(), &from).await {
            Ok(fetched) => {
                self.missed().remove(&root);
                info!(%root, bytes = fetched.content.size, already = fetched.already, "content is here");
                Ok(())
            }
            Err(error) => Err(self.judge(root, &error)),
        }
    }

    fn judge(&self, root: Root, error: &StoreError) -> Failure {
        warn!(%root, %error, "content cannot be fetched");
        if self.0.offered.contains(&root) {
            // A model is the node's own affair.
            return Failure::Transient;
        }
        if matches!(error, StoreError::Missing(_)) && self.miss(root) {
            return Failure::Hopeless(Reason::DatasetUnavailable);
        }
        if matches!(error, StoreError::WrongContent { .. }) {
            return Failure::Hopeless(Reason::DatasetMismatch);
        }
        Failure::Transient
    }

    /// Whether it was missed too often.
    fn miss(&self, root: Root) -> bool {
        let mut missed = self.missed();
        if missed.len() >= MISSING_MAX {
            missed.clear();
        }
        let times = missed.entry(root).or_default();
        *times += 1;
        *times >= MISSED_MAX
    }

    fn missed(&self) -> std::sync::MutexGuard<'_, BTreeMap<Root, u32>> {
        self.0.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Blobs for Places {
    async fn fetch(&self, root: Root) -> Result<(), Failure> {
        if self.0.offered.contains(&root) {
            return self.model(root).await;
        }
        self.get(root).await
    }

    /// Into every place that can be written. A place that only gives is passed over.
    async fn store(&self, root: Root) -> Result<(), Failure> {
        let failed = |error: StoreError| {
            warn!(%root, %error, "content cannot be stored");
            Failure::Transient
        };
        let upload = Upload::of(&self.0.folder.path(root))
            .await
            .map_err(failed)?;
        for place in &self.0.others {
            match place.put(&upload, &Silent).await {
                Ok(_) | Err(StoreError::ReadOnly { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Sizes for Places {
    async fn size(&self, root: Root) -> Option<u64> {
        if let Ok(Some(here)) = self.0.folder.has(root) {
            return Some(here.size);
        }
        let ask = async {
            for place in &self.0.others {
                let found = place.find(root).await.unwrap_or_default();
                if let Some(copy) = found.first() {
                    return Some(copy.content.size);
                }
            }
            None
        };
        tokio::time::timeout(SIZE_PATIENCE, ask)
            .await
            .ok()
            .flatten()
    }
}

fn others(
    config: &StorageConfig,
    payer: Option<&Arc<dyn Submitter>>,
) -> Result<Vec<Arc<dyn Store>>, PlacesError> {
    let mut others: Vec<Arc<dyn Store>> = Vec::new();
    for folder in &config.folders {
        others.push(Arc::new(LocalFolder::open(Path::new(folder), None)?));
    }
    for url in &config.http {
        others.push(Arc::new(HttpFolder::new(url, HTTP_PATIENCE)?));
    }
    for url in &config.indexers {
        let network = ZeroG::by_indexer(url, Pace::default())?;
        others.push(Arc::new(match payer {
            Some(payer) => network.paying(Arc::clone(payer), config.upload_fee_max),
            None => network,
        }));
    }
    if let Some(path) = &config.s3 {
        others.push(Arc::new(Bucket::open(bucket(path)?)?));
    }
    Ok(others)
}

fn bucket(path: &Path) -> Result<BucketConfig, PlacesError> {
    let read = |source| PlacesError::Read {
        path: path.into(),
        source,
    };
    let mode = std::fs::metadata(path).map_err(read)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(PlacesError::Exposed(path.into()));
    }
    let text = std::fs::read(path).map_err(read)?;
    let file: BucketFile = serde_json::from_slice(&text).map_err(|source| PlacesError::Form {
        path: path.into(),
        source,
    })?;
    Ok(file.into())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketFile {
    bucket: String,
    #[serde(default)]
    prefix: String,
    region: String,
    endpoint: Option<String>,
    access_key_id: String,
    secret_access_key: String,
}

impl From<BucketFile> for BucketConfig {
    fn from(file: BucketFile) -> Self {
        Self {
            bucket: file.bucket,
            prefix: file.prefix,
            region: file.region,
            endpoint: file.endpoint,
            access_key_id: file.access_key_id,
            secret_access_key: file.secret_access_key,
        }
    }
}

/// Whole under its name or not there.
fn unpack_model(package: &Path, models: &Path, root: Root) -> Result<(), UnpackError> {
    let to = models.join(root.to_string());
    if to.is_dir() {
        return Ok(());
    }
    let write = |source| UnpackError::Write {
        path: models.into(),
        source,
    };
    std::fs::create_dir_all(models).map_err(write)?;
    let package = File::open(package).map_err(UnpackError::Read)?;
    unpack(package, &to, Limits::default()).map(drop)
}
