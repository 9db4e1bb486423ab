//! `sealtune-attest inspect`: every field of a file, with its meaning. It judges nothing.

mod bundle;
mod certificate;
mod gpu;
mod row;
mod sealed;
mod snp;
mod tdx;

use super::{Exit, Failure, read};
use row::Section;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Enough to tell what a file is.
const HEAD_LEN: u64 = 512;
const TAR_MAGIC_AT: usize = 257;

/// Prints every field of a file with its meaning. Nothing is verified.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An SEV-SNP report (alone, with a certificate table behind it, or Azure's), a TDX
    /// quote, an NVIDIA device's evidence or reference file, a bundle (a folder or an
    /// archive), or a sealed blob.
    file: PathBuf,
}

/// What a file is, as its first bytes say.
enum Kind {
    Bundle,
    Sealed,
    Device,
    Manifest,
    Quote,
    Report,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    for section in sections(&args.file)? {
        section.write(out)?;
    }
    Ok(Exit::Accepted)
}

fn sections(path: &Path) -> Result<Vec<Section>, Failure> {
    let whole = || read(path, FILE_BYTES_MAX);
    match Kind::of(path)? {
        Kind::Bundle => bundle::sections(path),
        Kind::Sealed => sealed::section(path).map(|section| vec![section]),
        Kind::Device => gpu::section(path, &whole()?).map(|section| vec![section]),
        Kind::Manifest => gpu::manifest(path, &whole()?).map(|section| vec![section]),
        Kind::Quote => tdx::section(path, &whole()?).map(|section| vec![section]),
        Kind::Report => snp::section(path, &whole()?).map(|section| vec![section]),
    }
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            return Ok(Self::Bundle);
        }
        let head = head(path).map_err(|source| Failure::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::of_head(&head))
    }

    /// What is nothing else is taken for a report, whose parser says what is wrong.
    fn of_head(head: &[u8]) -> Self {
        let tar = head.get(TAR_MAGIC_AT..).unwrap_or_default();
        match head {
            [b's', b'e', b'a', b'l', b't', b'u', b'n', b'e', ..] => Self::Sealed,
            [b'<', ..] => Self::Manifest,
            [0x11, 0xe0, ..] => Self::Device,
            [4 | 5, 0, 2, 0, 0x81, 0, 0, 0, ..] => Self::Quote,
            _ if tar.starts_with(b"ustar") => Self::Bundle,
            _ => Self::Report,
        }
    }
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_LEN).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests;
