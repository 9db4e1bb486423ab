//! Content, there and back: what a result takes on its way to a customer.

use super::{Finding, told};
use crate::config::Config;
use crate::ports::Blobs;
use crate::world::{Places, PlacesError};
use proto::Root;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use storage::StoreError;
use tokio::runtime::Builder;

/// The same every time: no place keeps it twice, and 0G is paid for it once at most.
const WORDS: &[u8] = b"a round trip of sealtune-node doctor\n";
const REPEATED: usize = 2_000;

#[derive(Debug, thiserror::Error)]
enum TripError {
    #[error("there is no room for a trial in the state folder")]
    Folder(#[source] io::Error),
    #[error(transparent)]
    Places(#[from] PlacesError),
    #[error("the node's own folder does not take content")]
    Put(#[from] StoreError),
    #[error("a place of [storage] does not take content")]
    Store,
    #[error("no place of [storage] gives back what was put there")]
    Fetch,
    #[error("what comes back is something else")]
    Other,
}

pub(super) fn examine(config: &Config) -> Finding {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Finding::failed("storage", error.to_string(), "try again"),
    };
    match runtime.block_on(travel(config)) {
        Ok(Some(took)) => Finding::ok("storage", format!("there and back in {took:.0?}")),
        Ok(None) => Finding::warning(
            "storage",
            "content is kept, but no place of [storage] hands it to customers",
            "name one in storage.folders or storage.s3, or serve storage.folder yourself",
        ),
        Err(error) => Finding::failed("storage", told(&error), "see [storage]"),
    }
}

/// How long it took, where there is a place to travel to.
#[allow(
    clippy::disallowed_methods,
    reason = "this measures the wire, not the chain's time"
)]
async fn travel(config: &Config) -> Result<Option<Duration>, TripError> {
    let begun = Instant::now();
    let trial = tempfile::tempdir_in(&config.state.folder).map_err(TripError::Folder)?;
    let here = places(config, trial.path(), "here")?;
    let content = WORDS.repeat(REPEATED);
    let root = here.folder().put_reader(content.as_slice())?.content.root;
    let storage = &config.storage;
    if storage.folders.is_empty() && storage.s3.is_none() {
        return Ok(None);
    }
    let stored = Blobs::store(&here, root).await;
    stored.map_err(|_logged| TripError::Store)?;
    let there = places(config, trial.path(), "there")?;
    fetch(&there, root, &content).await?;
    Ok(Some(begun.elapsed()))
}

async fn fetch(there: &Places, root: Root, content: &[u8]) -> Result<(), TripError> {
    let fetched = Blobs::fetch(there, root).await;
    fetched.map_err(|_logged| TripError::Fetch)?;
    let back = std::fs::read(there.folder().path(root)).map_err(TripError::Folder)?;
    (back == content).then_some(()).ok_or(TripError::Other)
}

fn places(config: &Config, trial: &Path, name: &str) -> Result<Places, PlacesError> {
    let models = trial.join("models");
    Places::open(
        &config.storage,
        &trial.join(name),
        models,
        BTreeSet::new(),
        None,
    )
}
