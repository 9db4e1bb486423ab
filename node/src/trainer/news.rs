//! One line of the trainer's progress, read as foreign bytes.

use crate::sandbox::Report;
use proto::training::{Evaluation, Progress, Step};
use proto::{Digest, Finite};
use serde::Deserialize;

/// What the node listens to; other events and other fields are passed over, because
/// a newer trainer may have them. Numbers are finite: JSON has no others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum News {
    Data {
        sha256: Digest,
    },
    Resumed {
        step: u64,
    },
    Step {
        step: u64,
        steps: u64,
        epoch: Finite,
        tokens: u64,
        loss: Finite,
        lr: Finite,
        grad_norm: Finite,
        tok_s: Finite,
        eta_s: Finite,
    },
    Eval {
        step: u64,
        eval_loss: Finite,
        token_accuracy: Finite,
        targets: u64,
    },
    Checkpoint {
        step: u64,
        chain: Digest,
    },
    Finished {
        adapter: Digest,
    },
    Failed {
        code: i32,
    },
    #[serde(other)]
    Other,
}

impl News {
    pub(super) fn parse(line: &[u8]) -> Result<Self, &'static str> {
        serde_json::from_slice(line).map_err(|_error| "a line of progress is not one we know")
    }

    /// For whoever watches the task.
    pub(super) fn progress(&self) -> Option<Progress> {
        match *self {
            Self::Resumed { .. } => Some(Progress::Resumed),
            Self::Step {
                step,
                steps,
                epoch,
                tokens,
                loss,
                lr,
                grad_norm,
                tok_s,
                eta_s,
            } => Some(Progress::Step(Step {
                step,
                steps_total: steps,
                epoch,
                tokens,
                loss,
                learning_rate: lr,
                grad_norm,
                tokens_per_sec: tok_s,
                eta_secs: whole_secs(eta_s),
            })),
            Self::Eval {
                step,
                eval_loss,
                token_accuracy,
                targets,
            } => Some(Progress::Evaluation(Evaluation {
                step,
                loss: eval_loss,
                base_loss: None,
                token_accuracy: Some(token_accuracy),
                tokens: targets,
            })),
            Self::Data { .. }
            | Self::Checkpoint { .. }
            | Self::Finished { .. }
            | Self::Failed { .. }
            | Self::Other => None,
        }
    }
}

/// The launcher's first line.
pub(super) fn parse_report(line: &[u8]) -> Result<Report, &'static str> {
    serde_json::from_slice(line).map_err(|_error| "the launcher's report cannot be read")
}

/// Whole seconds, as far as a `u64` goes.
pub(super) fn whole_secs(figure: Finite) -> Option<u64> {
    std::time::Duration::try_from_secs_f64(figure.get())
        .ok()
        .map(|time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEP: &str = r#"{"event":"step","step":3,"steps":9,"epoch":0.5,"tokens":77,"loss":2.5,"lr":0.001,"grad_norm":1.0,"tok_s":10.0,"eta_s":61.7}"#;

    #[test]
    fn a_step_is_progress() {
        let news = News::parse(STEP.as_bytes()).unwrap();

        let Some(Progress::Step(step)) = news.progress() else {
            panic!("{news:?}");
        };
        assert_eq!(
            (step.step, step.steps_total, step.eta_secs),
            (3, 9, Some(61))
        );
    }

    #[test]
    fn a_newer_trainer_may_say_more() {
        let more = STEP.replace("\"step\":3", "\"step\":3,\"mood\":[1]");

        assert!(News::parse(more.as_bytes()).is_ok());
        assert_eq!(News::parse(br#"{"event":"sings","x":1}"#), Ok(News::Other));
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        for wrong in ["null", "1e999", "-1e999", "\"NaN\"", "NaN"] {
            let line = STEP.replace("2.5", wrong);

            assert!(News::parse(line.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            drop(News::parse(&bytes));
            drop(parse_report(&bytes));
        }
    }
}
