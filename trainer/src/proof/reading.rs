//! Model and adapter folders: what is read, what is refused and in which words, and what merging gives.

use std::path::Path;

use serde_json::{Value, json};

use super::specs::{FormulaWeights, batch, settings, start};
use crate::backend::Backend;
use crate::cpu::{CpuEngine, MemoryPlan};
use crate::merge::merge;
use crate::model::{ModelError, ModelSpec, Weights, read_spec};
use crate::peft::{AdapterConfig, read_adapter, read_adapter_config, write_adapter};
use crate::settings::Projection;
use crate::state::NamedTensor;
use crate::tensorfile::write_f32;

fn config() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "hidden_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 52, "vocab_size": 67, "rms_norm_eps": 1e-5,
        "hidden_act": "silu", "rope_theta": 10000.0, "tie_word_embeddings": false,
    })
}

fn spec_with(changes: Value) -> Result<ModelSpec, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    read_spec(folder.path())
}

fn refusal(changes: Value) -> String {
    spec_with(changes).unwrap_err().to_string()
}

/// The whole folder of a two-layer Llama.
fn write_model(folder: &Path) {
    std::fs::write(folder.join("config.json"), config().to_string()).unwrap();
    let spec = read_spec(folder).unwrap();
    let mut tensors = Vec::new();
    let mut matrix = |name: String, rows: usize, cols: usize| {
        let values = FormulaWeights.matrix(&name, rows, cols).unwrap().to_f32();
        tensors.push(NamedTensor {
            name,
            shape: vec![rows, cols],
            values,
        });
    };
    matrix("model.embed_tokens.weight".into(), 67, 40);
    matrix("lm_head.weight".into(), 67, 40);
    for layer in 0..2 {
        for projection in spec.projections() {
            let (inputs, outputs) = spec.shape_of(*projection);
            matrix(
                format!("{}.weight", ModelSpec::module(layer, *projection)),
                outputs,
                inputs,
            );
        }
    }
    let norms = (0..2).flat_map(|l| {
        ["input_layernorm", "post_attention_layernorm"]
            .map(|n| format!("model.layers.{l}.{n}.weight"))
    });
    for name in norms.chain(["model.norm.weight".to_owned()]) {
        let values = FormulaWeights.vector(&name, 40).unwrap();
        tensors.push(NamedTensor {
            name,
            shape: vec![40],
            values,
        });
    }
    write_f32(&folder.join("model.safetensors"), &tensors).unwrap();
}

#[test]
fn a_rope_base_is_read_from_old_and_new_keys_and_never_guessed() {
    let old = spec_with(json!({"rope_theta": 5e5})).unwrap();
    let new = spec_with(
        json!({"rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}),
    );

    assert_eq!(old.ropes, new.unwrap().ropes);
    assert_eq!(
        refusal(json!({"rope_theta": null})),
        "config.json: rope_theta is missing"
    );
}

#[test]
fn what_is_not_trained_here_is_refused_by_name() {
    let cases = [
        (
            json!({"architectures": ["MambaForCausalLM"]}),
            "MambaForCausalLM",
        ),
        (json!({"hidden_act": "relu2"}), "relu2"),
        (
            json!({"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}),
            "dynamic",
        ),
        (
            json!({"quantization_config": {"quant_method": "awq"}}),
            "awq",
        ),
        (json!({"hidden_size": null}), "hidden_size"),
        (json!({"num_attention_heads": 0}), "num_attention_heads"),
        (json!({"vocab_size": "many"}), "vocab_size"),
    ];
    for (changes, word) in cases {
        assert!(refusal(changes).contains(word), "{word}");
    }
}

#[test]
fn a_model_folder_trains_and_its_memory_is_known_before() {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());

    let engine = CpuEngine::load_frozen(folder.path(), &settings()).unwrap();
    let plan = MemoryPlan::of(folder.path(), &settings()).unwrap();

    assert_eq!(plan.activations, engine.arena_bytes() as u64);
    assert!(plan.weights >= 4 * engine.spec().parameters());
}

#[test]
fn a_truncated_or_incomplete_model_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());
    let path = folder.path().join("model.safetensors");
    let whole = std::fs::read(&path).unwrap();
    let opened = || CpuEngine::load_frozen(folder.path(), &settings()).unwrap_err();

    for len in [0, 5, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..len]).unwrap();
        assert!(
            matches!(opened(), crate::backend::BackendError::Model(_)),
            "cut to {len}"
        );
    }
    let name = b"model.norm.weight";
    let changed = whole.windows(name.len()).position(|w| w == name).unwrap();
    let mut renamed = whole;
    renamed[changed] = b'M';
    std::fs::write(&path, renamed).unwrap();
    assert!(
        opened()
            .to_string()
            .contains("tensor model.norm.weight is missing")
    );
}

#[test]
fn an_adapter_folder_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let engine = super::specs::engine(&super::specs::llama(), &settings());
    let adapter = start(&engine).adapter;
    let config = AdapterConfig::new("base", &settings().lora, engine.spec().projections());

    write_adapter(folder.path(), &config, &adapter).unwrap();

    assert_eq!(read_adapter(folder.path()).unwrap(), adapter);
    let read = read_adapter_config(folder.path()).unwrap();
    assert_eq!(read, config);
    let lora = read.settings().unwrap();
    assert!(lora.targets.contains(&Projection::Down) && lora.rank == settings().lora.rank);
}

#[test]
fn merged_weights_answer_as_base_and_adapter_do() {
    let (base, tuned, out) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    write_model(base.path());
    let mut engine = CpuEngine::load_frozen(base.path(), &settings()).unwrap();
    let state = start(&engine);
    engine.restore(&state).unwrap();
    let config = AdapterConfig::new("base", &settings().lora, engine.spec().projections());
    write_adapter(tuned.path(), &config, &state.adapter).unwrap();

    merge(base.path(), tuned.path(), out.path()).unwrap();

    let expected = engine.logits(&batch()).unwrap();
    let mut merged = CpuEngine::load_frozen(out.path(), &settings()).unwrap();
    let untuned = CpuEngine::load_frozen(base.path(), &settings())
        .unwrap()
        .logits(&batch())
        .unwrap();
    let got = merged.logits(&batch()).unwrap();
    let far = |x: &[f32]| {
        x.iter()
            .zip(&expected)
            .map(|(x, e)| (x - e).abs())
            .fold(0.0, f32::max)
    };
    assert!(
        far(&got) < 1e-3 && far(&untuned) > 0.1,
        "{} {}",
        far(&got),
        far(&untuned)
    );
}
