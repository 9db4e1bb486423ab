//! Answers on standard output: lines for people, one JSON value for scripts.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Json,
}

/// Prints the thing itself, or the lines that tell of it.
#[allow(clippy::print_stdout, reason = "the answer of a command")]
pub(crate) fn say<T: Serialize + ?Sized>(
    style: Style,
    thing: &T,
    lines: impl FnOnce() -> Vec<String>,
) {
    match style {
        Style::Json => {
            let json = serde_json::to_string_pretty(thing).expect("answers have text keys");
            println!("{json}");
        }
        Style::Text => lines().iter().for_each(|line| println!("{line}")),
    }
}
