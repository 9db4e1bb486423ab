//! Lists in pages: a customer's tasks, and the nodes there are.

use super::{Desk, refused, unavailable};
use crate::permits;
use crate::store::Member;
use proto::broker::{ListReply, ListRequest, NodeListing, NodesReply, NodesRequest, Page};
use proto::{Action, Address, CallError, List, TaskId, Text};
use tonic::Status;

impl Desk {
    pub async fn list(&self, asked: ListRequest) -> Result<ListReply, Status> {
        let now = self.books.now();
        let permit = Some(&asked.permit);
        let customer = permits::for_all(permit, Action::Read, self.market, now);
        let customer = customer.map_err(refused)?;
        let after = TaskId(mark(&asked.page)?);
        let count = asked.count.get();
        let store = &self.books.store;
        let jobs = store.jobs_of(customer, after, count).await;
        let jobs = jobs.map_err(unavailable)?;
        let last = jobs.last().map(|kept| kept.job.task.0.to_vec());
        let next_page = next(jobs.len(), count, last)?;
        let tasks = jobs.into_iter().map(|kept| kept.news.status).collect();
        let tasks = List::new(tasks).map_err(|_more| refused(CallError::Internal))?;
        Ok(ListReply { tasks, next_page })
    }

    pub async fn nodes(&self, asked: NodesRequest) -> Result<NodesReply, Status> {
        let after = Address::from(mark::<20>(&asked.page)?);
        let count = asked.count.get();
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let nodes = self.fleet.nodes().await.map_err(unavailable)?;
        let found: Vec<_> = nodes
            .iter()
            .filter(|node| node.offer.provider > after && fits(node, &asked))
            .take(wanted)
            .map(listing)
            .collect();
        let last = found.last().map(|node| node.offer.provider.to_vec());
        let next_page = next(found.len(), count, last)?;
        let nodes = List::new(found).map_err(|_more| refused(CallError::Internal))?;
        Ok(NodesReply { nodes, next_page })
    }
}

fn fits(node: &Member, asked: &NodesRequest) -> bool {
    let mut models = node.offer.models.iter();
    let offered = |root| models.any(|model| model.root == root);
    node.judgement.tier >= asked.tier_min && asked.base_model.is_none_or(offered)
}

fn listing(node: &Member) -> NodeListing {
    NodeListing {
        offer: node.offer.clone(),
        judgement: node.judgement.clone(),
        endpoint: node.endpoint.as_deref().map(Text::fitted),
        last_seen: node.seen,
        tasks_paid: node.paid,
        tasks_failed: node.failed,
    }
}

/// Where a page begins: after nothing, or after the last id of the page before.
fn mark<const N: usize>(page: &Page) -> Result<[u8; N], Status> {
    if page.is_empty() {
        return Ok([0; N]);
    }
    let mark = <[u8; N]>::try_from(&**page);
    mark.map_err(|_length| refused(CallError::PageUnknown))
}

/// A full page may have another behind it.
fn next(found: usize, asked: u32, last: Option<Vec<u8>>) -> Result<Page, Status> {
    let is_full = u32::try_from(found).is_ok_and(|found| found == asked);
    let mark = last.filter(|_id| is_full).unwrap_or_default();
    Page::new(mark).map_err(|_length| refused(CallError::Internal))
}
