//! What is printed: sections of lines, each a place, a name, a value and its meaning.

use std::fmt::Display;
use std::io::{self, Write};

/// One thing of a file, with its fields.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// One field. Some have no place of their own: what is calculated, or said in text.
pub(super) struct Row {
    place: Option<usize>,
    name: String,
    value: String,
    meaning: String,
}

impl Section {
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}. Nothing here has been verified.\n", self.title)?;
        for row in &self.rows {
            let place = row
                .place
                .map_or_else(String::new, |at| format!("{at:#05x}"));
            writeln!(out, "{place:5} {:<22} {}", row.name, row.value)?;
            writeln!(out, "      {:<22} {}", "", row.meaning)?;
        }
        writeln!(out)
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "callers hand over what is put into words"
)]
pub(super) fn row(
    place: usize,
    name: impl Into<String>,
    value: impl Display,
    meaning: impl Into<String>,
) -> Row {
    Row {
        place: Some(place),
        name: name.into(),
        value: value.to_string(),
        meaning: meaning.into(),
    }
}

/// A field without a place.
pub(super) fn fact(
    name: impl Into<String>,
    value: impl Display,
    meaning: impl Into<String>,
) -> Row {
    Row {
        place: None,
        ..row(0, name, value, meaning)
    }
}

pub(super) fn named_bits(value: u64, names: &[(u32, &str)]) -> String {
    let set = (0..u64::BITS).filter(|&bit| (value >> bit) & 1 == 1);
    let words: Vec<_> = set
        .map(|bit| match names.iter().find(|(known, _)| *known == bit) {
            Some((_, name)) => (*name).to_owned(),
            None => format!("bit {bit}, unknown"),
        })
        .collect();
    if words.is_empty() {
        return "nothing set".to_owned();
    }
    words.join("; ")
}
