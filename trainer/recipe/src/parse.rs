//! Text to a recipe: YAML or JSON, keys checked, defaults filled in.

use super::{AdapterKind, Recipe, RecipeError, keys};
use crate::dataset::{Json, Limits};
use serde_json::{Map, Value};

/// Longer than any recipe; a chat template is the largest thing in one.
const BYTES_MAX: usize = 256 << 10;

impl Recipe {
    /// Parses YAML or JSON and checks every value.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        if text.len() > BYTES_MAX {
            return Err(RecipeError::TooLong(BYTES_MAX));
        }
        Self::from_value(read_text(text)?)
    }

    /// The same from a value that stands inside another document.
    pub fn from_value(value: Value) -> Result<Self, RecipeError> {
        let mut map = match value {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(RecipeError::NotAMap);
            }
        };
        keys::check(&map)?;
        // An empty value in YAML means "as if it were not there".
        map.retain(|_, value| !value.is_null());
        let choices = Choices::take(&mut map)?;
        let recipe = choices.apply(fill(map)?)?;
        recipe.validate()?;
        Ok(recipe)
    }
}

/// Both formats go through our own parser, which refuses a key that stands twice
/// and a number that is none.
fn read_text(text: &str) -> Result<Value, RecipeError> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let json = if text.trim_start().starts_with('{') {
        Json::parse(text, Limits::default()).map_err(|fault| fault.to_string())
    } else {
        serde_saphyr::from_str::<Json>(text).map_err(|error| first_line(&error.to_string()))
    };
    let value = json.and_then(|json| serde_json::to_value(json).map_err(|error| error.to_string()));
    value.map_err(RecipeError::Syntax)
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}

fn fill(map: Map<String, Value>) -> Result<Recipe, RecipeError> {
    match serde_json::from_value(Value::Object(map.clone())) {
        Ok(recipe) => Ok(recipe),
        Err(error) => Err(blame(map).unwrap_or(RecipeError::Syntax(error.to_string()))),
    }
}

/// Which key has a value of the wrong kind: the one that fails alone.
fn blame(map: Map<String, Value>) -> Option<RecipeError> {
    map.into_iter().find_map(|(key, value)| {
        let mut alone = Map::new();
        alone.insert(key.clone(), value);
        let error = serde_json::from_value::<Recipe>(Value::Object(alone)).err()?;
        Some(RecipeError::value(&key, first_line(&error.to_string())))
    })
}

/// Keys of Axolotl that say again what others say. They are read into those and
/// must not contradict them.
struct Choices {
    all_linear: Option<bool>,
    four_bits: Option<bool>,
    kind_given: bool,
}

impl Choices {
    fn take(map: &mut Map<String, Value>) -> Result<Self, RecipeError> {
        if map.get("lora_target_modules").and_then(Value::as_str) == Some("all-linear") {
            map.insert("lora_target_modules".to_owned(), Value::Array(Vec::new()));
        }
        Ok(Self {
            all_linear: take_flag(map, "lora_target_linear")?,
            four_bits: take_flag(map, "load_in_4bit")?,
            kind_given: map.contains_key("adapter"),
        })
    }

    fn apply(self, mut recipe: Recipe) -> Result<Recipe, RecipeError> {
        let named = !recipe.lora_target_modules.is_empty();
        if self.all_linear == Some(named) {
            let what = "it contradicts `lora_target_modules`";
            return Err(RecipeError::value("lora_target_linear", what));
        }
        match (self.four_bits, recipe.adapter) {
            (Some(true), AdapterKind::Lora) if !self.kind_given => {
                recipe.adapter = AdapterKind::Qlora;
            }
            (Some(true), AdapterKind::Lora) | (Some(false), AdapterKind::Qlora) => {
                return Err(RecipeError::value(
                    "load_in_4bit",
                    "it contradicts `adapter`",
                ));
            }
            (None, _) | (Some(true), AdapterKind::Qlora) | (Some(false), AdapterKind::Lora) => {}
        }
        Ok(recipe)
    }
}

fn take_flag(map: &mut Map<String, Value>, key: &str) -> Result<Option<bool>, RecipeError> {
    match map.remove(key) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(_) => Err(RecipeError::value(key, "it is true or false")),
    }
}
