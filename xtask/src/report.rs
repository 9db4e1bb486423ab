//! What a person reads: headings, the table of times, the verdict.

use crate::table::{Step, Table};
use crate::tally::Tally;
use std::time::Duration;

/// How one step went.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) took: Duration,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Good,
    Failed,
    /// Stopped by hand, so neither.
    Stopped,
}

pub(crate) fn heading(target: &str, name: &str, says: &str) {
    println!("\n== {target}/{name}: {says}");
}

pub(crate) fn closing(target: &str, lines: &[Line], tally: Option<Tally>) {
    println!("\n{}", table(target, lines));
    println!("{}", verdict(target, lines));
    if let Some(tally) = tally {
        println!("{tally}");
    }
}

pub(crate) fn help(table: &Table) -> bool {
    println!("make TARGET, or make TARGET STEP=\"STEP STEP\" for some of its steps\n");
    for (target, says) in &table.targets {
        println!("  {target:12} {says}");
        for step in table.steps.iter().filter(|step| step.target == *target) {
            println!("    {:12} {}", step.name, step.says);
        }
    }
    println!(
        "  {:12} bring what `make test` needs, or STEP=TARGET needs, and stop",
        "setup"
    );
    println!(
        "\n`cargo xtask` says the same; `cargo xtask test --keep-going` runs what comes after a failure too."
    );
    true
}

pub(crate) fn command_line(step: &Step, words: &[String]) -> String {
    let env = step
        .env
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)));
    env.chain(words.iter().map(|word| quoted(word)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    if word.contains(' ') {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

fn table(target: &str, lines: &[Line]) -> String {
    let total = lines.iter().map(|line| line.took).sum();
    let rows = lines
        .iter()
        .map(|line| row(&line.name, line.took, line.end.word()));
    rows.chain([row(target, total, "in all")])
        .collect::<Vec<_>>()
        .join("\n")
}

fn row(name: &str, took: Duration, word: &str) -> String {
    format!("  {name:12} {:>8.1} s  {word}", took.as_secs_f64())
}

/// One line: what failed, and how to run just that again.
fn verdict(target: &str, lines: &[Line]) -> String {
    let bad: Vec<&Line> = lines.iter().filter(|line| line.end != End::Good).collect();
    let names = bad
        .iter()
        .map(|line| line.name.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    match bad.last().map(|line| line.end) {
        None | Some(End::Good) => format!("{target}: good"),
        Some(End::Stopped) => format!("{target}: stopped by hand at {names}"),
        Some(End::Failed) if bad.len() == 1 => {
            format!("{target}: {names} failed; again, only that: make {target} STEP={names}")
        }
        Some(End::Failed) => {
            format!("{target}: {names} failed; again, only these: make {target} STEP=\"{names}\"")
        }
    }
}

impl End {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, end: End) -> Line {
        Line {
            name: name.to_owned(),
            took: Duration::from_millis(1250),
            end,
        }
    }

    #[test]
    fn the_verdict_names_the_step_that_failed_and_how_to_run_it_again() {
        let lines = [line("fmt", End::Good), line("clippy", End::Failed)];

        assert_eq!(
            verdict("test", &lines),
            "test: clippy failed; again, only that: make test STEP=clippy"
        );
    }

    #[test]
    fn several_failures_are_named_together() {
        let lines = [line("fmt", End::Failed), line("clippy", End::Failed)];

        assert!(verdict("test", &lines).ends_with("make test STEP=\"fmt clippy\""));
    }

    #[test]
    fn a_stop_is_not_a_failure() {
        assert_eq!(
            verdict("test", &[line("tests", End::Stopped)]),
            "test: stopped by hand at tests"
        );
    }

    #[test]
    fn the_times_are_summed() {
        let told = table("test", &[line("fmt", End::Good), line("clippy", End::Good)]);

        assert_eq!(told.lines().count(), 3);
        assert!(told.ends_with("2.5 s  in all"));
    }
}
