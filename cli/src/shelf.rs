//! The shelf: sealed bytes to where the provider finds them, and results from wherever they are.

use crate::config::{Config, StorageSection};
use crate::home::{Home, cannot};
use crate::trouble::{Kind, Money, Trouble};
use crate::voice::Voice;
use attestation::Attested;
use attestation::sealing::{Label, Recipient, seal};
use proto::{Address, Root};
use ring::rand::SystemRandom;
use serde::Deserialize;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use storage::{
    Bucket, BucketConfig, HttpFolder, LocalFolder, Pace, Reputation, Sources, Store, Upload, ZeroG,
    fetch_into,
};

const HTTP_PATIENCE: Duration = Duration::from_mins(1);

/// Her own folder, and the places of others.
#[derive(Debug)]
pub struct Shelf {
    own: LocalFolder,
    /// Where she can put what a provider must find.
    writable: Vec<Arc<dyn Store>>,
    readable: Vec<Arc<dyn Store>>,
}

impl Shelf {
    pub fn open(config: &Config, home: &Home) -> Result<Self, Trouble> {
        let own = LocalFolder::open(&home.blobs(), None)?;
        let section = &config.storage;
        let mut writable: Vec<Arc<dyn Store>> = Vec::new();
        for folder in &section.folders {
            writable.push(Arc::new(LocalFolder::open(folder, None)?));
        }
        if let Some(path) = &section.bucket {
            let bucket = bucket(path)?.remembering(&home.blobs().join("tmp"));
            writable.push(Arc::new(bucket));
        }
        let mut readable = writable.clone();
        readable.extend(others(section)?);
        Ok(Self {
            own,
            writable,
            readable,
        })
    }

    /// Seals a file for one machine and one customer, and puts it where the provider finds it.
    pub async fn put_sealed(
        &self,
        plain: &Path,
        attested: &Attested,
        customer: Address,
        voice: Voice,
    ) -> Result<Root, Trouble> {
        if self.writable.is_empty() {
            let what = "no place is configured where the provider could find your data";
            return Err(Trouble::new(Kind::Input, what)
                .money(Money::NotMoved)
                .next("name a folder or a bucket in [storage] of the configuration"));
        }
        let recipient = Recipient::of_enclave(attested).map_err(|error| {
            Trouble::because(Kind::NotTrusted, "the machine names no key", &error)
        })?;
        let sealed = self.seal(plain, &recipient, customer)?;
        let upload = Upload::of(sealed.path()).await?;
        for place in &self.writable {
            let bar = voice.bytes_bar("uploading");
            place.put(&upload, &bar).await?;
        }
        Ok(upload.content().root)
    }

    fn seal(
        &self,
        plain: &Path,
        recipient: &Recipient,
        customer: Address,
    ) -> Result<tempfile::NamedTempFile, Trouble> {
        let data = File::open(plain).map_err(|error| cannot("open", plain, &error))?;
        let room = self.own.dir().join("tmp");
        let sealed = tempfile::NamedTempFile::new_in(&room);
        let mut sealed = sealed.map_err(|error| cannot("write in", &room, &error))?;
        let label = Label::dataset(customer);
        let rng = SystemRandom::new();
        seal(recipient, &label, data, sealed.as_file_mut(), &rng)
            .map_err(|error| Trouble::because(Kind::Machine, "cannot seal the data", &error))?;
        Ok(sealed)
    }

    /// Fetches content, going on where an earlier try stood; every byte is checked against the root.
    pub async fn fetch(&self, root: Root, voice: Voice) -> Result<PathBuf, Trouble> {
        let bar = voice.bytes_bar("downloading");
        let reputation = Reputation::default();
        let from = Sources {
            stores: &self.readable,
            reputation: &reputation,
            pace: Pace::default(),
            progress: &bar,
        };
        fetch_into(&self.own, root.into(), &from).await?;
        // What has lain here is read once more: a disk forgets.
        let own = self.own.clone();
        let checked = tokio::task::spawn_blocking(move || own.verify(root)).await;
        match checked {
            Ok(Ok(_outline)) => Ok(self.own.path(root)),
            Ok(Err(error)) => {
                drop(fs::remove_file(self.own.path(root)));
                Err(error.into())
            }
            Err(_lost) => Err(Trouble::new(Kind::Machine, "a worker thread was lost")),
        }
    }
}

fn others(section: &StorageSection) -> Result<Vec<Arc<dyn Store>>, Trouble> {
    let mut others: Vec<Arc<dyn Store>> = Vec::new();
    for url in &section.http {
        others.push(Arc::new(HttpFolder::new(url, HTTP_PATIENCE)?));
    }
    if let Some(url) = &section.indexer {
        others.push(Arc::new(ZeroG::by_indexer(url, Pace::default())?));
    }
    Ok(others)
}

#[derive(Deserialize)]
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

fn bucket(path: &Path) -> Result<Bucket, Trouble> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        let what = format!("cannot read the bucket's file {shown}");
        Trouble::because(Kind::Input, &what, &error)
    };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        let what = format!("the bucket's file {shown} can be read by others");
        return Err(Trouble::new(Kind::Input, what).next(format!("chmod 600 {shown}")));
    }
    // The parser's own words may quote the file, and with it the key.
    let file: BucketFile =
        serde_json::from_slice(&fs::read(path).map_err(unreadable)?).map_err(|bad| {
            let what = format!("cannot use the bucket's file {shown}: line {}", bad.line());
            Trouble::new(Kind::Input, what)
        })?;
    let BucketFile {
        bucket,
        prefix,
        region,
        endpoint,
        access_key_id,
        secret_access_key,
    } = file;
    Ok(Bucket::open(BucketConfig {
        bucket,
        prefix,
        region,
        endpoint,
        access_key_id,
        secret_access_key,
    })?)
}
