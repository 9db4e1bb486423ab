//! What the operator asks: over loopback to look, over a socket in the state folder to act.
//!
//! | path | where | |
//! |---|---|---|
//! | `/livez`, `/healthz`, `/readyz`, `/metrics`, `/v1/attestation` | both | reads |
//! | `/v1/status`, `/v1/jobs`, `/v1/journal`, `/v1/keys` | socket | reads |
//! | `/v1/drain`, `/v1/undrain`, `/v1/breaker/reset`, `/v1/reload` | socket | `POST`, acts |
//!
//! Whoever can open the socket (mode 0600) is the operator.

mod answers;
mod board;
mod client;
mod port;
mod routes;
mod server;
mod socket;

pub use answers::{Attested, Job, Journal, Keys, Ready, Reason, Reloaded, Row, Status};
pub use board::{Board, Reload};
pub use client::{Client, ClientError};
pub use port::Port;
pub use socket::{Socket, SocketError, path};
