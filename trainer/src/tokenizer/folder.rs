//! The text side of a model folder: tokenizer, special tokens, chat template.

use super::Tokenizer;
use crate::digest::Hasher;
use crate::template::{ChatTemplate, Specials, TemplateError};
use proto::Digest;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files larger than this are no tokenizer files.
const FILE_BYTES_MAX: u64 = 256 << 20;

#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is too large", .0.display())]
    TooLarge(PathBuf),
    #[error("{} is not JSON", path.display())]
    NotJson {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{} is no tokenizer", path.display())]
    NoTokenizer {
        path: PathBuf,
        source: tokenizers::Error,
    },
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// What turns a conversation into tokens of one model.
#[derive(Debug)]
pub struct TextModel {
    pub tokenizer: Tokenizer,
    pub template: Option<ChatTemplate>,
    /// The token that ends a text.
    pub end: Option<u32>,
    /// Covers the tokenizer file, the template and the special tokens.
    pub digest: Digest,
}

impl TextModel {
    /// Opens a model folder; `template` replaces the model's own.
    pub fn open(dir: &Path, template: Option<&str>) -> Result<Self, TokenizerError> {
        let path = dir.join("tokenizer.json");
        let json = read(&path)?;
        let tokenizer = Tokenizer::parse(&json)
            .map_err(|source| TokenizerError::NoTokenizer { path, source })?;
        let config = read_json(&dir.join("tokenizer_config.json"))?;
        let specials = specials_of(&config, &read_json(&dir.join("special_tokens_map.json"))?);
        let source = match template {
            Some(own) => Some(own.to_owned()),
            None => template_of(dir, &config)?,
        };
        let digest = digest_of(&json, source.as_deref(), &specials);
        let end = specials
            .get("eos_token")
            .and_then(|end| tokenizer.id_of(end));
        let template = source
            .map(|source| ChatTemplate::compile(&source, specials))
            .transpose()?;
        Ok(Self {
            tokenizer,
            template,
            end,
            digest,
        })
    }
}

fn digest_of(tokenizer: &[u8], template: Option<&str>, specials: &Specials) -> Digest {
    let mut hasher = Hasher::labelled("sealtune tokenizer v1");
    hasher.part(tokenizer);
    hasher.part(template.unwrap_or_default().as_bytes());
    for (name, token) in specials {
        hasher.part(name.as_bytes()).part(token.as_bytes());
    }
    hasher.finish()
}

/// The special tokens that transformers passes to a template. A name in the
/// configuration wins over the older map.
fn specials_of(config: &Value, map: &Value) -> Specials {
    const NAMES: [&str; 7] = [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
    ];
    let token_of = |source: &Value, name: &str| {
        let value = source.get(name)?;
        let text = value.get("content").unwrap_or(value);
        text.as_str().map(ToOwned::to_owned)
    };
    NAMES
        .iter()
        .filter_map(|name| {
            let token = token_of(config, name).or_else(|| token_of(map, name))?;
            Some(((*name).to_owned(), token))
        })
        .collect()
}

/// The template's own file is newer than the key in the configuration and wins.
fn template_of(dir: &Path, config: &Value) -> Result<Option<String>, TokenizerError> {
    let path = dir.join("chat_template.jinja");
    if path.exists() {
        let bytes = read(&path)?;
        return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(match config.get("chat_template") {
        Some(Value::String(source)) => Some(source.clone()),
        Some(Value::Array(named)) => named
            .iter()
            .find(|entry| entry.get("name").and_then(Value::as_str) == Some("default"))
            .and_then(|entry| entry.get("template")?.as_str().map(ToOwned::to_owned)),
        Some(_) | None => None,
    })
}

/// A missing file is an empty object: both configuration files are optional.
fn read_json(path: &Path) -> Result<Value, TokenizerError> {
    if !path.exists() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&read(path)?).map_err(|source| TokenizerError::NotJson {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TokenizerError> {
    let failed = |source| TokenizerError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(TokenizerError::TooLarge(path.to_owned()));
    }
    fs::read(path).map_err(failed)
}
