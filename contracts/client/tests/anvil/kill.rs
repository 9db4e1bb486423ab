//! Killed between send and receipt, at every step: exactly one effect each.

use super::cast::{Running, Stage, Tee, config, ether, order, signed};
use super::proxy::{Asked, Deed, Proxy};
use chain::{Bill, Customer, Event, Follower, Market, Standing};
use proto::{Provider, Root, TaskId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use testchain::Anvil;
use tokio::sync::Notify;

const SEEDS: u64 = 200;
/// Seeds that share a chain and run side by side.
const ABREAST: u64 = 20;
const DEADLINE: Duration = Duration::from_mins(5);
const BLOB: Root = Root([7; 32]);

/// When the client dies: at its n-th sending, before or after the node heard of it.
#[derive(Clone, Copy, Debug)]
struct Death {
    at_sending: u64,
    node_hears: bool,
    later: Duration,
}

impl Death {
    fn of(seed: u64, life: u64) -> Self {
        let dice = mixed(seed * 31 + life);
        Self {
            // The first sending of a life closes the past; then come the steps.
            at_sending: 1 + dice % 5,
            node_hears: !(dice / 5).is_multiple_of(3),
            later: Duration::from_millis(dice / 15 % 60),
        }
    }
}

/// How the generator `SplitMix64` mixes its state.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

struct Provided {
    name: String,
    tee: Tee,
    task: TaskId,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_send_and_receipt_each_step_happens_exactly_once() {
    let tried = tokio::time::timeout(DEADLINE, all_seeds()).await;
    let deaths = tried.expect("all seeds end in time");
    assert!(deaths >= SEEDS, "only {deaths} clients died");
}

async fn all_seeds() -> u64 {
    let stage = Arc::new(Stage::ours(Anvil::ticking("0.05").await).await);
    let deaths = Arc::new(AtomicU64::new(0));
    let mut providers = BTreeMap::new();
    for lane in 0..ABREAST {
        providers.insert(lane, prepared(&stage, lane).await);
    }
    let mut lanes = tokio::task::JoinSet::new();
    for (lane, (name, tee)) in providers {
        let (stage, deaths) = (stage.clone(), deaths.clone());
        lanes.spawn(async move {
            let mut tee = tee;
            let customer = prepared_customer(&stage, &name).await;
            for seed in (lane..SEEDS).step_by(usize::try_from(ABREAST).unwrap()) {
                let task = opened(&stage, &customer, &name, seed).await;
                let play = Provided {
                    name: name.clone(),
                    tee,
                    task,
                };
                let lives = to_the_end(&stage, &customer, &play, seed).await;
                deaths.fetch_add(lives, Ordering::SeqCst);
                tee = play.tee;
            }
        });
    }
    while let Some(ended) = lanes.join_next().await {
        ended.unwrap();
    }
    check_effects(&stage).await;
    deaths.load(Ordering::SeqCst)
}

async fn prepared(stage: &Stage, lane: u64) -> (String, Tee) {
    let name = format!("provider {lane}");
    let (_market, tee) = stage.provider(&name).await;
    (name, tee)
}

/// Each lane has a customer of its own: one desk for all would be the slowest of all.
async fn prepared_customer(stage: &Stage, name: &str) -> Running<Customer> {
    let customer = stage.customer(&format!("customer of {name}")).await;
    customer.it.open_account(ether("100")).await.unwrap();
    let provider = super::cast::wallet(name).address();
    customer.it.fund(provider, ether("10")).await.unwrap();
    customer
}

async fn opened(stage: &Stage, customer: &Running<Customer>, name: &str, seed: u64) -> TaskId {
    let provider = super::cast::wallet(name).address();
    let asked = order(
        stage.market,
        customer.it.address(),
        Provider::Only(provider),
        seed,
    );
    customer
        .it
        .open_order(&signed(asked.clone(), &format!("customer of {name}")))
        .await
        .unwrap();
    asked.id()
}

/// Lives and dies until the task is settled; says how often it died.
async fn to_the_end(
    stage: &Stage,
    customer: &Running<Customer>,
    play: &Provided,
    seed: u64,
) -> u64 {
    let mut life = 0;
    loop {
        // Every life but the last is cut short.
        let death = (life < 3).then(|| Death::of(seed, life));
        if live(stage, customer, play, death).await {
            return life;
        }
        life += 1;
    }
}

/// One life. Whether it saw the task settled before it died.
async fn live(
    stage: &Stage,
    customer: &Running<Customer>,
    play: &Provided,
    death: Option<Death>,
) -> bool {
    let fatal = Arc::new(Notify::new());
    let proxy = Proxy::new(&stage.anvil.url, script(death, fatal.clone())).await;
    let mut config = config(vec![proxy.url.clone()], stage.market);
    config.page_blocks = 10_000;
    config.timing.poll = Duration::from_millis(50);
    let working = async {
        // A kill may leave the connection itself half way; a new client is a new process.
        let market = stage.market_with(&play.name, config, Arc::new(())).await;
        work(&market, customer, play).await;
    };
    let dying = async {
        fatal.notified().await;
        tokio::time::sleep(death.map_or(Duration::ZERO, |death| death.later)).await;
    };
    tokio::select! {
        () = working => true,
        // Dropping what works kills client and desk wherever they are.
        () = dying => false,
    }
}

fn script(death: Option<Death>, fatal: Arc<Notify>) -> impl Fn(&Asked) -> Deed + Send + Sync {
    let sendings = AtomicU64::new(0);
    move |asked| {
        if asked.method != "eth_sendRawTransaction" {
            return Deed::Forward;
        }
        let number = 1 + sendings.fetch_add(1, Ordering::SeqCst);
        match death {
            Some(death) if number == death.at_sending => {
                fatal.notify_one();
                if death.node_hears {
                    Deed::Swallow
                } else {
                    Deed::Drop
                }
            }
            _ => Deed::Forward,
        }
    }
}

/// What a node does with a task: asks how it stands, and does what is owed next.
async fn work(market: &Running<Market>, customer: &Running<Customer>, play: &Provided) {
    let bill = Bill {
        fee: ether("0.1"),
        secret: vec![9; 129].into(),
    };
    let known = async {
        market
            .it
            .orders()
            .await
            .is_ok_and(|all| all.iter().any(|(order, _)| order.id() == play.task))
    };
    if !known.await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut acknowledged = false;
    loop {
        let Ok(standing) = market.it.standing(play.task).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // A failure is unknown: the next round reads again.
        let _unknown = match standing {
            Standing::Open => market.it.accept(play.task).await,
            Standing::Accepted => market.it.deliver(play.task, BLOB).await,
            Standing::Delivered { .. } => {
                let provider = market.it.provider();
                if !acknowledged {
                    let id = play.task.to_string();
                    let said = customer.it.acknowledge(provider, &id);
                    acknowledged = said.await.is_ok();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            Standing::Acknowledged { .. } => market.it.settle(play.task, &bill, &play.tee).await,
            Standing::Settled => return,
            Standing::Released(_) | Standing::Withdrawn => panic!("nobody gave it back"),
        };
    }
}

/// One acceptance, one delivery, one payment for each order.
async fn check_effects(stage: &Stage) {
    let reader = stage.reader().await;
    stage.anvil.mine(5).await;
    let mut effects = BTreeMap::<&'static str, BTreeMap<String, u32>>::new();
    let mut note =
        |what, task: String| *effects.entry(what).or_default().entry(task).or_default() += 1;
    let mut follower: Follower = reader.follow_all();
    while let Some(page) = follower.next_page().await.unwrap() {
        for seen in page.events {
            match seen.event {
                Event::OrderAccepted { task, .. } => note("accepted", task.to_string()),
                Event::DeliverableAdded { id, .. } => note("delivered", id),
                Event::FeesSettled { id, .. } => note("settled", id),
                _ => {}
            }
        }
    }
    for what in ["accepted", "delivered", "settled"] {
        let tasks = &effects[what];
        assert_eq!(u64::try_from(tasks.len()).unwrap(), SEEDS, "{what}");
        assert!(
            tasks.values().all(|&times| times == 1),
            "{what} more than once: {tasks:?}"
        );
    }
    let provider_balance = stage.anvil.balance(stage.market).await;
    // Bonds, and what the customer put in, less 0.1 for each order.
    let expected = ether("2000").0 + ether("200").0 - ether("20").0;
    assert_eq!(provider_balance, expected);
}
