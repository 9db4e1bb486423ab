//! Checkpoints of one task: out of a pipe into the vault, and back.

use super::listener::Listener;
use crate::vault::{Kind, Name, Vault};
use proto::training::{Checkpoint, Progress};
use proto::{Digest, TaskId};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{info, warn};

pub(super) struct Checkpoints {
    vault: Arc<Vault>,
    task: TaskId,
    kept: usize,
}

/// A checkpoint by the number under which it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    number: u64,
    name: Name,
}

/// What ended the stream of checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) kept: u64,
    /// A checkpoint was announced that is larger than the memory it came from.
    pub(super) oversize: bool,
}

impl Checkpoints {
    pub(super) fn of(vault: &Arc<Vault>, task: TaskId, kept: usize) -> Self {
        Self {
            vault: vault.clone(),
            task,
            kept: kept.max(1),
        }
    }

    /// The newest one that opens to its end. Damaged ones are removed.
    pub(super) fn newest(&self) -> Option<Kept> {
        let task = self.task;
        while let Some(kept) = self.all().pop() {
            match self.vault.get(Kind::Checkpoint, &kept.name, io::sink()) {
                Ok(_) => return Some(kept),
                Err(error) => {
                    warn!(%task, number = kept.number, %error, "a checkpoint is damaged and dropped");
                    self.remove(&kept).then_some(())?;
                }
            }
        }
        None
    }

    /// Writes it to the trainer that goes on from it.
    pub(super) fn feed(&self, kept: &Kept, to: impl Write) {
        if let Err(error) = self.vault.get(Kind::Checkpoint, &kept.name, to) {
            let task = self.task;
            warn!(%task, number = kept.number, %error, "a checkpoint was not taken whole");
        }
    }

    /// Keeps each checkpoint that comes whole, and the last few of them. One that
    /// cannot be kept is told and passed over: the one before stays, and the training
    /// goes on.
    pub(super) fn receive(&self, mut from: impl Read, bytes_max: u64, pairs: &Pairs) -> Received {
        let mut received = Received::default();
        let mut number = self.all().last().map_or(0, |kept| kept.number + 1);
        while let Some(len) = length(&mut from) {
            if len > bytes_max {
                received.oversize = true;
                return received;
            }
            let mut frame = Frame {
                from: &mut from,
                left: len,
            };
            if self.keep(number, &mut frame) {
                received.kept += 1;
                number += 1;
                pairs.kept(len);
            } else if frame.skip().is_err() {
                return received;
            } else {
                pairs.lost();
            }
        }
        received
    }

    /// The one a trainer refused is of no use.
    pub(super) fn drop_refused(&self, kept: &Kept) {
        self.remove(kept);
    }

    pub(super) fn clear(&self) -> Result<(), crate::vault::VaultError> {
        let all = self.all();
        all.iter()
            .try_for_each(|kept| self.vault.remove(Kind::Checkpoint, &kept.name))
    }

    fn keep(&self, number: u64, frame: &mut impl Read) -> bool {
        let task = self.task;
        let name = self.name(number);
        match self.vault.put(Kind::Checkpoint, &name, frame) {
            Ok(bytes) => {
                info!(%task, number, bytes, "checkpoint kept");
                self.trim();
                true
            }
            Err(error) => {
                warn!(%task, number, %error, "a checkpoint was not kept; the one before stays");
                false
            }
        }
    }

    fn trim(&self) {
        let all = self.all();
        let (old, _last) = all.split_at(all.len().saturating_sub(self.kept));
        for kept in old {
            self.remove(kept);
        }
    }

    fn remove(&self, kept: &Kept) -> bool {
        let removed = self.vault.remove(Kind::Checkpoint, &kept.name);
        if let Err(error) = &removed {
            let task = self.task;
            warn!(%task, number = kept.number, %error, "a checkpoint cannot be removed");
        }
        removed.is_ok()
    }

    /// In the order they were kept.
    fn all(&self) -> Vec<Kept> {
        let names = self.vault.list(Kind::Checkpoint).unwrap_or_default();
        let prefix = format!("{}.", Name::from(self.task));
        let numbered = names.into_iter().filter_map(|name| {
            let number = name.as_str().strip_prefix(&prefix)?.parse().ok()?;
            Some(Kept { number, name })
        });
        let mut all: Vec<_> = numbered.collect();
        all.sort_by_key(|kept| kept.number);
        all
    }

    fn name(&self, number: u64) -> Name {
        let name = format!("{}.{number:010}", Name::from(self.task));
        name.parse()
            .expect("hexadecimal digits and a number are a name")
    }
}

/// The length before a checkpoint; none where the stream ends.
fn length(from: &mut impl Read) -> Option<u64> {
    let mut len = [0; 8];
    from.read_exact(&mut len).ok()?;
    Some(u64::from_le_bytes(len))
}

/// One checkpoint of the stream: whole, or an error.
struct Frame<'a, R> {
    from: &'a mut R,
    left: u64,
}

impl<R: Read> Read for Frame<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(buffer) = buffer.get_mut(..room).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let count = self.from.read(buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= u64::try_from(count).unwrap_or(self.left);
        Ok(count)
    }
}

impl<R: Read> Frame<'_, R> {
    /// Reads to its end, so that the next one begins there.
    fn skip(mut self) -> io::Result<u64> {
        io::copy(&mut self, &mut io::sink())
    }
}

/// What the trainer said of a checkpoint and what the vault has of it, paired by
/// their order: only both together are a durable checkpoint of a known step.
pub(super) struct Pairs {
    task: TaskId,
    listener: Arc<dyn Listener>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    said: VecDeque<(u64, Digest)>,
    kept: VecDeque<Option<u64>>,
}

impl Pairs {
    pub(super) fn new(task: TaskId, listener: Arc<dyn Listener>) -> Self {
        Self {
            task,
            listener,
            waiting: Mutex::default(),
        }
    }

    pub(super) fn said(&self, step: u64, digest: Digest) {
        self.change(|waiting| waiting.said.push_back((step, digest)));
    }

    fn kept(&self, bytes: u64) {
        self.change(|waiting| waiting.kept.push_back(Some(bytes)));
    }

    fn lost(&self) {
        self.change(|waiting| waiting.kept.push_back(None));
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut waiting);
        while let (Some(&(step, digest)), Some(&bytes)) =
            (waiting.said.front(), waiting.kept.front())
        {
            waiting.said.pop_front();
            waiting.kept.pop_front();
            if let Some(bytes) = bytes {
                let checkpoint = Checkpoint {
                    step,
                    digest,
                    bytes,
                };
                self.listener
                    .progress(self.task, Progress::Checkpoint(checkpoint));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Silent;
    use super::*;
    use crate::vault::VaultKey;
    use std::fs;

    struct Desk {
        folder: tempfile::TempDir,
        vault: Arc<Vault>,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let vault = Vault::open(folder.path(), &VaultKey::take(&mut [1; 32])).unwrap();
            Self {
                folder,
                vault: Arc::new(vault),
            }
        }

        fn checkpoints(&self, kept: usize) -> Checkpoints {
            Checkpoints::of(&self.vault, TaskId([5; 32]), kept)
        }

        fn receive(&self, stream: &[u8]) -> Received {
            let pairs = Pairs::new(TaskId([5; 32]), Arc::new(Silent));
            self.checkpoints(2).receive(stream, 1 << 20, &pairs)
        }

        fn newest(&self) -> Option<Vec<u8>> {
            let checkpoints = self.checkpoints(2);
            let mut plain = Vec::new();
            checkpoints.feed(&checkpoints.newest()?, &mut plain);
            Some(plain)
        }
    }

    fn frame(bytes: &[u8]) -> Vec<u8> {
        let len = u64::try_from(bytes.len()).unwrap();
        [&len.to_le_bytes()[..], bytes].concat()
    }

    #[test]
    fn the_last_few_are_kept_and_the_newest_is_gone_on_from() {
        let desk = Desk::new();

        let received = desk.receive(&[frame(b"one"), frame(b"two"), frame(b"three")].concat());

        assert_eq!(received.kept, 3);
        assert_eq!(desk.checkpoints(2).all().len(), 2);
        assert_eq!(desk.newest().unwrap(), b"three");
    }

    #[test]
    fn one_that_was_cut_is_never_gone_on_from() {
        let desk = Desk::new();
        let stream = [frame(b"one"), frame(&[7; 100_000])].concat();

        for cut in [stream.len() - 1, 50_000, 12, 18] {
            desk.receive(&stream[..cut]);

            assert_eq!(desk.newest().unwrap(), b"one", "cut at {cut}");
        }
    }

    #[test]
    fn a_damaged_one_gives_way_to_the_one_before() {
        let desk = Desk::new();
        desk.receive(&[frame(b"one"), frame(b"two")].concat());
        let newest = desk.checkpoints(2).all().pop().unwrap();
        let path = desk
            .folder
            .path()
            .join("checkpoint")
            .join(newest.name.as_str());
        let mut sealed = fs::read(&path).unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        fs::write(&path, sealed).unwrap();

        assert_eq!(desk.newest().unwrap(), b"one");
        assert_eq!(desk.checkpoints(2).all().len(), 1);
    }

    #[test]
    fn a_length_beyond_all_memory_ends_the_stream() {
        let desk = Desk::new();

        let received = desk.receive(&[&u64::MAX.to_le_bytes()[..], b"x"].concat());

        assert!(received.oversize);
        assert_eq!(received.kept, 0);
    }

    #[test]
    fn tasks_do_not_see_each_others() {
        let desk = Desk::new();
        desk.receive(&frame(b"one"));

        let other = Checkpoints::of(&desk.vault, TaskId([6; 32]), 2);

        assert_eq!(other.newest(), None);
        other.clear().unwrap();
        assert!(desk.newest().is_some());
    }
}
