//! Brokers are killed anywhere: what was acknowledged is done, and nothing is given out twice.
//!
//! Two brokers share a server, or one is started again and again over a file. Nodes and customers
//! go to whichever lives. No time runs out in this world, so that every order has exactly one node
//! that it may ever have been handed to: two would be a broker's mistake.

use crate::customer::Customer;
use crate::house::{BEGIN, House, Turned, Ways, turned};
use crate::node::{Line, Node};
use crate::postgres::Postgres;
use broker::dispatch::Patience;
use broker::gossip::Gossip;
use broker::job::{Ending, Stage};
use broker::ledger::{Entry, Happening, audit};
use broker::session::Settings;
use broker::store::Store;
use proto::broker::{Answer, AnswerKind, BrokerMessage, RequestKind, SubmitReply, SubmitRequest};
use proto::node::DispatchReply;
use proto::task::{Outcome, Phase, TaskEvent, TaskEventKind, TaskStatus};
use proto::{Address, Submission, TaskId, wire};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// As many as one customer may have open.
const ORDERS: u64 = 4;
const NODES: u8 = 3;
const DEADLINE: u64 = BEGIN + (1 << 40);

/// Nothing runs out of its time.
const WAYS: Ways = Ways {
    settings: Settings {
        heartbeat_secs: 3_600,
        silence_secs_max: 1 << 30,
        greeting: Duration::from_mins(1),
    },
    patience: Patience {
        claim_secs: 5,
        answer_secs: 1 << 40,
        start_secs: 1 << 40,
    },
};

/// A broker that lives, until it is killed.
struct Living {
    house: Arc<House>,
    dead: CancellationToken,
    dispatching: JoinSet<()>,
}

/// The brokers as the world outside sees them.
#[derive(Clone, Default)]
struct Town(Arc<Mutex<Vec<Place>>>);

/// A broker, and the word that it is dead.
type Place = (Arc<House>, CancellationToken);

/// Which nodes were ever handed an order.
#[derive(Clone, Default)]
struct Handed(Arc<Mutex<BTreeMap<TaskId, BTreeSet<Address>>>>);

impl Living {
    async fn start(address: &str, blobs: PathBuf, clock: Arc<Turned>) -> Self {
        let house = Arc::new(House::at(address, blobs, clock, WAYS).await);
        let mut dispatching = JoinSet::new();
        let dispatcher = house.clone();
        dispatching.spawn(async move {
            loop {
                dispatcher.round().await;
                let stirred = dispatcher.books.feed.stirred();
                drop(tokio::time::timeout(Duration::from_millis(20), stirred).await);
            }
        });
        let gossip = Gossip {
            address: address.to_owned(),
            books: house.books.clone(),
            peers: house.service.reception.peers.clone(),
        };
        let stop = house.stop.clone();
        dispatching.spawn(async move { gossip.run(stop).await.unwrap() });
        Self {
            house,
            dead: CancellationToken::new(),
            dispatching,
        }
    }

    async fn kill(mut self) {
        self.dead.cancel();
        self.dispatching.shutdown().await;
        self.house.kill().await;
    }
}

impl Town {
    fn enter(&self, living: &Living) {
        let place = (living.house.clone(), living.dead.clone());
        self.0.lock().unwrap().push(place);
    }

    /// Some broker that lives, or none just now.
    fn any(&self, dice: u64) -> Option<(Arc<House>, CancellationToken)> {
        let mut places = self.0.lock().unwrap();
        places.retain(|(_, dead)| !dead.is_cancelled());
        let count = u64::try_from(places.len()).unwrap();
        let index = usize::try_from(dice.checked_rem(count)?).unwrap();
        places.get(index).cloned()
    }
}

/// Submits until a broker says that it has the order.
async fn insist(town: Town, submission: Submission, mut rng: StdRng) {
    loop {
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..20))).await;
        let Some((house, dead)) = town.any(rng.random()) else {
            continue;
        };
        let submission = submission.clone();
        let asked = wire::SubmitRequest::from(SubmitRequest { submission });
        let mut client = house.client();
        tokio::select! {
            () = dead.cancelled() => {}
            reply = client.submit(asked) => {
                let Ok(reply) = reply else { continue };
                let reply = SubmitReply::try_from(reply.into_inner()).unwrap();
                assert!(matches!(reply, SubmitReply::Taken(_)), "{reply:?}");
                return;
            }
        }
    }
}

/// A node that goes to whichever broker lives, and says yes to everything.
async fn serve(town: Town, number: u8, handed: Handed, mut rng: StdRng) {
    let mut phases = BTreeMap::new();
    loop {
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..20))).await;
        let Some((house, dead)) = town.any(rng.random()) else {
            continue;
        };
        let mut node = Node::number(number);
        node.queue_free = 100;
        tokio::select! {
            () = dead.cancelled() => {}
            () = async {
                if let Ok(mut line) = node.join(house.client()).await {
                    attend(&mut line, &handed, &mut phases).await;
                }
            } => {}
        }
    }
}

async fn attend(line: &mut Line, handed: &Handed, phases: &mut BTreeMap<TaskId, u64>) {
    while let Some(BrokerMessage::Request(request)) = line.hear_or_wait().await {
        let (task, is_order) = match request.kind {
            RequestKind::Dispatch(dispatch) => (dispatch.submission.order().id(), true),
            RequestKind::Get(get) => (get.task, false),
            other => panic!("asked for {other:?}"),
        };
        let provider = line.node.provider;
        let steps = phases.entry(task).or_default();
        if is_order {
            handed
                .0
                .lock()
                .unwrap()
                .entry(task)
                .or_default()
                .insert(provider);
            *steps = 1.max(*steps);
        }
        let status = TaskStatus {
            task,
            phase: phase(*steps),
            provider: Some(provider),
            queue_position: None,
            step: None,
            evaluation: None,
            changed_at: 1,
            sequence: *steps,
        };
        let kind = if is_order {
            AnswerKind::Dispatch(DispatchReply::Taken(status))
        } else {
            AnswerKind::Status(status)
        };
        let id = request.id;
        if !line
            .try_say(proto::broker::NodeMessage::Answer(Answer { id, kind }))
            .await
        {
            return;
        }
        while *steps < 3 {
            *steps += 1;
            let event = TaskEvent {
                task,
                sequence: *steps,
                at: 1,
                kind: TaskEventKind::Phase(phase(*steps)),
            };
            if !line.try_say(proto::broker::NodeMessage::Event(event)).await {
                return;
            }
        }
    }
}

fn phase(steps: u64) -> Phase {
    match steps {
        0 | 1 => Phase::Promised,
        2 => Phase::Accepted,
        _ => Phase::Closed(Outcome::Paid),
    }
}

/// One life of the town, with its brokers killed as the seed says.
async fn live(seed: u64, address: &str, brokers: usize) {
    let folder = TempDir::new().unwrap();
    let blobs = folder.path().join("blobs");
    let clock = turned(BEGIN);
    let (town, handed) = (Town::default(), Handed::default());
    let mut rng = StdRng::seed_from_u64(seed);
    let mut living = Vec::new();
    for _ in 0..brokers {
        let broker = Living::start(address, blobs.clone(), clock.clone()).await;
        town.enter(&broker);
        living.push(broker);
    }
    let customer = Customer::number(1);
    let mut people = JoinSet::new();
    for nonce in 0..ORDERS {
        let submission = customer.signed(customer.order(nonce, DEADLINE));
        let chance = StdRng::seed_from_u64(rng.random());
        people.spawn(insist(town.clone(), submission, chance));
    }
    let mut nodes = JoinSet::new();
    for number in 0..NODES {
        let chance = StdRng::seed_from_u64(rng.random());
        nodes.spawn(serve(town.clone(), 7 + number, handed.clone(), chance));
    }
    for _kill in 0..2 {
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..60))).await;
        let index = rng.random_range(0..living.len());
        living.swap_remove(index).kill().await;
        let broker = Living::start(address, blobs.clone(), clock.clone()).await;
        town.enter(&broker);
        living.push(broker);
    }
    let store = living[0].house.books.store.clone();
    let done = tokio::time::timeout(Duration::from_mins(1), async {
        while people.join_next().await.transpose().unwrap().is_some() {}
        while !all_paid(&*store, &customer).await {
            clock.turn(1);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(done.await.is_ok(), "seed {seed}: not all orders were done");
    nodes.shutdown().await;
    check(&*store, &customer, &handed, seed).await;
    drop(store);
    for broker in living {
        broker.kill().await;
    }
}

async fn all_paid(store: &dyn Store, customer: &Customer) -> bool {
    let jobs = store
        .jobs_of(customer.address(), TaskId([0; 32]), 100)
        .await;
    let jobs = jobs.unwrap();
    let paid = jobs
        .iter()
        .filter(|kept| kept.job.stage == Stage::Ended(Ending::Paid));
    paid.count() == usize::try_from(ORDERS).unwrap()
}

async fn check(store: &dyn Store, customer: &Customer, handed: &Handed, seed: u64) {
    let links = store.ledger(0, 1_000).await.unwrap();
    let told: Vec<_> = links.iter().map(ToString::to_string).collect();
    let text = told.join("\n") + "\n";
    let audited = audit(text.as_bytes()).unwrap();
    assert_eq!(audited.links, store.links().await.unwrap(), "seed {seed}");
    let entries: Vec<Entry> = links
        .iter()
        .map(|link| serde_json::from_str(&link.text).unwrap())
        .collect();
    let handed = handed.0.lock().unwrap().clone();
    for nonce in 0..ORDERS {
        let task = customer.order(nonce, DEADLINE).id();
        let told: Vec<_> = entries.iter().filter(|entry| entry.task == task).collect();
        let [assigned, started, paid] = told.as_slice() else {
            panic!("seed {seed}: {task} has the story {told:?}");
        };
        let Happening::Assigned { to, .. } = assigned.happened else {
            panic!("seed {seed}: begins with {assigned:?}");
        };
        assert_eq!(
            started.happened,
            Happening::Started { on: to },
            "seed {seed}"
        );
        assert_eq!(
            paid.happened,
            Happening::Paid { to, fee: None },
            "seed {seed}"
        );
        assert_eq!(handed.get(&task), Some(&[to].into()), "seed {seed}");
    }
}

/// More of them in a soak.
#[allow(clippy::disallowed_methods, reason = "a soak says how long it is")]
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("SEALTUNE_BROKER_SEEDS").ok();
    0..asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

#[test]
fn one_broker_killed_anywhere_loses_and_doubles_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for seed in seeds(160) {
        let folder = TempDir::new().unwrap();
        let address = format!("sqlite:{}?mode=rwc", folder.path().join("books").display());
        runtime.block_on(live(seed, &address, 1));
    }
}

#[test]
fn two_brokers_at_one_server_and_one_killed_lose_and_double_nothing() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for seed in seeds(60) {
        runtime.block_on(live(seed, &server.database(), 2));
    }
}
