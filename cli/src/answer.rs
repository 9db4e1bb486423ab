//! What a command has to say at its end: lines for people, one object for programs.

use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
        }
    }

    /// Nothing more than was said on the way.
    pub const fn said() -> Self {
        Self {
            text: String::new(),
            json: Value::Null,
        }
    }
}

/// Rows under a heading, each column as wide as its widest cell.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let cells = cells.map(|cell| cell.chars().count());
        let head = head.get(column).map_or(0, |cell| cell.chars().count());
        cells.fold(head, usize::max)
    });
    let head = head.map(str::to_owned);
    let lines = std::iter::once(&head).chain(rows);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "long".to_owned()]];

        assert_eq!(table(["name", "b"], &rows), "name  b\na     long");
    }
}
