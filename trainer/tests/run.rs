//! The program as others run it: codes, progress, and the same bytes after any kill.

#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop, and its numbers are small"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the long form is asked for by an environment variable"
)]

use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sealtune-trainer");

/// A folder with a tiny model, a dataset and a recipe.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new(recipe: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let desk = Self { dir };
        trainer::tiny::write_model(&desk.at("model")).unwrap();
        fs::write(desk.at("data.jsonl"), dataset()).unwrap();
        fs::write(desk.at("recipe.yaml"), recipe).unwrap();
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, out: &str, more: &[&str]) -> Command {
        let mut command = self.run_on(out, 1);
        command.args(more);
        command
    }

    fn run_on(&self, out: &str, threads: usize) -> Command {
        let mut command = Command::new(PROGRAM);
        let args = [
            ("--model", "model"),
            ("--data", "data.jsonl"),
            ("--recipe", "recipe.yaml"),
            ("--out", out),
        ];
        command.arg("run");
        for (flag, name) in args {
            command.arg(flag).arg(self.at(name));
        }
        command.arg("--threads").arg(threads.to_string());
        command
    }

    /// Runs with checkpoints in the folder of that name.
    fn run_kept(&self, out: &str, checkpoints: &str) -> Command {
        let mut command = self.run(out, &["--resume"]);
        command.arg("--checkpoint-dir").arg(self.at(checkpoints));
        command
    }
}

fn dataset() -> String {
    let mut lines = String::new();
    for at in 0..24 {
        let (question, answer) = (
            format!("What is {at} plus one?"),
            format!("It is {}.", at + 1),
        );
        writeln!(lines, r#"{{"messages":[{{"role":"user","content":"{question}"}},{{"role":"assistant","content":"{answer}"}}]}}"#).unwrap();
    }
    lines
}

const RECIPE: &str = "lora_r: 4\nlora_alpha: 8\nlora_dropout: 0.1\nsequence_len: 128\nmicro_batch_size: 1\ngradient_accumulation_steps: 2\nnum_epochs: 4\nlearning_rate: 0.003\nsave_steps: 2\nsave_total_limit: 3\nval_set_size: 4\nbf16: false\n";

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["event"] == name)
        .collect()
}

/// The files that must be the same whatever happened on the way.
fn bytes(out: &Path) -> Vec<Vec<u8>> {
    let names = [
        "adapter_model.safetensors",
        "adapter_config.json",
        "steps.jsonl",
    ];
    names
        .iter()
        .map(|name| fs::read(out.join(name)).unwrap())
        .collect()
}

fn code(mut command: Command) -> (Option<i32>, Vec<Value>) {
    let output = command.output().unwrap();
    let events = events(&output);
    (output.status.code(), events)
}

#[test]
fn a_run_learns_and_leaves_a_peft_folder() {
    let desk = Desk::new(RECIPE);

    let output = desk.run("out", &[]).output().unwrap();

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let events = events(&output);
    let losses: Vec<f64> = named(&events, "step")
        .iter()
        .map(|step| step["loss"].as_f64().unwrap())
        .collect();
    assert!(losses.last() < losses.first(), "{losses:?}");
    let evals = named(&events, "eval");
    assert!(evals.last().unwrap()["eval_loss"].as_f64() < evals[0]["eval_loss"].as_f64());
    let manifest: Value =
        serde_json::from_slice(&fs::read(desk.at("out/training.json")).unwrap()).unwrap();
    let finished = named(&events, "finished")[0];
    assert_eq!(manifest["chain"], finished["chain"]);
    assert_eq!(manifest["dataset"]["examples"], 24);
    assert!(desk.at("out/README.md").exists());
}

#[test]
fn a_run_killed_at_random_points_and_resumed_gives_the_same_bytes() {
    let desk = Desk::new(RECIPE);
    assert!(desk.run("whole", &[]).output().unwrap().status.success());
    let kills: u64 = std::env::var("SEALTUNE_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4);
    let mut survived = 0;
    for kill in 0..kills {
        let checkpoints = format!("ckpt-{kill}");
        // Points anywhere in the output: steps, checkpoints, evaluations, before the first.
        let lines = kill.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
        let mut child = desk
            .run_kept("killed", &checkpoints)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .take(lines as usize + 1)
            .count();
        child.kill().unwrap();
        child.wait().unwrap();
        survived += u64::from(said > lines as usize);

        let output = desk.run_kept("killed", &checkpoints).output().unwrap();

        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            bytes(&desk.at("killed")),
            bytes(&desk.at("whole")),
            "killed after {said} lines"
        );
    }
    assert!(survived > 0, "no run was killed on its way");
}

#[test]
fn a_signal_leaves_a_checkpoint_and_its_own_code() {
    let desk = Desk::new(&RECIPE.replace("num_epochs: 4", "num_epochs: 4000"));
    let mut child = desk
        .run_kept("out", "ckpt")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines
        .by_ref()
        .find(|line| line.as_ref().unwrap().contains("\"step\""));
    assert!(first.is_some());

    // The shell has its own kill; a minimal system has no program of that name.
    let order = format!("kill {}", child.id());
    let killed = Command::new("sh").args(["-c", &order]).status().unwrap();
    let last = lines.map(Result::unwrap).last().unwrap();

    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(17));
    let stopped: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(stopped["event"], "stopped");
    let newest = trainer::checkpoint::Folder::open(&desk.at("ckpt"), 3)
        .unwrap()
        .newest()
        .unwrap();
    assert_eq!(
        Some(newest.snapshot.unwrap().progress.step),
        stopped["step"].as_u64()
    );
}

#[test]
fn one_thread_and_three_give_the_same_bytes() {
    let desk = Desk::new(RECIPE);

    assert!(desk.run("one", &[]).output().unwrap().status.success());
    let output = desk.run_on("three", 3).output().unwrap();

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(bytes(&desk.at("one")), bytes(&desk.at("three")));
}

#[test]
fn plan_and_data_may_both_come_on_standard_input() {
    let desk = Desk::new(RECIPE);
    assert!(desk.run("flags", &[]).output().unwrap().status.success());
    let recipe = trainer::recipe::Recipe::parse(RECIPE).unwrap();
    let plan = serde_json::json!({
        "model": desk.at("model"), "data": "-", "recipe": recipe, "out": desk.at("piped"), "threads": 1,
    });

    let mut child = Command::new(PROGRAM)
        .arg("run")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    write!(input, "{plan}\n{}", dataset()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();

    assert!(output.status.success());
    assert_eq!(bytes(&desk.at("piped")), bytes(&desk.at("flags")));
}

#[test]
fn a_window_is_replayed_and_a_forged_step_is_found() {
    let desk = Desk::new(RECIPE);
    assert!(
        desk.run_kept("out", "ckpt")
            .output()
            .unwrap()
            .status
            .success()
    );
    let steps = trainer::checkpoint::Folder::open(&desk.at("ckpt"), 3)
        .unwrap()
        .steps()
        .unwrap();
    let (from, to) = (steps[0].to_string(), steps.last().unwrap().to_string());
    let replay = || {
        let mut command = desk.run_kept("out", "ckpt");
        command.args(["--from", &from, "--to", &to]);
        code(command)
    };

    let (honest, events) = replay();
    let path = desk.at("out/steps.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let last = text.lines().last().unwrap();
    let mut forged: Value = serde_json::from_str(last).unwrap();
    forged["loss_bits"] = (forged["loss_bits"].as_u64().unwrap() ^ 1).into();
    fs::write(&path, text.replace(last, &forged.to_string())).unwrap();

    assert_eq!(honest, Some(0));
    assert!(named(&events, "replayed")[0]["same_bits"].as_u64() > Some(0));
    assert_eq!(replay().0, Some(16));
}

#[test]
fn every_kind_of_failure_has_its_code() {
    let desk = Desk::new(RECIPE);
    let broken = |name: &str, text: &str, expected: i32| {
        let path = desk.at(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        let (code, events) = code(desk.run("out", &[]));
        fs::write(&path, good).unwrap();
        assert_eq!(code, Some(expected), "{name}");
        let failed = named(&events, "failed");
        assert_eq!(failed[0]["code"], expected, "{name}");
        assert!(!failed[0]["message"].as_str().unwrap().is_empty());
    };

    broken("recipe.yaml", "lora_rr: 4", 19);
    broken("data.jsonl", "{\"messages\":3}\n", 11);
    broken("model/config.json", "{\"model_type\":\"mamba\"}", 10);
    broken("model/tokenizer.json", "{}", 10);
    broken("model/chat_template.jinja", "{% if %}", 10);
    assert_eq!(code(desk.run("out", &["--device", "tpu:9"])).0, Some(18));
    assert_eq!(code(desk.run("out", &["--colour"])).0, Some(2));
}

#[test]
fn a_model_file_that_ends_too_early_is_refused() {
    let desk = Desk::new(RECIPE);
    let path = desk.at("model/model.safetensors");
    let whole = fs::read(&path).unwrap();
    for len in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();

        assert_eq!(code(desk.run("out", &[])).0, Some(10), "cut to {len} bytes");
    }
}

#[test]
fn a_run_that_would_not_fit_is_refused_before_it_starts() {
    let desk = Desk::new(RECIPE);
    let plan = serde_json::json!({
        "model": desk.at("model"), "data": desk.at("data.jsonl"), "recipe": desk.at("recipe.yaml"),
        "out": desk.at("out"), "memory_bytes_max": 1000,
    });
    fs::write(desk.at("plan.json"), plan.to_string()).unwrap();

    let output = Command::new(PROGRAM)
        .arg("run")
        .arg("--plan")
        .arg(desk.at("plan.json"))
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(13));
}

#[test]
fn tokens_are_counted_as_the_run_counts_them() {
    let desk = Desk::new(RECIPE);

    let output = Command::new(PROGRAM)
        .arg("tokens")
        .args(["--model".into(), desk.at("model")])
        .args(["--data".into(), desk.at("data.jsonl")])
        .args(["--recipe".into(), desk.at("recipe.yaml")])
        .output()
        .unwrap();
    let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (_, events) = code(desk.run("out", &[]));

    let planned = named(&events, "planned")[0];
    assert_eq!(counted["steps"], planned["steps"]);
    assert_eq!(counted["tokens"], planned["tokens_per_epoch"]);
}

/// Nothing the data could be would make it fit.
#[test]
fn a_recipe_for_more_memory_than_there_may_be_is_refused_with_the_count() {
    let desk = Desk::new(RECIPE);
    let counted = |bytes: &str| {
        let output = Command::new(PROGRAM)
            .arg("tokens")
            .args(["--model".into(), desk.at("model")])
            .args(["--data".into(), desk.at("data.jsonl")])
            .args(["--recipe".into(), desk.at("recipe.yaml")])
            .args(["--memory-bytes-max", bytes])
            .output();
        output.unwrap().status.code()
    };

    assert_eq!(counted("64000000"), Some(13));
    assert_eq!(counted("4000000000"), Some(0));
}

#[test]
fn an_evaluation_sees_that_the_tuned_model_is_better() {
    let desk = Desk::new(RECIPE);
    assert!(desk.run("out", &[]).output().unwrap().status.success());

    let output = Command::new(PROGRAM)
        .arg("eval")
        .args(["--model".into(), desk.at("model")])
        .args(["--data".into(), desk.at("data.jsonl")])
        .args(["--adapter".into(), desk.at("out")])
        .output()
        .unwrap();

    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        compared["tuned"]["loss"].as_f64() < compared["base"]["loss"].as_f64(),
        "{compared}"
    );
    assert_eq!(compared["tuned"]["labels"], compared["base"]["labels"]);
}
