//! Canonical JSON (RFC 8785): one text for one value.

use serde_json::{Number, Value};

/// Keys sorted by their UTF-16 units, no white space, numbers as ECMAScript prints them.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&print_number(number)),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            write_separated(out, items, write);
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_cached_key(|(key, _)| key.encode_utf16().collect::<Vec<_>>());
            out.push('{');
            write_separated(out, &entries, |out, (key, value)| {
                write_text(out, key);
                out.push(':');
                write(out, value);
            });
            out.push('}');
        }
    }
}

fn write_separated<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
}

/// `serde_json` escapes exactly what RFC 8785 asks for.
fn write_text(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

fn print_number(number: &Number) -> String {
    if number.is_f64() {
        number.as_f64().map_or_else(String::new, print_float)
    } else {
        number.to_string()
    }
}

/// ECMAScript's `Number::toString` (section 6.1.6.1.20).
fn print_float(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, exponent))
}

/// Digits `d.ddd` times ten to the `exponent`.
fn place_point(digits: &str, exponent: i32) -> String {
    let count = digits.len();
    match usize::try_from(exponent) {
        Ok(shift @ 0..=20) if shift + 1 >= count => {
            format!("{digits}{}", "0".repeat(shift + 1 - count))
        }
        Ok(shift @ 0..=20) => {
            let (whole, rest) = digits.split_at(shift + 1);
            format!("{whole}.{rest}")
        }
        Err(_) if exponent >= -6 => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            format!("0.{zeros}{digits}")
        }
        Ok(_) | Err(_) => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{rest}e{sign}{}", exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_are_printed_as_ecmascript_does() {
        // Right sides from `String(x)` of ECMAScript; several are RFC 8785's own samples.
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (4.50, "4.5"),
            (2e-3, "0.002"),
            (2e-4, "0.0002"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-8, "1.5e-8"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (333_333_333.333_333_3, "333333333.3333333"),
            (1e30, "1e+30"),
            (123.0, "123"),
        ];
        for (value, text) in cases {
            assert_eq!(print_float(value), text);
        }
    }

    #[test]
    fn keys_are_sorted_and_nothing_is_padded() {
        let value = serde_json::json!({"b": [1, 2.50, null], "a": {"é": true, "\n": "\u{1}€"}});

        assert_eq!(
            canonical_json(&value),
            "{\"a\":{\"\\n\":\"\\u0001€\",\"é\":true},\"b\":[1,2.5,null]}"
        );
    }

    proptest! {
        #[test]
        fn a_printed_float_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());

            prop_assert_eq!(print_float(value).parse::<f64>(), Ok(value));
        }
    }
}
