//! The trainer, tried for real: a tiny model, a few steps, and a loss that falls.

use super::Finding;
use serde_json::Value;
use std::env::current_exe;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const NAME: &str = "sealtune-trainer";
const HINT: &str = "install sealtune-trainer beside sealtune-node, or name it with --trainer";

const DATA: &str = r#"{"prompt": "one two three", "completion": "four five six"}
{"prompt": "four five six", "completion": "one two three"}
"#;
const RECIPE: &str = "num_epochs: 20\nlearning_rate: 0.01\nmicro_batch_size: 1\nsequence_len: 64\n";

pub(super) fn examine(given: Option<&Path>) -> Finding {
    let Some(trainer) = given.map(PathBuf::from).or_else(beside) else {
        return Finding::failed("trainer", "it is not there", HINT);
    };
    match try_out(&trainer) {
        Ok(Ok(learnt)) if learnt.last < learnt.first => Finding::ok(
            "trainer",
            format!(
                "the loss of a tiny training fell from {:.3} to {:.3} at {:.0} tokens a second",
                learnt.first, learnt.last, learnt.tokens_per_sec
            ),
        ),
        Ok(Ok(learnt)) => Finding::failed(
            "trainer",
            format!(
                "the loss went from {:.3} to {:.3}",
                learnt.first, learnt.last
            ),
            "this machine computes wrongly, or the trainer is broken",
        ),
        Ok(Err(said)) => Finding::failed("trainer", said, "run it by hand to see more"),
        Err(error) => Finding::failed("trainer", format!("{}: {error}", trainer.display()), HINT),
    }
}

/// What a tiny training showed.
#[derive(Clone, Copy, Debug)]
struct Learnt {
    first: f64,
    last: f64,
    tokens_per_sec: f64,
}

fn beside() -> Option<PathBuf> {
    let path = current_exe().ok()?.with_file_name(NAME);
    path.exists().then_some(path)
}

fn try_out(trainer: &Path) -> io::Result<Result<Learnt, String>> {
    let folder = Scratch::new()?;
    let path = |name: &str| folder.0.join(name);
    fs::write(path("data.jsonl"), DATA)?;
    fs::write(path("recipe.yaml"), RECIPE)?;
    let made = run(trainer, &["make-tiny".into(), path("tiny")])?;
    if !made.status.success() {
        return Ok(Err(said(&made)));
    }
    let arguments = [
        "run".into(),
        "--model".into(),
        path("tiny"),
        "--data".into(),
        path("data.jsonl"),
        "--recipe".into(),
        path("recipe.yaml"),
        "--out".into(),
        path("out"),
    ];
    let output = run(trainer, &arguments)?;
    let steps = steps(&output.stdout);
    Ok(learnt(&steps)
        .filter(|_| output.status.success())
        .ok_or_else(|| said(&output)))
}

fn run(trainer: &Path, arguments: &[PathBuf]) -> io::Result<Output> {
    Command::new(trainer)
        .args(arguments)
        .stdin(Stdio::null())
        .env_clear()
        .output()
}

/// Its last line, which names what failed.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(if output.stderr.is_empty() {
        &output.stdout
    } else {
        &output.stderr
    });
    let last = text.lines().last().unwrap_or("it said nothing");
    format!("{}: {last}", output.status)
}

fn steps(stdout: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(stdout);
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.filter(|event| event["event"] == "step").collect()
}

fn learnt(steps: &[Value]) -> Option<Learnt> {
    let loss = |step: &Value| step["loss"].as_f64();
    Some(Learnt {
        first: loss(steps.first()?)?,
        last: loss(steps.last()?)?,
        tokens_per_sec: steps.last()?["tok_s"].as_f64()?,
    })
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let name = format!("sealtune-doctor-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
