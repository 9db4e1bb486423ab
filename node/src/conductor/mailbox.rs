//! The only way in: offers, what the chain says, wishes of customers, and questions.

use super::View;
use proto::{Order, Reason, TaskId};
use std::fmt;
use std::sync::Arc;
use tasks::{Phase, Standing};
use tokio::sync::{mpsc, oneshot};

/// At the bound a sender waits.
const LETTERS_MAX: usize = 64;

#[derive(Debug)]
pub(super) enum Input {
    Offer {
        order: Box<Order>,
        answer: oneshot::Sender<Answer>,
    },
    News {
        task: TaskId,
        standing: Standing,
    },
    Cancel {
        task: TaskId,
        answer: oneshot::Sender<Cancelled>,
    },
    Look(Look),
    /// From now on so many tasks may be open.
    Room(usize),
    Survey {
        task: TaskId,
        answer: oneshot::Sender<Survey>,
    },
}

/// A question to the conductor; it reads and changes nothing.
pub(super) struct Look(pub(super) Box<dyn FnOnce(&View<'_>) + Send>);

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}

/// What became of a customer's wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The order is given up, now or since before; her money goes back.
    Done,
    /// An adapter is sealed for her, or the task ended otherwise.
    TooLate,
    /// No such task here.
    Unknown,
}

/// What the conductor holds at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Whether it knows the task that was asked about, open or closed.
    pub knows: bool,
    /// Every open task.
    pub open: Vec<(TaskId, Arc<Order>, Phase)>,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is in the journal, now or since an earlier offer.
    Taken,
    Refused(Reason),
}

/// The conductor has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conductor has stopped")]
pub struct Gone;

/// Where the rest of the node writes to the conductor.
#[derive(Clone, Debug)]
pub struct Mailbox(mpsc::Sender<Input>);

/// The conductor's end.
#[derive(Debug)]
pub struct Inputs(pub(super) mpsc::Receiver<Input>);

pub fn mailbox() -> (Mailbox, Inputs) {
    let (sender, receiver) = mpsc::channel(LETTERS_MAX);
    (Mailbox(sender), Inputs(receiver))
}

impl Mailbox {
    /// Offers an order; the answer comes when the journal has it.
    pub async fn offer(&self, order: Order) -> Result<Answer, Gone> {
        let (answer, answered) = oneshot::channel();
        self.send(Input::Offer {
            order: Box::new(order),
            answer,
        })
        .await?;
        answered.await.map_err(|_dropped| Gone)
    }

    /// Passes on what the chain says of an order.
    pub async fn news(&self, task: TaskId, standing: Standing) -> Result<(), Gone> {
        self.send(Input::News { task, standing }).await
    }

    /// Gives a task up for its customer, as far as that is still possible.
    pub async fn cancel(&self, task: TaskId) -> Result<Cancelled, Gone> {
        let (answer, answered) = oneshot::channel();
        self.send(Input::Cancel { task, answer }).await?;
        answered.await.map_err(|_dropped| Gone)
    }

    /// Changes how many tasks may be open; those that are stay.
    pub async fn make_room(&self, tasks_max: usize) -> Result<(), Gone> {
        self.send(Input::Room(tasks_max)).await
    }

    /// Reads something of the conductor's state. It answers between two steps, so
    /// an answer also shows that it makes progress.
    pub async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, Gone> {
        let (answer, answered) = oneshot::channel();
        let look = Look(Box::new(move |view: &View<'_>| {
            // Whoever asked may have gone.
            drop(answer.send(read(view)));
        }));
        self.send(Input::Look(look)).await?;
        answered.await.map_err(|_dropped| Gone)
    }

    /// Asks what is open, and whether this task is known.
    pub async fn survey(&self, task: TaskId) -> Result<Survey, Gone> {
        let (answer, answered) = oneshot::channel();
        self.send(Input::Survey { task, answer }).await?;
        answered.await.map_err(|_dropped| Gone)
    }

    async fn send(&self, input: Input) -> Result<(), Gone> {
        self.0.send(input).await.map_err(|_closed| Gone)
    }
}
