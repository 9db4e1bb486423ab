//! The root of a stream: read once, hashed on all cores, in constant memory.

use super::hash::{segment_root, zero_segment};
use super::outline::Outline;
use super::spine::Spine;
use super::{Hash, SEGMENT_BYTES, Shape};
use proto::Root;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What one worker reads at a time: enough to make a lock cheap, small enough to stay in cache.
const BATCH_BYTES: usize = 4 * 256 * 1024;

/// Content by its name and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    pub root: Root,
    pub size: u64,
}

/// Why a stream has no root.
#[derive(Debug, thiserror::Error)]
pub enum Hashing {
    #[error("cannot read the content to be named")]
    Read(#[source] io::Error),
    #[error("empty content has no root")]
    Empty,
}

/// The root of everything `reader` gives, with one worker per core.
pub fn root_of(reader: impl Read + Send) -> Result<Content, Hashing> {
    let mut spine = Spine::default();
    let size = segment_roots(reader, cores(), |root| spine.push(0, root))?;
    let shape = Shape::of(size).ok_or(Hashing::Empty)?;
    for _padding in shape.segments()..shape.padded_segments() {
        spine.push(0, zero_segment());
    }
    let root = Root(spine.root().ok_or(Hashing::Empty)?);
    Ok(Content { root, size })
}

/// The root and all segment roots: what is needed to prove or to check each segment.
pub fn outline_of(reader: impl Read + Send) -> Result<Outline, Hashing> {
    let mut roots = Vec::new();
    let size = segment_roots(reader, cores(), |root| roots.push(root))?;
    let shape = Shape::of(size).ok_or(Hashing::Empty)?;
    Ok(Outline::of_segments(shape, roots))
}

/// A reader that writes down what it reads: content is named and kept in one pass.
#[derive(Debug)]
pub struct Tee<R, W> {
    pub reader: R,
    pub writer: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.writer.write_all(&buffer[..count])?;
        Ok(count)
    }
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Calls `each` with every segment's root in order; gives the size.
fn segment_roots(
    reader: impl Read + Send,
    workers: NonZeroUsize,
    each: impl FnMut(Hash) + Send,
) -> Result<u64, Hashing> {
    let source = Mutex::new(Source {
        reader,
        batches: 0,
        size: 0,
        ended: false,
    });
    let sink = Sink {
        turn: Mutex::new(Turn {
            batch: 0,
            failed: None,
            each,
        }),
        moved: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _worker in 1..workers.get() {
            scope.spawn(|| work(&source, &sink));
        }
        work(&source, &sink);
    });
    let turn = sink
        .turn
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match turn.failed {
        Some(error) => Err(Hashing::Read(error)),
        None => Ok(lock(&source).size),
    }
}

/// Where bytes come from: one worker reads at a time while the others hash.
struct Source<R> {
    reader: R,
    batches: u64,
    size: u64,
    ended: bool,
}

/// Where roots go: in the order of the batches, so that nothing piles up.
struct Sink<F> {
    turn: Mutex<Turn<F>>,
    moved: Condvar,
}

struct Turn<F> {
    batch: u64,
    failed: Option<io::Error>,
    each: F,
}

struct Batch {
    number: u64,
    len: usize,
    /// The whole size, once this batch is known to be the last.
    size: Option<u64>,
}

fn work<R: Read, F: FnMut(Hash)>(source: &Mutex<Source<R>>, sink: &Sink<F>) {
    let mut buffer = vec![0; BATCH_BYTES];
    loop {
        let batch = lock(source).next(&mut buffer);
        match batch {
            Ok(Some(batch)) => {
                let roots = batch.roots(&buffer);
                sink.deliver(batch.number, &roots);
            }
            Ok(None) => return,
            Err(error) => return sink.fail(error),
        }
    }
}

impl<R: Read> Source<R> {
    fn next(&mut self, buffer: &mut [u8]) -> io::Result<Option<Batch>> {
        if self.ended {
            return Ok(None);
        }
        let len = fill(&mut self.reader, buffer).inspect_err(|_error| self.ended = true)?;
        let number = self.batches;
        self.batches += 1;
        self.size += u64::try_from(len).expect("a buffer's length fits in 64 bits");
        self.ended = len < buffer.len();
        Ok(Some(Batch {
            number,
            len,
            size: self.ended.then_some(self.size),
        }))
    }
}

impl Batch {
    fn roots(&self, buffer: &[u8]) -> Vec<Hash> {
        let segment = usize::try_from(SEGMENT_BYTES).expect("a segment fits in memory");
        let first = self.number * u64::try_from(BATCH_BYTES / segment).expect("a small number");
        let whole = Shape::of(u64::MAX).expect("not empty");
        let shape = self.size.and_then(Shape::of).unwrap_or(whole);
        (first..)
            .zip(buffer[..self.len].chunks(segment))
            .map(|(index, data)| {
                segment_root(shape, index, data).expect("the last batch knows the size")
            })
            .collect()
    }
}

impl<F: FnMut(Hash)> Sink<F> {
    fn deliver(&self, number: u64, roots: &[Hash]) {
        let mut turn = lock(&self.turn);
        while turn.batch != number && turn.failed.is_none() {
            turn = self
                .moved
                .wait(turn)
                .unwrap_or_else(PoisonError::into_inner);
        }
        for root in roots {
            (turn.each)(*root);
        }
        turn.batch += 1;
        self.moved.notify_all();
    }

    fn fail(&self, error: io::Error) {
        lock(&self.turn).failed = Some(error);
        self.moved.notify_all();
    }
}

/// Reads until `buffer` is full or the stream ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
