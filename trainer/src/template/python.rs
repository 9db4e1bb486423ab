//! Values in Python's own spelling: what `{{ value }}` prints under transformers.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// A value may hold itself, or one list many times over: both bounds stop that.
pub(super) const DEPTH_MAX: usize = 64;
pub(super) const TEXT_BYTES_MAX: usize = 64 << 20;

/// What `str(value)` gives in Python.
pub(super) fn str_of(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    let mut out = String::new();
    repr(&mut out, value, 0)?;
    Ok(out)
}

/// Adds what `repr(value)` gives in Python.
fn repr(out: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
    check(out, depth)?;
    let kind = value.kind();
    if let Some(text) = value.as_str() {
        repr_text(out, text);
    } else if kind == ValueKind::Number {
        out.push_str(&number(value));
    } else if kind == ValueKind::Map {
        repr_map(out, value, depth)?;
    } else if matches!(kind, ValueKind::Seq | ValueKind::Iterable) {
        repr_list(out, value, depth)?;
    } else {
        out.push_str(&value.to_string());
    }
    Ok(())
}

/// Refuses a value that is too deep or too long to print.
pub(super) fn check(out: &str, depth: usize) -> Result<(), Error> {
    if depth > DEPTH_MAX || out.len() > TEXT_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "the value is too large to print",
        ));
    }
    Ok(())
}

fn repr_list(out: &mut String, list: &Value, depth: usize) -> Result<(), Error> {
    let tuple = list.downcast_object_ref::<Tuple>().is_some();
    out.push(if tuple { '(' } else { '[' });
    for (at, item) in list.try_iter()?.enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        repr(out, &item, depth + 1)?;
    }
    if tuple && list.len() == Some(1) {
        out.push(',');
    }
    out.push(if tuple { ')' } else { ']' });
    Ok(())
}

fn repr_map(out: &mut String, map: &Value, depth: usize) -> Result<(), Error> {
    out.push('{');
    for (at, key) in map.try_iter()?.enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        repr(out, &key, depth + 1)?;
        out.push_str(": ");
        repr(out, &map.get_item(&key)?, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

/// A number as Python prints it; whole numbers have one spelling everywhere.
pub(super) fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    f64::try_from(value.clone()).map_or_else(|_other| value.to_string(), float)
}

/// Python's `repr(float)`: the shortest digits that read back, with an exponent
/// below 1e-4 and from 1e16 on.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        let whole = !plain.contains('.');
        return if whole { format!("{plain}.0") } else { plain };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn repr_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for letter in text.chars() {
        push_escaped(out, letter, quote);
    }
    out.push(quote);
}

fn push_escaped(out: &mut String, letter: char, quote: char) {
    match letter {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if letter == quote => {
            out.push('\\');
            out.push(letter);
        }
        _ if is_printable(letter) => out.push(letter),
        _ => out.push_str(&numbered(u32::from(letter))),
    }
}

fn numbered(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

/// Python calls separators, controls, formats, private and unassigned letters
/// unprintable; the ranges here are those that occur in text.
fn is_printable(letter: char) -> bool {
    !letter.is_control()
        && (letter == ' ' || !letter.is_whitespace())
        && !matches!(u32::from(letter),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e
            | 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfeff | 0xfff0..=0xfffb
            | 0xfffe | 0xffff | 0xe0000..=0x0010_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_spelt_as_python_spells_them() {
        // Each right side is what `repr` of Python 3.11 prints.
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456.789, "123456.789"),
        ];
        for (value, spelling) in cases {
            assert_eq!(float(value), spelling);
        }
    }

    #[test]
    fn text_prefers_single_quotes_and_escapes_what_cannot_be_seen() {
        let repr = |text: &str| {
            let mut out = String::new();
            repr_text(&mut out, text);
            out
        };

        assert_eq!(repr("a'b"), "\"a'b\"");
        assert_eq!(repr("a'b\"c"), "'a\\'b\"c'");
        assert_eq!(
            repr("é\u{a0}\u{200b}\n\u{7f}😀"),
            "'é\\xa0\\u200b\\n\\x7f😀'"
        );
    }

    #[test]
    fn a_value_without_end_is_refused() {
        let deep = (0..100).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
        let wide = (0..40).fold(Value::from(1), |inner, _| {
            Value::from(vec![inner.clone(), inner])
        });

        assert!(str_of(&deep).is_err());
        assert!(str_of(&wide).is_err());
    }
}
