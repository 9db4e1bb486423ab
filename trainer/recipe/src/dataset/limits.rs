//! The bounds a dataset must keep, all checked before memory is spent.

/// What one dataset may ask of this process. The defaults fit a large instruction
/// set and stop a hostile one within a few hundred megabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub line_bytes_max: usize,
    pub lines_max: u64,
    /// Objects and arrays inside each other.
    pub nesting_max: usize,
    /// Values in one line: strings, numbers, keys, all counted.
    pub values_max: usize,
    pub messages_max: usize,
    /// Tokens kept for training, over all examples.
    pub tokens_max: u64,
    /// Findings kept word for word; the rest is only counted.
    pub findings_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes_max: 8 << 20,
            lines_max: 10_000_000,
            nesting_max: 32,
            values_max: 100_000,
            messages_max: 1_000,
            tokens_max: 4_000_000_000,
            findings_max: 100,
        }
    }
}
