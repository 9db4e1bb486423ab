//! Reading a package that comes from someone else.

use super::header::{BLOCK, RECORDS_BYTES_MAX, blocks, claim, read_records};
use super::name::{is_plain, parents};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::PathBuf;

/// A file in a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub size: u64,
}

/// How much a package may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub entries: usize,
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 10_000,
            bytes: 1 << 38,
        }
    }
}

/// Why a package cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("cannot read the package")]
    Read(#[source] io::Error),
    #[error("the package ends too early")]
    Cut,
    #[error("entry {0} is not in the one form a package has")]
    Form(usize),
    #[error("entry {0} has a name that could leave the folder")]
    Name(usize),
    #[error("entry {0} is out of order or there twice")]
    Order(usize),
    #[error("entry {0} lies below a file")]
    BelowFile(usize),
    #[error("more than {0} entries")]
    TooMany(usize),
    #[error("more than {0} bytes")]
    TooLarge(u64),
    #[error("something follows the end of the package")]
    Trailing,
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Reads a whole package; `each` is given every entry and exactly its bytes.
pub fn read_package(
    mut from: impl Read,
    limits: Limits,
    mut each: impl FnMut(&Entry, &mut dyn Read) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let mut seen = Seen {
        limits,
        names: BTreeSet::new(),
        bytes: 0,
    };
    while let Some(entry) = next_entry(&mut from, seen.names.len())? {
        seen.admit(&entry)?;
        let mut content = (&mut from).take(entry.size);
        each(&entry, &mut content)?;
        skip(&mut content)?;
        zeros(
            &mut from,
            entry.size.next_multiple_of(512) - entry.size,
            seen.names.len() - 1,
        )?;
    }
    let mut one = [0];
    match from.read(&mut one).map_err(UnpackError::Read)? {
        0 => Ok(()),
        _ => Err(UnpackError::Trailing),
    }
}

struct Seen {
    limits: Limits,
    names: BTreeSet<String>,
    bytes: u64,
}

impl Seen {
    fn admit(&mut self, entry: &Entry) -> Result<(), UnpackError> {
        let number = self.names.len();
        if number >= self.limits.entries {
            return Err(UnpackError::TooMany(self.limits.entries));
        }
        self.bytes = self.bytes.saturating_add(entry.size);
        if self.bytes > self.limits.bytes {
            return Err(UnpackError::TooLarge(self.limits.bytes));
        }
        if !is_plain(&entry.name) {
            return Err(UnpackError::Name(number));
        }
        if self.names.last().is_some_and(|last| *last >= entry.name) {
            return Err(UnpackError::Order(number));
        }
        if parents(&entry.name).any(|parent| self.names.contains(parent)) {
            return Err(UnpackError::BelowFile(number));
        }
        self.names.insert(entry.name.clone());
        Ok(())
    }
}

/// The next entry's header, which must be the very one its name and size have.
pub(super) fn next_entry(
    from: &mut impl Read,
    number: usize,
) -> Result<Option<Entry>, UnpackError> {
    let mut raw = read_block(from)?.to_vec();
    if raw.iter().all(|byte| *byte == 0) {
        return match read_block(from)? {
            last if last.iter().all(|byte| *byte == 0) => Ok(None),
            _ => Err(UnpackError::Form(number)),
        };
    }
    let form = || UnpackError::Form(number);
    let first = claim(raw.first_chunk().ok_or_else(form)?);
    let (mut name, mut size) = (None, None);
    let mut header = first;
    if header.kind == b'x' {
        let length = header
            .size
            .filter(|length| *length <= RECORDS_BYTES_MAX)
            .ok_or_else(form)?;
        let records = read_records_block(from, length)?;
        let length = usize::try_from(length).map_err(|_large| form())?;
        (name, size) = read_records(&records[..length]).ok_or_else(form)?;
        let block = read_block(from)?;
        header = claim(&block);
        raw.extend(records);
        raw.extend(block);
    }
    let name = name.or(header.name).ok_or_else(form)?;
    let size = size.or(header.size).ok_or_else(form)?;
    if raw != blocks(&name, size) {
        return Err(form());
    }
    Ok(Some(Entry { name, size }))
}

fn read_records_block(from: &mut impl Read, length: u64) -> Result<Vec<u8>, UnpackError> {
    let blocks = length.div_ceil(512);
    let mut records = Vec::new();
    for _block in 0..blocks {
        records.extend(read_block(from)?);
    }
    Ok(records)
}

fn read_block(from: &mut impl Read) -> Result<[u8; BLOCK], UnpackError> {
    let mut block = [0; BLOCK];
    from.read_exact(&mut block).map_err(cut)?;
    Ok(block)
}

fn cut(error: io::Error) -> UnpackError {
    let ended = error.kind() == io::ErrorKind::UnexpectedEof;
    if ended {
        UnpackError::Cut
    } else {
        UnpackError::Read(error)
    }
}

/// Reads what nobody wanted of an entry; its end must be there.
fn skip(content: &mut io::Take<impl Read>) -> Result<(), UnpackError> {
    io::copy(content, &mut io::sink()).map_err(UnpackError::Read)?;
    if content.limit() == 0 {
        Ok(())
    } else {
        Err(UnpackError::Cut)
    }
}

fn zeros(from: &mut impl Read, count: u64, number: usize) -> Result<(), UnpackError> {
    let mut fill = [0; BLOCK];
    let fill = &mut fill[..usize::try_from(count).map_err(|_large| UnpackError::Form(number))?];
    from.read_exact(fill).map_err(cut)?;
    if fill.iter().all(|byte| *byte == 0) {
        Ok(())
    } else {
        Err(UnpackError::Form(number))
    }
}
