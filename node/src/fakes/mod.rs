//! The one set of fakes: slow, forgetful and failing, but with an honest ledger.
//!
//! They stand in for the whole world in tests, benches and the rehearsal. A
//! release contains none of them: they exist only behind the feature `fakes`.

mod clock;
mod disk;
mod market;
mod orders;
mod weather;
mod world;

pub use clock::TurnedClock;
pub use disk::{Crash, Disk};
pub use market::{Broken, Market, Tally};
pub use orders::order;
pub use weather::Weather;
pub use world::FakeWorld;
