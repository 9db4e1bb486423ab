//! Everybody at work: the conductor and the world around it, as members of the crew.

use super::shop::{ChainTime, Shop};
use super::watch::{watch_chain, watch_purse, watch_storage};
use super::{Audience, Proved, terms};
use crate::clock::ChainClock;
use crate::conductor::{Conductor, Inputs, Memory};
use crate::config::{ChainConfig, Config};
use crate::crew::Crew;
use crate::face::quietly;
use crate::intake::{self, Door, Guarded, Judge, Speed};
use crate::keys::Guard;
use crate::orders::Book;
use crate::ports::World;
use crate::stage::{Stage, Step};
use crate::stop::Stop;
use crate::trainer::{self, ChildTrainer, Listener, RecipeDesk, TrainerError};
use crate::world::{
    Bills, BookedTasks, ChainPort, EnclavePort, Payer, Places, PlacesError, Registration, Shelf,
    Signer, catch_up, follow, register,
};
use chain::{
    BadKeyFile, Budget, Cursor, Desk, Finality, Flow, Market, Problem, Reader, RpcError, Wallet,
};
use proto::{Root, Seconds};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use storage::Submitter;
use tokio::runtime::Handle;
use tracing::warn;

/// Between tries to reach the chain or a model.
const PAUSE: Duration = Duration::from_secs(3);

/// Between looks at the newest block's time.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("cannot use the wallet")]
    Wallet(#[from] BadKeyFile),
    #[error("cannot work on this chain")]
    Chain(#[from] Problem),
    #[error(transparent)]
    Places(#[from] PlacesError),
    #[error("cannot use the trainer")]
    Trainer(#[from] TrainerError),
}

/// Connects everything and puts it to work. False, if the node is told to stop before.
pub async fn join(
    config: &Config,
    chain: &ChainConfig,
    proved: &Proved,
    (memory, inputs): (Memory, Inputs),
    audience: &Audience,
    crew: &mut Crew,
    stop: &Stop,
) -> Result<bool, JoinError> {
    let book = Book::new(proved.vault.clone());
    let booked = Arc::new(BookedTasks::new(book.clone()));
    let Some((market, desk)) = connect(chain, &booked, stop).await? else {
        return Ok(false);
    };
    booked.found(market.reader().mode());
    let Some(heard) = hear(&market, stop).await else {
        return Ok(false);
    };
    let market = Arc::new(market);
    let clock = ChainClock::at(heard.time);
    let places = places(config, chain, &market)?;
    let port = chain_port(&market, proved, &book);
    let speed = Speed::kept(config.state.speeds(), config.offer.tokens_per_sec);
    let time = ChainTime::default();

    let trainer = trainer(
        config,
        proved,
        &book,
        Heeded {
            listener: audience.teller(),
            speed: speed.clone(),
            clock: clock.clone(),
            stop: stop.clone(),
        },
    )?;
    let recipes = Arc::new(RecipeDesk::new(trainer.clone()));
    let world = world(proved, &book, &places, &port, trainer, &clock);
    let conductor = Conductor::new(memory, world, config.capacity, inputs, Handle::current());
    conduct(conductor, audience, crew, stop);
    audience.stage.reach(Step::Registering);
    crew.spawn("desk", serve_desk(desk, stop.clone()));
    let ticking = keep_time(market.reader().clone(), clock.clone(), stop.clone());
    crew.spawn("clock", ticking);
    let from = Cursor {
        next: heard.final_block,
        last_hash: None,
    };
    let told = (audience.mailbox.clone(), audience.earnings.clone());
    let news = follow(port.clone(), from, told, stop.clone());
    crew.spawn("follower", news);
    let missed = catch_up(
        port.clone(),
        audience.earnings.clone(),
        heard.final_block,
        stop.clone(),
    );
    crew.spawn("payments", quietly(missed, stop));
    watch(&port, &places, &time, audience, crew, stop);

    let terms = terms::follow(chain, proved, &market, audience, crew, stop);
    let (door, intake) = intake::open(Judge {
        terms,
        book,
        mailbox: audience.mailbox.clone(),
        chain: Arc::new(port),
        sizes: Arc::new(places.clone()),
        recipes,
        gate: Arc::new(Guarded::new(stop.clone(), audience.gate.clone())),
        clock: Arc::new(clock),
        speed: speed.clone(),
    });
    let storefront = Shop::new(
        market.provider(),
        proved,
        audience.config.clone(),
        speed,
        time,
    );
    audience.front.offers(Arc::new(storefront));
    audience.front.takes(Arc::new(door.clone()));
    let signer = proved.identity.signer().address();
    let wanted = Registration::new(&config.offer, chain, signer);
    let ready = ready(
        market,
        wanted,
        places,
        (audience.stage.clone(), stop.clone()),
    );
    crew.spawn("door", intake.run(ready, stop.clone()));
    open_socket(config, &door, crew, stop);
    Ok(true)
}

/// Puts the conductor to work before this audience.
pub fn conduct(conductor: Conductor, audience: &Audience, crew: &mut Crew, stop: &Stop) {
    let conductor = conductor.telling(audience.feed.clone());
    let conductor = conductor.behind(audience.gate.clone());
    let (stopped, end) = (stop.clone(), audience.end.clone());
    crew.spawn_thread("conductor", move || async move {
        // Who watches a task is answered while tasks are finished, and no longer.
        let _end = end.drop_guard();
        conductor.run(stopped).await
    });
}

fn watch(
    port: &ChainPort,
    places: &Places,
    time: &ChainTime,
    audience: &Audience,
    crew: &mut Crew,
    stop: &Stop,
) {
    let (gate, end) = (&audience.gate, &audience.end);
    let metrics = audience.feed.metrics().clone();
    let told = (gate.clone(), metrics.clone());
    let chain = watch_chain(port.clone(), time.clone(), told.clone(), end.clone());
    let storage = watch_storage(places.clone(), told, end.clone());
    let purse = watch_purse(port.clone(), metrics, end.clone());
    crew.spawn("chain watch", quietly(chain, stop));
    crew.spawn("storage watch", quietly(storage, stop));
    crew.spawn("purse watch", quietly(purse, stop));
}

/// Waits for a chain that cannot be reached; anything else an operator has to mend.
async fn connect(
    chain: &ChainConfig,
    booked: &Arc<BookedTasks>,
    stop: &Stop,
) -> Result<Option<(Market, Desk)>, JoinError> {
    loop {
        let wallet = Wallet::open(&chain.wallet, chain.wallet_password.as_deref())?;
        match Market::connect(client(chain), wallet, booked.clone()).await {
            Ok(connected) => return Ok(Some(connected)),
            Err(problem @ (Problem::Rpc(_) | Problem::WalletEmpty(_))) => {
                warn!(%problem, "the chain cannot be used yet");
            }
            Err(problem) => return Err(problem.into()),
        }
        tokio::select! {
            () = stop.draining() => return Ok(None),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Where the chain stands when the node comes.
struct Heard {
    final_block: u64,
    time: Seconds,
}

/// Waits for a chain that stopped answering; nothing, if the node is told to stop before.
async fn hear(market: &Market, stop: &Stop) -> Option<Heard> {
    loop {
        match listen(market).await {
            Ok(heard) => return Some(heard),
            Err(error) => warn!(%error, "the chain's head cannot be read yet"),
        }
        tokio::select! {
            () = stop.draining() => return None,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn listen(market: &Market) -> Result<Heard, RpcError> {
    Ok(Heard {
        final_block: market.reader().final_head().await?.number,
        time: market.reader().time().await?,
    })
}

/// Tells the clock what blocks say; while the chain is silent, time goes on by itself.
/// A node that drains goes on with the time it has.
async fn keep_time(reader: Reader, clock: ChainClock, stop: Stop) -> Result<(), Infallible> {
    loop {
        if let Ok(time) = reader.time().await {
            clock.hear(time);
        }
        tokio::select! {
            () = stop.draining() => return Ok(()),
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
        }
    }
}

pub(crate) fn client(chain: &ChainConfig) -> chain::Config {
    let mut client = chain::Config::new(chain.urls.clone(), chain.chain_id, chain.market);
    client.deployed_at = chain.deployed_at;
    client.finality = match chain.confirmations {
        0 => Finality::Tag,
        depth => Finality::Depth(depth),
    };
    client.timing.poll = chain.poll;
    client.timing.patience = chain.patience;
    client.timing.bump_after = chain.bump_after;
    client.budget = Budget {
        per_second: chain.requests_per_sec,
        burst: chain.requests_per_sec.saturating_mul(2),
    };
    client.fees.fee_most = chain.fee_most_wei_per_gas;
    client
}

fn places(config: &Config, chain: &ChainConfig, market: &Market) -> Result<Places, PlacesError> {
    let payer = config.storage.flow.map(|flow| {
        let sender = market.sender().clone();
        let flow = Flow::new(market.reader(), sender, flow, chain.deployed_at);
        let payer: Arc<dyn Submitter> = Arc::new(Payer::new(flow));
        payer
    });
    let content = config.storage.folder.clone();
    let content = content.unwrap_or_else(|| config.state.folder.join("content"));
    let offered = config.offer.models.values().copied().collect();
    let models = config.state.models();
    Places::open(&config.storage, &content, models, offered, payer.as_ref())
}

fn chain_port(market: &Arc<Market>, proved: &Proved, book: &Book) -> ChainPort {
    let signer = Signer::new(proved.identity.clone(), Guard::new(proved.vault.clone()));
    let bills = Bills::new(book.clone(), proved.identity.clone());
    ChainPort::new(market.clone(), signer, bills)
}

/// Who is told by the trainer, and whom it heeds.
struct Heeded {
    listener: Arc<dyn Listener>,
    speed: Speed,
    clock: ChainClock,
    stop: Stop,
}

fn trainer(
    config: &Config,
    proved: &Proved,
    book: &Book,
    heeded: Heeded,
) -> Result<ChildTrainer, TrainerError> {
    let vault = proved.vault.clone();
    let shelf = Shelf::new(book.clone(), vault.clone(), config.state.models());
    ChildTrainer::open(trainer::Parts {
        settings: config.trainer.settings(&config.state.folder, config.grace),
        vault,
        materials: Arc::new(shelf),
        listener: heeded.listener,
        speed: heeded.speed,
        clock: Arc::new(heeded.clock),
        stop: heeded.stop,
    })
}

fn world(
    proved: &Proved,
    book: &Book,
    places: &Places,
    chain: &ChainPort,
    trainer: ChildTrainer,
    clock: &ChainClock,
) -> World {
    let enclave = EnclavePort::new(
        proved.identity.clone(),
        proved.vault.clone(),
        places.folder().clone(),
        book.clone(),
    );
    World {
        chain: Arc::new(chain.clone()),
        blobs: Arc::new(places.clone()),
        enclave: Arc::new(enclave),
        trainer: Arc::new(trainer),
        clock: Arc::new(clock.clone()),
    }
}

/// Ends with the last who could ask it, or at once.
async fn serve_desk(desk: Desk, stop: Stop) -> Result<(), Infallible> {
    tokio::select! {
        () = desk.run() => {}
        () = stop.at_once() => {}
    }
    Ok(())
}

/// The entry on chain stands, and every model that is offered is here. False if the node
/// stops before.
async fn ready(
    market: Arc<Market>,
    wanted: Registration,
    places: Places,
    (stage, stop): (Stage, Stop),
) -> bool {
    if !register(&market, &wanted, &stop).await {
        return false;
    }
    for root in wanted_models(&places) {
        while places.model(root).await.is_err() {
            tokio::select! {
                () = stop.draining() => return false,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
    stage.reach(Step::Working);
    true
}

fn wanted_models(places: &Places) -> Vec<Root> {
    places.offered().iter().copied().collect()
}

#[cfg(feature = "simulator")]
fn open_socket(config: &Config, door: &Door, crew: &mut Crew, stop: &Stop) {
    let path = config.state.folder.join("door.sock");
    let (door, stop) = (door.clone(), stop.clone());
    crew.spawn("socket", async move {
        intake::serve_socket(&path, door, stop).await
    });
}

#[cfg(not(feature = "simulator"))]
fn open_socket(_config: &Config, _door: &Door, _crew: &mut Crew, _stop: &Stop) {}
