//! Replicas that fail and lie: the bytes are right or the error says why.

#![cfg(feature = "cli")]

mod common;

use common::faults::{ALL, Fault};
use common::{SEGMENT, Served, pace, served_with};
use std::sync::Arc;
use std::time::Duration;
use storage::{
    HttpFolder, Meter, Pace, Reputation, Silent, Sources, Store, StoreError, Wanted, ZeroG, fetch,
};
use tempfile::TempDir;

const SIZE: usize = 8 * SEGMENT + 999;

/// A segment in JSON, with its proof, is no longer than this.
const ANSWER: u64 = 360_000;

struct Run {
    outcome: Result<storage::Fetched, StoreError>,
    bytes: Option<Vec<u8>>,
    bad: Vec<(String, String)>,
    wasted: u64,
}

async fn run(stores: &[Arc<dyn Store>], wanted: Wanted, pace: Pace) -> Run {
    let dir = TempDir::new().expect("a folder");
    let to = dir.path().join("fetched");
    let reputation = Reputation::default();
    let meter = Meter::default();
    let sources = Sources {
        stores,
        reputation: &reputation,
        pace,
        progress: &meter,
    };
    let outcome = fetch(&to, wanted, &sources).await;
    Run {
        outcome,
        bytes: std::fs::read(&to).ok(),
        bad: reputation.list(),
        wasted: meter.read().wasted,
    }
}

fn network(served: &Served) -> Arc<dyn Store> {
    Arc::new(ZeroG::by_indexer(&served.url(), pace()).expect("a client"))
}

fn folder(served: &Served) -> Arc<dyn Store> {
    Arc::new(HttpFolder::new(&served.content_url(), pace().segment_timeout).expect("a client"))
}

fn quick() -> Pace {
    Pace {
        segment_timeout: Duration::from_millis(300),
        ..pace()
    }
}

/// Faults that are lies: the replica that tells them is not asked again.
fn is_lie(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Truncated | Fault::WrongBytes | Fault::WrongProof | Fault::Garbage
    )
}

#[tokio::test]
async fn every_fault_of_one_replica_is_mended_by_another() {
    let data = common::bytes(SIZE, 3);
    for fault in ALL {
        let (bad, good) = (served_with(&[&data]).await, served_with(&[&data]).await);
        let root = bad.node.folder().list().expect("listed")[0].root;
        bad.faults.next(fault, u64::MAX);

        let run = run(&[network(&bad), network(&good)], root.into(), quick()).await;

        assert!(run.outcome.is_ok(), "{fault:?}: {:?}", run.outcome);
        assert_eq!(run.bytes.as_deref(), Some(data.as_slice()), "{fault:?}");
        let blamed: Vec<_> = run.bad.iter().map(|(name, _)| name.as_str()).collect();
        let expected = if is_lie(fault) {
            vec![bad.url()]
        } else {
            vec![]
        };
        assert_eq!(blamed, expected, "{fault:?}");
        let answers = 9 + 4;
        assert!(
            good.faults.sent() <= answers * ANSWER,
            "{fault:?}: {}",
            good.faults.sent()
        );
    }
}

#[tokio::test]
async fn a_replica_that_only_stumbles_is_asked_again() {
    let data = common::bytes(SIZE, 4);
    for fault in [Fault::SlowLoris, Fault::ServerError, Fault::Cut] {
        let served = served_with(&[&data]).await;
        let root = served.node.folder().list().expect("listed")[0].root;
        served.faults.next(fault, 3);

        let run = run(&[network(&served)], root.into(), quick()).await;

        assert_eq!(
            run.bytes.as_deref(),
            Some(data.as_slice()),
            "{fault:?}: {:?}",
            run.outcome
        );
        assert!(served.faults.sent() <= (9 + 3) * ANSWER, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lone_liar_gives_a_clear_error_and_no_file() {
    let data = common::bytes(SIZE, 5);
    for fault in [
        Fault::Truncated,
        Fault::WrongBytes,
        Fault::WrongProof,
        Fault::Garbage,
    ] {
        let served = served_with(&[&data]).await;
        let root = served.node.folder().list().expect("listed")[0].root;
        served.faults.next(fault, u64::MAX);

        let run = run(&[network(&served)], root.into(), quick()).await;

        assert!(
            matches!(run.outcome, Err(StoreError::Exhausted { .. })),
            "{fault:?}: {:?}",
            run.outcome
        );
        assert_eq!((run.bytes, run.bad.len()), (None, 1), "{fault:?}");
        assert!(
            served.faults.sent() <= 5 * ANSWER,
            "{fault:?}: a liar is not asked on and on"
        );
    }
}

#[tokio::test]
async fn a_dead_replica_gives_a_clear_error() {
    let served = served_with(&[&common::bytes(SIZE, 6)]).await;
    let root = served.node.folder().list().expect("listed")[0].root;
    served.faults.next(Fault::ServerError, u64::MAX);

    let run = run(&[network(&served)], root.into(), quick()).await;

    let Err(StoreError::Exhausted {
        last: Some(last), ..
    }) = run.outcome
    else {
        panic!("{:?}", run.outcome)
    };
    assert!(matches!(*last, StoreError::Status { status: 500, .. }));
}

#[tokio::test]
async fn a_wrong_byte_from_a_folder_is_found_by_its_outline() {
    let data = common::bytes(SIZE, 7);
    let (bad, good) = (served_with(&[&data]).await, served_with(&[&data]).await);
    let root = bad.node.folder().list().expect("listed")[0].root;
    bad.faults.next(Fault::Garbage, u64::MAX);

    let run = run(&[folder(&bad), folder(&good)], root.into(), quick()).await;

    assert_eq!(
        run.bytes.as_deref(),
        Some(data.as_slice()),
        "{:?}",
        run.outcome
    );
    assert_eq!(run.bad.len(), 1);
    assert!(run.wasted <= 5 * 262_144, "{}", run.wasted);
}

#[tokio::test]
async fn without_an_outline_the_whole_is_checked_and_the_next_replica_asked() {
    let data = common::bytes(SIZE, 8);
    let (bad, good) = (served_with(&[&data]).await, served_with(&[&data]).await);
    let root = bad.node.folder().list().expect("listed")[0].root;
    let plain = |served: &Served| {
        let dir = TempDir::new().expect("a folder");
        std::fs::copy(
            served.node.folder().path(root),
            dir.path().join(root.to_string()),
        )
        .expect("copied");
        dir
    };
    let (bad_dir, good_dir) = (plain(&bad), plain(&good));
    let mut spoilt = data.clone();
    spoilt[3 * SEGMENT] ^= 1;
    std::fs::write(bad_dir.path().join(root.to_string()), &spoilt).expect("spoilt");
    let (one, two) = (
        static_server(&bad_dir).await,
        static_server(&good_dir).await,
    );
    let stores = [&one, &two].map(|server| {
        let client = HttpFolder::new(&server.url(), Duration::from_secs(5)).expect("a client");
        let store: Arc<dyn Store> = Arc::new(client);
        store
    });

    let run = run(&stores, root.into(), quick()).await;

    assert_eq!(
        run.bytes.as_deref(),
        Some(data.as_slice()),
        "{:?}",
        run.outcome
    );
    assert_eq!(run.bad.len(), 1);
}

/// A plain web server: whole files, ranges, nothing of ours.
async fn static_server(dir: &TempDir) -> common::Background {
    use axum::extract::Path;
    use axum::http::{HeaderMap, StatusCode, header};
    use axum::response::IntoResponse;
    let dir = dir.path().to_owned();
    let serve = move |Path(name): Path<String>, headers: HeaderMap| {
        let file = std::fs::read(dir.join(name));
        async move {
            let Ok(file) = file else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let range = headers
                .get(header::RANGE)
                .map(|range| range.to_str().expect("text").to_owned());
            let Some(range) = range else {
                return file.into_response();
            };
            let (first, last) = range
                .strip_prefix("bytes=")
                .and_then(|r| r.split_once('-'))
                .expect("a range");
            let (first, last): (usize, usize) =
                (first.parse().expect("first"), last.parse().expect("last"));
            (StatusCode::PARTIAL_CONTENT, file[first..=last].to_vec()).into_response()
        }
    };
    common::Background::serve(|_| axum::Router::new().route("/{name}", axum::routing::get(serve)))
        .await
}

#[tokio::test]
async fn a_fetch_that_was_dropped_goes_on_where_it_stood() {
    let data = common::bytes(40 * SEGMENT, 9);
    let served = served_with(&[&data]).await;
    let root = served.node.folder().list().expect("listed")[0].root;
    let dir = TempDir::new().expect("a folder");
    let to = dir.path().join("fetched");
    let stores = [network(&served)];
    let reputation = Reputation::default();
    let sources = Sources {
        stores: &stores,
        reputation: &reputation,
        pace: pace(),
        progress: &Silent,
    };
    let mut drops: u64 = 0;

    loop {
        let before = served.faults.sent();
        let some_more = async {
            while served.faults.sent() < before + 6 * ANSWER {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            fetched = fetch(&to, Wanted::from(root), &sources) => { fetched.expect("fetched"); break }
            () = some_more => drops += 1,
        }
    }

    assert_eq!(common::read(&to), data);
    assert!(drops >= 3, "it was interrupted: {drops}");
    let in_flight = u64::try_from(pace().parallel).expect("small") + 1;
    let most = (40 + drops * in_flight) * ANSWER;
    assert!(
        served.faults.sent() <= most,
        "{} of {most}",
        served.faults.sent()
    );
}

#[tokio::test]
async fn replicas_that_disagree_about_the_size_are_outvoted_or_told() {
    // 1000 and 1001 bytes with zeros at the end have one root: it covers whole chunks.
    let mut long = common::bytes(1001, 10);
    long[999] = 0;
    long[1000] = 0;
    let short = &long[..1000];
    let (one, two) = (served_with(&[&long]).await, served_with(&[short]).await);
    let root = one.node.folder().list().expect("listed")[0].root;
    assert_eq!(two.node.folder().list().expect("listed")[0].root, root);
    let stores = [network(&one), network(&two)];

    let told = run(
        &stores,
        Wanted {
            root,
            size: Some(1000),
        },
        quick(),
    )
    .await;
    let asked = run(&stores, root.into(), quick()).await;

    assert_eq!(told.bytes.as_deref(), Some(short));
    assert_eq!(asked.bytes.as_deref(), Some(long.as_slice()));
}
