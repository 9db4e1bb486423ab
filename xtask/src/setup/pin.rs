//! The pin of a folder: the text that decided what is in it, written last.

use crate::table::Trouble;
use std::path::{Path, PathBuf};

const PIN: &str = ".pin";

pub(super) fn holds(home: &Path, pin: &str) -> bool {
    std::fs::read_to_string(home.join(PIN)).is_ok_and(|held| held == pin)
}

pub(super) fn seal(home: &Path, pin: &str) -> Result<(), Trouble> {
    let path = home.join(PIN);
    std::fs::write(&path, pin).map_err(|source| unwritable(&path, source))
}

/// What an interrupted attempt left is not built upon.
pub(super) fn clear(home: &Path) -> Result<(), Trouble> {
    if !home.exists() {
        return Ok(());
    }
    std::fs::remove_dir_all(home).map_err(|source| unwritable(home, source))
}

fn unwritable(path: &Path, source: std::io::Error) -> Trouble {
    Trouble::Write {
        path: PathBuf::from(path),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_ready_only_with_the_pin_of_today() {
        let home = tempfile::tempdir().expect("a folder for the test");

        assert!(!holds(home.path(), "tool==1"));
        seal(home.path(), "tool==1").expect("the folder is writable");

        assert!(holds(home.path(), "tool==1"));
        assert!(!holds(home.path(), "tool==2"));
    }

    #[test]
    fn what_an_interrupted_attempt_left_is_cleared() {
        let home = tempfile::tempdir().expect("a folder for the test");
        std::fs::write(home.path().join("half"), "").expect("the folder is writable");

        clear(home.path()).expect("it can be removed");

        assert!(!home.path().exists());
        assert!(clear(home.path()).is_ok());
    }
}
