//! A hundred orders at once, and a queue with room for a few.

use crate::audit::audit;
use crate::customer::Wish;
use crate::dataset::{Recipe, data};
use crate::node::{Tuning, ask_at, letter};
use crate::story::{PRICE_WEI, Play, until_standing};
use alloy_primitives::U256;
use chain::Standing;
use proto::{SignedOrder, TaskId, Wei};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;
use tokio::task::JoinSet;

const ORDERS: usize = 100;
const ROOM: u64 = 8;
const TOO_BUSY: &str = "300";

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_orders_at_once_each_is_trained_alone_or_refused_cleanly() {
    let tuning = Tuning {
        tasks_max: ROOM,
        ..Tuning::default()
    };
    let mut play = Play::begin_with(tuning).await;
    let (orders, recipe, fee) = orders(&mut play).await;
    let watch = Watch::over(&play);

    let answers = knock(&play, &orders, &recipe).await;

    let taken: Vec<TaskId> = answered(&orders, &answers, "taken");
    let refused: Vec<TaskId> = answered(&orders, &answers, TOO_BUSY);
    assert_eq!(taken.len() + refused.len(), ORDERS, "{answers:?}");
    assert!(taken.len() >= usize::try_from(ROOM).unwrap() && !refused.is_empty());
    for &task in &taken {
        let delivered = |now| !matches!(now, Standing::Open | Standing::Accepted);
        until_standing(&play.reader, task, delivered).await;
        play.buyer.acknowledge(play.provider, task).await;
    }
    for &task in &taken {
        until_standing(&play.reader, task, |now| now == Standing::Settled).await;
    }
    for &task in &refused {
        assert_eq!(play.standing(task).await, Some(Standing::Open));
    }
    let (seen, most) = watch.end();
    assert!(seen > 0, "no training was ever seen");
    assert_eq!(most, 1, "trainings at once");
    audit(&mut play, &vec![fee; taken.len()]).await;
}

/// The same wish again and again, each with a nonce of its own.
async fn orders(play: &mut Play) -> (Vec<SignedOrder>, Recipe, Wei) {
    let folder = play.folder.path();
    let (data, recipe) = (data(folder, 1), Recipe::of(folder, 25));
    let evidence = play.node.evidence();
    let dataset = play
        .buyer
        .seal(&evidence, &play.machine, &data, &play.store);
    let tokens = recipe.tokens(&play.model, &data);
    let fee = Wei(U256::from(tokens) * U256::from(PRICE_WEI));
    let wish = Wish {
        provider: play.provider,
        model: play.model.root,
        dataset,
        recipe: &recipe.digest,
        fee_max: fee,
        ack_window_secs: 3_600,
    };
    let mut orders = Vec::new();
    let mut opening = JoinSet::new();
    for _ in 0..ORDERS {
        let order = play.buyer.sign(&play.stage, wish).await;
        let (customer, signed) = (play.buyer.it.clone(), order.clone());
        opening.spawn(async move { customer.open_order(&signed).await.unwrap() });
        orders.push(order);
    }
    opening.join_all().await;
    for order in &orders {
        until_standing(&play.reader, order.order.id(), |_| true).await;
    }
    (orders, recipe, fee)
}

/// All at once, each over a connection of its own.
async fn knock(play: &Play, orders: &[SignedOrder], recipe: &Recipe) -> Vec<String> {
    let mut knocking = JoinSet::new();
    for (at, order) in orders.iter().enumerate() {
        let (door, line) = (play.node.door(), letter(order, &recipe.canonical));
        knocking.spawn_blocking(move || (at, patiently(&door, &line)));
    }
    let mut answers = knocking.join_all().await;
    answers.sort();
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// A node that cannot judge yet is asked again, as any client would.
fn patiently(door: &std::path::Path, line: &str) -> String {
    for _ in 0..600 {
        match ask_at(door, line) {
            Ok(answer) if !answer.is_empty() && answer != "not ready" => return answer,
            _later => sleep(Duration::from_millis(100)),
        }
    }
    "no answer".into()
}

fn answered(orders: &[SignedOrder], answers: &[String], with: &str) -> Vec<TaskId> {
    let pairs = orders.iter().zip(answers);
    let those = pairs.filter(|(_, answer)| *answer == with);
    those.map(|(order, _)| order.order.id()).collect()
}

/// Counts the trainings that run, from outside.
struct Watch {
    over: Arc<AtomicBool>,
    counting: JoinHandle<(u64, usize)>,
}

impl Watch {
    fn over(play: &Play) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (ended, node) = (over.clone(), play.node.pid());
        let counting = spawn(move || {
            let (mut seen, mut most) = (0, 0);
            while !ended.load(Ordering::SeqCst) {
                let running = crate::node::trainings(node);
                seen += u64::from(running > 0);
                most = most.max(running);
                sleep(Duration::from_millis(5));
            }
            (seen, most)
        });
        Self { over, counting }
    }

    /// How often a training was seen, and how many at most at once.
    fn end(self) -> (u64, usize) {
        self.over.store(true, Ordering::SeqCst);
        self.counting.join().unwrap()
    }
}
