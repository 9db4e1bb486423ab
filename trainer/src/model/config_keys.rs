//! A `config.json` with typed access by key, and the refusals that name the key.

use serde_json::Value;

use super::ModelError;

/// The JSON with typed access by key.
#[derive(Clone, Debug)]
pub(super) struct Config(pub(super) Value);

impl Config {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|v| !v.is_null())
    }

    pub(super) fn size(&self, key: &str) -> Result<usize, ModelError> {
        self.size_or_none(key)?.ok_or_else(|| missing(key))
    }

    pub(super) fn size_or_none(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let size = value.as_u64().filter(|n| (1..=1 << 24).contains(n));
        size.map(|n| Some(n as usize))
            .ok_or_else(|| wrong(key, value))
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        value
            .as_f64()
            .filter(|n| n.is_finite())
            .map(Some)
            .ok_or_else(|| wrong(key, value))
    }

    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        value.as_bool().ok_or_else(|| wrong(key, value))
    }

    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    pub(super) fn part(&self, key: &str) -> Option<Self> {
        self.get(key).filter(|v| v.is_object()).cloned().map(Self)
    }
}

pub(super) fn missing(key: &str) -> ModelError {
    ModelError::Config(format!("{key} is missing"))
}

pub(super) fn wrong(key: &str, value: &Value) -> ModelError {
    ModelError::Config(format!("{key} is {value}, which is not understood"))
}

pub(super) fn refused(key: &str, value: impl std::fmt::Display) -> ModelError {
    ModelError::Config(format!("{key} = {value} is not supported"))
}
