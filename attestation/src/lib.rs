//! Evidence that convinces a stranger, and bytes only the proven can read.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod sealing;

#[cfg(test)]
mod test_shared;
