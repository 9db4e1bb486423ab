//! How fast this machine trains: what the operator said, until it was measured.

use crate::files::write_whole;
use proto::Root;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::warn;

/// Models whose speed is remembered; at the bound all are measured anew.
const MODELS_MAX: usize = 64;

/// More than that many models fill.
const FILE_BYTES_MAX: u64 = 16 << 10;

type Measured = BTreeMap<Root, u64>;

/// Tokens per second of each model, shared by who measures and who promises.
#[derive(Clone, Debug)]
pub struct Speed {
    assumed: u64,
    measured: Arc<Mutex<Measured>>,
    file: Option<Arc<Path>>,
}

impl Speed {
    pub fn assumed(tokens_per_sec: u64) -> Self {
        Self {
            assumed: tokens_per_sec,
            measured: Arc::default(),
            file: None,
        }
    }

    /// Goes on from what was measured before the last stop. A file that cannot be read costs
    /// no more than measuring anew; one that was changed, a promise that this node may break.
    pub fn kept(file: PathBuf, assumed: u64) -> Self {
        let measured = read(&file).unwrap_or_else(|error| {
            warn!(code = "speeds_unreadable", file = %file.display(), %error, "this machine's speed will be measured anew");
            Measured::new()
        });
        Self {
            assumed,
            measured: Arc::new(Mutex::new(measured)),
            file: Some(file.into()),
        }
    }

    /// A training of this model went at this speed. Of two, half of each counts: one slow
    /// afternoon does not decide, and neither does one lucky recipe.
    pub fn measured(&self, model: Root, tokens_per_sec: u64) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.len() >= MODELS_MAX && !measured.contains_key(&model) {
            measured.clear();
        }
        let before = measured.get(&model).copied().unwrap_or(tokens_per_sec);
        measured.insert(model, before.midpoint(tokens_per_sec).max(1));
        self.keep(&measured);
    }

    /// A speed that is not kept is lost at the next restart, and nothing else is.
    fn keep(&self, measured: &Measured) {
        let Some(file) = &self.file else { return };
        let kept = serde_json::to_vec(measured)
            .map_err(io::Error::from)
            .and_then(|text| write_whole(file, &text));
        if let Err(error) = kept {
            warn!(code = "speeds_not_kept", file = %file.display(), %error, "this machine's speed is not kept");
        }
    }

    pub fn tokens_per_sec(&self, model: Root) -> u64 {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        measured.get(&model).copied().unwrap_or(self.assumed).max(1)
    }

    /// How long so many tokens of this model take.
    pub fn secs(&self, model: Root, tokens: u64) -> u64 {
        tokens.div_ceil(self.tokens_per_sec(model))
    }
}

/// Nothing, where nothing was ever kept.
fn read(file: &Path) -> io::Result<Measured> {
    let file = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Measured::new()),
        opened => opened?,
    };
    Ok(serde_json::from_reader(file.take(FILE_BYTES_MAX))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Root = Root([1; 32]);
    const LARGE: Root = Root([2; 32]);

    #[test]
    fn until_it_is_measured_the_operator_is_believed() {
        let speed = Speed::assumed(100);

        assert_eq!(speed.secs(SMALL, 1_000), 10);
    }

    #[test]
    fn one_model_says_nothing_of_another() {
        let speed = Speed::assumed(100);

        speed.measured(SMALL, 5_000);

        assert_eq!(speed.tokens_per_sec(SMALL), 5_000);
        assert_eq!(speed.tokens_per_sec(LARGE), 100);
    }

    #[test]
    fn one_slow_training_does_not_decide() {
        let speed = Speed::assumed(100);
        speed.measured(SMALL, 1_000);

        speed.measured(SMALL, 200);

        assert_eq!(speed.tokens_per_sec(SMALL), 600);
    }

    #[test]
    fn what_was_measured_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("speeds.json");
        Speed::kept(file.clone(), 100).measured(SMALL, 5_000);

        let again = Speed::kept(file, 100);

        assert_eq!(again.tokens_per_sec(SMALL), 5_000);
        assert_eq!(again.tokens_per_sec(LARGE), 100);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_measured_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("speeds.json");
        std::fs::write(&file, "{\"0x01").unwrap();
        let speed = Speed::kept(file.clone(), 100);
        assert_eq!(speed.tokens_per_sec(SMALL), 100);

        speed.measured(SMALL, 7);

        assert_eq!(Speed::kept(file, 100).tokens_per_sec(SMALL), 7);
    }

    #[test]
    fn a_speed_of_nothing_is_still_a_speed() {
        let speed = Speed::assumed(0);
        speed.measured(SMALL, 0);

        assert_eq!(speed.secs(SMALL, 7), 7);
        assert_eq!(speed.secs(LARGE, 7), 7);
    }
}
