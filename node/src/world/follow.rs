//! The chain's follower: what final blocks say of our tasks, told to the conductor.

use super::chain::ChainPort;
use crate::conductor::{Gone, Mailbox};
use crate::earnings::Earnings;
use crate::stop::Stop;
use chain::{Cursor, Event, Follower, Page};
use proto::{Address, TaskId};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;
use tracing::{debug, warn};

/// Follows from this place until told to stop. What is missed while a URL is down is read when
/// one is up again: pages have no gaps.
pub async fn follow(
    chain: ChainPort,
    from: Cursor,
    (mailbox, earnings): (Mailbox, Earnings),
    stop: Stop,
) -> Result<(), Gone> {
    let poll = chain.market().reader().config().timing.poll;
    let follower = chain.market().reader().follow(from);
    let mut teller = Teller {
        chain,
        follower,
        mailbox,
        earnings,
        untold: BTreeSet::new(),
    };
    loop {
        tokio::select! {
            () = stop.at_once() => return Ok(()),
            pause = teller.step(poll) => {
                if rest(&stop, pause).await {
                    return Ok(());
                }
            }
        }
    }
}

/// Reads for payments what was final before this process followed, from where the last one had
/// read. A node that never ran before has missed none.
pub async fn catch_up(
    chain: ChainPort,
    earnings: Earnings,
    until: u64,
    stop: Stop,
) -> Result<(), Infallible> {
    let Some(last) = earnings.read_to() else {
        return Ok(());
    };
    let poll = chain.market().reader().config().timing.poll;
    let mut missed = chain.market().reader().follow(Cursor {
        next: last + 1,
        last_hash: None,
    });
    let mut read_to = last;
    while read_to + 1 < until {
        let page = tokio::select! {
            () = stop.draining() => return Ok(()),
            page = missed.next_page() => page,
        };
        if let Ok(Some(page)) = page {
            read_to = page.to.number;
            earnings.heard(&page, chain.market().provider());
        } else if rest(&stop, poll).await {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether it is time to stop. A node that drains still hears what its tasks wait for.
async fn rest(stop: &Stop, pause: Duration) -> bool {
    tokio::select! {
        () = stop.at_once() => true,
        () = stop.draining(), if !pause.is_zero() => true,
        () = tokio::time::sleep(pause) => false,
    }
}

struct Teller {
    chain: ChainPort,
    follower: Follower,
    mailbox: Mailbox,
    earnings: Earnings,
    /// Tasks that something happened to and whose standing could not be read yet.
    untold: BTreeSet<TaskId>,
}

impl Teller {
    /// Reads a page and tells of it; says how long to wait for the next.
    async fn step(&mut self, poll: Duration) -> Duration {
        match self.follower.next_page().await {
            Ok(Some(page)) => {
                let us = self.chain.market().provider();
                self.earnings.heard(&page, us);
                self.untold.extend(touched(&page, us));
            }
            Ok(None) if self.untold.is_empty() => return poll,
            Ok(None) => {}
            Err(error) => {
                warn!(%error, "the chain cannot be followed");
                return poll;
            }
        }
        self.tell().await;
        if self.untold.is_empty() {
            Duration::ZERO
        } else {
            poll
        }
    }

    async fn tell(&mut self) {
        for task in std::mem::take(&mut self.untold) {
            match self.chain.standing(task).await {
                Ok(standing) => {
                    debug!(%task, ?standing, "the chain says");
                    // Without a conductor nobody wants to know.
                    let _gone = self.mailbox.news(task, standing).await;
                }
                Err(tasks::Failure::Hopeless(_)) => {}
                Err(tasks::Failure::Transient | tasks::Failure::NotBefore(_)) => {
                    self.untold.insert(task);
                }
            }
        }
    }
}

/// The tasks that something happened to. Those of others are told apart by the conductor.
fn touched(page: &Page, us: Address) -> BTreeSet<TaskId> {
    page.events
        .iter()
        .filter_map(|seen| task_of(&seen.event, us))
        .collect()
}

fn task_of(event: &Event, us: Address) -> Option<TaskId> {
    match event {
        Event::OrderWithdrawn { task } | Event::OrderReleased { task, .. } => Some(*task),
        Event::OrderAccepted { task, provider } => (*provider == us).then_some(*task),
        Event::DeliverableAdded { provider, id, .. }
        | Event::DeliverableAcknowledged { provider, id, .. }
        | Event::DeliverableAbandoned { provider, id, .. }
        | Event::FeesSettled { provider, id, .. } => {
            let ours = *provider == us;
            ours.then(|| id.parse().ok()).flatten()
        }
        Event::OrderOpened { .. }
        | Event::BalanceUpdated { .. }
        | Event::ServiceUpdated { .. }
        | Event::ServiceRemoved { .. }
        | Event::BondSlashed { .. }
        | Event::Other(_) => None,
    }
}
