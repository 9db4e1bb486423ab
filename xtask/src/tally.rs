//! How many tests passed, as the runners themselves say in their closing lines.

use std::fmt;
use std::ops::Add;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// What one line of output adds; nothing, unless it is a closing line.
    pub(crate) fn of_line(line: &str) -> Self {
        let counts = closing_of_nextest(line).or_else(|| closing_of_cargo_test(line));
        counts
            .unwrap_or_default()
            .split([',', ';'])
            .fold(Self::default(), |sum, part| sum + Self::of_part(part))
    }

    /// "3 passed (1 slow)", "2 failed", "1 timed out", "4 ignored", "0 measured", …
    fn of_part(part: &str) -> Self {
        let Some((count, what)) = part.trim().split_once(' ') else {
            return Self::default();
        };
        let Ok(count) = count.parse() else {
            return Self::default();
        };
        let none = Self::default();
        match what.split(" (").next().unwrap_or(what) {
            "passed" => Self {
                passed: count,
                ..none
            },
            "failed" | "timed out" | "exec failed" => Self {
                failed: count,
                ..none
            },
            "skipped" | "ignored" => Self {
                skipped: count,
                ..none
            },
            _ => none,
        }
    }
}

/// `     Summary [ 0.1s] 3 tests run: 3 passed (1 slow), 1 skipped`
fn closing_of_nextest(line: &str) -> Option<&str> {
    let (_, counts) = line.strip_prefix("     Summary [")?.split_once(" run: ")?;
    Some(counts)
}

/// Not indented: so are those that nextest quotes from a test that failed, which it counts itself.
/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`
fn closing_of_cargo_test(line: &str) -> Option<&str> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    Some(counts)
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tests: {} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextest_is_understood() {
        let line = "     Summary [   0.012s] 9 tests run: 5 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped\n";

        assert_eq!(Tally::of_line(line), tally(5, 4, 3));
    }

    #[test]
    fn cargo_test_is_understood() {
        let line = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 7 filtered out; finished in 0.00s\n";

        assert_eq!(Tally::of_line(line), tally(3, 1, 2));
    }

    #[test]
    fn other_lines_count_for_nothing() {
        for line in [
            "",
            "running 3 tests",
            "test it ... ok",
            "5 passed, 0 failed",
            "Summary",
            "test result: ",
            "    test result: FAILED. 0 passed; 1 failed",
        ] {
            assert_eq!(Tally::of_line(line), Tally::default(), "{line}");
        }
    }
}
