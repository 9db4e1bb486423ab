//! What a run may ask for: refused with words and reasons, or bounded where words come too late.

#![allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "a test may stop, and its numbers are small"
)]

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use trainer::state::NamedTensor;
use trainer::tensorfile::write_f32;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sealtune-trainer");
const LINE: &str = "{\"messages\":[{\"role\":\"user\",\"content\":\"What is two plus one?\"},{\"role\":\"assistant\",\"content\":\"It is three.\"}]}\n";

/// A folder with a tiny model, a dataset and a plan that names both.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        trainer::tiny::write_model(&desk.at("model")).unwrap();
        fs::write(desk.at("data.jsonl"), LINE.repeat(8)).unwrap();
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, recipe: &Value, memory_bytes_max: Option<u64>) -> Output {
        let plan = json!({
            "model": self.at("model"), "data": self.at("data.jsonl"), "recipe": recipe, "out": self.at("out"),
            "threads": 1, "memory_bytes_max": memory_bytes_max,
        });
        fs::write(self.at("plan.json"), plan.to_string()).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("run").arg("--plan").arg(self.at("plan.json"));
        command.output().unwrap()
    }
}

fn failed(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().expect("an event");
    let event: Value = serde_json::from_str(last).unwrap();
    assert_eq!(event["event"], "failed", "{text}");
    event
}

fn recipe() -> Value {
    json!({"lora_r": 4, "sequence_len": 64, "max_steps": 1, "bf16": false})
}

#[test]
fn a_sequence_longer_than_the_model_reads_is_refused_with_both_numbers() {
    let mut recipe = recipe();
    recipe["sequence_len"] = json!(4096);

    let failed = failed(&Desk::new().run(&recipe, None));

    assert_eq!(
        (&failed["code"], &failed["reason"]),
        (&json!(19), &json!(106))
    );
    let words = failed["message"].as_str().unwrap();
    assert!(words.contains("4096") && words.contains("2048"), "{words}");
}

#[test]
fn what_is_wrong_with_model_or_data_has_a_reason_of_its_own() {
    // 4xx and 108 are numbers of proto's reasons.
    let cases = [
        ("data.jsonl", Some("{\"messages\":3}\n"), 403),
        ("data.jsonl", None, 400),
        (
            "model/config.json",
            Some("{\"architectures\":[\"MambaForCausalLM\"]}"),
            108,
        ),
        ("model/model.safetensors", None, 405),
        ("model/model.safetensors", Some("\u{1}"), 405),
        ("model/model.safetensors", Some("12345678{}"), 406),
        ("model/tokenizer.json", None, 405),
    ];
    for (name, text, reason) in cases {
        let desk = Desk::new();
        match text {
            Some(text) => fs::write(desk.at(name), text).unwrap(),
            None => fs::remove_file(desk.at(name)).unwrap(),
        }

        let failed = failed(&desk.run(&recipe(), None));

        assert_eq!(failed["reason"], reason, "{name} {failed}");
    }
}

#[test]
fn a_template_that_doubles_its_words_ends_its_own_process_alone() {
    let mut recipe = recipe();
    recipe["chat_template_jinja"] = json!(
        "{% set ns = namespace(x='twice and') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
    );

    let output = Desk::new().run(&recipe, Some(128 << 20));

    assert_eq!(output.status.code(), None, "it ends by a signal");
}

/// Norms of ones and matrices of zeros: as large as any others.
fn write_wide_model(folder: &Path) {
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let (hidden, fed, layers) = (256, 4096, 4);
    config["hidden_size"] = json!(hidden);
    config["head_dim"] = json!(64);
    config["intermediate_size"] = json!(fed);
    config["num_hidden_layers"] = json!(layers);
    fs::write(path, config.to_string()).unwrap();
    let mut tensors = vec![
        tensor("model.embed_tokens.weight", &[512, hidden]),
        tensor("lm_head.weight", &[512, hidden]),
        tensor("model.norm.weight", &[hidden]),
    ];
    for layer in 0..layers {
        for (part, shape) in [
            ("input_layernorm", vec![hidden]),
            ("post_attention_layernorm", vec![hidden]),
            ("self_attn.q_proj", vec![hidden, hidden]),
            ("self_attn.k_proj", vec![hidden / 2, hidden]),
            ("self_attn.v_proj", vec![hidden / 2, hidden]),
            ("self_attn.o_proj", vec![hidden, hidden]),
            ("mlp.gate_proj", vec![fed, hidden]),
            ("mlp.up_proj", vec![fed, hidden]),
            ("mlp.down_proj", vec![hidden, fed]),
        ] {
            let name = format!("model.layers.{layer}.{part}.weight");
            tensors.push(tensor(&name, &shape));
        }
    }
    write_f32(&folder.join("model.safetensors"), &tensors).unwrap();
}

fn tensor(name: &str, shape: &[usize]) -> NamedTensor {
    let value = if shape.len() == 1 { 1.0 } else { 0.0 };
    NamedTensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: vec![value; shape.iter().product()],
    }
}

#[test]
fn the_predicted_memory_is_what_the_process_takes() {
    for adapter in ["lora", "qlora"] {
        let desk = Desk::new();
        write_wide_model(&desk.at("model"));
        let mut recipe = recipe();
        recipe["adapter"] = json!(adapter);

        let output = desk.run(&recipe, None);

        assert!(output.status.success(), "{adapter}");
        let training = fs::read(desk.at("out/training.json")).unwrap();
        let training: Value = serde_json::from_slice(&training).unwrap();
        let bytes = |key: &str| training[key].as_u64().unwrap() as f64;
        let (predicted, peak) = (bytes("memory_predicted_bytes"), bytes("memory_peak_bytes"));
        // A large tokenizer is allowed for, and the tiny one does not take it.
        let tokenizer = f64::from(64 << 20);
        assert!(
            (0.95 * peak..1.15 * peak + tokenizer).contains(&predicted),
            "{adapter}: {predicted} for {peak}"
        );
    }
}
