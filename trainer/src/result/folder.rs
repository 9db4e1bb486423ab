//! The result folder, written so that `training.json` is there last.

use super::adapter_file::{write_adapter, write_durably};
use super::card::card;
use super::{Manifest, PeftConfig, ResultError};
use crate::checkpoint::StepRecord;
use crate::digest::sha256;
use crate::state::Adapter;
use proto::Digest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub const ADAPTER_FILE: &str = "adapter_model.safetensors";
pub const CONFIG_FILE: &str = "adapter_config.json";
pub const STEPS_FILE: &str = "steps.jsonl";
pub const MANIFEST_FILE: &str = "training.json";

/// What goes into a result folder beside the figures.
#[derive(Clone, Copy, Debug)]
pub struct ResultFolder<'a> {
    pub path: &'a Path,
    pub adapter: &'a Adapter,
    pub config: &'a PeftConfig,
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
    let adapter = write_adapter(&folder.path.join(ADAPTER_FILE), folder.adapter)?;
    let mut files = BTreeMap::from([(ADAPTER_FILE.to_owned(), sha256(&adapter))]);
    for (name, text) in texts(folder, &manifest) {
        write_durably(&folder.path.join(name), text.as_bytes())?;
        files.insert(name.to_owned(), sha256(text.as_bytes()));
    }
    manifest.files = files;
    write_durably(
        &folder.path.join(MANIFEST_FILE),
        pretty(&manifest).as_bytes(),
    )?;
    Ok(manifest)
}

impl ResultFolder<'_> {
    pub fn adapter_path(&self) -> PathBuf {
        self.path.join(ADAPTER_FILE)
    }
}

fn texts(folder: ResultFolder<'_>, manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut texts = vec![
        (CONFIG_FILE, pretty(folder.config)),
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

/// Digests of the files of a folder, by name, for whoever checks a result.
pub fn digests(path: &Path, names: &[&str]) -> Result<BTreeMap<String, Digest>, ResultError> {
    let digest = |name: &&str| {
        let file = path.join(name);
        let bytes = fs::read(&file).map_err(ResultError::read(&file))?;
        Ok(((*name).to_owned(), sha256(&bytes)))
    };
    names.iter().map(digest).collect()
}
