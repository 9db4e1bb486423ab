//! The pieces of a sandbox, and the report of what holds.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// No descriptor but the pipes.
    Descriptors,
    /// Memory, processor time, file size; no core file.
    Limits,
    /// A network of its own, without a way out, and no capability outside.
    Namespaces,
    /// Killed when the node ends.
    ParentDeath,
    NoNewPrivileges,
    /// Files: the model to read, the work folder to write, nothing else.
    Landlock,
    /// System calls: none that opens a socket, starts a process or reaches another.
    Seccomp,
}

/// A piece the kernel does not give, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub piece: Piece,
    pub why: String,
}

/// What the launcher says before it becomes the program, or gives up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub held: Vec<Piece>,
    pub missing: Vec<Missing>,
    /// Nothing was started.
    pub refused: bool,
}

impl Piece {
    /// Whether the sandbox stands without it. Where namespaces cannot be had, seccomp
    /// still refuses every socket.
    pub const fn is_replaced(self) -> bool {
        matches!(self, Self::Namespaces)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Descriptors => "closing inherited descriptors",
            Self::Limits => "resource limits",
            Self::Namespaces => "user and network namespaces",
            Self::ParentDeath => "death with the parent",
            Self::NoNewPrivileges => "no_new_privs",
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

impl Report {
    /// The honest label: "whole", or what is missing.
    pub fn label(&self) -> String {
        if self.missing.is_empty() {
            return "whole".into();
        }
        let missing: Vec<_> = self.missing.iter().map(ToString::to_string).collect();
        format!("without {}", missing.join("; without "))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.piece.words(), self.why)
    }
}
