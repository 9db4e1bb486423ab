//! The one owner of task state.
//!
//! Everything that changes a task passes through `Conductor::record`: the event
//! is made durable first and applied second. Duties run beside the loop and report
//! back to it; at most one runs per task, and at most one of all trains.

mod agenda;
mod error;
mod hands;
mod mailbox;
mod memory;

pub use error::ConductorError;
pub use mailbox::{Answer, Gone, Mailbox, Survey, mailbox};
pub use memory::Memory;

use crate::ports::World;
use crate::stop::Stop;
use agenda::Agenda;
use hands::{Hands, Report};
use mailbox::Input;
use proto::{Order, Reason, Seconds, TaskId};
use tasks::{Event, Limits, Standing, Task};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, info, warn};

/// How much the conductor takes on, and how patient it is.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Open tasks; one more is refused as too busy.
    pub tasks_max: usize,
    /// Duties under way at once; one more waits.
    pub duties_max: usize,
    pub patience: Limits,
}

#[derive(Debug)]
pub struct Conductor {
    // What it knows.
    memory: Memory,
    agenda: Agenda,
    // What it does.
    world: World,
    capacity: Capacity,
    hands: Hands,
    // What it hears.
    inputs: mpsc::Receiver<Input>,
}

impl Conductor {
    /// Takes up every task in memory; duties will run on `runtime`.
    pub fn new(
        memory: Memory,
        world: World,
        capacity: Capacity,
        inputs: mailbox::Inputs,
        runtime: Handle,
    ) -> Self {
        let mut agenda = Agenda::default();
        for (id, task) in memory.open() {
            agenda.note(id, task.not_before());
        }
        let hands = Hands::new(capacity.duties_max, runtime);
        Self {
            memory,
            agenda,
            world,
            capacity,
            hands,
            inputs: inputs.0,
        }
    }

    /// Runs until told to stop. Until the chain was heard once, nothing is owed and
    /// nothing is taken: the disk may be an old one.
    pub async fn run(mut self, stop: Stop) -> Result<(), ConductorError> {
        tokio::select! {
            () = stop.draining() => return Ok(()),
            caught_up = self.catch_up() => caught_up?,
        }
        loop {
            let wake = self.assign()?;
            let clock = self.world.clock.clone();
            tokio::select! {
                biased;
                () = stop.draining() => break,
                Some(report) = self.hands.report() => self.close(report?)?,
                Some(input) = self.inputs.recv() => self.hear(input)?,
                () = clock.sleep_until(wake) => {}
            }
        }
        self.finish(&stop).await
    }

    /// Asks the chain how every order stands, and takes its word.
    async fn catch_up(&mut self) -> Result<(), ConductorError> {
        let patience = self.capacity.patience;
        for stumbles in 0.. {
            if let Ok(orders) = self.world.chain.orders().await {
                return orders
                    .into_iter()
                    .try_for_each(|(order, standing)| self.compare(order, standing));
            }
            let pause = patience.pause(stumbles);
            warn!(
                pause_secs = pause,
                "the chain cannot be heard; nothing is taken until it is"
            );
            let at = self.world.clock.now().saturating_add(pause);
            self.world.clock.sleep_until(at).await;
        }
        Ok(())
    }

    /// An order this disk never heard of, but which the chain says we hold, is ours.
    fn compare(&mut self, order: Order, standing: Standing) -> Result<(), ConductorError> {
        let id = order.id();
        let ours = matches!(
            standing,
            Standing::Accepted | Standing::Delivered { .. } | Standing::Acknowledged { .. }
        );
        if ours && self.memory.get(id).is_none() {
            warn!(task = %id, "the chain holds a task that the journal does not");
            self.record(id, &Event::Offered(Box::new(order)))?;
        }
        self.learn(id, standing)
    }

    /// Starts every duty that is owed, and says when the next one will be.
    fn assign(&mut self) -> Result<Seconds, ConductorError> {
        let now = self.world.clock.now();
        while self.hands.have_room() {
            let Some(id) = self.agenda.next(now, self.hands.trainer_is_free()) else {
                return Ok(self.agenda.wake());
            };
            self.attend(id, now)?;
        }
        // A report will wake us.
        Ok(Seconds::MAX)
    }

    /// Does what is owed to one task now; a note that no longer holds is dropped.
    fn attend(&mut self, id: TaskId, now: Seconds) -> Result<(), ConductorError> {
        let Some(task) = self.memory.get(id) else {
            return Ok(());
        };
        if task.is_closed() || task.not_before() > now || self.hands.hold(id) {
            return Ok(());
        }
        if task.is_overdue(now) {
            return self.record(id, &Event::GivenUp(Reason::DeadlinePassed));
        }
        if task.duty().needs_the_trainer() && !self.hands.trainer_is_free() {
            self.agenda.queue_for_training(id, task.order().deadline);
            return Ok(());
        }
        self.hands.begin(&self.world, id, task);
        Ok(())
    }

    fn hear(&mut self, input: Input) -> Result<(), ConductorError> {
        match input {
            Input::Offer { order, answer } => {
                reply(answer, self.consider(order)?);
                Ok(())
            }
            Input::News { task, standing } => self.learn(task, standing),
            Input::Survey { task, answer } => {
                reply(answer, self.survey(task));
                Ok(())
            }
        }
    }

    fn survey(&self, task: TaskId) -> Survey {
        let brief = |(id, task): (TaskId, &Task)| (id, task.order().clone(), task.phase());
        Survey {
            knows: self.memory.get(task).is_some(),
            open: self.memory.open().map(brief).collect(),
        }
    }

    fn consider(&mut self, order: Box<Order>) -> Result<Answer, ConductorError> {
        let id = order.id();
        if self.memory.get(id).is_some() {
            return Ok(Answer::Taken);
        }
        if self.memory.open_count() >= self.capacity.tasks_max {
            return Ok(Answer::Refused(Reason::TooBusy));
        }
        self.record(id, &Event::Offered(order))?;
        Ok(Answer::Taken)
    }

    fn learn(&mut self, id: TaskId, standing: Standing) -> Result<(), ConductorError> {
        match self.memory.get(id) {
            Some(task) if task.would_learn(standing) => self.record(id, &Event::Learned(standing)),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes the report of a duty, unless the task has moved on without it.
    fn close(&mut self, Report { id, duty, result }: Report) -> Result<(), ConductorError> {
        self.hands.put_down(id);
        let task = self
            .memory
            .get(id)
            .expect("duties exist only for known tasks");
        match result {
            Some(result) if task.duty() == duty => {
                let event = task.judge(result, self.world.clock.now(), &self.capacity.patience);
                self.record(id, &event)
            }
            Some(_) | None => {
                self.agenda.note(id, task.not_before());
                Ok(())
            }
        }
    }

    fn record(&mut self, id: TaskId, event: &Event) -> Result<(), ConductorError> {
        let task = self.memory.record(id, event)?;
        tell(id, task, event);
        self.agenda.note(id, task.not_before());
        self.hands.put_away_unless(id, task.duty());
        Ok(())
    }

    /// Waits for the duties under way; what they bring is still recorded.
    async fn finish(&mut self, stop: &Stop) -> Result<(), ConductorError> {
        loop {
            tokio::select! {
                () = stop.at_once() => return Ok(()),
                report = self.hands.report() => match report {
                    Some(report) => self.close(report?)?,
                    None => return Ok(()),
                },
                Some(input) = self.inputs.recv() => self.hear_while_draining(input)?,
            }
        }
    }

    fn hear_while_draining(&mut self, input: Input) -> Result<(), ConductorError> {
        match input {
            Input::Offer { answer, .. } => {
                reply(answer, Answer::Refused(Reason::Draining));
                Ok(())
            }
            Input::News { task, standing } => self.learn(task, standing),
            Input::Survey { task, answer } => {
                reply(answer, self.survey(task));
                Ok(())
            }
        }
    }
}

fn tell(id: TaskId, task: &Task, event: &Event) {
    let phase = task.phase();
    if let Event::Stumbled { retry_at } = event {
        warn!(task = %id, ?phase, retry_at, "duty will be retried");
    } else if task.is_closed() {
        info!(task = %id, ?phase, "task closed");
    } else {
        debug!(task = %id, ?phase, "task moved");
    }
}

/// Whoever asked may have gone; the journal knows.
fn reply<T>(answer: oneshot::Sender<T>, answered: T) {
    if answer.send(answered).is_err() {
        debug!("an offer was answered to nobody");
    }
}
