//! The one owner of task state.
//!
//! Everything that changes a task passes through `Conductor::record`: the event
//! is made durable first and applied second. Duties run beside the loop and report
//! back to it; at most one runs per task, and at most one of all trains.

mod agenda;
mod ears;
mod error;
mod hands;
mod mailbox;
mod memory;
mod voice;

pub use error::ConductorError;
pub use mailbox::{Answer, Cancelled, Gone, Inputs, Mailbox, Survey, mailbox};
pub use memory::Memory;

use crate::breaker::{Cause, Gate};
use crate::feed::{Bounds, Feed};
use crate::ports::World;
use crate::stop::Stop;
use agenda::Agenda;
use ears::reply;
use hands::{Hands, Report};
use mailbox::Input;
use proto::{Order, Reason, Seconds, TaskId};
use std::collections::VecDeque;
use tasks::{Event, Limits, Phase, Standing, Task};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;
use voice::Voice;

/// Offers that wait until the chain was heard; one more is refused as too busy.
const EARLY_MAX: usize = 64;

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
    early: VecDeque<(Box<Order>, oneshot::Sender<Answer>)>,
    // What it tells.
    voice: Voice,
    gate: Gate,
}

/// What may be read of the conductor's state.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub memory: &'a Memory,
    /// The task in training.
    pub training: Option<TaskId>,
    pub tasks_max: usize,
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
        let voice = Voice::new(Feed::new(world.clock.clone(), Bounds::default()));
        Self {
            memory,
            agenda,
            world,
            capacity,
            hands,
            inputs: inputs.0,
            early: VecDeque::new(),
            voice,
            gate: Gate::default(),
        }
    }

    /// Tells of every task to this feed.
    #[must_use]
    pub fn telling(mut self, feed: Feed) -> Self {
        self.voice = Voice::new(feed);
        self
    }

    /// Takes new work only while this gate admits it.
    #[must_use]
    pub fn behind(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// Runs until told to stop. Until the chain was heard once, nothing is owed and
    /// nothing is taken: the disk may be an old one.
    pub async fn run(mut self, stop: Stop) -> Result<(), ConductorError> {
        self.voice.remember(&self.memory);
        tokio::select! {
            () = stop.draining() => return Ok(()),
            caught_up = self.catch_up() => caught_up?,
        }
        self.clear_up();
        loop {
            let wake = self.assign()?;
            self.voice.queue(self.agenda.queue_if_moved());
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
            let chain = self.world.chain.clone();
            let heard = self
                .hear_during(async move { chain.orders().await })
                .await?;
            self.gate.observe(Cause::ChainUnreachable, heard.is_ok());
            if let Ok(orders) = heard {
                return self.begin_with(orders);
            }
            let pause = patience.pause(stumbles);
            warn!(
                pause_secs = pause,
                "the chain cannot be heard; nothing is taken until it is"
            );
            let at = self.world.clock.now().saturating_add(pause);
            let clock = self.world.clock.clone();
            self.hear_during(async move { clock.sleep_until(at).await })
                .await?;
        }
        Ok(())
    }

    /// Does this, and answers meanwhile: offers wait, and nothing is owed yet.
    async fn hear_during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, ConductorError> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                Some(input) = self.inputs.recv() => self.hear_early(input)?,
            }
        }
    }

    fn begin_with(&mut self, orders: Vec<(Order, Standing)>) -> Result<(), ConductorError> {
        for (order, standing) in orders {
            self.compare(order, standing)?;
        }
        for (order, answer) in std::mem::take(&mut self.early) {
            reply(answer, self.consider(order)?);
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

    /// A task that closed just before the last end may have left something.
    fn clear_up(&mut self) {
        let closed = self.memory.tasks().filter(|(_, task)| task.is_closed());
        let closed = closed.map(|(id, _)| id).collect();
        self.hands.clear_up(&self.world, closed);
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
        if task.phase() == Phase::Offered
            && let Err(reason) = self.gate.admits()
        {
            return self.record(id, &Event::GivenUp(reason));
        }
        if task.duty().needs_the_trainer() && !self.hands.trainer_is_free() {
            self.agenda.queue_for_training(id, task.order().deadline);
            return Ok(());
        }
        self.hands.begin(&self.world, id, task);
        Ok(())
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
        let before = self.memory.get(id).map(Task::phase);
        let task = self.memory.record(id, event)?;
        self.voice.tell(id, task, event);
        voice::judge(&self.gate, before, task.phase());
        self.agenda.note(id, task.not_before());
        self.hands.put_away_unless(id, task.duty());
        if task.is_closed() {
            self.hands.clear_up(&self.world, vec![id]);
        }
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
}
