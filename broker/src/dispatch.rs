//! The dispatcher: gives orders that wait to nodes, and takes back what no node began in time.
//!
//! What it decides is a change of a job in the books; whichever broker has the node's session
//! hands the order over. A change is made from the version that was seen, so that a dispatcher
//! that slept through its claim changes nothing.

use crate::books::Books;
use crate::fleet::Fleet;
use crate::job::{Job, Stage, Turn};
use crate::matching::{Assignment, Candidate, Record, Wanted, Weights, Work, assign};
use crate::peers::Peers;
use crate::stop::Stop;
use crate::store::{Claim, Kept, Member, StoreError};
use admission::Figures;
use proto::{Address, Seconds, TaskId};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

/// Orders looked at together.
const BATCH: u32 = 256;
/// Between two looks when nothing stirs.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes that one token stands for in text, for comparing nodes only.
const BYTES_PER_TOKEN: u64 = 4;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// A claim of this broker; another looks at the order afterwards.
    pub claim_secs: Seconds,
    /// A node must have answered by then.
    pub answer_secs: Seconds,
    /// A node that said yes must have accepted on the chain by then.
    pub start_secs: Seconds,
}

#[derive(Debug)]
pub struct Dispatcher {
    pub books: Books,
    pub fleet: Fleet,
    pub peers: Peers,
    pub patience: Patience,
    pub weights: Weights,
    /// Places given away since the node last said how many it has.
    given: BTreeMap<Address, Vec<Seconds>>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            claim_secs: 5,
            answer_secs: 30,
            start_secs: 600,
        }
    }
}

impl Dispatcher {
    pub fn new(books: Books, fleet: Fleet, peers: Peers, patience: Patience) -> Self {
        Self {
            books,
            fleet,
            peers,
            patience,
            weights: Weights::default(),
            given: BTreeMap::new(),
        }
    }

    pub async fn run(mut self, stop: Stop) -> Result<(), Infallible> {
        loop {
            match self.round().await {
                Ok(_given) => {}
                Err(error) => warn!(code = "B-DISPATCH-001", %error, "a round was left out"),
            }
            tokio::select! {
                () = stop.draining() => return Ok(()),
                () = self.books.feed.stirred() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// One look at what is due; how many orders were given to nodes.
    pub async fn round(&mut self) -> Result<usize, StoreError> {
        let now = self.books.now();
        let claim = Claim {
            now,
            until: now.saturating_add(self.patience.claim_secs),
            count: BATCH,
        };
        let mut waiting = Vec::new();
        for kept in self.books.store.claim(claim).await? {
            if is_up(&kept.job, now) {
                self.take_back(&kept, now).await?;
            } else if kept.job.stage == Stage::Waiting {
                waiting.push(kept);
            }
        }
        if waiting.is_empty() {
            return Ok(0);
        }
        self.give(waiting, now).await
    }

    async fn take_back(&self, kept: &Kept, now: Seconds) -> Result<(), StoreError> {
        if let Some(after) = self.books.change(kept, Turn::Tick { now }).await? {
            info!(code = "B-DISPATCH-002", task = %after.job.task, stage = ?after.job.stage, "taken back");
            self.books.feed.stir();
        }
        Ok(())
    }

    async fn give(&mut self, waiting: Vec<Kept>, now: Seconds) -> Result<usize, StoreError> {
        let nodes = self.fleet.nodes().await?;
        let candidates = self.candidates(&nodes);
        let wanted = self.wanted(&waiting).await?;
        let chosen = self.chosen(wanted, candidates, now).await;
        let fences: BTreeMap<_, _> = nodes
            .iter()
            .map(|node| (node.offer.provider, node.fence))
            .collect();
        let mut jobs: BTreeMap<TaskId, Kept> = waiting
            .into_iter()
            .map(|kept| (kept.job.task, kept))
            .collect();
        let mut given = 0;
        for assignment in chosen {
            let to = assignment.provider;
            let found = jobs.remove(&assignment.task).zip(fences.get(&to));
            let Some((kept, &fence)) = found else {
                continue;
            };
            let until = now.saturating_add(self.patience.answer_secs);
            let assigned = Turn::Assign { to, fence, until };
            let Some(after) = self.books.change(&kept, assigned).await? else {
                continue;
            };
            given += 1;
            self.given.entry(to).or_default().push(now);
            self.peers.hand(to, &after);
            info!(code = "B-DISPATCH-003", task = %assignment.task, provider = %to, fence = fence.0, score = assignment.score.total, "assigned");
        }
        Ok(given)
    }

    /// Many orders and many nodes take longer than others may wait for their turn.
    async fn chosen(
        &self,
        wanted: Vec<Wanted>,
        candidates: Vec<Candidate>,
        now: Seconds,
    ) -> Vec<Assignment> {
        let weights = self.weights;
        let chosen = spawn_blocking(move || assign(&wanted, &candidates, now, weights));
        // A panic is in the log; the orders are looked at again.
        chosen.await.unwrap_or_default()
    }

    fn candidates(&mut self, nodes: &Arc<Vec<Member>>) -> Vec<Candidate> {
        let known: BTreeSet<_> = nodes.iter().map(|node| node.offer.provider).collect();
        self.given.retain(|provider, _| known.contains(provider));
        nodes.iter().map(|node| self.candidate(node)).collect()
    }

    /// A node says how much room it has with each heartbeat; what was given since is gone.
    fn candidate(&mut self, node: &Member) -> Candidate {
        let given = self.given.entry(node.offer.provider).or_default();
        given.retain(|&at| at >= node.seen);
        let taken = u32::try_from(given.len()).unwrap_or(u32::MAX);
        let mut offer = node.offer.clone();
        offer.queue_free = offer.queue_free.saturating_sub(taken);
        Candidate {
            offer,
            tier: node.judgement.tier,
            record: Record {
                paid: node.paid,
                failed: node.failed,
            },
            denies: BTreeSet::new(),
        }
    }

    async fn wanted(&self, waiting: &[Kept]) -> Result<Vec<Wanted>, StoreError> {
        let mut wanted = Vec::with_capacity(waiting.len());
        for kept in waiting {
            let order = kept.job.submission.order();
            let blob = self.books.store.blob(order.dataset).await?;
            let bytes = blob.map_or(0, |blob| blob.size_bytes);
            wanted.push(Wanted {
                task: kept.job.task,
                order: Arc::new(order.clone()),
                work: work(&kept.job.submission.recipe, bytes),
                since: kept.job.since,
                let_down_by: kept.job.let_down_by.clone(),
            });
        }
        Ok(wanted)
    }
}

fn is_up(job: &Job, now: Seconds) -> bool {
    job.after(Turn::Tick { now }).is_some()
}

/// What can be told of the work from outside. The dataset is sealed, and how much memory a model
/// takes is its node's to know.
fn work(recipe: &[u8], dataset_bytes: u64) -> Work {
    let figures = Figures::read(recipe);
    let sequence = figures.map_or(0, |figures| figures.sequence_len);
    let tokens = figures.and_then(|figures| figures.tokens_max());
    let about =
        figures.and_then(|figures| figures.tokens_of_bytes(dataset_bytes / BYTES_PER_TOKEN));
    Work {
        sequence_tokens: u32::try_from(sequence).unwrap_or(u32::MAX),
        dataset_bytes,
        memory_bytes: 0,
        tokens,
        tokens_about: tokens.or(about).unwrap_or(0),
    }
}
