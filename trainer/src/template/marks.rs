//! Marks around the assistant's words while a template renders.
//!
//! The engine cannot say where output lands, so the words are put between two
//! code points and cut out again. The pair is chosen among the noncharacters of
//! Unicode, which no text is meant to hold, and never one the input does hold.

use std::ops::Range;

/// The pair of code points that stand around a span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) open: char,
    pub(super) close: char,
}

impl Marks {
    /// The first pair that does not stand in `texts`, if there is one.
    pub(super) fn absent_from(texts: &[&str]) -> Option<Self> {
        let free = |letter: &char| !texts.iter().any(|text| text.contains(*letter));
        let mut letters = ('\u{fdd0}'..='\u{fdef}').filter(free);
        Some(Self {
            open: letters.next()?,
            close: letters.next()?,
        })
    }

    pub(super) fn around(self, words: &str) -> String {
        format!("{}{words}{}", self.open, self.close)
    }

    /// Cuts the marks out and says where the marked words stand, in bytes.
    /// `None` when marks were lost or stand inside each other.
    pub(super) fn cut(self, marked: &str) -> Option<(String, Vec<Range<usize>>)> {
        let mut text = String::with_capacity(marked.len());
        let mut spans = Vec::new();
        let mut open = None;
        for letter in marked.chars() {
            if letter == self.open {
                if open.replace(text.len()).is_some() {
                    return None;
                }
            } else if letter == self.close {
                spans.push(open.take()?..text.len());
            } else {
                text.push(letter);
            }
        }
        open.is_none().then_some((text, spans))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_counted_without_the_marks() {
        let marks = Marks::absent_from(&[]).expect("free code points");
        let marked = format!("a{}c{}", marks.around("bé"), marks.around(""));

        assert_eq!(
            marks.cut(&marked),
            Some(("abéc".to_owned(), vec![1..4, 5..5]))
        );
    }

    #[test]
    fn a_code_point_in_the_input_is_not_a_mark() {
        let marks = Marks::absent_from(&["\u{fdd0}"]).expect("free code points");

        assert_eq!((marks.open, marks.close), ('\u{fdd1}', '\u{fdd2}'));
    }

    #[test]
    fn half_a_mark_is_no_span() {
        let marks = Marks::absent_from(&[]).expect("free code points");

        assert_eq!(marks.cut(&marks.open.to_string()), None);
        assert_eq!(marks.cut(&marks.close.to_string()), None);
    }
}
