//! Memory: the command stays below 64 MiB, whatever the size of the content.
//!
//! `SEALTUNE_MEMORY_MIB` sets another size than 128 MiB.

#![cfg(all(feature = "cli", target_os = "linux"))]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test's size comes from its environment, and what was measured is said"
)]

mod common;

use common::{Background, Served, command};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use tempfile::TempDir;

mod bucket_server;

const PEAK_KIB_MOST: u64 = 64 << 10;

fn mib() -> usize {
    let set = std::env::var("SEALTUNE_MEMORY_MIB").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(128)
}

/// A file whose blocks all differ.
fn large(dir: &TempDir) -> PathBuf {
    let path = dir.path().join("large");
    let mut file = File::create(&path).expect("created");
    let block = common::bytes(1 << 20, 21);
    for number in 0..mib() {
        file.write_all(&number.to_le_bytes()).expect("written");
        file.write_all(&block[8..]).expect("written");
    }
    path
}

/// Runs the command to its good end; the most memory it had, in KiB.
async fn peak_kib(home: &Path, args: &[&str]) -> u64 {
    let mut command = command();
    command.arg("--dir").arg(home).args(args);
    let child = command.stdout(Stdio::null()).spawn().expect("ran");
    let peak = tokio::task::spawn_blocking(move || watched(child))
        .await
        .expect("ran");
    println!("{}: {} MiB", args[0], peak >> 10);
    assert!(peak > 1000, "it was seen running");
    peak
}

/// The kernel keeps the peak, so that looking often enough to see the end is enough.
fn watched(mut child: Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        peak = peak.max(high_water(&text).unwrap_or(0));
        if let Some(ended) = child.try_wait().expect("asked") {
            assert!(ended.success());
            return peak;
        }
        std::thread::yield_now();
    }
}

fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_and_keeping_large_content_takes_little_memory() {
    let dir = TempDir::new().expect("a folder");
    let (home, path) = (dir.path().join("home"), large(&dir));
    let path = path.to_str().expect("text");

    let root = peak_kib(&home, &["root", path]).await;
    let put = peak_kib(&home, &["put", path]).await;
    let verify = peak_kib(&home, &["verify"]).await;

    assert!(
        root.max(put).max(verify) < PEAK_KIB_MOST,
        "{root} {put} {verify}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_and_fetching_large_content_takes_little_memory() {
    let dir = TempDir::new().expect("a folder");
    let (home, path) = (dir.path().join("home"), large(&dir));
    let served = Served::start().await;
    let url = served.url();

    let put = peak_kib(
        &home,
        &["put", path.to_str().expect("text"), "--indexer", &url],
    )
    .await;
    let root = served.node.folder().list().expect("listed")[0]
        .root
        .to_string();
    let get = peak_kib(&home, &["get", &root, "--indexer", &url]).await;

    assert!(put.max(get) < PEAK_KIB_MOST, "{put} {get}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_takes_and_gives_large_content_in_little_memory() {
    let dir = TempDir::new().expect("a folder");
    let (home, path) = (dir.path().join("home"), large(&dir));
    let server =
        Background::serve(|_| bucket_server::router(bucket_server::Shared::default())).await;
    let about = dir.path().join("bucket.json");
    let keys = r#""bucket": "b", "region": "r", "access_key_id": "i", "secret_access_key": "s""#;
    std::fs::write(
        &about,
        format!(r#"{{{keys}, "endpoint": "{}"}}"#, server.url()),
    )
    .expect("written");
    let about = about.to_str().expect("text");

    let put = peak_kib(&home, &["put", path.to_str().expect("text"), "--s3", about]).await;
    let kept = storage::id::root_of(File::open(&path).expect("opened")).expect("named");
    let get = peak_kib(&home, &["get", &kept.root.to_string(), "--s3", about]).await;

    assert!(put.max(get) < PEAK_KIB_MOST, "{put} {get}");
}
