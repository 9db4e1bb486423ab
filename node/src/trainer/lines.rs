//! Lines out of a stream that may be hostile: bounded in length and number.

/// A report of a dataset lists a hundred findings.
const LINE_BYTES_MAX: usize = 256 << 10;

/// More than any training has steps.
const LINES_MAX: u64 = 20_000_000;

#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    count: u64,
}

impl Lines {
    /// The lines that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
        let mut whole = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.rest.len() + part.len() > LINE_BYTES_MAX {
                return Err("a line of progress is too long");
            }
            self.rest.extend_from_slice(part);
            if self.rest.ends_with(b"\n") {
                self.rest.pop();
                whole.push(std::mem::take(&mut self.rest));
            }
        }
        self.count += u64::try_from(whole.len()).unwrap_or(u64::MAX);
        if self.count > LINES_MAX {
            return Err("there are too many lines of progress");
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = b"one\ntwo\n\nfour\nrest";
        for size in 1..text.len() {
            let mut lines = Lines::default();

            let cut: Vec<_> = text
                .chunks(size)
                .flat_map(|bytes| lines.push(bytes).unwrap())
                .collect();

            assert_eq!(cut, [&b"one"[..], b"two", b"", b"four"]);
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let many = vec![b'x'; 64 << 10];

        let refused = (0..100).any(|_| lines.push(&many).is_err());

        assert!(refused);
        assert!(lines.rest.len() <= LINE_BYTES_MAX);
    }
}
