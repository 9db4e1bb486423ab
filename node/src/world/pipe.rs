//! From something that writes to something that reads, without a file between them.

use std::io::{self, BufWriter, PipeReader, PipeWriter, Read, Write, pipe};
use std::thread::{Scope, ScopedJoinHandle};

/// The reading end. Its end of file is the writer's success: if the writer fails, so does the
/// last read, and nobody takes a part for the whole.
pub(super) struct Flow<'scope, E> {
    pipe: PipeReader,
    writer: Option<ScopedJoinHandle<'scope, Result<(), E>>>,
    /// What the writer failed with, for whoever wants to tell it apart.
    pub(super) failed: Option<E>,
}

impl<'scope, E: Send + 'scope> Flow<'scope, E> {
    /// Runs `write` on a thread of its own.
    pub(super) fn of<'env>(
        scope: &'scope Scope<'scope, 'env>,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E> + Send + 'scope,
    ) -> io::Result<Self> {
        let (pipe, end) = pipe()?;
        let writer = scope.spawn(move || flush(end, write));
        Ok(Self {
            pipe,
            writer: Some(writer),
            failed: None,
        })
    }
}

fn flush<E>(end: PipeWriter, write: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Result<(), E> {
    let mut end = BufWriter::with_capacity(64 << 10, end);
    let written = write(&mut end);
    if written.is_err() {
        // What is still buffered is part of something that failed.
        let (_pipe, _rest) = end.into_parts();
    }
    written
}

impl<E> Read for Flow<'_, E> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.pipe.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        match self.writer.take().map(ScopedJoinHandle::join) {
            Some(Ok(Err(error))) => self.failed = Some(error),
            Some(Err(_panic)) => return Err(io::Error::other("the writer was lost")),
            Some(Ok(Ok(()))) | None => {}
        }
        if self.failed.is_some() {
            return Err(io::Error::other("the writer failed"));
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::scope;

    #[test]
    fn what_is_written_is_read() {
        let plain = vec![7; 1 << 20];
        let mut read = Vec::new();

        scope(|scope| {
            let write = |to: &mut dyn Write| to.write_all(&plain);
            let mut flow = Flow::of(scope, write).unwrap();
            flow.read_to_end(&mut read).unwrap();
        });

        assert_eq!(read, plain);
    }

    #[test]
    fn a_writer_that_fails_is_no_end_of_file() {
        scope(|scope| {
            let write = |to: &mut dyn Write| {
                to.write_all(&[1; 10])?;
                Err(io::Error::other("snapped"))
            };
            let mut flow = Flow::of(scope, write).unwrap();

            assert!(flow.read_to_end(&mut Vec::new()).is_err());
            assert!(flow.failed.is_some());
        });
    }

    #[test]
    fn a_reader_that_leaves_does_not_hold_the_writer() {
        scope(|scope| {
            let write = |to: &mut dyn Write| to.write_all(&vec![1; 1 << 20]);
            let flow = Flow::of(scope, write).unwrap();
            drop(flow);
        });
    }
}
