//! What orders are judged by, as the configuration says now.

use super::{Audience, Proved};
use crate::admission::Terms;
use crate::conductor::Mailbox;
use crate::config::{ChainConfig, Config};
use crate::crew::Crew;
use crate::face::quietly;
use crate::stop::Stop;
use crate::world::{Registration, register};
use chain::{Market, Mode};
use proto::{Address, Tier};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What of the terms no configuration changes while the node runs.
#[derive(Clone, Debug)]
struct Fixed {
    chain: ChainConfig,
    provider: Address,
    signer: Address,
    tier: Tier,
    mode: Mode,
}

/// The terms, made anew whenever the configuration is read again; the entry on chain follows.
pub(super) fn follow(
    chain: &ChainConfig,
    proved: &Proved,
    market: &Arc<Market>,
    audience: &Audience,
    crew: &mut Crew,
    stop: &Stop,
) -> watch::Receiver<Arc<Terms>> {
    let fixed = Fixed {
        chain: chain.clone(),
        provider: market.provider(),
        signer: proved.identity.signer().address(),
        tier: proved.tier(),
        mode: market.reader().mode(),
    };
    let config = audience.config.clone();
    let now = fixed.terms(&config.borrow());
    let (terms, followed) = watch::channel(Arc::new(now));
    let keeper = Keeper {
        fixed,
        config,
        market: market.clone(),
        mailbox: audience.mailbox.clone(),
        terms,
    };
    let keep = keeper.keep(stop.clone(), audience.end.clone());
    crew.spawn("terms", quietly(keep, stop));
    followed
}

struct Keeper {
    fixed: Fixed,
    config: watch::Receiver<Arc<Config>>,
    market: Arc<Market>,
    mailbox: Mailbox,
    terms: watch::Sender<Arc<Terms>>,
}

impl Keeper {
    async fn keep(mut self, stop: Stop, end: CancellationToken) -> Result<(), Infallible> {
        loop {
            tokio::select! {
                () = end.cancelled() => return Ok(()),
                Ok(()) = self.config.changed() => self.change(&stop).await,
            }
        }
    }

    /// Orders are judged by the new terms at once; who reads the chain learns of the price
    /// when it is written there.
    async fn change(&mut self, stop: &Stop) {
        let config = self.config.borrow_and_update().clone();
        self.terms.send_replace(Arc::new(self.fixed.terms(&config)));
        // Without a conductor there is nothing to make room in.
        let _gone = self.mailbox.make_room(config.capacity.tasks_max).await;
        let (chain, signer) = (&self.fixed.chain, self.fixed.signer);
        let wanted = Registration::new(&config.offer, chain, signer);
        register(&self.market, &wanted, stop).await;
    }
}

impl Fixed {
    fn terms(&self, config: &Config) -> Terms {
        let offer = &config.offer;
        let terms = Terms {
            chain_id: self.chain.chain_id,
            market: self.chain.market,
            provider: self.provider,
            models: offer.models.values().copied().collect(),
            tier: self.tier,
            price: offer.price,
            fee_least: offer.fee_least,
            recipe: offer.recipe,
            compensation_max: offer.compensation_max,
            ack_window_secs_max: offer.ack_window_secs_max,
            penalty_bps_min: offer.penalty_bps_min,
            tasks_max: config.capacity.tasks_max,
            customer_tasks_max: offer.customer_tasks_max,
            overhead_secs: offer.overhead_secs,
        };
        match self.mode {
            Mode::Full => terms,
            Mode::Base => terms.without_orders_on_chain(),
        }
    }
}
