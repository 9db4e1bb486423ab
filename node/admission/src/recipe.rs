//! The recipe's numbers, as far as admission asks for them.
//!
//! The whole recipe is read by the trainer alone, in its sandbox. Here its canonical JSON is
//! taken for what it names by its digest, and the figures that decide how much work it is.

use proto::RecipeDigest;
use ring::digest::{SHA256, digest};
use serde::Deserialize;

/// Figures of a canonical recipe: all its defaults are written out.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Figures {
    pub sequence_len: u64,
    pub micro_batch_size: u64,
    pub gradient_accumulation_steps: u64,
    pub num_epochs: f64,
    pub max_steps: Option<u64>,
    pub lora_r: u64,
}

/// What a recipe may ask for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipeLimits {
    pub sequence_len_max: u64,
    pub rows_per_step_max: u64,
    pub epochs_max: u64,
    pub steps_max: u64,
    pub lora_r_max: u64,
}

/// The digest that an order names a recipe by.
pub fn recipe_digest(canonical: &[u8]) -> RecipeDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, canonical).as_ref());
    RecipeDigest(bytes)
}

impl Figures {
    /// Reads canonical JSON; nothing, if it is none of a recipe.
    pub fn read(canonical: &[u8]) -> Option<Self> {
        let figures: Self = serde_json::from_slice(canonical).ok()?;
        figures.is_sound().then_some(figures)
    }

    fn is_sound(&self) -> bool {
        let counts = [
            self.sequence_len,
            self.micro_batch_size,
            self.gradient_accumulation_steps,
            self.lora_r,
            self.max_steps.unwrap_or(1),
        ];
        counts.iter().all(|&count| count > 0) && self.num_epochs > 0.0
    }

    pub fn are_within(&self, limits: &RecipeLimits) -> bool {
        self.sequence_len <= limits.sequence_len_max
            && self.rows_per_step() <= limits.rows_per_step_max
            && self.max_steps.unwrap_or(0) <= limits.steps_max
            && self.whole_epochs() <= limits.epochs_max
            && self.lora_r <= limits.lora_r_max
    }

    /// The most tokens a run of this recipe can train, where it says how many steps it has.
    pub fn tokens_max(&self) -> Option<u64> {
        let a_step = self.rows_per_step().saturating_mul(self.sequence_len);
        self.max_steps.map(|steps| steps.saturating_mul(a_step))
    }

    /// The most tokens a data set of so many bytes can make: a token stands for at least one
    /// byte, and a conversation's marks for no more tokens than its JSON has bytes.
    pub fn tokens_of_bytes(&self, bytes: u64) -> Option<u64> {
        let by_epochs = self.max_steps.is_none();
        by_epochs.then(|| bytes.saturating_mul(self.whole_epochs()))
    }

    fn rows_per_step(&self) -> u64 {
        self.micro_batch_size
            .saturating_mul(self.gradient_accumulation_steps)
    }

    /// Begun epochs are counted whole. A number that is too large for one is the largest.
    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float becomes the nearest integer that exists; it is positive and no NaN"
    )]
    fn whole_epochs(&self) -> u64 {
        self.num_epochs.ceil() as u64
    }
}
