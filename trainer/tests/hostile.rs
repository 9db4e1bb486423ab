//! Bytes from outside, made of pieces that look right: an answer or a refusal, never a panic.
//!
//! The short form of the targets in `fuzz/`, which search for hours.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use proptest::prelude::*;
use std::sync::LazyLock;
use trainer::checkpoint::read_snapshot;
use trainer::data::{Encoder, Holdout, Json, Limits, Reading, read};
use trainer::recipe::Recipe;
use trainer::template::{ChatTemplate, Specials};
use trainer::tokenizer::{TextModel, Tokenizer};

static MODEL: LazyLock<TextModel> = LazyLock::new(|| {
    let tokenizer = Tokenizer::parse(trainer::tiny::TOKENIZER.as_bytes()).unwrap();
    TextModel {
        end: tokenizer.id_of("<|im_end|>"),
        tokenizer,
        template: Some(ChatTemplate::compile(trainer::tiny::TEMPLATE, Specials::new()).unwrap()),
        digest: trainer::digest::sha256(b""),
    }
});

/// Up to forty of these, one after the other.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(of).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const LINE: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    "\"messages\"",
    "\"role\"",
    "\"content\"",
    "\"user\"",
    "\"assistant\"",
    "\"tool_calls\"",
    "\"weight\"",
    "\"text\"",
    "\"prompt\"",
    "\"completion\"",
    "\"conversations\"",
    "\"from\"",
    "\"gpt\"",
    "\"value\"",
    "null",
    "0",
    "1",
    "-1e999",
    "18446744073709551616",
    "\"\\ud800\"",
    "\"\u{e000}\"",
    "{\"text\":\"a\"}\n",
    "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":",
    "\"b\"}]}\n",
];

const RECIPE: &[&str] = &[
    "lora_r: ",
    "16",
    "\n",
    "learning_rate: ",
    "2e-4",
    "adapter: ",
    "qlora",
    "val_set_size: ",
    "0.5",
    "-1",
    ".inf",
    "lora_target_modules: [",
    "q_proj",
    "]",
    ", ",
    "- ",
    "  ",
    "&a ",
    "*a",
    "!!int ",
    "{",
    "}",
    "\"",
    "seed: ",
    "9007199254740993",
    "~",
    "lora_rank_pattern: {",
    "q_proj: ",
    "bf16: ",
    "auto",
    "#",
    "---\n",
    "|",
    ">",
];

const TEMPLATE: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{%- ",
    " -%}",
    "for m in messages",
    "endfor",
    "if ",
    "m.role",
    "endif",
    "m.content",
    "set x = ",
    "x",
    "[::-1]",
    "[1:]",
    "[",
    "]",
    "| tojson",
    "| trim",
    "generation",
    "endgeneration",
    "raise_exception('no')",
    "namespace(a=1)",
    "strftime_now('%d')",
    "'a'",
    " ~ ",
    " + ",
    "{#",
    "#}",
    "macro f(a)",
    "endmacro",
    "f(1)",
    "{",
    "}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_dataset_of_any_pieces_is_read_or_refused(text in pieces(LINE)) {
        let encoder = Encoder { model: &MODEL, sequence_len: 32, train_on_inputs: false };
        let reading = Reading {
            limits: Limits { line_bytes_max: 1 << 12, ..Limits::default() },
            holdout: Holdout::Share(0.5),
            seed: 1,
            bad_lines_max: u64::MAX,
        };

        let dataset = read(text.as_bytes(), encoder, reading);

        let short = |d: &trainer::data::Dataset| d.train.iter().all(|document| document.tokens.len() <= 32);
        prop_assert!(dataset.as_ref().map_or(true, short));
    }

    #[test]
    fn a_recipe_of_any_pieces_is_refused_or_keeps_its_digest(text in pieces(RECIPE)) {
        if let Ok(recipe) = Recipe::parse(&text) {
            let again = Recipe::parse(&recipe.canonical()).unwrap();
            prop_assert_eq!(again.digest(), recipe.digest());
        }
    }

    #[test]
    fn a_template_of_any_pieces_renders_or_refuses(source in pieces(TEMPLATE), words in any::<String>()) {
        let Ok(template) = ChatTemplate::compile(&source, Specials::new()) else {
            return Ok(());
        };
        let pairs = [("role", "user"), ("content", words.as_str())];
        let pairs = pairs.map(|(key, text)| (key.to_owned(), Json::Text(text.to_owned())));
        let message = Json::Object(pairs.to_vec());

        let rendered = template.render(&[&message], None, true);

        let inside = |r: &trainer::template::Rendered| r.spans.iter().all(|s| r.text.get(s.clone()).is_some());
        prop_assert!(rendered.as_ref().map_or(true, inside));
    }

    #[test]
    fn any_bytes_are_a_checkpoint_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read_snapshot(&mut bytes.as_slice()).is_err());
    }
}
