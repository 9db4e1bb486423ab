//! A tiny model, a recipe and data; and what an uninterrupted training makes of them.

use proto::{RecipeDigest, Root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use storage::{Links, LocalFolder, Packing};

pub(crate) const TRAINER: &str = env!("CARGO_BIN_EXE_e2e-trainer");

/// A recipe as it is signed.
pub(crate) struct Recipe {
    pub(crate) canonical: String,
    pub(crate) digest: RecipeDigest,
    file: PathBuf,
}

/// The model, as a folder and as a package in storage.
pub(crate) struct Model {
    pub(crate) folder: PathBuf,
    pub(crate) root: Root,
}

impl Model {
    pub(crate) fn make(folder: &Path, store: &LocalFolder) -> Self {
        let folder = folder.join("tiny");
        run(Command::new(TRAINER).arg("make-tiny").arg(&folder));
        let packing = Packing::of(&folder, Links::Refuse).unwrap();
        let root = store.put_reader(packing.reader()).unwrap().content.root;
        Self { folder, root }
    }
}

impl Recipe {
    pub(crate) fn of(folder: &Path, steps: u64) -> Self {
        let file = folder.join(format!("recipe-{steps}.yaml"));
        let text = format!(
            "base_model: tiny\nsequence_len: 64\nmicro_batch_size: 1\ngradient_accumulation_steps: 1\n\
             lora_r: 4\nmax_steps: {steps}\nlearning_rate: 0.001\nsave_steps: 20\n"
        );
        std::fs::write(&file, text).unwrap();
        let said = run(Command::new(TRAINER).arg("recipe").arg(&file));
        let said: Value = serde_json::from_slice(&said).unwrap();
        let digest = said["digest"].as_str().unwrap();
        Self {
            canonical: said["canonical"].as_str().unwrap().to_owned(),
            digest: RecipeDigest(digits(digest)),
            file,
        }
    }

    /// The tokens that are to be paid, by the trainer's own count.
    pub(crate) fn tokens(&self, model: &Model, data: &Path) -> u64 {
        let mut command = Command::new(TRAINER);
        command.arg("tokens").arg("--model").arg(&model.folder);
        command
            .arg("--data")
            .arg(data)
            .arg("--recipe")
            .arg(&self.file);
        let said: Value = serde_json::from_slice(&run(&mut command)).unwrap();
        let count = |key: &str| said[key].as_u64().unwrap();
        (count("tokens") * count("steps")).div_ceil(count("steps_per_epoch"))
    }

    /// An uninterrupted training: the adapter's bytes.
    pub(crate) fn train(&self, model: &Model, data: &Path, out: &Path) -> Vec<u8> {
        let mut command = Command::new(TRAINER);
        command.arg("run").arg("--model").arg(&model.folder);
        command
            .arg("--data")
            .arg(data)
            .arg("--recipe")
            .arg(&self.file);
        run(command.arg("--out").arg(out));
        std::fs::read(out.join("adapter_model.safetensors")).unwrap()
    }
}

/// Conversations that differ by the number.
pub(crate) fn data(folder: &Path, number: u64) -> PathBuf {
    let path = folder.join(format!("data-{number}.jsonl"));
    let line = |i: u64| {
        let (a, b) = (number * 31 + i, i * 7 + 1);
        format!(
            "{{\"prompt\":\"what is {a} and {b}? \",\"completion\":\"it is {}\"}}\n",
            a + b
        )
    };
    std::fs::write(&path, (0..24).map(line).collect::<String>()).unwrap();
    path
}

fn digits<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.trim_start_matches("0x"), &mut bytes).unwrap();
    bytes
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}
