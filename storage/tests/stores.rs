//! One conformance suite, four backends.

#![cfg(feature = "cli")]

mod common;

use common::{Background, SEGMENT, Served, pace, served_with, upload};
use std::sync::Arc;
use std::time::Duration;
use storage::{
    Bucket, BucketConfig, HttpFolder, LocalFolder, Reputation, Silent, Sources, Store, StoreError,
    Wanted, ZeroG, fetch,
};
use tempfile::TempDir;

mod bucket_server;

use bucket_server::Shared as Objects;

const SIZES: [usize; 7] = [
    1,
    256,
    257,
    SEGMENT - 1,
    SEGMENT,
    SEGMENT + 1,
    5 * SEGMENT + 77,
];

/// What every store that holds content does.
async fn gives_back(store: Arc<dyn Store>, data: &[u8], root: proto::Root) {
    let dir = TempDir::new().expect("a folder");
    let to = dir.path().join("fetched");
    let stores = [Arc::clone(&store)];
    let reputation = Reputation::default();
    let sources = Sources {
        stores: &stores,
        reputation: &reputation,
        pace: pace(),
        progress: &Silent,
    };

    let found = store.find(root).await.expect("asked");
    let fetched = fetch(&to, Wanted::from(root), &sources)
        .await
        .expect("fetched");

    assert!(!found.is_empty());
    assert!(found.iter().all(|copy| copy.content == fetched.content));
    assert_eq!(common::read(&to), data);
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("listed").count(),
        1,
        "nothing else is left"
    );
    assert_eq!(reputation.list(), []);
}

/// What every store says of content it does not hold.
async fn lacks(store: Arc<dyn Store>) {
    let root = proto::Root([0x5e; 32]);
    let dir = TempDir::new().expect("a folder");
    let stores = [Arc::clone(&store)];
    let reputation = Reputation::default();
    let sources = Sources {
        stores: &stores,
        reputation: &reputation,
        pace: pace(),
        progress: &Silent,
    };

    let fetched = fetch(&dir.path().join("x"), Wanted::from(root), &sources).await;

    assert!(store.find(root).await.expect("asked").is_empty());
    assert!(
        matches!(fetched, Err(StoreError::Missing(missing)) if missing == root),
        "{fetched:?}"
    );
}

/// What every store that can be written does.
async fn keeps(store: Arc<dyn Store>) {
    let dir = TempDir::new().expect("a folder");
    for (seed, size) in (1..).zip(SIZES) {
        let (data, file) = upload(&dir, size, seed).await;

        let first = store.put(&file, &Silent).await.expect("put");
        let second = store.put(&file, &Silent).await.expect("put again");

        let bytes = u64::try_from(size).expect("small");
        assert_eq!((first.already, first.moved_bytes), (false, bytes), "{size}");
        assert_eq!((second.already, second.moved_bytes), (true, 0), "{size}");
        gives_back(Arc::clone(&store), &data, file.content().root).await;
    }
    lacks(store).await;
}

#[tokio::test]
async fn a_local_folder_keeps_and_gives_back() {
    let dir = TempDir::new().expect("a folder");
    keeps(Arc::new(
        LocalFolder::open(dir.path(), None).expect("opened"),
    ))
    .await;
}

#[tokio::test]
async fn zero_g_by_indexer_keeps_and_gives_back() {
    let served = Served::start().await;
    let network = ZeroG::by_indexer(&served.url(), pace()).expect("a client");
    keeps(Arc::new(network.waiting(Duration::from_secs(10)))).await;
}

#[tokio::test]
async fn zero_g_by_nodes_keeps_and_gives_back() {
    let served = Served::start().await;
    let network = ZeroG::by_nodes(&[served.url()], pace()).expect("a client");
    keeps(Arc::new(network.waiting(Duration::from_secs(10)))).await;
}

#[tokio::test]
async fn a_bucket_keeps_and_gives_back() {
    let server = Background::serve(|_| bucket_server::router(Objects::default())).await;
    keeps(Arc::new(bucket(&server))).await;
}

fn bucket(server: &Background) -> Bucket {
    let config = BucketConfig {
        bucket: "models".into(),
        prefix: "some/where".into(),
        region: "eu-1".into(),
        endpoint: Some(server.url()),
        access_key_id: "id".into(),
        secret_access_key: "secret".into(),
    };
    Bucket::open(config).expect("a client")
}

/// Eleven parts of 8 MiB and a bit.
const LARGE: usize = (88 << 20) + 5;
const PART: usize = 8 << 20;

/// The bytes of the parts that the journal in this folder remembers.
fn noted_bytes(journals: &TempDir) -> u64 {
    let files = journals.path().read_dir().expect("listed");
    let text: String = files
        .map(|file| std::fs::read_to_string(file.expect("listed").path()).expect("read"))
        .collect();
    let parts = text.lines().skip(1).map(|line| {
        let part: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        usize::try_from(part["part"].as_u64().expect("a number")).expect("small")
    });
    let bytes: usize = parts.map(|part| PART.min(LARGE - part * PART)).sum();
    u64::try_from(bytes).expect("small")
}

/// Puts until three parts more are remembered, then drops the upload, as a kill would.
async fn put_some(bucket: &Bucket, file: &storage::Upload, journals: &TempDir) {
    let enough = noted_bytes(journals) + u64::try_from(2 * PART + 5).expect("small");
    let some = async {
        while noted_bytes(journals) < enough {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        put = bucket.put(file, &Silent) => panic!("not cut off: {put:?}"),
        () = some => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_a_bucket_that_was_cut_off_goes_on_where_it_stood() {
    let objects = Objects::default();
    let server = Background::serve(|_| bucket_server::router(Objects::clone(&objects))).await;
    let dir = TempDir::new().expect("a folder");
    let journals = TempDir::new().expect("a folder");
    let (data, file) = upload(&dir, LARGE, 3).await;

    for _life in 0..2 {
        let bucket = bucket(&server).remembering(journals.path());
        put_some(&bucket, &file, &journals).await;
    }
    let noted = noted_bytes(&journals);
    let bucket = bucket(&server).remembering(journals.path());
    let last = bucket.put(&file, &Silent).await.expect("put");

    let sent = objects.lock().expect("not poisoned").bytes;
    let once = u64::try_from(LARGE).expect("small");
    assert_eq!((last.already, last.moved_bytes), (false, once - noted));
    // At most three parts are on their way when a life ends.
    let repeated = u64::try_from(2 * 3 * PART).expect("small");
    assert!(sent >= once && sent <= once + repeated, "{sent}");
    assert_eq!(journals.path().read_dir().expect("listed").count(), 0);
    gives_back(Arc::new(bucket), &data, file.content().root).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_bucket_has_forgotten_begins_again() {
    let objects = Objects::default();
    let server = Background::serve(|_| bucket_server::router(Objects::clone(&objects))).await;
    let dir = TempDir::new().expect("a folder");
    let journals = TempDir::new().expect("a folder");
    let (data, file) = upload(&dir, LARGE, 4).await;
    let bucket = bucket(&server).remembering(journals.path());
    put_some(&bucket, &file, &journals).await;
    objects.lock().expect("not poisoned").uploads.clear();

    let put = bucket.put(&file, &Silent).await.expect("put");

    assert_eq!(put.moved_bytes, u64::try_from(LARGE).expect("small"));
    gives_back(Arc::new(bucket), &data, file.content().root).await;
}

#[tokio::test]
async fn an_http_folder_gives_back_and_takes_nothing() {
    let datas: Vec<Vec<u8>> = (1..)
        .zip(SIZES)
        .map(|(seed, size)| common::bytes(size, seed))
        .collect();
    let refs: Vec<&[u8]> = datas.iter().map(Vec::as_slice).collect();
    let served = served_with(&refs).await;
    let store: Arc<dyn Store> =
        Arc::new(HttpFolder::new(&served.content_url(), Duration::from_secs(5)).expect("a client"));

    for content in served.node.folder().list().expect("listed") {
        let data = common::read(&served.node.folder().path(content.root));
        gives_back(Arc::clone(&store), &data, content.root).await;
    }
    lacks(Arc::clone(&store)).await;
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, 10, 9).await;
    assert!(matches!(
        store.put(&file, &Silent).await,
        Err(StoreError::ReadOnly { .. })
    ));
}

#[tokio::test]
async fn content_is_found_by_its_number() {
    let served = Served::start().await;
    let network = ZeroG::by_indexer(&served.url(), pace()).expect("a client");
    let dir = TempDir::new().expect("a folder");
    let (_, first) = upload(&dir, 1000, 1).await;
    let (_, second) = upload(&dir, 2000, 2).await;
    for file in [&first, &second] {
        network.put(file, &Silent).await.expect("put");
    }

    assert_eq!(
        network.find_by_seq(1).await.expect("asked"),
        Some(second.content())
    );
    assert_eq!(network.find_by_seq(7).await.expect("asked"), None);
}
