//! Sealed bytes: what only a proven enclave, or the customer who ordered, can read.
//!
//! `docs/sealing.md` has the formats byte by byte. Two families live here:
//!
//! * our own **sealed blobs** ([`seal`], [`open`], [`rewrap`]) for datasets on
//!   their way in, checkpoints, and whatever lies on a disk the host owns;
//! * 0G's **artefact** ([`seal_artefact`], [`open_artefact`]) and key wrap
//!   ([`wrap_key`], [`unwrap_key`]), because customers' tools read them.

mod artefact;
mod blob;
mod cipher;
mod ecies;
mod error;
mod header;
mod kem;
mod key;
mod keywrap;
mod outline;
mod recipient;
mod stream;
mod witness;

pub use artefact::{
    ArtefactError, ArtefactSummary, ArtefactTagsDigest, SignedTags, TagSignature, check_artefact,
    open_artefact, seal_artefact,
};
pub use blob::{Label, RewrapError, open, rewrap, seal};
pub use ecies::{WRAPPED_KEY_LEN, WrapError, WrappedKey, unwrap_key, wrap_key};
pub use error::{OpenError, SealError};
pub use header::Purpose;
pub use key::{ArtefactKey, BadSecret, EnclaveSecret, OpeningKey};
pub use keywrap::{KeyWrapError, unwrap_result_key, wrap_result_key};
pub use outline::{Agreement, Outline};
pub use recipient::{BadRecipient, Recipient};
pub use witness::{NotSigned, VerifiedOrder, VerifiedWallet};

#[cfg(test)]
mod tests;
