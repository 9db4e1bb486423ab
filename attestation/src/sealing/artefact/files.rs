//! Files read and written, each failure named for what it is.

use super::ArtefactError;
use std::io::{self, Read, Seek, SeekFrom, Write};

pub(super) fn fill(
    source: &mut impl Read,
    len: usize,
    buffer: &mut Vec<u8>,
) -> Result<usize, ArtefactError> {
    buffer.clear();
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    let source = source.by_ref();
    source
        .take(len)
        .read_to_end(buffer)
        .map_err(ArtefactError::Read)
}

pub(super) fn write(out: &mut impl Write, bytes: &[u8]) -> Result<(), ArtefactError> {
    out.write_all(bytes).map_err(ArtefactError::Write)
}

pub(super) fn seek(out: &mut impl Seek, to: u64) -> Result<(), ArtefactError> {
    let moved = out.seek(SeekFrom::Start(to));
    moved.map(|_position| ()).map_err(ArtefactError::Write)
}

pub(super) fn seek_read(file: &mut impl Seek, to: u64) -> Result<(), ArtefactError> {
    let moved = file.seek(SeekFrom::Start(to));
    moved.map(|_position| ()).map_err(ArtefactError::Read)
}

pub(super) fn cut(error: io::Error) -> ArtefactError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        ArtefactError::Cut
    } else {
        ArtefactError::Read(error)
    }
}
