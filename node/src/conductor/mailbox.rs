//! The only way in: offers, and what the chain says.

use proto::{Order, Reason, TaskId};
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
    Survey {
        task: TaskId,
        answer: oneshot::Sender<Survey>,
    },
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
