//! 0G's own client and contracts against our node, and our client against the same.
//!
//! Needs Node.js packages in `tests/conformance` and anvil in `contracts`, which `make test`
//! brings (by hand: `npm install --no-save --ignore-scripts` in both); without them the tests
//! say visibly that they were left out.

#![cfg(feature = "cli")]
#![allow(clippy::print_stdout, reason = "a test left out says so")]

mod common;

mod anvil;

use anvil::Anvil;
use common::{SEGMENT, Served, pace, upload};
use proto::{Root, Wei};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;
use storage::serve::Chain;
use storage::{LocalFolder, Reputation, Silent, Sources, Store, Submitter, Wanted, ZeroG, fetch};
use tempfile::TempDir;

/// Fast mode (one segment), a file of several, and one whose padding is whole segments.
const SIZES: [usize; 4] = [1000, SEGMENT + 1, 5 * SEGMENT, 10_485_883];

/// Anvil's first account: public knowledge, worth nothing.
const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

fn packages() -> Option<PathBuf> {
    let modules = common::here("tests/conformance/node_modules");
    let client = modules.join("@0gfoundation/0g-compute-ts-sdk");
    match [client, anvil::program()]
        .iter()
        .find(|needed| !needed.exists())
    {
        None => Some(modules),
        Some(missing) => {
            println!("LEFT OUT: no {}; `make test` brings it", missing.display());
            None
        }
    }
}

/// The contracts, our node following them, and the official client.
struct Stage {
    anvil: Anvil,
    served: Served,
    client: PathBuf,
}

async fn stage() -> Option<Stage> {
    let modules = packages()?;
    let anvil = Anvil::start(&modules).await;
    let chain = Chain::at(&anvil.url, anvil.flow, 0).await.expect("a chain");
    let served = Served::with_chain(Some(chain)).await;
    let client = modules.join("@0gfoundation/0g-compute-ts-sdk/binary/0g-storage-client");
    Some(Stage {
        anvil,
        served,
        client,
    })
}

impl Stage {
    async fn official(&self, args: &[&str]) -> Output {
        let mut command = Command::new(&self.client);
        command
            .args(args)
            .args(["--indexer", &self.served.url(), "--log-color-disabled"]);
        command.args(["--rpc-retry-count", "1", "--rpc-retry-interval", "200ms"]);
        tokio::task::spawn_blocking(move || command.output().expect("ran"))
            .await
            .expect("ran")
    }

    async fn official_upload(&self, file: &Path) -> String {
        let file = file.to_str().expect("text");
        let args = [
            "upload",
            "--url",
            &self.anvil.url,
            "--key",
            KEY,
            "--file",
            file,
            "--skip-tx=false",
        ];
        let ran = self.official(&args).await;
        let said = text(&ran);
        assert!(ran.status.success(), "{said}");
        said
    }

    async fn official_download(&self, root: Root, to: &Path, extra: &[&str]) -> String {
        let root = root.to_string();
        let args = [
            "download",
            "--file",
            to.to_str().expect("text"),
            "--root",
            &root,
        ];
        let ran = self.official(&[&args, extra].concat()).await;
        text(&ran)
    }

    fn network(&self) -> ZeroG {
        let submitter: Arc<dyn Submitter> = self.anvil.submitter();
        let network = ZeroG::by_indexer(&self.served.url(), pace()).expect("a client");
        network
            .paying(submitter, Wei::from(u64::MAX))
            .waiting(Duration::from_secs(20))
    }
}

fn text(ran: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_uploads_to_our_node_and_downloads_again() {
    let Some(stage) = stage().await else { return };
    let dir = TempDir::new().expect("a folder");

    for (seed, size) in (1..).zip(SIZES) {
        let (data, file) = upload(&dir, size, seed).await;
        let root = file.content().root;

        let said = stage.official_upload(file.path()).await;
        finalized(&stage, root).await;
        let plain = stage
            .official_download(root, &dir.path().join(format!("{size}-plain")), &[])
            .await;
        let proven = stage
            .official_download(
                root,
                &dir.path().join(format!("{size}-proven")),
                &["--proof"],
            )
            .await;

        assert!(said.contains(&root.to_string()), "{size}: {said}");
        let good = "Succeeded to validate the downloaded file";
        assert!(
            plain.contains(good) && proven.contains(good),
            "{size}: {plain} {proven}"
        );
        assert_eq!(
            common::read(&dir.path().join(format!("{size}-plain"))),
            data
        );
        assert_eq!(
            common::read(&dir.path().join(format!("{size}-proven"))),
            data
        );
    }
}

/// Fast mode returns before the node has seen the transaction.
async fn finalized(stage: &Stage, root: Root) {
    let network = stage.network();
    let seen = async {
        while network.find(root).await.expect("asked").is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen)
        .await
        .expect("finalized in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_pays_the_real_contract_once_and_the_official_one_downloads() {
    let Some(stage) = stage().await else { return };
    let dir = TempDir::new().expect("a folder");
    let network = stage.network();

    for (seq, size) in (0..).zip(SIZES) {
        let (data, file) = upload(&dir, size, 40 + u32::try_from(size).expect("small")).await;
        let root = file.content().root;
        let before = stage.anvil.balance().await;

        let first = network.put(&file, &Silent).await.expect("put");
        let paid = before - stage.anvil.balance().await;
        let second = network.put(&file, &Silent).await.expect("put again");
        let paid_again = before - stage.anvil.balance().await - paid;

        assert_eq!((first.already, first.tx_seq), (false, Some(seq)));
        assert_eq!(
            (second.already, second.moved_bytes, second.tx_seq),
            (true, 0, Some(seq))
        );
        assert!(
            paid > proto::U256::ZERO && paid_again == proto::U256::ZERO,
            "{paid} then {paid_again}"
        );
        let to = dir.path().join(format!("{size}-theirs"));
        let said = stage.official_download(root, &to, &["--proof"]).await;
        assert!(
            said.contains("Succeeded to validate the downloaded file"),
            "{size}: {said}"
        );
        assert_eq!(common::read(&to), data);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_downloads_what_the_official_one_uploaded() {
    let Some(stage) = stage().await else { return };
    let dir = TempDir::new().expect("a folder");
    let (data, file) = upload(&dir, 3 * SEGMENT + 5, 77).await;
    stage.official_upload(file.path()).await;
    finalized(&stage, file.content().root).await;
    let stores: [Arc<dyn Store>; 1] = [Arc::new(stage.network())];
    let reputation = Reputation::default();
    let sources = Sources {
        stores: &stores,
        reputation: &reputation,
        pace: pace(),
        progress: &Silent,
    };

    let to = dir.path().join("ours");
    fetch(&to, Wanted::from(file.content()), &sources)
        .await
        .expect("fetched");

    assert_eq!(common::read(&to), data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_started_anew_learns_all_from_the_chain() {
    let Some(stage) = stage().await else { return };
    let dir = TempDir::new().expect("a folder");
    let (data, file) = upload(&dir, 2 * SEGMENT, 78).await;
    let put = stage.network().put(&file, &Silent).await.expect("put");
    let chain = Chain::at(&stage.anvil.url, stage.anvil.flow, 0)
        .await
        .expect("a chain");

    let anew = Served::with_chain(Some(chain)).await;
    LocalFolder::open(anew.dir.path(), None)
        .expect("opened")
        .put_reader(data.as_slice())
        .expect("kept");
    let network = ZeroG::by_indexer(&anew.url(), pace()).expect("a client");
    let seen = async {
        while network
            .find(file.content().root)
            .await
            .expect("asked")
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };

    tokio::time::timeout(Duration::from_secs(20), seen)
        .await
        .expect("seen in time");
    let by_seq = network
        .find_by_seq(put.tx_seq.expect("a number"))
        .await
        .expect("asked");
    assert_eq!(by_seq, Some(file.content()));
}
