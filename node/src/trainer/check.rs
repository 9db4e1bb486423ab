//! Whether a recipe can be trained at all, asked before anything is promised.
//!
//! The node reads a recipe's figures; everything else in it is for the trainer, which is
//! asked in its sandbox, with a line of ours in place of the customer's data. What it
//! said of a recipe and a model stays true: both are named by their content.

use super::count::{Question, count};
use super::leftover::Slot;
use super::{Cause, ChildTrainer, CountFailure, Exit, take};
use crate::intake::Recipes;
use async_trait::async_trait;
use proto::{Order, Reason, RecipeDigest, Root};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tasks::Failure;

/// A large tokenizer is read in seconds.
const WALL_SECS: u64 = 120;

/// Answers that are remembered; at the bound all are asked for anew.
const ANSWERS_MAX: usize = 256;

/// Any model can make tokens of it.
const A_LINE: &[u8] = b"{\"prompt\":\"a\",\"completion\":\"b\"}\n";

type Answers = BTreeMap<(Root, RecipeDigest), Result<(), Reason>>;

/// Asks the trainer about recipes, each one once.
#[derive(Clone, Debug)]
pub struct RecipeDesk {
    trainer: ChildTrainer,
    answers: Arc<Mutex<Answers>>,
}

impl RecipeDesk {
    pub fn new(trainer: ChildTrainer) -> Self {
        Self {
            trainer,
            answers: Arc::default(),
        }
    }

    fn known(&self, about: (Root, RecipeDigest)) -> Option<Result<(), Reason>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&about).copied()
    }

    fn remember(&self, about: (Root, RecipeDigest), answer: Result<(), Reason>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(about, answer);
    }
}

#[async_trait]
impl Recipes for RecipeDesk {
    async fn check(&self, order: &Order, recipe: &[u8]) -> Result<(), Failure> {
        let about = (order.base_model, order.recipe);
        if let Some(answer) = self.known(about) {
            return answer.map_err(Failure::Hopeless);
        }
        let answer = match self.trainer.check(order, recipe).await {
            Ok(()) => Ok(()),
            Err(Failure::Hopeless(reason)) => Err(reason),
            Err(passing @ (Failure::Transient | Failure::NotBefore(_))) => return Err(passing),
        };
        self.remember(about, answer);
        answer.map_err(Failure::Hopeless)
    }
}

impl ChildTrainer {
    /// Hopeless where the trainer refuses the recipe, or this model with it.
    async fn check(&self, order: &Order, recipe: &[u8]) -> Result<(), Failure> {
        let text = String::from_utf8(recipe.to_vec());
        let recipe = text.map_err(|_not_text| Failure::Hopeless(Reason::RecipeInvalid))?;
        let question = Question {
            slot: Slot::Check,
            order: order.clone(),
            recipe: Some(recipe),
            wall_secs: WALL_SECS,
        };
        let permit = take(&self.checking).await;
        let feed = |to: &mut dyn std::io::Write| {
            // A trainer that has ended did so for a reason of its own.
            to.write_all(A_LINE).ok();
            Ok(())
        };
        judged(
            count(&self.inner, question, Box::new(feed), permit)
                .await
                .map(drop),
        )
    }
}

/// What the trainer says of our own line is not about the recipe.
fn judged(answer: Result<(), CountFailure>) -> Result<(), Failure> {
    match answer {
        Ok(())
        | Err(CountFailure::Mistakes {
            exit: Exit::Data, ..
        }) => Ok(()),
        Err(CountFailure::Cause(Cause::Deadline)) => Err(Failure::Transient),
        Err(failure) => Err(failure.failure()),
    }
}
