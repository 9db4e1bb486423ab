//! `ft recipe`: what a training does, to the last default.

use crate::answer::Answer;
use crate::args::RecipeVerb;
use crate::trouble::{Kind, Trouble};
use crate::weigh::read_recipe;
use serde_json::{Value, json};

pub(super) fn run(verb: &RecipeVerb) -> Result<Answer, Trouble> {
    let RecipeVerb::Show { file } = verb;
    let recipe = read_recipe(file.as_deref())?;
    let shown = serde_json::to_value(&recipe)
        .map_err(|error| Trouble::because(Kind::Machine, "cannot print the recipe", &error))?;
    let digest = recipe.digest();
    let text = format!("{}\n# digest, as it is signed: {digest}", yaml(&shown));
    let canonical = recipe.canonical();
    let json = json!({ "digest": digest, "canonical": canonical, "recipe": shown });
    Ok(Answer::new(text, json))
}

/// Keys and values, one a line: JSON's values are YAML's.
fn yaml(recipe: &Value) -> String {
    let pairs = recipe.as_object().into_iter().flatten();
    let lines = pairs.map(|(key, value)| format!("{key}: {value}"));
    lines.collect::<Vec<_>>().join("\n")
}
