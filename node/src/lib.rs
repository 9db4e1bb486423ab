//! The provider node: one conductor, its ports, and the services around it.

pub mod api;
pub mod boot;
pub mod breaker;
pub mod cli;
pub mod clock;
pub mod conductor;
pub mod config;
pub mod crew;
mod damage;
mod duties;
pub mod earnings;
pub mod evidence;
pub mod exit;
pub mod face;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod feed;
mod files;
pub mod front;
pub mod heart;
pub mod intake;
pub mod journal;
pub mod keys;
pub mod live;
pub mod metrics;
pub mod operator;
pub mod orders;
pub mod ports;
pub mod reload;
pub mod sandbox;
pub mod signals;
pub mod stage;
pub mod standby;
pub mod status;
pub mod stop;
pub mod telemetry;
pub mod traces;
pub mod trainer;
pub mod vault;
pub mod world;

pub use admission;
