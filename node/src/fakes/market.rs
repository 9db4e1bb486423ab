//! The ledger of a fake market: what the contract would allow, and what nobody may ask.

use proto::{Order, Reason, Root, Seconds, TaskId, Wei};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tasks::{Failure, Outcome, Phase, Standing};

/// Money moves here and nowhere else. What the node asks for in error is kept as a
/// broken law, so that a test can fail on it even though the market refused.
#[derive(Clone, Debug, Default)]
pub struct Market {
    orders: BTreeMap<TaskId, Entry>,
    /// What customers brought in, and what they have now.
    funded: Wei,
    customers: Wei,
    reserved: Wei,
    node: Wei,
    broken: Vec<Broken>,
}

#[derive(Clone, Debug)]
struct Entry {
    order: Order,
    standing: Standing,
    delivered_at: Seconds,
    ever_accepted: bool,
}

/// A law the node broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broken {
    SecondDelivery(TaskId),
    ReleaseAfterDelivery(TaskId),
    SettledUndelivered(TaskId),
    RefusedButAccepted(TaskId),
    EndsDiffer {
        task: TaskId,
        node: String,
        market: String,
    },
    MoneyLost,
    TwoTrainings,
}

/// How many tasks ended in each way, and where the money is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub paid: usize,
    pub released: usize,
    pub refused: usize,
    pub withdrawn: usize,
    pub funded: Wei,
    pub node: Wei,
    pub customers: Wei,
    pub reserved: Wei,
}

impl Market {
    /// A customer funds and opens an order; opening it again changes nothing.
    pub fn open(&mut self, order: &Order) {
        let entry = Entry {
            order: order.clone(),
            standing: Standing::Open,
            delivered_at: 0,
            ever_accepted: false,
        };
        if self.orders.insert(order.id(), entry).is_none() {
            self.funded = plus(self.funded, order.fee_max);
            self.reserved = plus(self.reserved, order.fee_max);
        }
    }

    pub fn orders(&self) -> Vec<(Order, Standing)> {
        self.orders
            .values()
            .map(|entry| (entry.order.clone(), entry.standing))
            .collect()
    }

    pub fn standing(&self, task: TaskId) -> Standing {
        self.orders[&task].standing
    }

    pub(super) fn accept(&mut self, task: TaskId) -> Standing {
        let entry = self.entry(task);
        if entry.standing == Standing::Open {
            entry.standing = Standing::Accepted;
            entry.ever_accepted = true;
        }
        entry.standing
    }

    pub(super) fn deliver(&mut self, task: TaskId, blob: Root, now: Seconds) -> Standing {
        let entry = self.entry(task);
        match entry.standing {
            Standing::Accepted => {
                entry.delivered_at = now;
                entry.standing = Standing::Delivered { blob };
            }
            Standing::Delivered { blob: held } | Standing::Acknowledged { blob: held } => {
                if held != blob {
                    self.broken.push(Broken::SecondDelivery(task));
                }
            }
            Standing::Open | Standing::Settled | Standing::Released(_) | Standing::Withdrawn => {}
        }
        self.standing(task)
    }

    pub(super) fn settle(&mut self, task: TaskId, now: Seconds) -> Result<Standing, Failure> {
        let entry = self.entry(task);
        let window_end = entry.delivered_at + entry.order.ack_window_secs;
        let fee = entry.order.fee_max;
        match entry.standing {
            Standing::Delivered { .. } if now < window_end => {
                return Err(Failure::NotBefore(window_end));
            }
            Standing::Delivered { .. } | Standing::Acknowledged { .. } => {
                entry.standing = Standing::Settled;
                self.node = plus(self.node, fee);
                self.reserved = minus(self.reserved, fee);
            }
            Standing::Open | Standing::Accepted => {
                self.broken.push(Broken::SettledUndelivered(task));
            }
            Standing::Settled | Standing::Released(_) | Standing::Withdrawn => {}
        }
        Ok(self.standing(task))
    }

    pub(super) fn release(&mut self, task: TaskId, reason: Reason) -> Standing {
        match self.standing(task) {
            Standing::Open | Standing::Accepted => self.give_back(task, Standing::Released(reason)),
            Standing::Delivered { .. } | Standing::Acknowledged { .. } | Standing::Settled => {
                self.broken.push(Broken::ReleaseAfterDelivery(task));
            }
            Standing::Released(_) | Standing::Withdrawn => {}
        }
        self.standing(task)
    }

    /// A customer may withdraw until the adapter is delivered.
    pub fn withdraw(&mut self, task: TaskId) {
        if matches!(self.standing(task), Standing::Open | Standing::Accepted) {
            self.give_back(task, Standing::Withdrawn);
        }
    }

    pub fn acknowledge(&mut self, task: TaskId) {
        if let Standing::Delivered { blob } = self.standing(task) {
            self.entry(task).standing = Standing::Acknowledged { blob };
        }
    }

    pub(super) fn report(&mut self, broken: Broken) {
        self.broken.push(broken);
    }

    /// Holds the node's memory against the ledger, when every task is closed.
    pub fn audit(&self, ends: &BTreeMap<TaskId, Phase>) -> Result<Tally, Vec<Broken>> {
        let mut broken = self.broken.clone();
        let mut tally = self.tally();
        for (&task, entry) in &self.orders {
            match ends.get(&task) {
                Some(&Phase::Closed(outcome)) if entry.agrees(outcome) => tally.count(outcome),
                Some(Phase::Closed(Outcome::Refused(_))) => {
                    broken.push(Broken::RefusedButAccepted(task));
                }
                end => broken.push(entry.differs(task, end)),
            }
        }
        broken.extend(self.lost_money());
        if broken.is_empty() {
            Ok(tally)
        } else {
            Err(broken)
        }
    }

    /// Whether the sums do not fit: all the money, and what is reserved for open orders.
    fn lost_money(&self) -> Option<Broken> {
        let open = self.orders.values().filter(|entry| entry.is_reserved());
        let owed = open.fold(Wei::ZERO, |sum, entry| plus(sum, entry.order.fee_max));
        let there = plus(plus(self.customers, self.reserved), self.node);
        (there != self.funded || owed != self.reserved).then_some(Broken::MoneyLost)
    }

    fn tally(&self) -> Tally {
        Tally {
            funded: self.funded,
            node: self.node,
            customers: self.customers,
            reserved: self.reserved,
            ..Tally::default()
        }
    }

    fn give_back(&mut self, task: TaskId, standing: Standing) {
        let entry = self.entry(task);
        entry.standing = standing;
        let fee = entry.order.fee_max;
        self.customers = plus(self.customers, fee);
        self.reserved = minus(self.reserved, fee);
    }

    fn entry(&mut self, task: TaskId) -> &mut Entry {
        self.orders
            .get_mut(&task)
            .expect("the node acts only on orders the market holds")
    }
}

impl Entry {
    fn is_reserved(&self) -> bool {
        !matches!(
            self.standing,
            Standing::Settled | Standing::Released(_) | Standing::Withdrawn
        )
    }

    /// Whether the node's end of the task is the market's.
    fn agrees(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Paid => self.standing == Standing::Settled,
            Outcome::Released(reason) => self.standing == Standing::Released(reason),
            Outcome::Withdrawn => self.standing == Standing::Withdrawn,
            Outcome::Refused(_) => !self.ever_accepted,
        }
    }

    fn differs(&self, task: TaskId, end: Option<&Phase>) -> Broken {
        let (node, market) = (format!("{end:?}"), format!("{:?}", self.standing));
        Broken::EndsDiffer { task, node, market }
    }
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Paid => &mut self.paid,
            Outcome::Released(_) => &mut self.released,
            Outcome::Refused(_) => &mut self.refused,
            Outcome::Withdrawn => &mut self.withdrawn,
        } += 1;
    }
}

fn plus(a: Wei, b: Wei) -> Wei {
    a.checked_add(b).expect("all the money there is fits")
}

fn minus(a: Wei, b: Wei) -> Wei {
    a.checked_sub(b).expect("what leaves was there")
}
