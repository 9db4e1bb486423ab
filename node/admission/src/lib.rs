//! Admission: what must hold of an order before anything is promised.
//!
//! Pure: what an order is judged by comes in, a reason or an [`Admitted`] comes out. Each rule
//! is a function of its own and has a refusal code of its own. The rules at the door need
//! nothing but the node itself and come first, so that garbage never makes the chain be asked.

mod chain;
mod door;
mod price;
mod recipe;
mod terms;

pub use chain::{OnChain, Reserved, on_chain};
pub use door::{Admitted, Knocking, at_the_door, on_these_terms};
pub use price::{Price, trained_tokens};
pub use recipe::{Figures, RecipeLimits, recipe_digest};
pub use terms::{Situation, Terms};

#[cfg(test)]
mod tests;
