//! The walls around a child: what it may read, write, call and use up.
//!
//! The child walls itself in. The node starts its own program once more, as a
//! launcher, in a new process group and with an empty environment; the launcher
//! reads one line, the [`Spec`], from its standard input, puts up each piece,
//! says on standard output what holds, and becomes the program. So no other
//! program runs between a fork and its walls, and nothing of the spec stands in
//! an argument that others can read.
//!
//! ```text
//!  node ─spawn─▶ launcher ─spec─▶ descriptors, limits, namespaces, death with the
//!                   │              parent, no new privileges, Landlock, seccomp
//!                   ├─ report on stdout ─▶ node
//!                   └─ exec ─▶ sealtune-trainer
//! ```

mod calls;
mod descriptors;
mod files;
mod launch;
mod limits;
mod piece;
mod probe;
mod spaces;
mod spec;
mod trial;

pub use launch::enter;
pub use piece::{Missing, Piece, Report};
pub use probe::{Answers, probe};
pub use spec::{Limits, SPEC_BYTES_MAX, Spec, Strictness};
pub use trial::try_out;
