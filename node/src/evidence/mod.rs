//! What this machine proves: its device, the evidence it makes, and what that is worth.
//!
//! No service is given before there is evidence, and none by a production node whose evidence
//! ends in another root than a vendor's.

mod certificates;
mod device;
mod judge;
mod patient;
mod witness;

pub use certificates::{CertificateError, Certificates};
pub use device::{Device, DeviceError, open};
pub use judge::{Proof, Unproven, judge};
pub use witness::{About, EvidenceError, Witness};
