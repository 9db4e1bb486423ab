//! One training as a process: a plan in, lines of progress out, an adapter at the end.

mod backend;
mod clock;
mod evaluate;
mod events;
mod failures;
mod finish;
mod fit;
mod identity;
mod memory;
mod plan;
mod prepare;
mod replay;
mod run;
mod stop;
mod store;
mod train;

pub use clock::{Clock, MonotonicClock};
pub use evaluate::{Judged, evaluate};
pub use events::{Event, Events};
pub use fit::check_any_data;
pub use identity::model_digest;
pub use memory::{Available, available_memory, limit_memory, peak_memory};
pub use plan::{Plan, PlanError, Window, read_recipe, window};
pub use prepare::{Prepared, prepare};
pub use replay::{Replay, compare, read_steps};
pub use run::{World, run};
pub use stop::Stop;
pub use store::Store;
pub use train::{Begun, Ended, Training};
