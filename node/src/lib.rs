//! The provider node: one conductor, its ports, and the services around it.

pub mod conductor;
mod duties;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod journal;
pub mod ports;
pub mod stop;
