//! One order from her signature to the last wei.

use crate::audit::audit;
use crate::customer::{Buyer, Wish};
use crate::dataset::{Model, Recipe, data};
use crate::machine::SimulatedMachine;
use crate::node::{Node, Settings, Tuning};
use crate::proxy::Wire;
use crate::stage::{START, Stage, ether};
use alloy_primitives::{Address, U256};
use chain::{Reader, Standing};
use proto::{SignedOrder, TaskId, Wei};
use std::path::{Path, PathBuf};
use std::time::Duration;
use storage::LocalFolder;
use tempfile::TempDir;
use testchain::Anvil;

pub(crate) const PRICE_WEI: u64 = 1_000_003;

/// Everybody on stage, the node registered and accepted.
pub(crate) struct Play {
    pub(crate) stage: Stage,
    pub(crate) wire: Wire,
    pub(crate) machine: SimulatedMachine,
    pub(crate) store: LocalFolder,
    pub(crate) model: Model,
    pub(crate) node: Node,
    pub(crate) provider: Address,
    pub(crate) buyer: Buyer,
    pub(crate) reader: Reader,
    pub(crate) folder: TempDir,
}

/// An order and what it should come to.
pub(crate) struct Expected {
    pub(crate) signed: SignedOrder,
    pub(crate) recipe: String,
    pub(crate) fee: Wei,
    pub(crate) adapter: Vec<u8>,
}

impl Expected {
    pub(crate) fn task(&self) -> TaskId {
        self.signed.order.id()
    }
}

impl Play {
    pub(crate) async fn begin() -> Self {
        Self::begin_with(Tuning::default()).await
    }

    pub(crate) async fn begin_with(tuning: Tuning) -> Self {
        Self::prepare(Stage::set(Anvil::of_today("0.2").await).await, tuning).await
    }

    /// At these contracts.
    pub(crate) async fn begin_at(stage: Stage) -> Self {
        Self::prepare(stage, Tuning::default()).await
    }

    async fn prepare(stage: Stage, tuning: Tuning) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| -> PathBuf { folder.path().join(name) };
        let wire = Wire::to(stage.anvil.address()).await;
        let machine = SimulatedMachine::power_on(folder.path());
        let store = LocalFolder::open(&at("store"), None).unwrap();
        let model = Model::make(folder.path(), &store);
        let (key, wallet) = stage.wallet(folder.path(), "provider").await;
        let settings = Settings {
            machine: &machine,
            rpc: &wire.url,
            market: stage.market,
            wallet: &key,
            store: &at("store"),
            model: model.root,
            price_wei: PRICE_WEI,
            tuning,
        };
        let mut node = Node::install(at("node"), &settings);
        node.start();
        let provider = wallet.address();
        let reader = stage.reader().await;
        until(
            "the node is registered",
            Duration::from_mins(5),
            async || {
                assert!(!node.has_ended(), "{}", node.log());
                reader.service(provider).await.ok()
            },
        )
        .await;
        stage.accept_signer_of(provider).await;
        let buyer = Buyer::new(&stage, folder.path(), provider).await;
        Self {
            stage,
            wire,
            machine,
            store,
            model,
            node,
            provider,
            buyer,
            reader,
            folder,
        }
    }

    /// A signed and opened order over its own data, and what an uninterrupted training makes.
    pub(crate) async fn order(&mut self, number: u64, steps: u64) -> Expected {
        let folder = self.folder.path();
        let data = data(folder, number);
        self.order_over(number, &data, steps).await
    }

    pub(crate) async fn order_over(&mut self, number: u64, data: &Path, steps: u64) -> Expected {
        let folder = self.folder.path();
        let recipe = Recipe::of(folder, steps);
        let evidence = self.node.evidence();
        let dataset = self.buyer.seal(&evidence, &self.machine, data, &self.store);
        let tokens = recipe.tokens(&self.model, data);
        let adapter = recipe.train(&self.model, data, &folder.join(format!("out-{number}")));
        let fee = Wei(U256::from(tokens) * U256::from(PRICE_WEI));
        let wish = Wish {
            provider: self.provider,
            model: self.model.root,
            dataset,
            recipe: &recipe.digest,
            fee_max: Wei(fee.0 + U256::from(7)),
            ack_window_secs: 3_600,
        };
        let signed = self.buyer.order(&self.stage, wish).await;
        Expected {
            signed,
            recipe: recipe.canonical,
            fee,
            adapter,
        }
    }

    /// A signed and opened order over data that is wrong, and its recipe.
    pub(crate) async fn mistaken(&mut self, data: &Path) -> (SignedOrder, String) {
        let recipe = Recipe::of(self.folder.path(), 20);
        let evidence = self.node.evidence();
        let dataset = self.buyer.seal(&evidence, &self.machine, data, &self.store);
        let wish = Wish {
            provider: self.provider,
            model: self.model.root,
            dataset,
            recipe: &recipe.digest,
            fee_max: Wei(U256::from(PRICE_WEI) * U256::from(100_000)),
            ack_window_secs: 3_600,
        };
        (self.buyer.order(&self.stage, wish).await, recipe.canonical)
    }

    /// From the door to the last wei: handed in, acknowledged, paid; the adapter is the right one.
    pub(crate) async fn through(&self, expected: &Expected) {
        self.node.submit(&expected.signed, &expected.recipe).await;
        self.finish(expected).await;
    }

    /// What is left once an order was taken.
    pub(crate) async fn finish(&self, expected: &Expected) {
        let task = expected.task();
        let ended = |now: &Standing| !matches!(now, Standing::Open | Standing::Accepted);
        let delivered = until_standing(&self.reader, task, |now| ended(&now)).await;
        assert!(
            matches!(delivered, Standing::Delivered { .. }),
            "{delivered:?}: {}",
            self.node.log()
        );
        self.buyer.acknowledge(self.provider, task).await;
        until_standing(&self.reader, task, |now| now == Standing::Settled).await;
        let (store, folder) = (&self.store, self.folder.path());
        let got = self.buyer.collect(task, self.provider, store, folder).await;
        assert!(
            got == expected.adapter,
            "another adapter than an uninterrupted training makes"
        );
    }

    /// The same at contracts that know no orders: only results are on chain.
    pub(crate) async fn through_base(&self, expected: &Expected) {
        let (task, buyer, provider) = (expected.task(), &self.buyer, self.provider);
        let patience = Duration::from_mins(5);
        self.node.submit(&expected.signed, &expected.recipe).await;
        until("the result is delivered", patience, async || {
            assert!(!self.node.has_gone(), "{}", self.node.log());
            buyer.result(task, provider).await
        })
        .await;
        buyer.acknowledge(provider, task).await;
        let paid = async || {
            let result = buyer.result(task, provider).await?;
            result.settled.then_some(())
        };
        until("it is paid", patience, paid).await;
        let account = self.reader.account(buyer.it.address(), provider).await;
        let spent = ether("10").0 - account.unwrap().balance;
        assert_eq!(spent, expected.fee.0, "to the wei");
        let (store, folder) = (&self.store, self.folder.path());
        let got = buyer.collect(task, provider, store, folder).await;
        assert!(got == expected.adapter, "another adapter");
    }

    pub(crate) async fn standing(&self, task: TaskId) -> Option<Standing> {
        let known = self.reader.standing(task).await.unwrap();
        known.map(|(standing, _provider)| standing)
    }
}

/// Asks until there is an answer.
pub(crate) async fn until<T>(
    what: &str,
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(patience, asking)
        .await
        .unwrap_or_else(|_late| panic!("not in time: {what}"))
}

pub(crate) async fn until_standing(
    reader: &Reader,
    task: TaskId,
    good: impl Fn(Standing) -> bool,
) -> Standing {
    until("the chain says so", Duration::from_mins(5), async || {
        let known = reader.standing(task).await.unwrap();
        known.map(|(standing, _)| standing).filter(|&now| good(now))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_trained_delivered_acknowledged_and_paid_to_the_wei() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 20).await;
    let task = expected.task();

    play.node.submit(&expected.signed, &expected.recipe).await;
    let delivered = until(
        "the result is delivered",
        Duration::from_mins(5),
        async || {
            assert!(!play.node.has_ended(), "{}", play.node.log());
            let now = play.standing(task).await;
            now.filter(|now| matches!(now, Standing::Delivered { .. } | Standing::Released(_)))
        },
    )
    .await;
    assert!(
        matches!(delivered, Standing::Delivered { .. }),
        "{delivered:?}: {}",
        play.node.log()
    );
    play.buyer.acknowledge(play.provider, task).await;
    until_standing(&play.reader, task, |now| now == Standing::Settled).await;

    let (store, folder) = (&play.store, play.folder.path());
    let got = play.buyer.collect(task, play.provider, store, folder).await;
    assert!(
        got == expected.adapter,
        "another adapter than an uninterrupted training makes"
    );
    audit(&mut play, &[expected.fee]).await;
    assert!(!play.node.log().contains("what is"), "data in the log");
    let left = play.buyer.it.funds().await.unwrap().unwrap();
    assert_eq!(
        left.available,
        ether("10"),
        "of the {START} she began with 20 were deposited"
    );
}
