//! A model's tokenizer: text to token ids, and where each token stands.

mod folder;
mod text;

pub use folder::{TextModel, TokenizerError};
pub use text::{Tokenized, Tokenizer};
