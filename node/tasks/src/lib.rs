//! What a task is, and what may happen to it.
//!
//! A task is the fold of its events. Only achievements are recorded: work in
//! flight is never written down, so a crash cannot leave a task half-way. What
//! the node owes next is a function of the state, its [`Duty`].
//!
//! ```text
//!  Offered ─promise─▶ Promised ─accept─▶ Accepted ─stage─▶ Staged ─train─▶ Trained
//!     │                  │                  │                │               │ seal
//!   refuse               └──────── give up ─┴────────────────┴───────────────┤  ▼
//!     ▼                                     ▼                                │ Sealed
//!  Closed(Refused)                      Abandoned ◀──────────────────────────┘  │ deliver
//!                                           │ release                           ▼
//!                                           ▼                                Delivered
//!                                    Closed(Released)                           │ settle
//!                                                                               ▼
//!      any open state ─the customer withdrew─▶ Closed(Withdrawn)          Closed(Paid)
//! ```
//!
//! Two of the states exist only to be written down before the chain is told:
//! `Promised` and `Sealed`. Without them a crash, or a lost reply, between telling
//! the chain and remembering it would let the node refuse an order whose money is
//! already locked, or return the money for a model already delivered.
//!
//! What the node does by itself is a [`Fact`]; what the chain holds is a
//! [`Standing`]. The chain is never argued with: whatever it says moves the task
//! forward from any earlier state, so that a host who puts an old disk back
//! changes nothing that was promised, delivered or paid.
//!
//! This crate does no I/O, reads no clock and knows no runtime.

mod event;
mod judge;
mod task;

pub use event::{Event, Fact, Failure, News, Standing};
pub use judge::Limits;
pub use task::{Duty, Illegal, Outcome, Phase, Task};
