//! A time on the command line: RFC 3339, or seconds since 1970 as Intel's tools take.

use crate::{At, BadTime};

pub(super) fn parse(text: &str) -> Result<At, BadTime> {
    match text.parse() {
        Ok(seconds) => Ok(At(seconds)),
        Err(_no_number) => text.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        assert_eq!(parse("2025-06-20T10:32:27Z"), parse("1750415547"));
        assert_eq!(parse("yesterday"), Err(BadTime));
    }
}
