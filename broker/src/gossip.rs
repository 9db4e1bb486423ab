//! What other brokers at the same server change, passed on to who waits for it here.

use crate::books::Books;
use crate::peers::Peers;
use crate::stop::Stop;
use crate::store::{Notices, StoreError};
use proto::TaskId;
use std::convert::Infallible;
use std::time::Duration;
use tracing::warn;

/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Gossip {
    pub address: String,
    pub books: Books,
    pub peers: Peers,
}

impl Gossip {
    pub async fn run(self, stop: Stop) -> Result<(), Infallible> {
        loop {
            tokio::select! {
                () = stop.draining() => return Ok(()),
                ended = self.listen() => match ended {
                    Ok(()) => stop.draining().await,
                    Err(error) => warn!(code = "B-GOSSIP-001", %error, "other brokers are not heard"),
                }
            }
            tokio::select! {
                () = stop.draining() => return Ok(()),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Ends well where there is nobody to listen to.
    async fn listen(&self) -> Result<(), StoreError> {
        let Some(mut notices) = Notices::listen(&self.address).await? else {
            return Ok(());
        };
        self.look_at_everything().await?;
        loop {
            match notices.next().await? {
                Some(tasks) => {
                    for task in tasks {
                        self.pass_on(task).await?;
                    }
                }
                None => self.look_at_everything().await?,
            }
        }
    }

    async fn pass_on(&self, task: TaskId) -> Result<(), StoreError> {
        self.books.feed.wake(task);
        if self.peers.count() == 0 {
            return Ok(());
        }
        let Some(kept) = self.books.store.job(task).await? else {
            return Ok(());
        };
        if let Some(holder) = kept.job.holder() {
            self.peers.hand(holder, &kept);
        }
        Ok(())
    }

    async fn look_at_everything(&self) -> Result<(), StoreError> {
        self.books.feed.wake_all();
        for provider in self.peers.providers() {
            for kept in self.books.store.held_by(provider).await? {
                self.peers.hand(provider, &kept);
            }
        }
        Ok(())
    }
}
