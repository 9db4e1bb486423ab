//! Python's `strftime` for one fixed day.
//!
//! Llama 3.x templates put today's date into the system turn. A date that moves
//! would make the same order train on other tokens tomorrow, so it stands still:
//! 26 July 2024, the day those templates fall back to themselves.

/// Formats the fixed day; a directive that is not known stays as it is written,
/// as the C library does.
pub(super) fn fixed_strftime(format: &str) -> String {
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some(directive) => push_directive(&mut out, directive),
            None => out.push('%'),
        }
    }
    out
}

fn push_directive(out: &mut String, directive: char) {
    let text = match directive {
        'a' => "Fri",
        'A' => "Friday",
        'b' | 'h' => "Jul",
        'B' => "July",
        'c' => "Fri Jul 26 00:00:00 2024",
        'd' | 'e' => "26",
        'D' | 'x' => "07/26/24",
        'F' => "2024-07-26",
        'H' | 'M' | 'S' => "00",
        'I' => "12",
        'j' => "208",
        'm' => "07",
        'p' => "AM",
        'T' | 'X' => "00:00:00",
        'u' | 'w' => "5",
        'y' => "24",
        'Y' | 'G' => "2024",
        'Z' | 'z' => "",
        '%' => "%",
        _ => {
            out.push('%');
            out.push(directive);
            return;
        }
    };
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_the_one_llama_falls_back_to() {
        assert_eq!(fixed_strftime("%d %b %Y"), "26 Jul 2024");
    }

    #[test]
    fn an_unknown_directive_stays() {
        assert_eq!(fixed_strftime("%Q 100%"), "%Q 100%");
    }
}
