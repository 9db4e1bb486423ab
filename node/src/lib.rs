//! The provider node: one conductor, its ports, and the services around it.

pub mod boot;
pub mod clock;
pub mod conductor;
pub mod config;
pub mod crew;
mod damage;
mod duties;
pub mod evidence;
pub mod exit;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod feed;
pub mod intake;
pub mod journal;
pub mod keys;
pub mod live;
pub mod orders;
pub mod ports;
pub mod sandbox;
pub mod signals;
pub mod standby;
pub mod stop;
pub mod telemetry;
pub mod trainer;
pub mod vault;
pub mod world;

pub use admission;
