//! `json.dumps`, as the `tojson` filter of transformers calls it.
//!
//! Jinja's own filter escapes HTML; transformers replaces it, and so do we.

use super::python::{check, number};
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};
use std::fmt::Write as _;

/// The keyword arguments of `json.dumps` that templates use.
struct Style {
    ensure_ascii: bool,
    sort_keys: bool,
    /// The text of one level of indentation.
    indent: Option<String>,
    item_separator: String,
    key_separator: String,
}

/// The filter: `value | tojson(ensure_ascii=…, indent=…, separators=…, sort_keys=…)`.
pub(super) fn tojson(value: &Value, kwargs: &Kwargs) -> Result<String, Error> {
    let style = Style::read(kwargs)?;
    kwargs.assert_all_used()?;
    let mut out = String::new();
    style.write(&mut out, value, 0)?;
    Ok(out)
}

impl Style {
    fn read(kwargs: &Kwargs) -> Result<Self, Error> {
        let indent = indent_of(kwargs.get::<Option<Value>>("indent")?)?;
        let separators = kwargs.get::<Option<Vec<String>>>("separators")?;
        let default = if indent.is_some() { "," } else { ", " };
        let (item, key) = match separators.as_deref() {
            None => (default, ": "),
            Some([item, key]) => (item.as_str(), key.as_str()),
            Some(_) => return Err(refuse("separators are a pair")),
        };
        Ok(Self {
            ensure_ascii: kwargs.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
            sort_keys: kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
            item_separator: item.to_owned(),
            key_separator: key.to_owned(),
            indent,
        })
    }

    fn write(&self, out: &mut String, value: &Value, level: usize) -> Result<(), Error> {
        check(out, level)?;
        let kind = value.kind();
        if let Some(text) = value.as_str() {
            self.write_text(out, text);
        } else if let Some(word) = word_of(value) {
            out.push_str(&word);
        } else if kind == ValueKind::Map {
            let entries = self.entries_of(value)?;
            self.write_all(out, ('{', '}'), level, &entries, |out, (key, item)| {
                self.write_text(out, key);
                out.push_str(&self.key_separator);
                self.write(out, item, level + 1)
            })?;
        } else if matches!(kind, ValueKind::Seq | ValueKind::Iterable) {
            let items: Vec<Value> = value.try_iter()?.collect();
            self.write_all(out, ('[', ']'), level, &items, |out, item| {
                self.write(out, item, level + 1)
            })?;
        } else {
            return Err(refuse("this value has no JSON form"));
        }
        Ok(())
    }

    fn write_all<T>(
        &self,
        out: &mut String,
        (open, close): (char, char),
        level: usize,
        items: &[T],
        write: impl Fn(&mut String, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        out.push(open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(&self.item_separator);
            }
            self.break_line(out, level + 1);
            write(out, item)?;
        }
        if !items.is_empty() {
            self.break_line(out, level);
        }
        out.push(close);
        Ok(())
    }

    fn break_line(&self, out: &mut String, level: usize) {
        if let Some(indent) = &self.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(indent.as_str(), level));
        }
    }

    fn entries_of(&self, map: &Value) -> Result<Vec<(String, Value)>, Error> {
        let mut entries = Vec::new();
        for key in map.try_iter()? {
            entries.push((key_of(&key)?, map.get_item(&key)?));
        }
        if self.sort_keys {
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Ok(entries)
    }

    fn write_text(&self, out: &mut String, text: &str) {
        out.push('"');
        for letter in text.chars() {
            self.write_letter(out, letter);
        }
        out.push('"');
    }

    fn write_letter(&self, out: &mut String, letter: char) {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => push_escape(out, letter),
            '\u{7f}'.. if self.ensure_ascii => push_escape(out, letter),
            _ => out.push(letter),
        }
    }
}

fn push_escape(out: &mut String, letter: char) {
    for unit in letter.encode_utf16(&mut [0; 2]) {
        // Writing to a string does not fail.
        write!(out, "\\u{unit:04x}").unwrap_or_default();
    }
}

/// `indent` is a number of spaces or the text itself.
fn indent_of(indent: Option<Value>) -> Result<Option<String>, Error> {
    let Some(indent) = indent.filter(|value| !value.is_none()) else {
        return Ok(None);
    };
    match (indent.as_str(), indent.as_usize()) {
        (Some(text), _) if text.len() <= 64 => Ok(Some(text.to_owned())),
        (None, Some(spaces @ 0..=64)) => Ok(Some(" ".repeat(spaces))),
        (_, _) => Err(refuse("indent is at most 64 letters")),
    }
}

/// Keys that are no text are printed as Python prints them.
fn key_of(key: &Value) -> Result<String, Error> {
    let text = key.as_str().map(str::to_owned).or_else(|| word_of(key));
    text.ok_or_else(|| refuse("this key has no JSON form"))
}

/// The values that are one word.
fn word_of(value: &Value) -> Option<String> {
    let kind = value.kind();
    if kind == ValueKind::Number {
        Some(json_number(value))
    } else if kind == ValueKind::Bool {
        Some(if value.is_true() { "true" } else { "false" }.to_owned())
    } else if kind == ValueKind::None {
        Some("null".to_owned())
    } else {
        None
    }
}

fn json_number(value: &Value) -> String {
    match number(value).as_str() {
        "nan" => "NaN".to_owned(),
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        finite => finite.to_owned(),
    }
}

fn refuse(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}
