//! Backward slices, taken out of the engine's hands.
//!
//! The engine panics on `""[::-1]` and counts other backward slices its own way.
//! `[::-1]` becomes a method of ours; any other step that is not a plain positive
//! number is refused when the template is compiled.

use minijinja::{Error, ErrorKind, Value};

/// What `x[::-1]` calls.
pub(super) const REVERSED: &str = "__sealtune_reversed";

/// A slice with a step that is neither a positive number nor the reversal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BackwardSlice;

/// The code of one tag with its reversals rewritten.
pub(super) fn rewrite_slices(code: &str) -> Result<String, BackwardSlice> {
    let mut out = String::with_capacity(code.len());
    // For each open bracket: where it stands in `out`, and where its colons do.
    let mut open: Vec<(char, usize, Vec<usize>)> = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for letter in code.chars() {
        out.push(letter);
        if let Some(end) = quote {
            if letter == end && !escaped {
                quote = None;
            }
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            '"' | '\'' => (quote, escaped) = (Some(letter), false),
            '[' | '(' | '{' => open.push((letter, out.len(), Vec::new())),
            ':' => open
                .iter_mut()
                .rev()
                .take(1)
                .for_each(|top| top.2.push(out.len())),
            ']' | ')' | '}' => close(&mut out, open.pop())?,
            _ => {}
        }
    }
    Ok(out)
}

/// Judges what a bracket held, now that it is closed.
fn close(out: &mut String, opened: Option<(char, usize, Vec<usize>)>) -> Result<(), BackwardSlice> {
    let Some(('[', start, colons)) = opened else {
        return Ok(());
    };
    let [_, second] = colons.as_slice() else {
        return Ok(());
    };
    let bounds = out.get(start..*second).unwrap_or_default();
    let step = out.get(*second..out.len() - 1).unwrap_or_default().trim();
    let reversal = step == "-1"
        && bounds
            .chars()
            .all(|letter| letter == ':' || letter.is_whitespace());
    if reversal {
        out.truncate(start - 1);
        out.extend([".", REVERSED, "()"]);
        return Ok(());
    }
    let forward = step.bytes().all(|byte| byte.is_ascii_digit()) && step != "0";
    if forward { Ok(()) } else { Err(BackwardSlice) }
}

/// `x[::-1]` as Python has it, for text and lists.
pub(super) fn reversed(value: &Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    if value.kind() == minijinja::value::ValueKind::Map {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "a mapping cannot be sliced",
        ));
    }
    let mut items: Vec<Value> = value.try_iter()?.collect();
    items.reverse();
    Ok(Value::from(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(code: &str) -> Option<String> {
        rewrite_slices(code).ok()
    }

    #[test]
    fn a_reversal_becomes_a_call() {
        assert_eq!(
            rewritten("{% for m in messages[::-1] %}").as_deref(),
            Some("{% for m in messages.__sealtune_reversed() %}")
        );
    }

    #[test]
    fn forward_slices_and_quotes_are_left_alone() {
        for code in [
            "{{ a[1:] }}",
            "{{ a[:-1] }}",
            "{{ a[::2] }}",
            "{{ '[::-1]' }}",
            "{{ {'a': [1, 2]}['a'] }}",
        ] {
            assert_eq!(rewritten(code).as_deref(), Some(code));
        }
    }

    #[test]
    fn other_backward_slices_are_refused() {
        for code in [
            "{{ a[::-2] }}",
            "{{ a[3:0:-1] }}",
            "{{ a[::n] }}",
            "{{ a[::0] }}",
        ] {
            assert_eq!(rewritten(code), None, "{code}");
        }
    }

    #[test]
    fn nothing_reversed_is_nothing() {
        assert_eq!(reversed(&Value::from("")).ok(), Some(Value::from("")));
        assert_eq!(reversed(&Value::from("aé")).ok(), Some(Value::from("éa")));
    }
}
