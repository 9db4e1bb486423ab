//! The wall clock of the command line; the library has none.

use crate::At;
use std::time::{SystemTime, UNIX_EPOCH};

#[allow(
    clippy::disallowed_methods,
    reason = "a command line is where time comes from"
)]
pub(super) fn now() -> At {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    At(since.map_or(0, |since| since.as_secs()))
}
