//! What went wrong in which part, as the one code the process ends with.

use super::plan::PlanError;
use crate::backend::BackendError;
use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::failure::{Code, Failure};
use crate::model::ModelError;
use crate::recipe::RecipeError;
use crate::result::ResultError;
use crate::tokenizer::TokenizerError;
use proto::Reason;

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Recipe(error) => error.into(),
            error @ (PlanError::Read(_)
            | PlanError::TooLong
            | PlanError::Syntax(_)
            | PlanError::RecipeFile { .. }) => {
                Self::because(Code::Usage, "cannot use the plan", error)
            }
        }
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        Self::because(Code::Recipe, "cannot use the recipe", error)
    }
}

impl From<TokenizerError> for Failure {
    fn from(error: TokenizerError) -> Self {
        let reason = match &error {
            TokenizerError::Read { .. } => Reason::ModelUnavailable,
            TokenizerError::TooLarge(_)
            | TokenizerError::NotJson { .. }
            | TokenizerError::NoTokenizer { .. }
            | TokenizerError::Template(_) => Reason::ModelNotOffered,
        };
        Self::because(Code::Model, "cannot use the tokenizer", error).with_reason(reason)
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let reason = match &error {
            DataError::Read(_) => Reason::DatasetUnavailable,
            DataError::TooManyLines(_) | DataError::TooManyTokens(_) => Reason::DatasetOverLimit,
            DataError::BadLines(_) | DataError::Nothing(_) => Reason::DatasetMalformed,
        };
        Self::because(Code::Data, "cannot use the dataset", error).with_reason(reason)
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        let code = match &error {
            CheckpointError::Write { .. } => Code::Disk,
            CheckpointError::Read { .. }
            | CheckpointError::Truncated
            | CheckpointError::NotACheckpoint
            | CheckpointError::Corrupt(_)
            | CheckpointError::AllCorrupt(_)
            | CheckpointError::OtherRun(_)
            | CheckpointError::NoSuchStep(_) => Code::Checkpoint,
        };
        Self::because(code, "cannot keep or use a checkpoint", error)
    }
}

impl From<ResultError> for Failure {
    fn from(error: ResultError) -> Self {
        let code = match &error {
            ResultError::Write { .. } => Code::Disk,
            ResultError::Model(_)
            | ResultError::Read { .. }
            | ResultError::NotAnAdapter { .. }
            | ResultError::NoGguf { .. } => Code::Model,
        };
        Self::because(code, "cannot write or read an adapter", error)
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let code = match &error {
            BackendError::Model(_) | BackendError::Token { .. } => Code::Model,
            BackendError::State(_) => Code::Checkpoint,
            BackendError::Unavailable(_) => Code::Device,
            BackendError::BatchTooLarge { .. }
            | BackendError::NoLabels
            | BackendError::Candle(_) => Code::Internal,
        };
        let reason = match &error {
            BackendError::Model(error) => reason_of(error),
            BackendError::Token { .. }
            | BackendError::State(_)
            | BackendError::Unavailable(_)
            | BackendError::BatchTooLarge { .. }
            | BackendError::NoLabels
            | BackendError::Candle(_) => code.reason(),
        };
        Self::because(code, "cannot train", error).with_reason(reason)
    }
}

/// What is not there, what is not what it says, and what this engine does not train.
fn reason_of(error: &ModelError) -> Reason {
    match error {
        ModelError::Read { .. } => Reason::ModelUnavailable,
        ModelError::Malformed { .. } | ModelError::Tensor { .. } => Reason::ModelMismatch,
        ModelError::Architecture(_) | ModelError::Config(_) => Reason::ModelNotOffered,
    }
}

impl Code {
    /// A short name for scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Model => "model",
            Self::Data => "data",
            Self::Checkpoint => "checkpoint",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Diverged => "diverged",
            Self::Mismatch => "mismatch",
            Self::Stopped => "stopped",
            Self::Device => "device",
            Self::Recipe => "recipe",
            Self::Internal => "internal",
        }
    }

    /// The reason an order would be closed with, were this the end of it.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Model => Reason::ModelMismatch,
            Self::Data => Reason::DatasetMalformed,
            Self::Memory => Reason::OutOfMemory,
            Self::Diverged => Reason::Diverged,
            Self::Recipe => Reason::RecipeInvalid,
            Self::Usage
            | Self::Checkpoint
            | Self::Disk
            | Self::Mismatch
            | Self::Stopped
            | Self::Device
            | Self::Internal => Reason::TrainerFailed,
        }
    }
}
