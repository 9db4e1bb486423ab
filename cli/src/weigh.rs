//! The scales: what data and recipe come to, in tokens, steps and money.
//!
//! Tokens are counted by the trainer's own program with the model's tokenizer, because that is
//! what is charged. Without the model on this machine only the lines can be looked at.

use crate::config::TrainerSection;
use crate::home::cannot;
use crate::trouble::{Kind, Money, Trouble};
use proto::{U256, Wei};
use recipe::Recipe;
use recipe::dataset::{Limits, Survey, survey};
use serde::Deserialize;
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// What the trainer says of data.
#[derive(Clone, Debug, Deserialize)]
pub struct Weight {
    /// Of one pass over the data.
    pub tokens: u64,
    pub targets: u64,
    pub rows: u64,
    pub steps_per_epoch: u64,
    pub steps: u64,
    pub epochs: f64,
    pub report: Report,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Report {
    pub lines: u64,
    pub bad: u64,
    pub examples: u64,
    pub truncated: u64,
    pub empty_targets: u64,
    pub no_targets: u64,
    pub duplicates: u64,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    pub line: u64,
    pub kind: String,
    pub what: String,
}

impl Weight {
    /// What is charged for: part of an epoch counts in whole steps, and a token that is begun is paid.
    pub fn trained_tokens(&self) -> u64 {
        let all = u128::from(self.tokens) * u128::from(self.steps);
        let trained = all.div_ceil(u128::from(self.steps_per_epoch.max(1)));
        u64::try_from(trained).unwrap_or(u64::MAX)
    }

    pub fn fee(&self, price_per_token: U256) -> Option<Wei> {
        let tokens = U256::from(self.trained_tokens());
        price_per_token.checked_mul(tokens).map(Wei)
    }
}

/// Reads and checks a recipe.
pub fn read_recipe(path: Option<&Path>) -> Result<Recipe, Trouble> {
    let Some(path) = path else {
        return Ok(Recipe::default());
    };
    let text = fs::read_to_string(path).map_err(|error| {
        let what = format!("cannot read the recipe {}", path.display());
        Trouble::because(Kind::Input, &what, &error).money(Money::NotMoved)
    })?;
    Ok(Recipe::parse(&text)?)
}

/// What the lines alone tell.
pub fn look(data: &Path) -> Result<Survey, Trouble> {
    let file = File::open(data).map_err(|error| {
        let what = format!("cannot read the data {}", data.display());
        Trouble::because(Kind::Input, &what, &error).money(Money::NotMoved)
    })?;
    let limits = Limits::default();
    survey(BufReader::new(file), limits).map_err(|error| cannot("read", data, &error))
}

/// Counts with the model's tokenizer and chat template.
pub fn weigh(
    trainer: &TrainerSection,
    model: &Path,
    data: &Path,
    recipe: &Recipe,
) -> Result<Weight, Trouble> {
    let mut file = tempfile::NamedTempFile::new()
        .map_err(|error| Trouble::because(Kind::Machine, "cannot make a file", &error))?;
    file.write_all(recipe.canonical().as_bytes())
        .map_err(|error| cannot("write", file.path(), &error))?;
    let mut command = Command::new(&trainer.program);
    command.arg("tokens").arg("--model").arg(model);
    command.arg("--data").arg(data);
    command.arg("--recipe").arg(file.path());
    let said = run(&mut command)?;
    serde_json::from_slice(&said).map_err(|error| {
        Trouble::because(
            Kind::Machine,
            "the trainer gave no figures that can be read",
            &error,
        )
    })
}

/// Runs the trainer's program; what it wrote on standard output.
pub fn run(command: &mut Command) -> Result<Vec<u8>, Trouble> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        let what = format!("cannot run {program}");
        Trouble::because(Kind::Machine, &what, &error)
            .money(Money::NotMoved)
            .next("name the program as trainer.program in the configuration")
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let what = format!("the trainer refuses: {}", said.trim());
    Err(Trouble::new(Kind::Input, what).money(Money::NotMoved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_begun_is_paid() {
        let weight = |tokens, steps, steps_per_epoch| Weight {
            tokens,
            targets: 0,
            rows: 0,
            steps_per_epoch,
            steps,
            epochs: 0.0,
            report: Report::default(),
        };

        assert_eq!(weight(10, 1, 3).trained_tokens(), 4);
        assert_eq!(weight(10, 6, 3).trained_tokens(), 20);
        assert_eq!(weight(10, 6, 3).fee(U256::from(7)), Some(Wei::from(140)));
        assert_eq!(weight(10, 6, 3).fee(U256::MAX), None);
    }
}
