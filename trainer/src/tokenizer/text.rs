//! Text to token ids, without anything the tokenizer file might add on its own.

use std::ops::Range;

/// A tokenizer that neither truncates nor pads.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// The words of special tokens, in the order of their ids.
    specials: Vec<String>,
}

/// The tokens of a text and the bytes each stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenized {
    pub ids: Vec<u32>,
    pub bytes: Vec<Range<usize>>,
}

/// The tokenizer cannot be read or fails on a text; says nothing of the text.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer fails")]
pub struct TokenizerFailed;

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn parse(json: &[u8]) -> Result<Self, tokenizers::Error> {
        let mut inner = tokenizers::Tokenizer::from_bytes(json)?;
        inner.with_truncation(None)?;
        inner.with_padding(None);
        let mut added: Vec<_> = inner.get_added_tokens_decoder().into_iter().collect();
        added.sort_by_key(|(id, _)| *id);
        let special = added.into_iter().filter(|(_, token)| token.special);
        let specials = special.map(|(_, token)| token.content).collect();
        Ok(Self { inner, specials })
    }

    /// Tokens of `text`. `framed` adds what the file's post-processor puts around a
    /// text, such as a start token; a rendered template has its own.
    pub fn tokenize(&self, text: &str, framed: bool) -> Result<Tokenized, TokenizerFailed> {
        let encoding = self
            .inner
            .encode(text, framed)
            .map_err(|_text| TokenizerFailed)?;
        let bytes = encoding.get_offsets().iter().map(|&(from, to)| from..to);
        Ok(Tokenized {
            ids: encoding.get_ids().to_vec(),
            bytes: bytes.collect(),
        })
    }

    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The text of tokens; a part of a letter is a replacement character.
    pub fn words_of(&self, ids: &[u32]) -> String {
        self.inner.decode(ids, false).unwrap_or_default()
    }

    /// Whether `text` ends with the words of a special token.
    pub fn ends_with_special(&self, text: &str) -> bool {
        self.specials
            .iter()
            .any(|special| text.ends_with(special.as_str()))
    }

    /// How many ids there are.
    pub fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

impl Tokenized {
    /// The token that holds the byte at `at`: the first one, where a letter has several.
    pub fn token_at(&self, at: usize) -> Option<usize> {
        let found = self.bytes.partition_point(|range| range.end <= at);
        let range = self.bytes.get(found)?;
        range.contains(&at).then_some(found)
    }
}
