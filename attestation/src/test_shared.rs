//! Where tests find the shared vectors folder: read in place, never committed.
#![allow(clippy::disallowed_methods, reason = "a test has no config.rs")]

use std::path::PathBuf;

/// A path in the shared folder, or `None` said aloud.
pub(crate) fn path(inside: &str) -> Option<PathBuf> {
    let root = std::env::var("SEALTUNE_SHARED").map_or_else(
        |_unset| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = root.join(inside);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "LEFT OUT: {} is not here, set SEALTUNE_SHARED",
        path.display()
    );
    None
}
