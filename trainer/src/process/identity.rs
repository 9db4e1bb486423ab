//! The digest of a base model: its configuration and every weight file.

use crate::digest::{Hasher, HashingReader};
use proto::Digest;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

/// Hashes `config.json` and all weight files of a folder, in the order of their names.
pub fn model_digest(dir: &Path) -> io::Result<Digest> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_part(&name) {
            names.push(name);
        }
    }
    names.sort();
    let mut hasher = Hasher::labelled("sealtune model v1");
    for name in names {
        let file = file_digest(&dir.join(&name))?;
        hasher.part(name.as_bytes()).part(file.as_bytes());
    }
    Ok(hasher.finish())
}

fn is_part(name: &str) -> bool {
    name == "config.json"
        || [".safetensors", ".safetensors.index.json", ".gguf"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn file_digest(path: &Path) -> io::Result<Digest> {
    let mut reader = HashingReader::new(BufReader::with_capacity(1 << 20, File::open(path)?));
    io::copy(&mut reader, &mut io::sink())?;
    Ok(reader.finish().0)
}
