//! A disk that forgets and tears what was never synced.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use redb::StorageBackend;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes as one.
const SECTOR: usize = 512;

/// The platter and its cache. Handles come and go with each life of the node.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    /// What survives a power cut.
    durable: Vec<u8>,
    /// What a reader sees.
    cached: Vec<u8>,
    unsynced: Vec<Write>,
    /// Handles of an earlier life are dead.
    life: u64,
    bytes_max: Option<usize>,
}

#[derive(Debug)]
enum Write {
    Bytes { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process dies; the system still writes its cache back.
    Kill,
    /// Of each unsynced sector the disk kept the old or the new, as it liked.
    PowerCut,
}

impl Disk {
    /// The disk as one life of the node sees it.
    pub fn handle(&self) -> impl StorageBackend {
        Handle {
            platter: self.0.clone(),
            life: self.platter().life,
        }
    }

    /// Ends a life: its handle is dead from now on.
    pub fn crash(&self, crash: Crash, rng: &mut StdRng) {
        let mut platter = self.platter();
        platter.life += 1;
        for write in std::mem::take(&mut platter.unsynced) {
            match crash {
                Crash::Kill => apply(&mut platter.durable, &write),
                Crash::PowerCut => tear(&mut platter.durable, &write, rng),
            }
        }
        let platter = &mut *platter;
        platter.cached.clone_from(&platter.durable);
    }

    /// A copy of what is on the disk for good: the host may put it back later.
    pub fn image(&self) -> Vec<u8> {
        self.platter().durable.clone()
    }

    /// The host puts an older disk in place.
    pub fn put_back(&self, image: &[u8]) {
        let mut platter = self.platter();
        platter.life += 1;
        platter.unsynced.clear();
        platter.durable = image.to_vec();
        platter.cached = image.to_vec();
    }

    /// From now on the disk is full at this size.
    pub fn fill_at(&self, bytes_max: usize) {
        self.platter().bytes_max = Some(bytes_max);
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        lock(&self.0)
    }
}

fn lock(platter: &Mutex<Platter>) -> MutexGuard<'_, Platter> {
    platter.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Handle {
    platter: Arc<Mutex<Platter>>,
    life: u64,
}

impl Handle {
    fn alive(&self) -> Result<MutexGuard<'_, Platter>> {
        let platter = lock(&self.platter);
        if platter.life == self.life {
            Ok(platter)
        } else {
            Err(Error::other("this life is over"))
        }
    }

    fn write_back(&self, write: Write) -> Result<()> {
        let mut platter = self.alive()?;
        if platter.bytes_max.is_some_and(|max| write.end() > max) {
            return Err(ErrorKind::StorageFull.into());
        }
        apply(&mut platter.cached, &write);
        platter.unsynced.push(write);
        Ok(())
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64> {
        u64::try_from(self.alive()?.cached.len()).map_err(Error::other)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let (platter, at) = (self.alive()?, index(offset)?);
        let bytes = platter
            .cached
            .get(at..at + out.len())
            .ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.write_back(Write::Length(index(len)?))
    }

    fn sync_data(&self) -> Result<()> {
        let mut platter = self.alive()?;
        for write in std::mem::take(&mut platter.unsynced) {
            apply(&mut platter.durable, &write);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.write_back(Write::Bytes {
            at: index(offset)?,
            bytes: data.to_vec(),
        })
    }
}

fn index(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(Error::other)
}

impl Write {
    fn end(&self) -> usize {
        match self {
            Self::Bytes { at, bytes } => at + bytes.len(),
            Self::Length(len) => *len,
        }
    }
}

fn apply(disk: &mut Vec<u8>, write: &Write) {
    match write {
        Write::Length(len) => disk.resize(*len, 0),
        Write::Bytes { at, bytes } => place(disk, *at, bytes),
    }
}

fn tear(disk: &mut Vec<u8>, write: &Write, rng: &mut impl Rng) {
    match write {
        Write::Length(_) if rng.random_bool(0.5) => {}
        Write::Length(len) => disk.resize(*len, 0),
        Write::Bytes { at, bytes } => {
            // A write's first sector may be a part of one.
            let first = (SECTOR - at % SECTOR).min(bytes.len());
            let (head, rest) = bytes.split_at(first);
            let mut at = *at;
            for sector in std::iter::once(head).chain(rest.chunks(SECTOR)) {
                if rng.random_bool(0.5) {
                    place(disk, at, sector);
                }
                at += sector.len();
            }
        }
    }
}

fn place(disk: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if disk.len() < end {
        disk.resize(end, 0);
    }
    disk[at..end].copy_from_slice(bytes);
}
