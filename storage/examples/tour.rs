//! A tour: a folder becomes one root, two strangers serve it, and one of them lies.
//!
//! Its bytes are found wrong while they arrive, it is not asked again, and the
//! other's are taken. `cargo run -p storage --example tour`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a demonstration talks to a person; its servers live and die with it"
)]

use proto::Root;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use storage::id::SEGMENT_BYTES;
use storage::serve::{Config, Node, router};
use storage::{
    HttpFolder, Limits, Links, LocalFolder, Packing, Reputation, Silent, Sources, Store, Wanted,
    fetch, unpack,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let home = TempDir::new()?;
    let (model, copy) = (home.path().join("model"), home.path().join("copy"));
    make_model(&model)?;

    let (honest, liar) = (home.path().join("honest"), home.path().join("liar"));
    let root = keep(&honest, &model)?;
    keep(&liar, &model)?;
    spoil(&LocalFolder::open(&liar, None)?.path(root))?;
    println!("a folder of two files is one content; its root is {root}");

    let stores = [serve(&liar).await?, serve(&honest).await?];
    let blamed = Reputation::default();
    let package = home.path().join("fetched.tar");
    bring(&package, root, &stores, &blamed).await?;
    unpack(File::open(&package)?, &copy, Limits::default())?;
    tell(&model, &copy, &blamed)
}

fn make_model(dir: &Path) -> Outcome<()> {
    let weights: Vec<u8> = (0..1 << 20_u32)
        .map(|place: u32| place.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    std::fs::create_dir(dir)?;
    std::fs::write(dir.join("config.json"), b"{\"model_type\":\"llama\"}")?;
    Ok(std::fs::write(dir.join("weights"), weights)?)
}

/// Packs the model and keeps it, named by its root.
fn keep(folder: &Path, model: &Path) -> Outcome<Root> {
    let packing = Packing::of(model, Links::Refuse)?;
    let receipt = LocalFolder::open(folder, None)?.put_reader(packing.reader())?;
    Ok(receipt.content.root)
}

/// Changes one byte in every segment.
fn spoil(content: &Path) -> Outcome<()> {
    let mut bytes = std::fs::read(content)?;
    for byte in bytes.iter_mut().step_by(usize::try_from(SEGMENT_BYTES)?) {
        *byte ^= 1;
    }
    Ok(std::fs::write(content, bytes)?)
}

/// A storage node over the folder, and the way to it.
async fn serve(folder: &Path) -> Outcome<Arc<dyn Store>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let public_url = format!("http://{}", listener.local_addr()?);
    let content = format!("{public_url}/content");
    let node = Node::open(Config {
        dir: folder.to_owned(),
        quota: None,
        public_url,
        chain: None,
    })?;
    tokio::spawn(async move { axum::serve(listener, router(Arc::new(node))).await });
    Ok(Arc::new(HttpFolder::new(
        &content,
        Duration::from_secs(10),
    )?))
}

async fn bring(
    to: &Path,
    root: Root,
    stores: &[Arc<dyn Store>],
    reputation: &Reputation,
) -> Outcome<()> {
    let sources = Sources {
        stores,
        reputation,
        pace: storage::Pace::default(),
        progress: &Silent,
    };
    let fetched = fetch(to, Wanted::from(root), &sources).await?;
    println!("fetched {} bytes from two replicas", fetched.content.size);
    Ok(())
}

fn tell(model: &Path, copy: &Path, blamed: &Reputation) -> Outcome<()> {
    for (_, how) in blamed.list() {
        println!("not asked again: {how}");
    }
    let same = ["config.json", "weights"]
        .iter()
        .map(|name| Ok(std::fs::read(model.join(name))? == std::fs::read(copy.join(name))?))
        .collect::<Outcome<Vec<bool>>>()?;
    if same != [true, true] || blamed.list().len() != 1 {
        return Err("the copy differs from what was stored, or nobody was blamed".into());
    }
    println!("unpacked: the copy equals the original, byte for byte");
    Ok(())
}
