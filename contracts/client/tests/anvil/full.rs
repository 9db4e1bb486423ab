//! Ours, from order to money: every wei accounted for.

use super::cast::{Running, Stage, Tee, ether, order, signed};
use alloy_primitives::{Bytes, U256};
use chain::{Bill, Customer, Failure, Market, Mode, Outcome, Refusal, Standing};
use proto::{Order, Provider, Root, TaskId, Wei};
use testchain::{Anvil, LOCK_TIME};

const SECRET: Bytes = Bytes::from_static(&[9; 129]);
const BLOB: Root = Root([7; 32]);

struct Play {
    stage: Stage,
    market: Running<Market>,
    tee: Tee,
    customer: Running<Customer>,
}

impl Play {
    /// A provider, and a customer with 10 of her 20 in the sub-account.
    async fn new() -> Self {
        let stage = Stage::ours(Anvil::ticking("0.05").await).await;
        let (market, tee) = stage.provider("provider").await;
        let customer = stage.customer("customer").await;
        customer.it.open_account(ether("20")).await.unwrap();
        customer
            .it
            .fund(market.it.provider(), ether("10"))
            .await
            .unwrap();
        Self {
            stage,
            market,
            tee,
            customer,
        }
    }

    fn order(&self, nonce: u64) -> Order {
        let provider = Provider::Only(self.market.it.provider());
        order(
            self.stage.market,
            self.customer.it.address(),
            provider,
            nonce,
        )
    }

    async fn open(&self, order: Order) -> TaskId {
        let task = order.id();
        self.customer
            .it
            .open_order(&signed(order, "customer"))
            .await
            .unwrap();
        self.until_final(task).await;
        task
    }

    async fn until_final(&self, task: TaskId) {
        let known = async {
            while self
                .market
                .it
                .reader()
                .standing(task)
                .await
                .unwrap()
                .is_none()
            {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), known)
            .await
            .unwrap();
    }

    async fn acknowledge(&self, task: TaskId) {
        let provider = self.market.it.provider();
        self.customer
            .it
            .acknowledge(provider, &task.to_string())
            .await
            .unwrap();
        let acknowledged = async {
            while self.market.it.standing(task).await.unwrap()
                != (Standing::Acknowledged { blob: BLOB })
            {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), acknowledged)
            .await
            .unwrap();
    }

    async fn delivered(&self, nonce: u64) -> TaskId {
        let task = self.open(self.order(nonce)).await;
        assert_eq!(self.market.it.accept(task).await, Ok(Standing::Accepted));
        let delivered = Standing::Delivered { blob: BLOB };
        assert_eq!(self.market.it.deliver(task, BLOB).await, Ok(delivered));
        task
    }

    fn bill(fee: &str) -> Bill {
        Bill {
            fee: ether(fee),
            secret: SECRET,
        }
    }

    /// What gas cost: wei that left the wallet beyond what the test knows of.
    async fn spent_on_gas(&self, whose: alloy_primitives::Address) -> U256 {
        let mut spent = U256::ZERO;
        let height = self.stage.anvil.height().await;
        for number in 0..=height {
            let number = alloy_primitives::U64::from(number);
            let receipts = self
                .stage
                .anvil
                .rpc("eth_getBlockReceipts", serde_json::json!([number]))
                .await;
            for receipt in receipts.as_array().unwrap() {
                if serde_json::from_value::<alloy_primitives::Address>(receipt["from"].clone())
                    .unwrap()
                    == whose
                {
                    let number =
                        |key: &str| serde_json::from_value::<U256>(receipt[key].clone()).unwrap();
                    spent += number("gasUsed") * number("effectiveGasPrice");
                }
            }
        }
        spent
    }
}

#[tokio::test]
async fn an_order_is_delivered_acknowledged_settled_and_what_is_left_withdrawn() {
    let play = Play::new().await;
    let (provider, customer) = (play.market.it.provider(), play.customer.it.address());
    assert_eq!(play.market.it.reader().mode(), Mode::Full);

    let task = play.delivered(1).await;
    play.acknowledge(task).await;
    let settled = play
        .market
        .it
        .settle(task, &Play::bill("0.4"), &play.tee)
        .await;
    assert_eq!(settled, Ok(Standing::Settled));

    play.customer.it.retrieve(provider).await.unwrap();
    play.stage.anvil.pass(LOCK_TIME + 1).await;
    play.customer.it.retrieve(provider).await.unwrap();
    play.customer.it.refund(ether("19.6")).await.unwrap();
    play.market.it.unregister().await.unwrap();
    play.stage.anvil.pass(7 * 86_400 + 1).await;
    play.market.it.withdraw_bond().await.unwrap();

    let start = ether("10000").0;
    let gas = play.spent_on_gas(provider).await;
    assert_eq!(
        play.stage.anvil.balance(provider).await,
        start + ether("0.4").0 - gas
    );
    let gas = play.spent_on_gas(customer).await;
    assert_eq!(
        play.stage.anvil.balance(customer).await,
        start - ether("0.4").0 - gas
    );
    assert_eq!(
        play.stage.anvil.balance(play.stage.market).await,
        U256::ZERO
    );
    assert_eq!(
        play.stage.anvil.balance(play.stage.ledger).await,
        U256::ZERO
    );
    assert_eq!(play.customer.it.funds().await.unwrap(), None);
}

#[tokio::test]
async fn everything_can_be_asked_for_twice() {
    let play = Play::new().await;
    let task = play.delivered(1).await;
    let delivered = Standing::Delivered { blob: BLOB };

    assert_eq!(play.market.it.accept(task).await, Ok(delivered));
    assert_eq!(play.market.it.deliver(task, BLOB).await, Ok(delivered));
    play.acknowledge(task).await;
    for _ in 0..2 {
        let settled = play
            .market
            .it
            .settle(task, &Play::bill("0.4"), &play.tee)
            .await;
        assert_eq!(settled, Ok(Standing::Settled));
    }
    assert_eq!(
        play.market.it.release(task, 502, &play.tee).await,
        Ok(Standing::Settled)
    );

    let orders = play.market.it.orders().await.unwrap();
    assert_eq!(orders, [(play.order(1), Standing::Settled)]);
}

#[tokio::test]
async fn without_an_acknowledgement_the_agreed_share_is_due_after_the_window() {
    let play = Play::new().await;
    let task = play.delivered(1).await;
    let early = play
        .market
        .it
        .settle(task, &Play::bill("0.4"), &play.tee)
        .await;
    assert!(matches!(early, Err(Failure::NotBefore(_))), "{early:?}");
    let before = play.stage.anvil.balance(play.stage.market).await;

    play.stage.anvil.pass(3601).await;
    let settled = play
        .market
        .it
        .settle(task, &Play::bill("0.4"), &play.tee)
        .await;

    assert_eq!(settled, Ok(Standing::Settled));
    // 2000 of 10000 of 0.4.
    let after = play.stage.anvil.balance(play.stage.market).await;
    assert_eq!(before - after, ether("0.08").0);
}

#[tokio::test]
async fn a_released_order_says_why_and_costs_the_compensation() {
    let play = Play::new().await;
    let task = play.open(play.order(1)).await;
    play.market.it.accept(task).await.unwrap();

    let released = play.market.it.release(task, 502, &play.tee).await;

    assert_eq!(released, Ok(Standing::Released(502)));
    let claimable = play
        .stage
        .reader()
        .await
        .claimable(play.customer.it.address())
        .await
        .unwrap();
    assert_eq!(claimable, ether("1").0);
    // Somebody who has followed nothing finds the reason too.
    let standing = play.stage.reader().await.standing(task).await.unwrap();
    assert_eq!(
        standing,
        Some((Standing::Released(502), play.market.it.provider()))
    );
}

#[tokio::test]
async fn a_release_for_the_customers_data_is_signed_and_costs_nothing() {
    let play = Play::new().await;
    let task = play.open(play.order(1)).await;
    play.market.it.accept(task).await.unwrap();

    let released = play.market.it.release(task, 403, &play.tee).await;

    assert_eq!(released, Ok(Standing::Released(403)));
    let bond = play
        .stage
        .reader()
        .await
        .bond(play.market.it.provider())
        .await
        .unwrap();
    assert_eq!((U256::from(bond.amount), bond.locked), (ether("100").0, 0));
}

#[tokio::test]
async fn an_order_for_anybody_goes_to_who_accepts_first() {
    let play = Play::new().await;
    let (other, _tee) = play.stage.provider("another provider").await;
    play.customer
        .it
        .fund(alloy_primitives::Address::ZERO, ether("5"))
        .await
        .unwrap();
    let mut anybody = play.order(1);
    anybody.provider = Provider::Any;
    let task = play.open(anybody.clone()).await;
    assert_eq!(
        play.market.it.orders().await.unwrap(),
        [(anybody.clone(), Standing::Open)]
    );

    assert_eq!(other.it.accept(task).await, Ok(Standing::Accepted));

    let taken = Err(Failure::Refused(Refusal::OrderTaken(task)));
    assert_eq!(play.market.it.accept(task).await, taken);
    assert_eq!(play.market.it.orders().await.unwrap(), []);
    assert_eq!(
        other.it.orders().await.unwrap(),
        [(anybody, Standing::Accepted)]
    );
}

#[tokio::test]
async fn an_order_nobody_accepted_is_released_once_it_is_overdue() {
    let play = Play::new().await;
    let task = play.open(play.order(1)).await;
    let early = play.market.it.release(task, 301, &play.tee).await;
    assert_eq!(early, Err(Failure::NotBefore(1_900_000_001)));

    play.stage.anvil.pass(100_000_001).await;

    assert_eq!(
        play.market.it.release(task, 301, &play.tee).await,
        Ok(Standing::Released(104))
    );
}

#[tokio::test]
async fn a_withdrawn_order_is_withdrawn_for_all() {
    let play = Play::new().await;
    let task = play.open(play.order(1)).await;

    play.customer.it.withdraw_order(task).await.unwrap();

    let gone = async { while play.market.it.accept(task).await != Ok(Standing::Withdrawn) {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone)
        .await
        .unwrap();
    assert_eq!(play.market.it.orders().await.unwrap(), []);
}

#[tokio::test]
async fn the_contracts_no_is_typed() {
    let play = Play::new().await;
    let mut dear = play.order(1);
    dear.fee_max = ether("11");
    let refused = play.customer.it.open_order(&signed(dear, "customer")).await;
    let not_covered = Refusal::FeeNotCovered {
        available: ether("10").0,
        required: ether("11").0,
    };
    assert_eq!(refused, Err(Failure::Refused(not_covered)));

    let forged = signed(play.order(2), "somebody else");
    let refused = play.customer.it.open_order(&forged).await;
    assert_eq!(refused, Err(Failure::Refused(Refusal::OrderSignature)));

    let mut risky = play.order(3);
    risky.compensation = ether("51");
    let task = play.open(risky).await;
    let small = Refusal::BondTooSmall {
        free: ether("100").0,
        required: ether("102").0,
    };
    assert_eq!(
        play.market.it.accept(task).await,
        Err(Failure::Refused(small))
    );

    let twice = play
        .customer
        .it
        .open_order(&signed(play.order(3), "customer"))
        .await;
    assert_eq!(
        twice,
        Err(Failure::Refused(Refusal::OrderNonceUsed(U256::from(3))))
    );
    let empty = play.customer.it.refund(Wei(U256::MAX)).await;
    assert!(
        matches!(empty, Err(Failure::Refused(Refusal::Ledger(_)))),
        "{empty:?}"
    );
}

#[tokio::test]
async fn a_signed_order_has_one_id_here_and_on_chain() {
    let play = Play::new().await;

    let included = play
        .customer
        .it
        .open_order(&signed(play.order(1), "customer"))
        .await
        .unwrap();

    assert!(matches!(included, Outcome::Included { .. }));
    play.until_final(play.order(1).id()).await;
}
