//! Reading for one provider: which tasks concern it, and how each stands.

use super::catalogue::Catalogue;
use super::standing::{Stage, Standing, placed};
use super::{Market, direct};
use crate::failure::Failure;
use crate::reader::Mode;
use crate::refusal::Refusal;
use crate::rpc::RpcError;
use alloy_primitives::Address;
use proto::{Order, TaskId};
use std::sync::{MutexGuard, PoisonError};

impl Market {
    /// Every task that concerns this provider, with its standing. Answers only when nothing
    /// this wallet ever sent is still pending.
    pub async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure> {
        self.sender.settle_past().await?;
        let mut orders = Vec::new();
        for order in self.listed().await? {
            match self.standing(order.id()).await {
                Ok(standing) => orders.push((order, standing)),
                // Somebody took it a moment ago.
                Err(Failure::Refused(Refusal::OrderTaken(_))) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(orders)
    }

    /// How the task stands, for good.
    pub async fn standing(&self, task: TaskId) -> Result<Standing, Failure> {
        let us = self.provider();
        if let Some(known) = self.direct.find(task) {
            let known = &known;
            let ask = |snap| async move { direct::standing(&snap, known, us).await };
            return Ok(self.reader.core.finally(ask).await?);
        }
        self.need_orders(task)?;
        let (standing, provider) = match self.stage(task).await? {
            (Stage::Standing(standing), provider) => (standing, provider),
            (Stage::Released, provider) => (Standing::Released(self.reason(task).await?), provider),
        };
        self.own(task, standing, provider)
    }

    async fn stage(&self, task: TaskId) -> Result<(Stage, Address), Failure> {
        let ask = |snap| async move { placed(&snap, task).await };
        let placed = self.reader.core.finally(ask).await?;
        let placed = placed.ok_or(Refusal::OrderUnknown(task))?;
        Ok((placed.stage, placed.provider))
    }

    fn own(
        &self,
        task: TaskId,
        standing: Standing,
        provider: Address,
    ) -> Result<Standing, Failure> {
        let open = standing == Standing::Open || standing == Standing::Withdrawn;
        if open || provider == self.provider() || provider.is_zero() {
            return Ok(standing);
        }
        Err(Refusal::OrderTaken(task).into())
    }

    fn need_orders(&self, task: TaskId) -> Result<(), Refusal> {
        match self.reader.mode() {
            Mode::Full => Ok(()),
            Mode::Base => Err(Refusal::OrderUnknown(task)),
        }
    }

    async fn reason(&self, task: TaskId) -> Result<u16, RpcError> {
        let known = self.catalogue().reason(task);
        match known {
            Some(reason) => Ok(reason),
            None => self.reader.core.release_reason(task).await,
        }
    }

    /// The tasks that the node's record and the market's events tell of.
    async fn listed(&self) -> Result<Vec<Order>, Failure> {
        let mut orders: Vec<Order> = self
            .direct
            .all()
            .into_iter()
            .map(|known| known.order)
            .collect();
        if self.reader.mode() == Mode::Full {
            let catalogue = self.read_on().await?;
            orders.extend(catalogue.orders().map(|(_task, order)| order.clone()));
        }
        Ok(orders)
    }

    /// Reads the events since the last time, up to what is final now: a chain may be faster than
    /// its reader. Two readers at once do the work twice, and no harm.
    async fn read_on(&self) -> Result<Catalogue, Failure> {
        let head = self.reader.final_head().await?.number;
        let mut catalogue = self.catalogue().clone();
        let mut follower = self.reader.follow(catalogue.cursor);
        while catalogue.cursor.next <= head {
            let Some(page) = follower.next_page().await? else {
                break;
            };
            catalogue.read(page, self.provider());
            catalogue.cursor = follower.cursor();
        }
        let mut known = self.catalogue();
        if known.cursor.next < catalogue.cursor.next {
            *known = catalogue.clone();
        }
        Ok(catalogue)
    }

    fn catalogue(&self) -> MutexGuard<'_, Catalogue> {
        self.catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
