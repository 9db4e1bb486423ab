//! A folder as one file: a deterministic tar that any tar can open.
//!
//! Only regular files, in the order of their names' bytes; mode 0644, no owner,
//! no times. Long names and sizes stand in POSIX (pax) records. One folder has
//! one form, so it has one root; what is not in that form is not unpacked.

mod find;
mod header;
mod name;
mod pack;
mod read;
#[cfg(test)]
mod tests;
mod unpack;

pub use find::find_in_package;
pub use pack::{Links, PackError, Packing};
pub use read::{Entry, Limits, UnpackError, read_package};
pub use unpack::unpack;
