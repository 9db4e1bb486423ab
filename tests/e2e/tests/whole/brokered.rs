//! Orders handed in at a broker, for a node that nobody calls: it dialled in.

use crate::audit::audit;
use crate::broker::{BROKER, BrokerProcess, free_port};
use crate::customer::Wish;
use crate::dataset::{Recipe, data};
use crate::node::Tuning;
use crate::stage::ether;
use crate::story::{Expected, Play, until, until_standing};
use broker_client::Broker;
use chain::Standing;
use futures_util::StreamExt;
use proto::broker::{NodesRequest, PageCount, SubmitReply};
use proto::node::{CancelRequest, GetRequest, LogsRequest};
use proto::task::{Outcome, Phase};
use proto::{Action, Blob, SignedOrder, Submission, TaskId, Tier};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(5);

/// A play whose node was told of a broker, and that broker.
struct Market {
    play: Play,
    broker: BrokerProcess,
    door: Broker,
}

impl Market {
    async fn open() -> Self {
        let at = free_port();
        let play = Play::begin_with(Tuning {
            broker: Some(at),
            ..Tuning::default()
        })
        .await;
        // The node has dialled in vain so far, and goes on.
        let mut broker = BrokerProcess::install(&play, at);
        broker.start();
        let door = broker.door();
        let market = Self { play, broker, door };
        market.node_is_listed().await;
        market
    }

    async fn node_is_listed(&self) {
        let provider = self.play.provider;
        let listed = until("the node has dialled in", PATIENCE, async || {
            let asked = NodesRequest {
                base_model: Some(self.play.model.root),
                tier_min: Tier::Development,
                page: Blob::new(Vec::new()).unwrap(),
                count: PageCount::try_from(10_u32).unwrap(),
            };
            let reply = self.door.nodes(asked).await.ok()?;
            let nodes = reply.nodes.into_vec();
            nodes
                .into_iter()
                .find(|node| node.offer.provider == provider)
        })
        .await;
        assert_eq!(listed.judgement.tier, Tier::Development);
    }

    async fn submit(&self, order: &SignedOrder, recipe: &str) {
        let submission = Submission {
            order: order.clone(),
            recipe: Blob::new(recipe.as_bytes().to_vec()).unwrap(),
        };
        let reply = self.door.submit(submission).await.unwrap();
        assert!(matches!(reply, SubmitReply::Taken(_)), "{reply:?}");
    }

    /// How the broker says that the task stands; nothing, while it is not reached.
    async fn phase(&self, task: TaskId) -> Option<Phase> {
        let permit = Some(self.play.buyer.permit(Action::Read, task));
        let told = self.door.get(GetRequest { task, permit }).await.ok()?;
        Some(told.phase)
    }

    async fn until_phase(&self, task: TaskId, good: impl Fn(&Phase) -> bool) -> Phase {
        let what = format!("the broker says so of {task}");
        let told = until(&what, PATIENCE, async || {
            self.phase(task).await.filter(&good)
        });
        told.await
    }

    async fn is_paid_by_all_accounts(&self, expected: &Expected) {
        self.play.finish(expected).await;
        let paid = |phase: &Phase| *phase == Phase::Closed(Outcome::Paid);
        self.until_phase(expected.task(), paid).await;
    }

    /// The node's log of a task, as the broker passes it on.
    async fn log_is_passed_on(&self, task: TaskId) {
        let asked = LogsRequest {
            task,
            permit: Some(self.play.buyer.permit(Action::Read, task)),
            after_sequence: 0,
            follow: false,
        };
        let mut lines = self.door.logs(asked).await.unwrap();
        let mut count = 0;
        while let Some(batch) = lines.next().await {
            count += batch.unwrap().lines.len();
        }
        assert!(count > 0, "an empty log");
    }

    /// An order that would be trained for hours is given up.
    async fn cancelled(&mut self) {
        let folder = self.play.folder.path();
        let recipe = Recipe::of(folder, 50_000);
        let (evidence, data) = (self.play.node.evidence(), data(folder, 9));
        let (machine, store) = (&self.play.machine, &self.play.store);
        let dataset = self.play.buyer.seal(&evidence, machine, &data, store);
        let wish = Wish {
            provider: self.play.provider,
            model: self.play.model.root,
            dataset,
            recipe: &recipe.digest,
            fee_max: ether("1"),
            ack_window_secs: 3_600,
        };
        let signed = self.play.buyer.order(&self.play.stage, wish).await;
        let task = signed.order.id();
        self.submit(&signed, &recipe.canonical).await;
        self.until_phase(task, |phase| {
            matches!(phase, Phase::Accepted | Phase::Staged)
        })
        .await;

        let permit = Some(self.play.buyer.permit(Action::Cancel, task));
        self.door
            .cancel(CancelRequest { task, permit })
            .await
            .unwrap();

        let told = self.until_phase(task, Phase::is_closed).await;
        assert!(
            matches!(told, Phase::Closed(Outcome::Released(_))),
            "{told:?}"
        );
        let released = |now| matches!(now, Standing::Released(_));
        until_standing(&self.play.reader, task, released).await;
    }

    /// What anyone finds who follows the public ledger.
    async fn audited(&self) -> Value {
        let ledger = self.broker.ledger().await;
        let mut verify = Command::new(BROKER);
        let told = verify.args(["ledger", "verify", "--json"]).arg(ledger);
        let told = told.output().unwrap();
        assert!(told.status.success(), "{told:?}");
        serde_json::from_slice(&told.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_handed_in_at_a_broker_is_trained_and_paid_and_another_is_given_up() {
    let mut market = Market::open().await;
    let expected = market.play.order(1, 20).await;

    market.submit(&expected.signed, &expected.recipe).await;
    market.is_paid_by_all_accounts(&expected).await;
    market.log_is_passed_on(expected.task()).await;
    market.cancelled().await;

    let node = market.audited().await["nodes"][0].clone();
    assert_eq!(
        (node["assigned"].as_u64(), node["paid"].as_u64()),
        (Some(2), Some(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_the_middle_costs_nobody_anything() {
    let mut market = Market::open().await;
    let expected = market.play.order(1, 150).await;
    let task = expected.task();

    market.submit(&expected.signed, &expected.recipe).await;
    until_standing(&market.play.reader, task, |now| now == Standing::Accepted).await;
    market.broker.kill();
    assert_eq!(market.phase(task).await, None, "nobody answers");
    market.broker.start();

    market.is_paid_by_all_accounts(&expected).await;
    let node = market.audited().await["nodes"][0].clone();
    assert_eq!(
        (node["assigned"].as_u64(), node["paid"].as_u64()),
        (Some(1), Some(1))
    );
    audit(&mut market.play, &[expected.fee]).await;
}
