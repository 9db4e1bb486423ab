//! The books keep what they answered, whatever is asked in whatever order, and both databases alike.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics is a test that fails, and one that is left out says so"
)]

mod model;
mod postgres;
mod sample;

use broker::ledger::{Links, audit};
use broker::store::{Opened, SqlStore, Store};
use model::{Model, Step, steps};
use postgres::Postgres;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A database that can be asked again after everyone who used it is gone.
trait Place {
    fn fresh(&self) -> String;
}

struct Files(TempDir);

impl Place for Files {
    fn fresh(&self) -> String {
        let name: u64 = rand::random();
        format!(
            "sqlite:{}?mode=rwc",
            self.0.path().join(format!("{name}.db")).display()
        )
    }
}

impl Place for Postgres {
    fn fresh(&self) -> String {
        self.database()
    }
}

fn obeys_the_model(place: &dyn Place, cases: u32) {
    let runtime = Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config {
        cases,
        ..Config::default()
    });
    runner
        .run(&steps(), |steps| {
            runtime.block_on(play(&place.fresh(), &steps))
        })
        .unwrap();
}

/// Every step gives what the model says; so do the books after they were opened anew.
async fn play(address: &str, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let mut books = Books::open(address).await;
    for step in steps {
        if matches!(step, Step::Reopen) {
            books.close().await;
            books = Books::open(address).await;
        }
        model.take(step, &books.store).await?;
    }
    model.compare(&books.store).await?;
    let text = exported(&books.store).await;
    let found = audit(text.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(found.links, books.store.links().await.unwrap());
    books.close().await;
    Ok(())
}

async fn exported(store: &SqlStore) -> String {
    let lines = store.ledger(0, 1_000).await.unwrap();
    let ended = lines
        .iter()
        .flat_map(|line| [line.to_string(), "\n".to_owned()]);
    ended.collect()
}

struct Books {
    store: SqlStore,
    work: tokio::task::JoinHandle<()>,
}

impl Books {
    async fn open(address: &str) -> Self {
        let Opened { store, work } = SqlStore::open(address).await.unwrap();
        #[allow(
            clippy::disallowed_methods,
            reason = "a test has no crew, and waits for this in close"
        )]
        let work = tokio::spawn(work.run());
        Self { store, work }
    }

    async fn close(self) {
        drop(self.store);
        self.work.await.unwrap();
    }
}

#[test]
fn a_file_obeys_the_model() {
    obeys_the_model(&Files(TempDir::new().unwrap()), 48);
}

#[test]
fn a_server_obeys_the_model() {
    let Some(server) = Postgres::start() else {
        return;
    };
    obeys_the_model(&server, 24);
}

#[test]
fn two_brokers_at_one_server_never_claim_the_same_order() {
    let Some(server) = Postgres::start() else {
        return;
    };
    Runtime::new().unwrap().block_on(async {
        let address = server.database();
        let (one, two) = (Books::open(&address).await, Books::open(&address).await);
        for number in 0..200 {
            one.store
                .submit(&sample::job(number, 0), sample::OPEN_MAX)
                .await
                .unwrap();
        }

        let claims = |books: &Books| {
            let store = books.store.clone();
            async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = store.claim(sample::claim(10, 100, 7)).await.unwrap();
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed.into_iter().map(|kept| kept.job.task));
                }
            }
        };
        let (mine, yours) = tokio::join!(claims(&one), claims(&two));

        let all: std::collections::BTreeSet<_> = mine.iter().chain(&yours).collect();
        assert_eq!(all.len(), 200);
        assert_eq!(mine.len() + yours.len(), 200);
        one.close().await;
        two.close().await;
    });
}

#[test]
fn a_broker_that_slept_through_its_claim_changes_nothing() {
    let files = Files(TempDir::new().unwrap());
    Runtime::new().unwrap().block_on(async {
        let books = Books::open(&files.fresh()).await;
        books
            .store
            .submit(&sample::job(1, 0), sample::OPEN_MAX)
            .await
            .unwrap();
        let slept = books
            .store
            .claim(sample::claim(1, 10, 1))
            .await
            .unwrap()
            .remove(0);
        let awake = books
            .store
            .claim(sample::claim(10, 20, 1))
            .await
            .unwrap()
            .remove(0);

        assert_eq!(
            sample::assign(&books.store, &slept).await,
            broker::store::Changed::Stale
        );
        assert_ne!(
            sample::assign(&books.store, &awake).await,
            broker::store::Changed::Stale
        );
        assert_eq!(books.store.links().await.unwrap().count, 1);
        books.close().await;
    });
}

#[test]
fn empty_books_have_an_empty_ledger() {
    let files = Files(TempDir::new().unwrap());
    Runtime::new().unwrap().block_on(async {
        let books = Books::open(&files.fresh()).await;

        assert_eq!(books.store.links().await.unwrap(), Links::default());
        books.close().await;
    });
}
