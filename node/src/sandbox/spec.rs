//! What a sandbox is to be: one line of JSON for the launcher.

use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::PathBuf;

/// The launcher reads no further.
pub const SPEC_BYTES_MAX: usize = 64 << 10;

/// What to do where the kernel lacks a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// Without it nothing is started.
    Required,
    /// It is told, and the child runs without it.
    BestEffort,
}

/// The program, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    pub strictness: Strictness,
    /// Who starts it: when this process ends, the child is killed.
    pub parent: u32,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Read, and all below.
    pub read: Vec<PathBuf>,
    /// Read and written, and all below: the work folder.
    pub write: Vec<PathBuf>,
    /// Device files, with their ioctls.
    pub devices: Vec<PathBuf>,
    /// Descriptors from 3 up that stay open.
    pub pipes_up_to: i32,
    pub limits: Limits,
}

/// What it may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Private writable memory; a model that is mapped does not count.
    pub data_bytes: u64,
    /// All threads together.
    pub cpu_secs: u64,
    /// The largest file.
    pub file_bytes: u64,
    pub open_files: u64,
}

impl Spec {
    /// One line, as the launcher reads it.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("a spec has text keys") + "\n"
    }

    /// Reads one line and not a byte beyond: what follows is the program's.
    pub(super) fn read_line(input: &mut impl Read) -> io::Result<Self> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            input.read_exact(&mut byte)?;
            match byte {
                [b'\n'] => return serde_json::from_slice(&line).map_err(io::Error::other),
                _ if line.len() == SPEC_BYTES_MAX => {
                    return Err(io::Error::other("the sandbox spec is too long"));
                }
                [byte] => line.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            strictness: Strictness::Required,
            parent: 7,
            program: "/usr/bin/true".into(),
            arguments: vec!["run".into()],
            read: vec!["/model".into()],
            write: vec!["/work".into()],
            devices: Vec::new(),
            pipes_up_to: 4,
            limits: Limits {
                data_bytes: 1,
                cpu_secs: 2,
                file_bytes: 3,
                open_files: 4,
            },
        }
    }

    #[test]
    fn a_spec_is_one_line_and_what_follows_is_left() {
        let mut stream = spec().to_line().into_bytes();
        stream.extend(b"the plan\n");
        let mut stream = stream.as_slice();

        assert_eq!(Spec::read_line(&mut stream).unwrap(), spec());
        assert_eq!(stream, b"the plan\n");
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let endless = io::repeat(b'x');

        assert!(Spec::read_line(&mut endless.take(1 << 20)).is_err());
    }
}
