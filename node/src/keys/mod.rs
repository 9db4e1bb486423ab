//! The node's keys: one secret, made in the enclave, and all that follows from it.
//!
//! ```text
//!   the machine's derived key ──seals──▶ identity.key (on a disk the host owns)
//!                                             │ opens to the enclave's secret
//!            ┌────────────┬───────────┬───────┴────┬───────────────┐ HKDF
//!            ▼            ▼           ▼            ▼               ▼
//!       TEE signer    TLS key     journal key   vault key    artefact key of each task
//! ```
//!
//! The same image on the same chip opens the same file, and so keeps its identity over
//! restarts. Another image or chip does not open it: it is another identity. Nothing here is
//! ever outside the process in the clear.

mod file;
mod guard;
mod identity;
mod signer;
mod tls;

pub use file::SealedFileError;
pub use guard::{Guard, GuardError, Statement};
pub use identity::{Identity, IdentityError, KeyPolicy, Origin};
pub use signer::TeeKey;
pub use tls::TlsKey;
