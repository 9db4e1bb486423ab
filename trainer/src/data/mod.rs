//! A dataset, from lines of JSON to batches of tokens.
//!
//! Lines become [`Example`]s of one schema; the model's own chat template and
//! tokenizer make tokens of them and say which are targets; short documents share
//! rows. Everything here is a pure function of the bytes, the tokenizer and the
//! recipe, so that the same order always trains on the same batches.

mod encode;
mod pack;
mod read;
mod report;
mod schedule;
mod segments;
mod split;

pub use encode::{Encoded, Encoder, counted};
pub use pack::{Rows, best_fit_decreasing, one_per_row};
pub use read::{DataError, Dataset, Reading, read};
pub use recipe::Holdout;
pub use recipe::dataset::{
    Chat, Example, Fault, Json, Limits, Line, Lines, Message, MessageFault, Role, Schema,
};
pub use report::{Finding, FindingKind, Report};
pub use schedule::{Course, StepData};
