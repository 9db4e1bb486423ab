//! Any bytes as a dataset: a report or a refusal, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use trainer::data::{Encoder, Holdout, Limits, Reading, read};
use trainer::template::{ChatTemplate, Specials};
use trainer::tokenizer::{TextModel, Tokenizer};

static MODEL: LazyLock<TextModel> = LazyLock::new(|| {
    let tokenizer = Tokenizer::parse(trainer::tiny::TOKENIZER.as_bytes()).expect("a tokenizer");
    TextModel {
        end: tokenizer.id_of("<|im_end|>"),
        tokenizer,
        template: Some(ChatTemplate::compile(trainer::tiny::TEMPLATE, Specials::new()).expect("a template")),
        digest: trainer::digest::sha256(b""),
    }
});

fuzz_target!(|bytes: &[u8]| {
    let encoder = Encoder { model: &MODEL, sequence_len: 64, train_on_inputs: false };
    let reading = Reading {
        limits: Limits { line_bytes_max: 1 << 16, ..Limits::default() },
        holdout: Holdout::Share(0.5),
        seed: 1,
        bad_lines_max: u64::MAX,
    };
    if let Ok(dataset) = read(bytes, encoder, reading) {
        assert!(dataset.train.iter().all(|document| document.tokens.len() <= 64));
    }
});
