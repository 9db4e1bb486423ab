//! The same port at 0G's original contracts: no orders, every wei accounted for.

use super::cast::{Running, Stage, Tee, ether, offer, order};
use alloy_primitives::U256;
use chain::{
    Bill, Customer, DirectTask, DirectTasks, Failure, Market, Mode, Outcome, Refusal, Standing,
};
use proto::{Provider, Root, TaskId};
use std::sync::Arc;
use std::time::Duration;
use testchain::{Anvil, LOCK_TIME, PENALTY};

const BLOB: Root = Root([7; 32]);

/// The node's record of what customers asked for over HTTP.
struct Record(Vec<DirectTask>);

impl DirectTasks for Record {
    fn find(&self, task: TaskId) -> Option<DirectTask> {
        self.0
            .iter()
            .find(|known| known.order.id() == task)
            .cloned()
    }

    fn all(&self) -> Vec<DirectTask> {
        self.0.clone()
    }
}

struct Play {
    stage: Stage,
    market: Running<Market>,
    tee: Tee,
    customer: Running<Customer>,
    tasks: Vec<TaskId>,
}

impl Play {
    async fn new(stage: Stage) -> Self {
        let provider = stage.wallet("provider").await.address();
        let customer = stage.customer("customer").await;
        let tasks = [40, 41].map(|nonce| DirectTask {
            order: order(
                stage.market,
                customer.it.address(),
                Provider::Only(provider),
                nonce,
            ),
            id: format!("6b607314-88b0-4fef-91e7-43227a54de{nonce}"),
        });
        let ids = tasks.iter().map(|task| task.order.id()).collect();
        let record = Arc::new(Record(tasks.to_vec()));
        let market = stage.market_with("provider", stage.config(), record).await;
        let tee = Tee::new("provider");
        let signer = chain::TeeSigner::address(&tee);
        market
            .it
            .register(&offer(signer), ether("100"))
            .await
            .unwrap();
        market.it.sender().settle_past().await.unwrap();
        Self {
            stage,
            market,
            tee,
            customer,
            tasks: ids,
        }
    }

    async fn until(&self, task: TaskId, expected: Standing) {
        let stands = async {
            while self.market.it.standing(task).await.unwrap() != expected {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), stands)
            .await
            .expect("it comes to stand so");
    }

    /// A call until it is no longer refused for what has just been mended but is not final.
    async fn accepted(&self, task: TaskId) {
        let accepted = async {
            while self.market.it.accept(task).await != Ok(Standing::Accepted) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), accepted)
            .await
            .expect("it is accepted");
    }

    fn bill() -> Bill {
        Bill {
            fee: ether("0.4"),
            secret: vec![9; 129].into(),
        }
    }
}

async fn from_task_to_money(play: Play) {
    let (market, provider) = (&play.market.it, play.market.it.provider());
    let task = play.tasks[0];
    let ready = market.accept(task).await;
    assert!(
        matches!(ready, Err(Failure::Refused(Refusal::NoAccount { .. }))),
        "{ready:?}"
    );
    play.customer.it.open_account(ether("20")).await.unwrap();
    play.customer.it.fund(provider, ether("10")).await.unwrap();
    play.stage.accept_signer_of(provider).await;

    play.accepted(task).await;
    let delivered = Standing::Delivered { blob: BLOB };
    assert_eq!(market.deliver(task, BLOB).await, Ok(delivered));
    assert_eq!(market.deliver(task, BLOB).await, Ok(delivered));
    let early = market.settle(task, &Play::bill(), &play.tee).await;
    assert!(matches!(early, Err(Failure::NotBefore(_))), "{early:?}");
    let id = "6b607314-88b0-4fef-91e7-43227a54de40";
    let acknowledged = play.customer.it.acknowledge(provider, id).await;
    assert!(matches!(acknowledged, Ok(Outcome::Included { .. })));
    play.until(task, Standing::Acknowledged { blob: BLOB })
        .await;
    for _ in 0..2 {
        let settled = market.settle(task, &Play::bill(), &play.tee).await;
        assert_eq!(settled, Ok(Standing::Settled));
    }

    // The second goes without an acknowledgement, for the penalty's share.
    let second = play.tasks[1];
    play.accepted(second).await;
    market.deliver(second, BLOB).await.unwrap();
    play.stage.anvil.pass(LOCK_TIME / 2 + 1).await;
    assert_eq!(
        market.settle(second, &Play::bill(), &play.tee).await,
        Ok(Standing::Settled)
    );

    let listed = market.orders().await.unwrap();
    assert!(
        listed.len() == 2
            && listed
                .iter()
                .all(|(_, standing)| *standing == Standing::Settled)
    );
    let fees = ether("0.4").0 + ether("0.4").0 * U256::from(PENALTY) / U256::from(100);
    play.customer.it.retrieve(provider).await.unwrap();
    play.stage.anvil.pass(LOCK_TIME + 1).await;
    play.customer.it.retrieve(provider).await.unwrap();
    let left = ether("20").0 - fees;
    let funds = play.customer.it.funds().await.unwrap().unwrap();
    assert_eq!((funds.available.0, funds.total.0), (left, left));
    play.customer.it.refund(proto::Wei(left)).await.unwrap();
    assert_eq!(
        play.stage.anvil.balance(play.stage.ledger).await,
        U256::ZERO
    );
    // What is left in the market is the provider's stake.
    assert_eq!(
        play.stage.anvil.balance(play.stage.market).await,
        ether("100").0
    );
}

#[tokio::test]
async fn at_the_originals_a_task_goes_from_delivery_to_money() {
    let stage = Stage::originals(Anvil::ticking("0.05").await).await;
    let play = Play::new(stage).await;

    assert_eq!(play.market.it.reader().mode(), Mode::Base);

    from_task_to_money(play).await;
}

#[tokio::test]
async fn at_ours_the_same_task_goes_the_same_way() {
    let stage = Stage::ours(Anvil::ticking("0.05").await).await;
    let play = Play::new(stage).await;

    assert_eq!(play.market.it.reader().mode(), Mode::Full);

    from_task_to_money(play).await;
}

#[tokio::test]
async fn at_the_originals_no_order_is_known() {
    let stage = Stage::originals(Anvil::ticking("0.05").await).await;
    let play = Play::new(stage).await;
    let unknown = TaskId([5; 32]);

    let refused = Err(Failure::Refused(Refusal::OrderUnknown(unknown)));

    assert_eq!(play.market.it.accept(unknown).await, refused);
}
