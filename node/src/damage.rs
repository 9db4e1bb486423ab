//! The last word on a journal file that breaks its storage engine.
//!
//! The engine answers most damage with an error and some with a panic. While the
//! file is read for the first time, a panic means exactly that, and is told so.

use crate::exit::Exit;
use std::panic::{set_hook, take_hook};
use std::path::Path;

/// Reads the journal at `path`; a panic on the way ends the process as a corrupt journal.
#[allow(
    clippy::exit,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a panic cannot be answered to main, and the release does not unwind"
)]
pub(crate) fn told<T>(path: &Path, read: impl FnOnce() -> T) -> T {
    let path = path.to_owned();
    let usual = take_hook();
    set_hook(Box::new(move |_panic| {
        let path = path.display();
        eprintln!("sealtune-node: cannot open the journal {path}: the journal file is damaged");
        std::process::exit(Exit::Corrupt.code().into());
    }));
    let outcome = read();
    set_hook(usual);
    outcome
}
