//! What the conductor hears, and what it answers.

use super::mailbox::{Input, Look};
use super::{Answer, Cancelled, Conductor, ConductorError, EARLY_MAX, Survey, View};
use proto::{Order, Reason, TaskId};
use tasks::{Event, Phase, Standing, Task};
use tokio::sync::oneshot;
use tracing::debug;

type Done = Result<(), ConductorError>;

/// An order, and who waits for what becomes of it.
type Offer = (Box<Order>, oneshot::Sender<Answer>);

impl Conductor {
    pub(super) fn hear(&mut self, input: Input) -> Done {
        self.hear_and(input, |conductor, (order, answer)| {
            reply(answer, conductor.consider(order)?);
            Ok(())
        })
    }

    /// Until the chain was heard, offers wait.
    pub(super) fn hear_early(&mut self, input: Input) -> Done {
        self.hear_and(input, |conductor, (order, answer)| {
            if conductor.early.len() < EARLY_MAX {
                conductor.early.push_back((order, answer));
            } else {
                reply(answer, Answer::Refused(Reason::TooBusy));
            }
            Ok(())
        })
    }

    pub(super) fn hear_while_draining(&mut self, input: Input) -> Done {
        self.hear_and(input, |_conductor, (_order, answer)| {
            reply(answer, Answer::Refused(Reason::Draining));
            Ok(())
        })
    }

    /// What becomes of an offer depends on the time; all else does not.
    fn hear_and(&mut self, input: Input, offered: impl FnOnce(&mut Self, Offer) -> Done) -> Done {
        match input {
            Input::Offer { order, answer } => offered(self, (order, answer)),
            Input::News { task, standing } => self.learn(task, standing),
            Input::Cancel { task, answer } => self.cancel(task, answer),
            Input::Look(look) => {
                self.show(look);
                Ok(())
            }
            Input::Room(tasks_max) => {
                self.capacity.tasks_max = tasks_max;
                Ok(())
            }
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

    /// Gives a task up for its customer. Its duty under way is put away, and what it had
    /// told the chain is undone by the release.
    fn cancel(
        &mut self,
        id: TaskId,
        answer: oneshot::Sender<Cancelled>,
    ) -> Result<(), ConductorError> {
        let cancelled = match self
            .memory
            .get(id)
            .map(|task| (task.cancel(), task.phase()))
        {
            None => Cancelled::Unknown,
            Some((Some(event), _)) => {
                self.record(id, &event)?;
                Cancelled::Done
            }
            Some((None, phase)) => already(phase),
        };
        reply(answer, cancelled);
        Ok(())
    }

    fn show(&self, Look(look): Look) {
        look(&View {
            memory: &self.memory,
            training: self.hands.training(),
            tasks_max: self.capacity.tasks_max,
        });
    }

    pub(super) fn consider(&mut self, order: Box<Order>) -> Result<Answer, ConductorError> {
        let id = order.id();
        if self.memory.get(id).is_some() {
            return Ok(Answer::Taken);
        }
        if let Err(reason) = self.gate.admits() {
            return Ok(Answer::Refused(reason));
        }
        if self.memory.open_count() >= self.capacity.tasks_max {
            return Ok(Answer::Refused(Reason::TooBusy));
        }
        self.record(id, &Event::Offered(order))?;
        Ok(Answer::Taken)
    }

    pub(super) fn learn(&mut self, id: TaskId, standing: Standing) -> Result<(), ConductorError> {
        match self.memory.get(id) {
            Some(task) if task.would_learn(standing) => self.record(id, &Event::Learned(standing)),
            Some(_) | None => Ok(()),
        }
    }
}

/// What a wish to cancel finds in a task that cannot be given up any more.
fn already(phase: Phase) -> Cancelled {
    use tasks::Outcome::{Refused, Released};
    match phase {
        Phase::Abandoned(Reason::Cancelled)
        | Phase::Closed(Refused(Reason::Cancelled) | Released(Reason::Cancelled)) => {
            Cancelled::Done
        }
        Phase::Offered
        | Phase::Promised
        | Phase::Accepted
        | Phase::Staged { .. }
        | Phase::Trained { .. }
        | Phase::Sealed { .. }
        | Phase::Delivered { .. }
        | Phase::Abandoned(_)
        | Phase::Closed(_) => Cancelled::TooLate,
    }
}

/// Whoever asked may have gone; the journal knows.
pub(super) fn reply<T>(answer: oneshot::Sender<T>, answered: T) {
    if answer.send(answered).is_err() {
        debug!("a question was answered to nobody");
    }
}
