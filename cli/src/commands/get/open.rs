//! Opening: into a folder of its own beside the final one, which appears whole or not at all.

use super::Sealed;
use crate::home::cannot;
use crate::trouble::{Kind, Trouble};
use attestation::sealing::{OpeningKey, open_artefact, unwrap_result_key};
use proto::TaskId;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::path::Path;
use storage::{Limits, unpack};

pub(super) fn open(
    with: &OpeningKey,
    task: TaskId,
    wrapped: &[u8],
    sealed: &Sealed,
    out: &Path,
) -> Result<(), Trouble> {
    let key = unwrap_result_key(with, &task, wrapped).map_err(|error| {
        Trouble::because(
            Kind::NotAsPromised,
            "the key does not open with yours",
            &error,
        )
    })?;
    let parent = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
    let room = tempfile::Builder::new().prefix(".ft-").tempdir_in(parent);
    let room = room.map_err(|error| cannot("write in", parent, &error))?;
    let file = File::open(&sealed.path).map_err(|error| cannot("open", &sealed.path, &error))?;
    let mut package = tempfile::tempfile_in(room.path())
        .map_err(|error| cannot("write in", room.path(), &error))?;
    open_artefact(&key, sealed.signer, file, &mut package).map_err(|error| {
        Trouble::because(
            Kind::NotAsPromised,
            "the result does not open with its key",
            &error,
        )
    })?;
    package
        .seek(SeekFrom::Start(0))
        .map_err(|error| cannot("read in", room.path(), &error))?;
    let unpacked = room.path().join("adapter");
    unpack(package, &unpacked, Limits::default())?;
    fs::rename(&unpacked, out).map_err(|error| cannot("make", out, &error))
}
