//! `get`, and the places that commands talk to.

use crate::args::{Args, Places};
use crate::show::{Failure, Show};
use proto::Root;
use serde::Deserialize;
use serde_json::json;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage::{
    Bucket, BucketConfig, Fetched, HttpFolder, Limits, LocalFolder, Pace, Reputation, Sources,
    Store, Wanted, ZeroG, fetch, fetch_into, unpack,
};

pub(crate) struct Wish<'a> {
    pub(crate) root: Root,
    pub(crate) size: Option<u64>,
    pub(crate) out: &'a Option<PathBuf>,
    pub(crate) unpack: bool,
}

pub(crate) async fn get(
    wish: &Wish<'_>,
    args: &Args,
    from: &Places,
    show: &Show,
) -> Result<(), Failure> {
    let folder = local(args)?;
    let mut stores = places(&args.dir, from)?;
    stores.push(Arc::new(folder.clone()));
    let reputation = Reputation::default();
    let bar = show.bar();
    let sources = Sources {
        stores: &stores,
        reputation: &reputation,
        pace: pace(from),
        progress: &bar,
    };
    let wanted = Wanted {
        root: wish.root,
        size: wish.size,
    };
    let fetched = match wish.out {
        Some(out) if !wish.unpack => fetch(out, wanted, &sources).await,
        Some(_) | None => fetch_into(&folder, wanted, &sources).await,
    };
    let moved = bar.finish();
    let fetched = fetched?;
    let path = place(wish, &folder)?;
    report(fetched, &path, &moved, &reputation, show)
}

fn place(wish: &Wish<'_>, folder: &LocalFolder) -> Result<PathBuf, Failure> {
    let Some(out) = wish.out else {
        return Ok(folder.path(wish.root));
    };
    if wish.unpack {
        let path = folder.path(wish.root);
        let file =
            File::open(&path).map_err(|source| Failure::new("cannot open the package", source))?;
        unpack(file, out, Limits::default())
            .map_err(|source| Failure::new("cannot unpack", source))?;
    }
    Ok(out.clone())
}

fn report(
    fetched: Fetched,
    path: &Path,
    moved: &serde_json::Value,
    reputation: &Reputation,
    show: &Show,
) -> Result<(), Failure> {
    let root = fetched.content.root;
    let object = json!({
        "root": root.to_string(), "size": fetched.content.size, "already": fetched.already,
        "path": path, "transfer": moved, "bad_replicas": reputation.list(),
    });
    show.answer(&format!("{root} is in {}", path.display()), &object)
}

pub(crate) fn local(args: &Args) -> Result<LocalFolder, Failure> {
    Ok(LocalFolder::open(&args.dir, args.quota)?)
}

pub(crate) fn places(dir: &Path, places: &Places) -> Result<Vec<Arc<dyn Store>>, Failure> {
    let pace = pace(places);
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    if let Some(url) = &places.indexer {
        stores.push(Arc::new(ZeroG::by_indexer(url, pace)?));
    }
    if !places.nodes.is_empty() {
        stores.push(Arc::new(ZeroG::by_nodes(&places.nodes, pace)?));
    }
    for url in &places.http {
        stores.push(Arc::new(HttpFolder::new(url, pace.segment_timeout)?));
    }
    if let Some(path) = &places.bucket {
        stores.push(Arc::new(bucket(path)?.remembering(&dir.join("tmp"))));
    }
    Ok(stores)
}

fn pace(places: &Places) -> Pace {
    Pace {
        parallel: places.parallel.clamp(1, 16),
        ..Pace::default()
    }
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

fn bucket(path: &Path) -> Result<Bucket, Failure> {
    let what = format!("cannot read the bucket's description in {}", path.display());
    let text = fs::read(path).map_err(|source| Failure::new(&what, source))?;
    // The parser's own words may quote the file, and with it the key.
    let file: BucketFile = serde_json::from_slice(&text)
        .map_err(|bad| Failure::plain(format!("{what}: line {}", bad.line())))?;
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
