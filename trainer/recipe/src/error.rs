//! Why a recipe is not valid, said so that its author can mend it.

/// Why a recipe is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    #[error("the recipe is longer than {0} bytes")]
    TooLong(usize),
    #[error("the recipe is neither YAML nor JSON: {0}")]
    Syntax(String),
    #[error("the recipe is not a list of keys and values")]
    NotAMap,
    #[error("`{key}` is no key of a recipe{}", .nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        key: String,
        nearest: Option<&'static str>,
    },
    #[error("`{key}` has no place in a recipe: {instead}")]
    Elsewhere { key: String, instead: &'static str },
    #[error("`{key}`: {what}")]
    Value { key: String, what: String },
}

impl RecipeError {
    pub(super) fn value(key: &str, what: impl Into<String>) -> Self {
        Self::Value {
            key: key.to_owned(),
            what: what.into(),
        }
    }
}
