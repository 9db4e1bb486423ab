//! Recipes: what is accepted, what is refused and how, and what is signed.

#![allow(clippy::panic, reason = "a test may stop")]

use recipe::{AdapterKind, Recipe, RecipeError, Scheduler};

fn refusal(text: &str) -> String {
    Recipe::parse(text).expect_err("it is refused").to_string()
}

#[test]
fn axolotls_names_are_understood_in_yaml_and_in_json() {
    let yaml = "base_model: Qwen/Qwen2.5-0.5B-Instruct\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_modules:\n  - q_proj\n  - v_proj\nlearning_rate: 2e-4\nlr_scheduler: linear\nnum_epochs: 3\nval_set_size: 0.05\nbf16: auto\n";
    let json = r#"{"base_model":"Qwen/Qwen2.5-0.5B-Instruct","adapter":"lora","lora_r":8,"lora_alpha":16,"lora_target_modules":["q_proj","v_proj"],"learning_rate":0.0002,"lr_scheduler":"linear","num_epochs":3,"val_set_size":0.05,"bf16":"auto"}"#;

    let (yaml, json) = (Recipe::parse(yaml), Recipe::parse(json));

    assert_eq!(yaml, json);
    let recipe = yaml.expect("a good recipe");
    assert_eq!((recipe.lora_r, recipe.lr_scheduler), (8, Scheduler::Linear));
}

#[test]
fn a_misspelt_key_is_refused_with_the_one_that_was_meant() {
    assert_eq!(
        refusal("lora_rr: 8"),
        "`lora_rr` is no key of a recipe; did you mean `lora_r`?"
    );
    assert_eq!(
        refusal("learning_rte: 1"),
        "`learning_rte` is no key of a recipe; did you mean `learning_rate`?"
    );
    assert_eq!(
        refusal("something_else_entirely: 1"),
        "`something_else_entirely` is no key of a recipe"
    );
}

#[test]
fn other_trainers_names_are_refused_with_ours() {
    assert_eq!(
        refusal("num_train_epochs: 3"),
        "`num_train_epochs` is no key of a recipe; did you mean `num_epochs`?"
    );
    assert_eq!(
        refusal("cutoff_len: 3"),
        "`cutoff_len` is no key of a recipe; did you mean `sequence_len`?"
    );
    assert!(refusal("datasets: []").contains("the order names its dataset"));
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_by_its_key() {
    let error = Recipe::parse("lora_r: 8\nnum_epochs: many").expect_err("it is refused");

    assert!(
        matches!(&error, RecipeError::Value { key, .. } if key == "num_epochs"),
        "{error}"
    );
}

#[test]
fn numbers_out_of_range_are_refused_by_their_key() {
    for (text, key) in [
        ("lora_r: 0", "lora_r"),
        ("lora_r: 1000", "lora_r"),
        ("learning_rate: 0", "learning_rate"),
        ("learning_rate: .inf", "learning_rate"),
        ("lora_dropout: 1", "lora_dropout"),
        ("val_set_size: 1.5", "val_set_size"),
        ("sequence_len: 4", "sequence_len"),
        ("max_steps: 0", "max_steps"),
        ("seed: 9007199254740992", "seed"),
        ("lora_target_modules: [lm_head]", "lora_target_modules"),
        ("early_stopping_patience: 2", "early_stopping_patience"),
        ("save_steps: 5\nsaves_per_epoch: 2", "saves_per_epoch"),
        ("recipe_version: 2", "recipe_version"),
    ] {
        let error = Recipe::parse(text).expect_err(text);
        assert!(
            error.to_string().contains(&format!("`{key}`")),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    assert!(matches!(
        Recipe::parse("seed: 1\nseed: 2"),
        Err(RecipeError::Syntax(_))
    ));
    assert!(matches!(
        Recipe::parse(r#"{"seed":1,"seed":2}"#),
        Err(RecipeError::Syntax(_))
    ));
}

#[test]
fn an_empty_recipe_is_the_defaults() {
    assert_eq!(Recipe::parse(""), Ok(Recipe::default()));
    assert_eq!(Recipe::parse("max_steps:"), Ok(Recipe::default()));
    assert_eq!(Recipe::parse("{}"), Ok(Recipe::default()));
}

#[test]
fn what_says_the_same_has_the_same_digest() {
    let digest = |text: &str| Recipe::parse(text).expect("a good recipe").digest();
    let defaults = digest("");

    assert_eq!(
        digest(
            "lora_r: 16\nadapter: lora\noptimizer: adamw\nlora_target_modules: all-linear\nlora_target_linear: true\nbf16: auto"
        ),
        defaults
    );
    assert_eq!(digest("load_in_4bit: true"), digest("adapter: qlora"));
    assert_ne!(digest("seed: 43"), defaults);
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    assert!(refusal("adapter: lora\nload_in_4bit: true").contains("load_in_4bit"));
    assert!(
        refusal("lora_target_linear: true\nlora_target_modules: [q_proj]")
            .contains("lora_target_linear")
    );
    assert_eq!(
        Recipe::parse("load_in_4bit: true").expect("good").adapter,
        AdapterKind::Qlora
    );
}

#[test]
fn the_digest_of_the_defaults_never_changes() {
    // An order signed yesterday must mean the same today. Who changes a default
    // raises `recipe_version` and keeps this line for version 1.
    assert_eq!(
        Recipe::default().canonical(),
        "{\"adam_beta1\":0.9,\"adam_beta2\":0.999,\"adam_epsilon\":1e-8,\"adapter\":\"lora\",\"bad_lines_max\":0,\"bf16\":\"auto\",\"cosine_min_lr_ratio\":0,\"early_stopping_threshold\":0,\"gradient_accumulation_steps\":4,\"learning_rate\":0.0002,\"logging_steps\":1,\"lora_alpha\":32,\"lora_alpha_pattern\":{},\"lora_dropout\":0,\"lora_r\":16,\"lora_rank_pattern\":{},\"lora_target_modules\":[],\"loss_watchdog_patience\":3,\"lr_scheduler\":\"cosine\",\"max_grad_norm\":1,\"micro_batch_size\":1,\"num_epochs\":1,\"optimizer\":\"adamw_torch\",\"peft_use_rslora\":false,\"recipe_version\":1,\"sample_packing\":true,\"save_total_limit\":2,\"seed\":42,\"sequence_len\":2048,\"train_on_inputs\":false,\"val_set_size\":0,\"warmup_ratio\":0.03,\"weight_decay\":0}"
    );
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_from_anywhere_never_panics(text in "\\PC{0,200}") {
            drop(Recipe::parse(&text));
        }

        #[test]
        fn a_canonical_recipe_is_the_same_recipe(
            rank in 1_usize..=256, alpha in 0.001_f64..1000.0, rate in 1e-9_f64..1.0, seed in 0_u64..1 << 53,
        ) {
            let text = format!("lora_r: {rank}\nlora_alpha: {alpha}\nlearning_rate: {rate}\nseed: {seed}");
            let recipe = Recipe::parse(&text).expect("a good recipe");

            let again = Recipe::parse(&recipe.canonical()).expect("a good recipe");

            prop_assert_eq!(again.digest(), recipe.digest());
        }
    }
}
