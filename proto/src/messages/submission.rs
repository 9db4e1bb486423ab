//! An order with what it names by digest only.

use crate::bounded::Blob;
use crate::limits::RECIPE_BYTES_MAX;
use crate::{Order, SignedOrder};

message! {
    /// What a customer hands in: the order and the recipe it names by its digest.
    Submission {
        order: SignedOrder,
        /// The recipe's canonical JSON.
        recipe: Blob<RECIPE_BYTES_MAX>,
    }
}

impl Submission {
    pub const fn order(&self) -> &Order {
        &self.order.order
    }
}
