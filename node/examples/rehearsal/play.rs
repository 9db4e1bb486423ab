//! The parent process: it hosts the world, kills the node, and counts the money.

use crate::stage::{customers, serve};
use crate::{Outcome, actor, journal};
use node::clock::SystemClock;
use node::conductor::Memory;
use node::fakes::{FakeWorld, Tally, Weather, order};
use node::ports::Clock;
use proto::Order;
use rand::RngExt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tasks::Phase;
use tokio::net::UnixListener;
use tokio::process::{Child, Command};

const ORDERS: u64 = 100;
const DEADLINE_SECS: u64 = 600;
const PATIENCE: Duration = Duration::from_mins(5);
const WEATHER: Weather = Weather {
    latency_max: Duration::from_millis(30),
    failures: 6,
    lost_replies: 5,
    hopeless: 1,
};

struct Play {
    fake: FakeWorld,
    folder: tempfile::TempDir,
    kills: u32,
    began: Instant,
}

pub(crate) async fn perform() -> Outcome {
    let seed = rand::rng().random();
    println!(
        "A rehearsal: {ORDERS} orders, a fake world with seed {seed}, a node that is killed at random."
    );
    println!(
        "No money exists here and nothing is trained; the journal and the node's core are the real ones.\n"
    );
    let fake = FakeWorld::new(seed, WEATHER, Arc::new(SystemClock));
    let deadline = SystemClock.now() + DEADLINE_SECS;
    let orders: Vec<Order> = (0..ORDERS).map(|number| order(number, deadline)).collect();
    for order in &orders {
        fake.market().open(order);
    }
    let folder = tempfile::TempDir::new()?;
    let listener = UnixListener::bind(folder.path().join("world.sock"))?;
    let mut play = Play {
        fake: fake.clone(),
        folder,
        kills: 0,
        began: Instant::now(),
    };
    tokio::select! {
        end = serve(listener, fake.clone()) => end,
        end = customers(fake, orders) => end,
        end = play.go_on() => end,
    }
}

impl Play {
    /// Life after life, until every order is closed.
    async fn go_on(&mut self) -> Outcome {
        while self.began.elapsed() < PATIENCE {
            let mut node = self.raise()?;
            let span = self.fake.rng().random_range(50..1_500);
            tokio::select! {
                ended = node.wait() => return Err(format!("the node ended by itself: {}", ended?).into()),
                () = tokio::time::sleep(Duration::from_millis(span)) => node.kill().await?,
            }
            self.kills += 1;
            let memory = self.recall()?;
            println!(
                "kill {:>3}: {} orders known, {} open",
                self.kills,
                memory.tasks().count(),
                memory.open_count()
            );
            if memory.open_count() == 0 && u64::try_from(memory.tasks().count())? == ORDERS {
                return self.audit(&memory);
            }
        }
        Err(format!(
            "not every order was closed within {} seconds",
            PATIENCE.as_secs()
        )
        .into())
    }

    fn raise(&self) -> std::io::Result<Child> {
        Command::new(std::env::current_exe()?)
            .arg(self.path().join("world.sock"))
            .arg(self.path())
            .kill_on_drop(true)
            .spawn()
    }

    /// Reads the dead node's journal as the next life will.
    fn recall(&self) -> Result<Memory, node::conductor::ConductorError> {
        Memory::recall(&journal(self.path()), &actor::key())
    }

    fn audit(&self, memory: &Memory) -> Outcome {
        let ends: BTreeMap<_, Phase> = memory
            .tasks()
            .map(|(id, task)| (id, task.phase()))
            .collect();
        match self.fake.market().audit(&ends) {
            Ok(tally) => {
                self.report(&tally);
                Ok(())
            }
            Err(broken) => Err(format!("laws were broken: {broken:#?}").into()),
        }
    }

    fn report(&self, tally: &Tally) {
        let Tally {
            paid,
            released,
            refused,
            withdrawn,
            ..
        } = tally;
        println!(
            "\nThe ledger after {} kills and {:.1} seconds",
            self.kills,
            self.began.elapsed().as_secs_f32()
        );
        println!("  {paid:>4} paid, {released} released, {refused} refused, {withdrawn} withdrawn");
        println!("  {:>14}  customers brought", tally.funded.0);
        println!("  {:>14}  the node earned", tally.node.0);
        println!("  {:>14}  customers have back", tally.customers.0);
        println!(
            "  {:>14}  still reserved for refused orders, theirs to withdraw",
            tally.reserved.0
        );
        println!("\nThe laws that held");
        println!("  every order ended once, and the node and the market agree how");
        println!("  paid only after delivery; delivered once; never released after delivery");
        println!("  refused means the chain never heard of it");
        println!("  never two trainings at a time");
        println!(
            "  what customers brought = what they have + what the node earned + what is reserved"
        );
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
