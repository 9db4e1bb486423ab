//! Submissions: one root is paid once, whatever happens to the transaction or to us.

#![cfg(feature = "cli")]

mod common;

use async_trait::async_trait;
use common::{SEGMENT, Served, pace, upload};
use proto::{Root, Wei};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use storage::id::Content;
use storage::{Silent, Store, StoreError, Submission, SubmitError, Submitted, Submitter, ZeroG};
use tempfile::TempDir;

/// A chain of one contract: what a transaction does, and how its sending looks.
#[derive(Debug, Default)]
struct FakeChain {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    on_chain: BTreeMap<Root, Submitted>,
    paid: Vec<Wei>,
    lookups: u32,
    send: Sending,
    /// Lookups that still see nothing, as before a block is mined.
    blind: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum Sending {
    #[default]
    Fine,
    /// The transaction is mined, but the sender hears nothing.
    Unheard,
    /// The sender hears nothing because nothing was sent.
    Lost,
}

#[async_trait]
impl Submitter for FakeChain {
    async fn price_per_sector(&self) -> Result<Wei, SubmitError> {
        Ok(Wei::from(7))
    }

    async fn lookup(&self, content: Content) -> Result<Option<Submitted>, SubmitError> {
        let mut state = self.state.lock().expect("not poisoned");
        state.lookups += 1;
        if state.blind > 0 {
            state.blind -= 1;
            return Ok(None);
        }
        Ok(state.on_chain.get(&content.root).copied())
    }

    async fn submit(&self, submission: &Submission, fee: Wei) -> Result<Submitted, SubmitError> {
        let mut state = self.state.lock().expect("not poisoned");
        let submitted = Submitted {
            tx_seq: u64::try_from(state.on_chain.len()).expect("small"),
            tx: None,
        };
        if !matches!(state.send, Sending::Lost) {
            state.paid.push(fee);
            state.on_chain.insert(submission.root, submitted);
        }
        match state.send {
            Sending::Fine => Ok(submitted),
            Sending::Unheard | Sending::Lost => {
                Err(SubmitError::Unknown("connection reset".into()))
            }
        }
    }
}

impl FakeChain {
    fn sending(send: Sending, blind: u32) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                send,
                blind,
                ..State::default()
            }),
        })
    }

    fn paid(&self) -> Vec<Wei> {
        self.state.lock().expect("not poisoned").paid.clone()
    }
}

/// A node that says it follows a chain, though nobody mines there.
async fn chained() -> (Served, common::Background) {
    use axum::routing::post;
    let answer = |body: String| async move {
        let method: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let result = match method["method"].as_str() {
            Some("eth_chainId") => serde_json::json!("0x7a69"),
            _ => serde_json::json!("0x0"),
        };
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string()
    };
    let rpc = common::Background::serve(|_| axum::Router::new().route("/", post(answer))).await;
    let flow = proto::Address::repeat_byte(0xf1);
    let chain = storage::serve::Chain::at(&rpc.url(), flow, 1)
        .await
        .expect("a chain");
    (Served::with_chain(Some(chain)).await, rpc)
}

fn network(served: &Served, chain: &Arc<FakeChain>, max: u64) -> ZeroG {
    let network = ZeroG::by_indexer(&served.url(), pace()).expect("a client");
    let submitter: Arc<dyn Submitter> = Arc::<FakeChain>::clone(chain);
    network
        .paying(submitter, Wei::from(max))
        .waiting(Duration::from_millis(300))
}

#[tokio::test]
async fn a_submission_is_priced_by_padded_sectors() {
    let (served, _rpc) = chained().await;
    let chain = FakeChain::sending(Sending::Fine, 0);
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, SEGMENT + 1, 1).await;

    // The node never sees the transaction: only the payment is of interest here.
    let late = network(&served, &chain, u64::MAX).put(&file, &Silent).await;

    assert!(matches!(late, Err(StoreError::Patience { .. })), "{late:?}");
    assert_eq!(chain.paid(), [Wei::from(7 * (1024 + 128))]);
}

#[tokio::test]
async fn more_than_the_limit_is_never_paid() {
    let (served, _rpc) = chained().await;
    let chain = FakeChain::sending(Sending::Fine, 0);
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, 256, 1).await;

    let dear = network(&served, &chain, 6).put(&file, &Silent).await;

    assert!(
        matches!(
            dear,
            Err(StoreError::Submit {
                source: SubmitError::TooDear { .. },
                ..
            })
        ),
        "{dear:?}"
    );
    assert_eq!(chain.paid(), []);
}

#[tokio::test]
async fn a_put_after_a_crash_pays_nothing_again() {
    let (served, _rpc) = chained().await;
    let chain = FakeChain::sending(Sending::Fine, 0);
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, 1000, 1).await;

    for _life in 0..3 {
        drop(network(&served, &chain, 1000).put(&file, &Silent).await);
    }

    assert_eq!(chain.paid().len(), 1);
}

#[tokio::test]
async fn an_unheard_send_is_looked_up_and_not_repeated() {
    let (served, _rpc) = chained().await;
    let chain = FakeChain::sending(Sending::Unheard, 3);
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, 1000, 1).await;

    let late = network(&served, &chain, 1000).put(&file, &Silent).await;

    assert!(
        matches!(late, Err(StoreError::Patience { .. })),
        "it was found on chain: {late:?}"
    );
    assert_eq!(chain.paid().len(), 1);
}

#[tokio::test]
async fn a_send_nobody_knows_of_is_an_error_that_says_so() {
    let (served, _rpc) = chained().await;
    let chain = FakeChain::sending(Sending::Lost, 0);
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, 1000, 1).await;

    let unknown = network(&served, &chain, 1000).put(&file, &Silent).await;

    let Err(
        error @ StoreError::Submit {
            source: SubmitError::Unknown(_),
            ..
        },
    ) = unknown
    else {
        panic!("{unknown:?}")
    };
    assert!(error.transient(), "a later put looks it up and tries again");
    assert_eq!(
        chain.state.lock().expect("not poisoned").lookups,
        1 + pace().tries
    );
}

#[tokio::test]
async fn without_a_submitter_nothing_is_sent() {
    let (served, _rpc) = chained().await;
    let dir = TempDir::new().expect("a folder");
    let (_, file) = upload(&dir, 1000, 1).await;

    let refused = ZeroG::by_indexer(&served.url(), pace())
        .expect("a client")
        .put(&file, &Silent)
        .await;

    assert!(
        matches!(refused, Err(StoreError::NoSubmitter { .. })),
        "{refused:?}"
    );
}
