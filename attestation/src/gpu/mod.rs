//! NVIDIA GPUs and switches in confidential mode: their SPDM evidence, judged offline.
//!
//! ```text
//!   report (SPDM request ‖ response) ─► parse ─► signature by the leaf's key
//!   certificate chain, leaf first    ─► five links ─► the pinned device root
//!   reference values (RIM files)     ─► XML signature ─► the pinned RIM root
//!                                        └─► value n against block n + 1
//! ```
//!
//! What no signature tells: that *this* GPU sits in *this* machine. Its answer hangs on
//! the CPU's challenge and is hashed into the CPU's report, and still a machine could
//! have asked another genuine GPU. [`CAVEAT`] says so in every verdict.

mod c14n;
mod chain;
mod claims;
mod compare;
mod devices;
mod dsig;
mod judge;
mod opaque;
mod rim;
mod spdm;
mod xml;

pub use claims::{Claims, Compared, Kind};
pub use devices::{AttestedDevices, NotAttested, Presented, attest_devices, devices_digest};
pub use judge::{Evidence, Judged, Policy, Proven, RimDates, judge};
pub use rim::{BadRim, Rim};
pub use spdm::{BadReport, Report};

/// The limit of what GPU evidence can prove on Hopper and Blackwell.
pub const CAVEAT: &str = "that this GPU is attached to this machine is not proven: the evidence hangs on the CPU's challenge, but a relay to another genuine GPU in confidential mode is not excluded";

#[cfg(test)]
pub(crate) use devices::attest_under;
#[cfg(test)]
pub(crate) mod synthetic;
#[cfg(test)]
mod tests;
