//! Everything an operator may ask, in one place.

use super::answers::{
    Attested, Job, Journal, Keys, Ready, Reason, Reloaded, Row, Status, Training,
};
use crate::api::{Attestor, Storefront};
use crate::breaker::Gate;
use crate::conductor::{Gone, Mailbox, View};
use crate::earnings::{Earnings, Payment};
use crate::feed::Feed;
use crate::ports::Clock;
use crate::stage::Stage;
use crate::status::Survey;
use async_trait::async_trait;
use proto::Seconds;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The conductor answers between two steps, each of which is one write to the journal.
const PATIENCE: Duration = Duration::from_secs(5);
const ROWS_MAX: u64 = 10_000;

#[derive(Clone)]
pub struct Board {
    pub mailbox: Mailbox,
    pub feed: Feed,
    pub gate: Gate,
    pub attestor: Arc<dyn Attestor>,
    pub storefront: Arc<dyn Storefront>,
    pub clock: Arc<dyn Clock>,
    pub reload: Arc<dyn Reload>,
    pub started: Seconds,
    pub stage: Stage,
    pub earnings: Earnings,
}

/// Reads the configuration again and takes what may change while the node runs.
#[async_trait]
pub trait Reload: Send + Sync {
    /// What changed, or in words why nothing did.
    async fn reload(&self) -> Result<Reloaded, String>;
}

impl Board {
    /// Whether the conductor makes progress; before it is at work, the start does.
    pub async fn is_alive(&self) -> bool {
        if !self.stage.step().has_conductor() {
            return true;
        }
        let pulse = self.mailbox.look(|_view| ());
        matches!(tokio::time::timeout(PATIENCE, pulse).await, Ok(Ok(())))
    }

    pub async fn ready(&self) -> Ready {
        let mut ready = self.ready_but_for_life();
        if !self.is_alive().await {
            ready.ready = false;
            let text = "the conductor does not answer";
            ready.reasons.push(Reason::said("stuck", text, false));
        }
        ready
    }

    pub async fn status(&self) -> Result<Status, Gone> {
        let survey = self.survey().await?;
        let training = survey.training;
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").into(),
            up_secs: self.up_secs(),
            chain_time: self.storefront.chain_time(),
            ready: self.ready_but_for_life(),
            tasks_open: survey.open,
            tasks_known: survey.known,
            queue_free: survey.queue_free(),
            training: training.map(|task| Training::of(task, self.feed.latest())),
        })
    }

    /// Open tasks, or all.
    pub async fn jobs(&self, all: bool) -> Result<Vec<Job>, Gone> {
        let read = move |view: &View<'_>| -> Vec<Job> {
            let tasks = view
                .memory
                .tasks()
                .filter(|(_, task)| all || !task.is_closed());
            tasks.map(|(id, task)| Job::of(id, task)).collect()
        };
        let mut jobs = self.mailbox.look(read).await?;
        for job in &mut jobs {
            let told = self.feed.status(job.task);
            job.queue_position = told.and_then(|told| told.queue_position);
        }
        Ok(jobs)
    }

    /// What the chain paid.
    pub fn earned(&self) -> Vec<Payment> {
        self.earnings.all()
    }

    /// The last rows of the journal, or why it cannot be read.
    pub async fn journal(&self, last: u64) -> Result<Result<Journal, String>, Gone> {
        let last = last.min(ROWS_MAX);
        let read = move |view: &View<'_>| -> Result<Journal, String> {
            let rows = view.memory.rows(last).map_err(|error| error.to_string())?;
            let rows = rows.into_iter().map(Row::of).collect();
            Ok(Journal { rows })
        };
        self.mailbox.look(read).await
    }

    pub fn archive(&self) -> Option<Vec<u8>> {
        self.attestor.archive()
    }

    pub fn attested(&self) -> Option<Attested> {
        let bundle = self.attestor.bundle()?;
        Some(Attested { bundle })
    }

    pub fn keys(&self) -> Option<Keys> {
        let bundle = self.attestor.bundle()?;
        Some(Keys {
            signer: bundle.signer,
            tls_spki: bundle.tls_spki,
            boot_id: bundle.boot_id,
        })
    }

    pub async fn metrics(&self) -> Result<String, Gone> {
        let survey = self.survey().await?;
        let attested = self.attestor.bundle().is_some();
        let metrics = self.feed.metrics();
        metrics.earned(self.earnings.total());
        metrics.stands(&survey, &self.gate.standing(), self.up_secs(), attested);
        Ok(metrics.text().expect("writing to a text does not fail"))
    }

    /// Before the conductor is at work there is nothing in its hands.
    async fn survey(&self) -> Result<Survey, Gone> {
        if self.stage.step().has_conductor() {
            Survey::take(&self.mailbox).await
        } else {
            Ok(Survey::default())
        }
    }

    fn ready_but_for_life(&self) -> Ready {
        let has_evidence = self.attestor.bundle().is_some();
        Ready::of(&self.gate.standing(), self.stage.step(), has_evidence)
    }

    fn up_secs(&self) -> u64 {
        self.clock.now().saturating_sub(self.started)
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}
