//! The simulated TEE as a report source: its unix socket, and the frames on it.
//!
//! A crate of its own, so that a program contains it only by naming it: nothing that is
//! released does.
//!
//! ```text
//!   request:  version (1) · operation (1) · 64 bytes
//!   answer:   status (1) · length (u32, big-endian) · bytes
//!   report:   length of the report (u32, big-endian) · report · certificate table
//! ```

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that panics is a test that fails"
    )
)]

mod wire;

pub use wire::{Answer, BadFrame, REQUEST_BYTES, Request, join_report, split_report};

use attestation::device::{DerivedKey, RawReport, ReportSource, SourceError};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The simulator answers in milliseconds, or it is gone.
const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// A simulated machine, by the socket its process listens on.
#[derive(Clone, Debug)]
pub struct SimulatedTee {
    socket: PathBuf,
}

impl SimulatedTee {
    pub fn at(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    fn ask(&self, request: &Request) -> Result<Vec<u8>, SourceError> {
        let io = |source| SourceError::Io {
            what: self.socket.display().to_string(),
            source,
        };
        let answer = self.exchange(request).map_err(io)?;
        match Answer::parse(&answer) {
            Ok(Answer::Done(bytes)) => Ok(bytes),
            Ok(Answer::Refused(why)) => Err(SourceError::Refused(why)),
            Err(frame) => Err(SourceError::Malformed(frame.to_string())),
        }
    }

    fn exchange(&self, request: &Request) -> std::io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(&request.to_bytes())?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        Ok(answer)
    }
}

impl ReportSource for SimulatedTee {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        let bytes = self.ask(&Request::Report(*report_data))?;
        let (report, table) = wire::split_report(&bytes)
            .map_err(|frame| SourceError::Malformed(frame.to_string()))?;
        Ok(RawReport::Snp {
            report: report.to_vec(),
            table: table.to_vec(),
        })
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        let bytes = Zeroizing::new(self.ask(&Request::DerivedKey)?);
        let key = <[u8; 32]>::try_from(bytes.as_slice());
        key.map(|key| DerivedKey(Zeroizing::new(key)))
            .map_err(|_length| SourceError::Malformed("a key of another length".to_owned()))
    }
}
