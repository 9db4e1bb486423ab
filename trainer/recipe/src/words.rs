//! The words a recipe may use where it chooses among a few.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    Lora,
    /// The same adapter over weights held in NF4.
    Qlora,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Optimizer {
    /// Every spelling of `AdamW` with 32-bit moments is the same arithmetic here.
    #[serde(
        rename = "adamw_torch",
        alias = "adamw",
        alias = "adamw_torch_fused",
        alias = "adamw_hf"
    )]
    AdamW,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheduler {
    Cosine,
    Linear,
    #[serde(alias = "constant_with_warmup")]
    Constant,
}

/// Whether frozen weights are held and multiplied in bf16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Bf16Word", into = "Bf16Word")]
pub enum Bf16 {
    /// Where the processor has the instructions.
    Auto,
    Yes,
    No,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Bf16Word {
    Flag(bool),
    Auto(AutoWord),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AutoWord {
    Auto,
}

impl From<Bf16Word> for Bf16 {
    fn from(word: Bf16Word) -> Self {
        match word {
            Bf16Word::Flag(true) => Self::Yes,
            Bf16Word::Flag(false) => Self::No,
            Bf16Word::Auto(AutoWord::Auto) => Self::Auto,
        }
    }
}

impl From<Bf16> for Bf16Word {
    fn from(bf16: Bf16) -> Self {
        match bf16 {
            Bf16::Yes => Self::Flag(true),
            Bf16::No => Self::Flag(false),
            Bf16::Auto => Self::Auto(AutoWord::Auto),
        }
    }
}
