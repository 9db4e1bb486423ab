//! The result folder, written so that `training.json` is there last.

use super::card::card;
use super::{Manifest, ResultError};
use crate::checkpoint::StepRecord;
use crate::digest::sha256;
use crate::peft::{ADAPTER_FILE, AdapterConfig, CONFIG_FILE, write_adapter};
use crate::state::Adapter;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

pub const STEPS_FILE: &str = "steps.jsonl";
pub const MANIFEST_FILE: &str = "training.json";

/// What goes into a result folder beside the figures.
#[derive(Clone, Copy, Debug)]
pub struct ResultFolder<'a> {
    pub path: &'a Path,
    pub adapter: &'a Adapter,
    pub config: &'a AdapterConfig,
    pub records: &'a [StepRecord],
    /// The chat template, where the recipe gave its own.
    pub template: Option<&'a str>,
}

/// A step as `steps.jsonl` has it: for people the numbers, for judges the bits.
#[derive(Serialize)]
struct StepLine {
    loss: f64,
    grad_norm: f32,
    #[serde(flatten)]
    record: StepRecord,
}

/// Writes all files; the manifest, which names the digests of the others, last.
pub fn write_result(
    folder: ResultFolder<'_>,
    mut manifest: Manifest,
) -> Result<Manifest, ResultError> {
    fs::create_dir_all(folder.path).map_err(ResultError::write(folder.path))?;
    let stale = folder.path.join(MANIFEST_FILE);
    if stale.exists() {
        fs::remove_file(&stale).map_err(ResultError::write(&stale))?;
    }
    write_adapter(folder.path, folder.config, folder.adapter)
        .map_err(ResultError::write(folder.path))?;
    let mut files = digests(folder.path, &[ADAPTER_FILE, CONFIG_FILE])?;
    for (name, text) in texts(folder, &manifest) {
        write_durably(&folder.path.join(name), text.as_bytes())?;
        files.insert(name.to_owned(), sha256(text.as_bytes()).to_string());
    }
    manifest.files = files;
    write_durably(
        &folder.path.join(MANIFEST_FILE),
        pretty(&manifest).as_bytes(),
    )?;
    Ok(manifest)
}

fn texts(folder: ResultFolder<'_>, manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut texts = vec![
        ("README.md", card(manifest, folder.config)),
        (STEPS_FILE, steps(folder.records)),
    ];
    if let Some(template) = folder.template {
        texts.push(("chat_template.jinja", template.to_owned()));
    }
    texts
}

fn steps(records: &[StepRecord]) -> String {
    let lines = records.iter().map(|record| {
        let line = StepLine {
            loss: record.loss(),
            grad_norm: record.grad_norm(),
            record: *record,
        };
        serde_json::to_string(&line).expect("a step is numbers and digests") + "\n"
    });
    lines.collect()
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("results have text keys") + "\n"
}

/// Writes a file and waits until it is on the disk.
fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ResultError> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes));
    let synced = written.and_then(|()| sync(path));
    synced.map_err(ResultError::write(path))
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Digests of the files of a folder, by name, for whoever checks a result.
pub fn digests(path: &Path, names: &[&str]) -> Result<BTreeMap<String, String>, ResultError> {
    let digest = |name: &&str| {
        let file = path.join(name);
        let bytes = fs::read(&file).map_err(ResultError::read(&file))?;
        Ok(((*name).to_owned(), sha256(&bytes).to_string()))
    };
    names.iter().map(digest).collect()
}
