//! `root` and `put`.

use crate::args::{Args, FollowLinks, Places};
use crate::get::{local, places};
use crate::show::{Failure, Show, content};
use serde_json::json;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use storage::id::{Content, root_of};
use storage::{Packing, Receipt, Store, Upload};
use tempfile::NamedTempFile;

pub(crate) fn root(path: &Path, links: FollowLinks, show: &Show) -> Result<(), Failure> {
    let named = if path.is_dir() {
        root_of(packing(path, links)?.reader())
    } else {
        root_of(open(path)?)
    };
    let named =
        named.map_err(|source| Failure::new(format!("cannot name {}", path.display()), source))?;
    show.answer(&named.root.to_string(), &content(named))
}

pub(crate) async fn put(
    args: &Args,
    path: &Path,
    links: FollowLinks,
    to: &Places,
    show: &Show,
) -> Result<(), Failure> {
    let stores = places(&args.dir, to)?;
    let folder = local(args)?;
    if stores.is_empty() {
        let receipt = put_local(&folder, path, links)?;
        return report(&folder, receipt, show);
    }
    let source = source(&folder, path, links)?;
    let upload = Upload::of(source.path()).await?;
    for store in &stores {
        let bar = show.bar();
        let receipt = store.put(&upload, &bar).await;
        bar.finish();
        report(&**store, receipt?, show)?;
    }
    Ok(())
}

fn put_local(
    folder: &storage::LocalFolder,
    path: &Path,
    links: FollowLinks,
) -> Result<Receipt, Failure> {
    let receipt = if path.is_dir() {
        folder.put_reader(packing(path, links)?.reader())
    } else {
        folder.put_reader(open(path)?)
    };
    Ok(receipt?)
}

fn report(store: &dyn Store, receipt: Receipt, show: &Show) -> Result<(), Failure> {
    let Content { root, size } = receipt.content;
    let how = if receipt.already {
        "was there already"
    } else {
        "put"
    };
    let line = format!("{root} {how} ({size} bytes, {})", store.name());
    let object = json!({
        "root": root.to_string(), "size": size, "place": store.name(), "already": receipt.already,
        "moved_bytes": receipt.moved_bytes, "tx_seq": receipt.tx_seq,
    });
    show.answer(&line, &object)
}

/// A file to send: the one named, or a package made for the while.
enum Source {
    Named(PathBuf),
    Package(NamedTempFile),
}

impl Source {
    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Package(file) => file.path(),
        }
    }
}

fn source(
    folder: &storage::LocalFolder,
    path: &Path,
    links: FollowLinks,
) -> Result<Source, Failure> {
    if !path.is_dir() {
        return Ok(Source::Named(path.to_owned()));
    }
    let failed = |source| Failure::new(format!("cannot pack {}", path.display()), source);
    let mut file = NamedTempFile::new_in(folder.dir().join("tmp")).map_err(failed)?;
    io::copy(&mut packing(path, links)?.reader(), &mut file).map_err(failed)?;
    Ok(Source::Package(file))
}

fn packing(path: &Path, links: FollowLinks) -> Result<Packing, Failure> {
    Packing::of(path, links.into())
        .map_err(|source| Failure::new(format!("cannot pack {}", path.display()), source))
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path)
        .map_err(|source| Failure::new(format!("cannot open {}", path.display()), source))
}
