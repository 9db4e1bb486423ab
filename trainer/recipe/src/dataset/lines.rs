//! Lines of a stream, numbered, and never longer than allowed.

use super::Fault;
use std::io::{self, BufRead};

/// One line as it stands in the file: the number counts from one.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub number: u64,
    pub text: Result<String, Fault>,
}

/// Splits a stream into lines and keeps at most `bytes_max` of one in memory.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    number: u64,
    bytes_max: usize,
}

impl<R: BufRead> Lines<R> {
    pub fn new(source: R, bytes_max: usize) -> Self {
        Self {
            source,
            number: 0,
            bytes_max,
        }
    }

    /// The next line, or `None` at the end of the stream.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let Some(bytes) = self.read_bounded()? else {
            return Ok(None);
        };
        self.number += 1;
        let text = if bytes.len() > self.bytes_max {
            Err(Fault::LineTooLong {
                bytes_max: self.bytes_max,
            })
        } else {
            self.decode(bytes)
        };
        Ok(Some(Line {
            number: self.number,
            text,
        }))
    }

    /// Everything up to the line feed; what goes beyond the bound is read and dropped.
    fn read_bounded(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut started = false;
        loop {
            let chunk = self.source.fill_buf()?;
            if chunk.is_empty() {
                return Ok(started.then_some(line));
            }
            started = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            let room = (self.bytes_max + 1).saturating_sub(line.len());
            line.extend(chunk.iter().take(taken.min(room)));
            self.source.consume(end.map_or(taken, |at| at + 1));
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }

    fn decode(&self, bytes: Vec<u8>) -> Result<String, Fault> {
        let mut text = String::from_utf8(bytes).map_err(|_bytes| Fault::NotUtf8)?;
        // Windows editors begin a file with a byte order mark; it is no content.
        if self.number == 1 && text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], bytes_max: usize) -> Vec<Result<String, Fault>> {
        let mut lines = Lines::new(bytes, bytes_max);
        let mut texts = Vec::new();
        while let Some(line) = lines.next_line().expect("memory can be read") {
            assert_eq!(line.number, texts.len() as u64 + 1);
            texts.push(line.text);
        }
        texts
    }

    #[test]
    fn the_last_line_needs_no_line_feed() {
        assert_eq!(all(b"a\nb", 9), [Ok("a".to_owned()), Ok("b".to_owned())]);
    }

    #[test]
    fn a_line_over_the_bound_is_refused_and_the_next_one_read() {
        let too_long = Err(Fault::LineTooLong { bytes_max: 3 });

        assert_eq!(all(b"abcd\nabc\n", 3), [too_long, Ok("abc".to_owned())]);
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        assert_eq!(all(b"\xff\xfe", 9), [Err(Fault::NotUtf8)]);
    }

    #[test]
    fn a_byte_order_mark_is_dropped_once() {
        let text = "\u{feff}a\n\u{feff}b";

        assert_eq!(
            all(text.as_bytes(), 9),
            [Ok("a".to_owned()), Ok("\u{feff}b".to_owned())]
        );
    }
}
