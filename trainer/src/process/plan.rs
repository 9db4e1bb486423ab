//! The plan: everything one training is given.

use crate::recipe::{Recipe, RecipeError};
use crate::settings::Precision;
use serde::Deserialize;
use serde_json::Value;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

/// A plan is short; the recipe in it may hold a chat template.
const BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("cannot read the plan")]
    Read(#[from] io::Error),
    #[error("the plan is longer than {BYTES_MAX} bytes")]
    TooLong,
    #[error("the plan is not valid: {0}")]
    Syntax(String),
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    #[error("cannot read the recipe {}", path.display())]
    RecipeFile { path: PathBuf, source: io::Error },
}

/// Which steps to take again and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: u64,
    pub to: u64,
}

/// What one training is given, from the command line or as JSON.
#[derive(Clone, Debug)]
pub struct Plan {
    pub model: PathBuf,
    /// `-` is what follows the plan on standard input.
    pub data: PathBuf,
    pub recipe: Recipe,
    pub out: PathBuf,
    pub checkpoint_dir: Option<PathBuf>,
    /// A pipe that takes checkpoints, in place of a folder.
    pub checkpoint_pipe: Option<PathBuf>,
    /// A file or pipe with the checkpoint to go on from.
    pub checkpoint_from: Option<PathBuf>,
    /// The longest time between checkpoints, besides those the recipe asks for.
    pub checkpoint_every_secs: Option<u64>,
    pub resume: bool,
    pub threads: Option<usize>,
    pub device: String,
    pub precision: Option<Precision>,
    /// Replay these steps and compare, in place of training.
    pub window: Option<Window>,
    /// Refuse to start when more than this would be needed.
    pub memory_bytes_max: Option<u64>,
}

/// The plan's JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanText {
    model: PathBuf,
    data: PathBuf,
    recipe: Value,
    out: PathBuf,
    #[serde(default)]
    checkpoint_dir: Option<PathBuf>,
    #[serde(default)]
    checkpoint_pipe: Option<PathBuf>,
    #[serde(default)]
    checkpoint_from: Option<PathBuf>,
    #[serde(default)]
    checkpoint_every_secs: Option<u64>,
    #[serde(default)]
    resume: bool,
    #[serde(default)]
    threads: Option<usize>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    precision: Option<Precision>,
    #[serde(default)]
    from: Option<u64>,
    #[serde(default)]
    to: Option<u64>,
    #[serde(default)]
    memory_bytes_max: Option<u64>,
}

impl Plan {
    /// A plan that stops after reading its data.
    pub fn of_data(model: PathBuf, data: PathBuf, recipe: Recipe) -> Self {
        Self {
            model,
            data,
            recipe,
            out: PathBuf::new(),
            checkpoint_dir: None,
            checkpoint_pipe: None,
            checkpoint_from: None,
            checkpoint_every_secs: None,
            resume: false,
            threads: None,
            device: "cpu".to_owned(),
            precision: None,
            window: None,
            memory_bytes_max: None,
        }
    }

    /// Reads a plan that is one line of a stream; what follows stays there.
    pub fn read_line(source: &mut impl BufRead) -> Result<Self, PlanError> {
        let mut line = String::new();
        source.by_ref().take(BYTES_MAX + 1).read_line(&mut line)?;
        Self::parse(&line)
    }

    /// Parses a plan. The recipe is an object, or the path of a file.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        if text.len() as u64 > BYTES_MAX {
            return Err(PlanError::TooLong);
        }
        let text: PlanText =
            serde_json::from_str(text).map_err(|error| PlanError::Syntax(error.to_string()))?;
        let recipe = match text.recipe.as_str() {
            Some(path) => read_recipe(Path::new(path))?,
            None => Recipe::from_value(text.recipe)?,
        };
        let window = window(text.from, text.to)?;
        Ok(Self {
            model: text.model,
            data: text.data,
            recipe,
            out: text.out,
            checkpoint_dir: text.checkpoint_dir,
            checkpoint_pipe: text.checkpoint_pipe,
            checkpoint_from: text.checkpoint_from,
            checkpoint_every_secs: text.checkpoint_every_secs,
            resume: text.resume,
            threads: text.threads,
            device: text.device.unwrap_or_else(|| "cpu".to_owned()),
            precision: text.precision,
            window,
            memory_bytes_max: text.memory_bytes_max,
        })
    }
}

/// Both ends of a window, or none.
pub fn window(from: Option<u64>, to: Option<u64>) -> Result<Option<Window>, PlanError> {
    match (from, to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) if from < to => Ok(Some(Window { from, to })),
        (Some(_) | None, Some(_) | None) => Err(PlanError::Syntax(
            "a window goes from one step to a later one".to_owned(),
        )),
    }
}

/// Reads a recipe file.
pub fn read_recipe(path: &Path) -> Result<Recipe, PlanError> {
    let text = std::fs::read_to_string(path).map_err(|source| PlanError::RecipeFile {
        path: path.to_owned(),
        source,
    })?;
    Ok(Recipe::parse(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_one_line_and_the_data_follows() {
        let mut stream: &[u8] =
            b"{\"model\":\"m\",\"data\":\"-\",\"recipe\":{\"lora_r\":4},\"out\":\"o\"}\n{\"text\":\"x\"}\n";

        let plan = Plan::read_line(&mut stream).expect("valid");

        assert_eq!(plan.recipe.lora_r, 4);
        assert_eq!(stream, b"{\"text\":\"x\"}\n");
    }

    #[test]
    fn a_key_that_no_plan_has_is_refused() {
        let plan = Plan::parse(r#"{"model":"m","data":"d","recipe":{},"out":"o","epochs":3}"#);

        assert!(matches!(plan, Err(PlanError::Syntax(_))));
    }

    #[test]
    fn half_a_window_is_refused() {
        assert!(window(Some(1), None).is_err());
        assert!(window(Some(2), Some(2)).is_err());
        assert_eq!(window(None, None).expect("none"), None);
    }
}
