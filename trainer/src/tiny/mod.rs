//! The tiny model of tests and the demo: a random Llama with tokenizer and chat template.

mod weights;

use std::fs;
use std::io;
use std::path::Path;

/// A byte-level BPE of 512 tokens, made by `tokenizer.py` beside it.
pub const TOKENIZER: &str = include_str!("tokenizer.json");

/// A ChatML template of our own, with generation marks.
pub const TEMPLATE: &str = include_str!("chat_template.jinja");

/// How many tokens the tokenizer has.
pub const VOCABULARY: usize = 512;

/// Writes the files that turn text into tokens.
pub fn write_text_files(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let config = serde_json::json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|bos|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|pad|>",
        "clean_up_tokenization_spaces": false,
        "model_max_length": 2048,
    });
    fs::write(dir.join("tokenizer.json"), TOKENIZER)?;
    fs::write(dir.join("tokenizer_config.json"), format!("{config:#}\n"))?;
    fs::write(dir.join("chat_template.jinja"), TEMPLATE)
}

/// Writes the whole model folder.
pub fn write_model(dir: &Path) -> io::Result<()> {
    write_text_files(dir)?;
    fs::write(
        dir.join("config.json"),
        format!("{:#}\n", weights::config()),
    )?;
    weights::write_weights(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::TextModel;

    #[test]
    fn the_tiny_model_speaks() {
        let dir = tempfile::tempdir().expect("a folder");
        write_text_files(dir.path()).expect("written");

        let model = TextModel::open(dir.path(), None).expect("it opens");

        assert_eq!(model.tokenizer.size(), VOCABULARY);
        assert!(model.end.is_some());
        assert!(model.template.expect("a template").is_marked());
    }
}
