//! What a template is given: the conversation and the tokenizer's special tokens.

use crate::data::Json;
use serde::Serialize;
use std::collections::BTreeMap;

/// The special tokens by the names templates use: `bos_token`, `eos_token`, ….
pub type Specials = BTreeMap<String, String>;

/// The variables of one rendering. Absent tools are `None`, as transformers
/// passes them, not undefined.
#[derive(Serialize)]
pub(super) struct Context<'a> {
    pub(super) messages: &'a [&'a Json],
    pub(super) tools: Option<&'a Json>,
    pub(super) documents: Option<&'a Json>,
    pub(super) add_generation_prompt: bool,
    #[serde(flatten)]
    pub(super) specials: &'a Specials,
}
