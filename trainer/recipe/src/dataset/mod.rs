//! The lines of a dataset: JSON of one schema, read strictly and without a model.

mod example;
mod fault;
mod json;
mod limits;
mod lines;
mod message;
mod schema;
mod survey;

pub use example::{Chat, Example};
pub use fault::{Fault, MessageFault};
pub use json::Json;
pub use limits::Limits;
pub use lines::{Line, Lines};
pub use message::{Message, Role};
pub use schema::Schema;
pub use survey::{Survey, survey};
