//! The door for orders: judged one after another, kept on disk, then offered to the conductor.
//!
//! One member of the crew serves the door, so that no two orders are judged by the same free
//! place. An order is durable here before the conductor hears of it, and the conductor makes
//! it durable before anybody is told that it was taken.

mod facts;
mod served;
#[cfg(feature = "simulator")]
mod socket;
mod speed;

pub use facts::{ChainFacts, Gate, Guarded, Recipes, Sizes};
#[cfg(feature = "simulator")]
pub use socket::serve as serve_socket;
pub use speed::Speed;

use crate::admission::{Admitted, Knocking, Situation, Terms, at_the_door, on_chain};
use crate::conductor::{Answer, Gone, Mailbox, Survey};
use crate::orders::{Book, BookError, Taken};
use crate::ports::Clock;
use crate::stop::Stop;
use proto::Submission;
use proto::{Order, Reason, TaskId};
use std::sync::Arc;
use tasks::{Failure, Phase};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, spawn_blocking};
use tracing::{info, warn};

/// At the bound whoever knocks waits outside.
const KNOCKING_MAX: usize = 32;

/// Why an order was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// For good, as far as this node can tell now.
    #[error("{0}")]
    Refused(Reason),
    /// Not judged: chain or disk are in the way, or the node is starting or stopping.
    #[error("the node cannot judge orders now")]
    NotReady,
}

type Reply = Result<TaskId, Denied>;

type Letter = (Submission, oneshot::Sender<Reply>);

/// Where orders are handed in; cheap to copy.
#[derive(Clone, Debug)]
pub struct Door(mpsc::Sender<Letter>);

/// Serves the door.
pub struct Intake {
    letters: mpsc::Receiver<Letter>,
    judge: Judge,
}

/// Everything an order is judged by.
pub struct Judge {
    /// As they are now.
    pub terms: watch::Receiver<Arc<Terms>>,
    pub book: Book,
    pub mailbox: Mailbox,
    pub chain: Arc<dyn ChainFacts>,
    pub sizes: Arc<dyn Sizes>,
    pub recipes: Arc<dyn Recipes>,
    pub gate: Arc<dyn Gate>,
    pub clock: Arc<dyn Clock>,
    pub speed: Speed,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("cannot keep the order")]
    Book(#[from] BookError),
    #[error("a worker thread was lost")]
    Worker(#[from] JoinError),
    #[error(transparent)]
    Conductor(#[from] Gone),
}

/// The door and who serves it.
pub fn open(judge: Judge) -> (Door, Intake) {
    let (sender, letters) = mpsc::channel(KNOCKING_MAX);
    (Door(sender), Intake { letters, judge })
}

impl Door {
    /// Hands in an order. The same one again is taken again, and nothing more happens.
    pub async fn admit(&self, submission: Submission) -> Result<TaskId, Denied> {
        let (reply, replied) = oneshot::channel();
        self.0
            .send((submission, reply))
            .await
            .map_err(|_closed| Denied::NotReady)?;
        replied.await.map_err(|_dropped| Denied::NotReady)?
    }
}

impl Intake {
    /// Serves until told to stop. Until `ready` says so nothing is judged, and if it says no,
    /// nothing ever is.
    pub async fn run(mut self, ready: impl Future<Output = bool>, stop: Stop) -> Result<(), Gone> {
        tokio::select! {
            () = stop.draining() => return Ok(()),
            is_ready = ready => if !is_ready {
                stop.draining().await;
                return Ok(());
            },
            () = turn_away(&mut self.letters) => {}
        }
        info!("orders are taken");
        while let Some((submission, reply)) = self.next(&stop).await {
            let answer = self.judge.answer(submission).await;
            // Whoever asked may be gone; the journal knows.
            let _gone = reply.send(answer);
        }
        stop.draining().await;
        Ok(())
    }

    /// Nothing, when the node stops or nobody can knock any more.
    async fn next(&mut self, stop: &Stop) -> Option<Letter> {
        tokio::select! {
            () = stop.draining() => None,
            letter = self.letters.recv() => letter,
        }
    }
}

/// Tells everybody that it is too early; never ends.
async fn turn_away(letters: &mut mpsc::Receiver<Letter>) {
    while let Some((_submission, reply)) = letters.recv().await {
        let _gone = reply.send(Err(Denied::NotReady));
    }
    std::future::pending::<()>().await;
}

impl Judge {
    async fn answer(&self, submission: Submission) -> Reply {
        let task = submission.order().id();
        match self.consider(task, submission).await {
            Ok(()) => Ok(task),
            Err(Trouble::Denied(denied)) => {
                info!(%task, %denied, "an order is not taken");
                Err(denied)
            }
            Err(trouble) => {
                warn!(%task, %trouble, "an order cannot be judged");
                Err(Denied::NotReady)
            }
        }
    }

    async fn consider(&self, task: TaskId, submission: Submission) -> Result<(), Trouble> {
        let survey = self.mailbox.survey(task).await?;
        let terms = self.terms.borrow().clone();
        let admitted = match self.judge(&submission, &survey, &terms).await {
            // What is promised already is only looked at for its signature.
            Err(Denied::Refused(reason)) if survey.knows && reason != Reason::SignatureInvalid => {
                return Ok(());
            }
            judged => judged?,
        };
        let taken = taken(submission, &admitted, &terms);
        let book = self.book.clone();
        spawn_blocking(move || book.keep(&taken)).await??;
        match self.mailbox.offer(admitted.order.order().clone()).await? {
            Answer::Taken => Ok(()),
            Answer::Refused(reason) => {
                let book = self.book.clone();
                spawn_blocking(move || book.forget(task)).await??;
                Err(Denied::Refused(reason).into())
            }
        }
    }

    async fn judge(
        &self,
        submission: &Submission,
        survey: &Survey,
        terms: &Terms,
    ) -> Result<Admitted, Denied> {
        let situation = self.situation(submission.order(), survey).await?;
        let knocking = Knocking {
            signed: &submission.order,
            recipe: &submission.recipe,
            terms,
            situation,
        };
        let admitted = at_the_door(&knocking).map_err(Denied::Refused)?;
        let known = self.chain.known(submission.order()).await;
        on_chain(known.map_err(not_ready)?).map_err(Denied::Refused)?;
        // Last, because it takes a process: only who has paid can ask for one.
        let checked = self.recipes.check(submission.order(), &submission.recipe);
        checked.await.map_err(not_ready)?;
        Ok(admitted)
    }

    async fn situation(&self, order: &Order, survey: &Survey) -> Result<Situation, Denied> {
        let of_customer =
            |(_, open, _): &&(TaskId, Arc<Order>, Phase)| open.customer == order.customer;
        Ok(Situation {
            now: self.clock.now(),
            is_draining: self.gate.is_draining(),
            breaker_is_open: self.gate.breaker_is_open(),
            open_tasks: survey.open.len(),
            open_of_customer: survey.open.iter().filter(of_customer).count(),
            secs_ahead: self.secs_ahead(survey).await?,
            tokens_per_sec: self.speed.tokens_per_sec(order.base_model),
            dataset_bytes: self.sizes.size(order.dataset).await,
        })
    }

    /// Of every open task that is not trained yet, the longest it can take.
    async fn secs_ahead(&self, survey: &Survey) -> Result<u64, Denied> {
        let waiting = survey
            .open
            .iter()
            .filter(|(_, _, phase)| is_untrained(*phase));
        let waiting: Vec<_> = waiting.map(|(id, order, _)| (*id, order.clone())).collect();
        let (book, speed) = (self.book.clone(), self.speed.clone());
        let price = self.terms.borrow().price;
        let sum = move || {
            let secs = waiting.iter().map(|(id, order)| {
                let tokens = match book.find(*id) {
                    Ok(Some(taken)) => taken.tokens_max,
                    Ok(None) | Err(_) => price.buys(order.fee_max),
                };
                speed.secs(order.base_model, tokens)
            });
            secs.fold(0, u64::saturating_add)
        };
        spawn_blocking(sum).await.map_err(|_lost| Denied::NotReady)
    }
}

/// At the price by which the order was judged.
fn taken(submission: Submission, admitted: &Admitted, terms: &Terms) -> Taken {
    let recipe = submission.recipe.to_vec();
    Taken::new(submission.order, recipe, terms.price, admitted.tokens_max)
}

fn is_untrained(phase: Phase) -> bool {
    match phase {
        Phase::Offered | Phase::Promised | Phase::Accepted | Phase::Staged { .. } => true,
        Phase::Trained { .. }
        | Phase::Sealed { .. }
        | Phase::Delivered { .. }
        | Phase::Abandoned(_)
        | Phase::Closed(_) => false,
    }
}

fn not_ready(failure: Failure) -> Denied {
    match failure {
        Failure::Hopeless(reason) => Denied::Refused(reason),
        Failure::Transient | Failure::NotBefore(_) => Denied::NotReady,
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}
