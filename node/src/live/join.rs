//! Everybody at work: the conductor and the world around it, as members of the crew.

use super::shop::{ChainTime, Shop};
use super::watch::{watch_chain, watch_storage};
use super::{Audience, Proved, terms};
use crate::clock::SystemClock;
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
use crate::trainer::{self, ChildTrainer, Listener, TrainerError};
use crate::world::{
    Bills, ChainPort, EnclavePort, Places, PlacesError, Registration, Shelf, Signer, follow,
    register,
};
use chain::{BadKeyFile, Cursor, Desk, Finality, Market, Problem, RpcError, Wallet};
use proto::Root;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::warn;

/// Between tries to reach the chain or a model.
const PAUSE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("cannot use the wallet")]
    Wallet(#[from] BadKeyFile),
    #[error("cannot work on this chain")]
    Chain(#[from] Problem),
    #[error("cannot read the chain's head")]
    Head(#[from] RpcError),
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
    let Some((market, desk)) = connect(chain, stop).await? else {
        return Ok(false);
    };
    let head = market.reader().final_head().await?;
    let market = Arc::new(market);
    let book = Book::new(proved.vault.clone());
    let places = places(config)?;
    let port = chain_port(&market, proved, &book);
    let speed = Speed::assumed(config.offer.tokens_per_sec);
    let time = ChainTime::default();
    time.set(head.timestamp);

    let trainer = trainer(config, proved, &book, (audience.teller(&speed), stop))?;
    let world = world(proved, &book, &places, &port, trainer);
    let clock = world.clock.clone();
    let conductor = Conductor::new(memory, world, config.capacity, inputs, Handle::current());
    conduct(conductor, audience, crew, stop);
    audience.stage.reach(Step::Registering);
    crew.spawn("desk", serve_desk(desk, stop.clone()));
    let from = Cursor {
        next: head.number,
        last_hash: None,
    };
    let news = follow(port.clone(), from, audience.mailbox.clone(), stop.clone());
    crew.spawn("follower", news);
    watch(&port, &places, &time, audience, crew, stop);

    let terms = terms::follow(chain, proved, &market, audience, crew, stop);
    let (door, intake) = intake::open(Judge {
        terms,
        book,
        mailbox: audience.mailbox.clone(),
        chain: Arc::new(port),
        sizes: Arc::new(places.clone()),
        gate: Arc::new(Guarded::new(stop.clone(), audience.gate.clone())),
        clock,
        speed: speed.clone(),
    });
    let shop = Shop::new(
        market.provider(),
        proved,
        audience.config.clone(),
        speed,
        time,
    );
    audience.front.offers(Arc::new(shop));
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
    let told = (gate.clone(), metrics);
    let chain = watch_chain(port.clone(), time.clone(), told, end.clone());
    let storage = watch_storage(places.clone(), gate.clone(), end.clone());
    crew.spawn("chain watch", quietly(chain, stop));
    crew.spawn("storage watch", quietly(storage, stop));
}

/// Waits for a chain that cannot be reached; anything else an operator has to mend.
async fn connect(chain: &ChainConfig, stop: &Stop) -> Result<Option<(Market, Desk)>, JoinError> {
    loop {
        let wallet = Wallet::open(&chain.wallet, chain.wallet_password.as_deref())?;
        match Market::connect(client(chain), wallet, Arc::new(())).await {
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
    client.fees.fee_most = chain.fee_most_wei_per_gas;
    client
}

fn places(config: &Config) -> Result<Places, PlacesError> {
    let content = config.storage.folder.clone();
    let content = content.unwrap_or_else(|| config.state.folder.join("content"));
    let offered = config.offer.models.values().copied().collect();
    Places::open(&config.storage, &content, config.state.models(), offered)
}

fn chain_port(market: &Arc<Market>, proved: &Proved, book: &Book) -> ChainPort {
    let signer = Signer::new(proved.identity.clone(), Guard::new(proved.vault.clone()));
    let bills = Bills::new(book.clone(), proved.identity.clone());
    ChainPort::new(market.clone(), signer, bills)
}

fn trainer(
    config: &Config,
    proved: &Proved,
    book: &Book,
    (listener, stop): (Arc<dyn Listener>, &Stop),
) -> Result<ChildTrainer, TrainerError> {
    let vault = proved.vault.clone();
    let shelf = Shelf::new(book.clone(), vault.clone(), config.state.models());
    ChildTrainer::open(trainer::Parts {
        settings: config.trainer.settings(&config.state.folder, config.grace),
        vault,
        materials: Arc::new(shelf),
        listener,
        clock: Arc::new(SystemClock),
        stop: stop.clone(),
    })
}

fn world(
    proved: &Proved,
    book: &Book,
    places: &Places,
    chain: &ChainPort,
    trainer: ChildTrainer,
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
        clock: Arc::new(SystemClock),
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
