//! The fuzz targets of one package, each run for a while, one after the other.
//!
//! What a run finds new lies under `target/corpus` of the package and is the start of the next;
//! the corpus that is committed is read and never written. An input that fells a target lies
//! under `artifacts`, and libFuzzer says so.

use crate::child;
use crate::stopping::Stopping;
use crate::table::Trouble;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long each target runs, where nothing is said.
const SECONDS: &str = "600";
/// Of the whole process, the fuzzer's own memory included.
const MEMORY_MIB: u32 = 512;
/// No input of a few kilobytes may keep a parser busy for longer.
const INPUT_SECONDS: u32 = 10;

/// All targets have their turn, whichever falls.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<bool, Trouble> {
    let Some((folder, only)) = words.split_first() else {
        return Err(Trouble::Plain("fuzz which package?".to_owned()));
    };
    let folder = root.join(folder);
    let stopping = Stopping::listen()?;
    let mut fallen = Vec::new();
    for target in targets(&folder)?.iter().filter(|name| chosen(name, only)) {
        if stopping.asked() {
            return Ok(false);
        }
        println!("-- {target}");
        if !child::run(&mut command(&folder, target)?, &stopping)? {
            fallen.push(target.clone());
        }
    }
    report(&fallen);
    Ok(fallen.is_empty())
}

fn chosen(name: &str, only: &[&str]) -> bool {
    only.is_empty() || only.contains(&name)
}

/// A target is a file in the folder of its name.
fn targets(folder: &Path) -> Result<Vec<String>, Trouble> {
    let sources = folder.join("fuzz_targets");
    let unreadable = |source| Trouble::Read {
        path: sources.clone(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&sources).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|kind| kind == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into()));
        }
    }
    names.sort();
    Ok(names)
}

/// No sanitizer: this code has no `unsafe` for one to watch, and is some times faster without.
fn command(folder: &Path, target: &str) -> Result<Command, Trouble> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["fuzz", "run", "--sanitizer=none", "--fuzz-dir"])
        .args([folder, Path::new(target)])
        .args(corpora(folder, target)?)
        .arg("--")
        .args(limits(std::env::var_os("SEALTUNE_FUZZ_SECONDS")))
        .current_dir(folder);
    Ok(cargo)
}

/// The first is where the fuzzer writes.
fn corpora(folder: &Path, target: &str) -> Result<Vec<PathBuf>, Trouble> {
    let found = folder.join("target/corpus").join(target);
    std::fs::create_dir_all(&found).map_err(|source| Trouble::Write {
        path: found.clone(),
        source,
    })?;
    let kept = Some(folder.join("corpus").join(target)).filter(|kept| kept.is_dir());
    Ok([found].into_iter().chain(kept).collect())
}

fn limits(seconds: Option<OsString>) -> Vec<OsString> {
    let mut time = OsString::from("-max_total_time=");
    time.push(seconds.unwrap_or_else(|| SECONDS.into()));
    let rest = [
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-timeout={INPUT_SECONDS}"),
        "-print_final_stats=1".to_owned(),
    ];
    [time]
        .into_iter()
        .chain(rest.into_iter().map(OsString::from))
        .collect()
}

fn report(fallen: &[String]) {
    if !fallen.is_empty() {
        println!(
            "fallen, with the input under artifacts: {}",
            fallen.join(", ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn package() -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a folder for the test");
        let sources = home.path().join("fuzz_targets");
        fs::create_dir(&sources).expect("the folder is writable");
        for name in ["table.rs", "report.rs", "notes.txt"] {
            fs::write(sources.join(name), "").expect("the folder is writable");
        }
        home
    }

    #[test]
    fn every_source_in_the_folder_is_a_target() {
        let home = package();

        let names = targets(home.path()).expect("the folder can be read");

        assert_eq!(names, ["report", "table"]);
    }

    #[test]
    fn a_package_without_targets_is_an_error_and_no_success() {
        let home = tempfile::tempdir().expect("a folder for the test");

        assert!(targets(home.path()).is_err());
        assert!(run(home.path(), &[]).is_err());
    }

    #[test]
    fn what_is_found_is_not_written_into_the_committed_corpus() {
        let home = package();
        let kept = home.path().join("corpus/report");
        fs::create_dir_all(&kept).expect("the folder is writable");

        let folders = corpora(home.path(), "report").expect("the folder is writable");

        assert_eq!(folders.len(), 2);
        assert!(folders.first().is_some_and(|first| *first != kept));
        assert_eq!(folders.last(), Some(&kept));
    }

    #[test]
    fn a_run_is_as_long_as_was_asked_and_ten_minutes_otherwise() {
        let first = |seconds: Option<&str>| limits(seconds.map(OsString::from)).remove(0);

        assert_eq!(first(None), "-max_total_time=600");
        assert_eq!(first(Some("20")), "-max_total_time=20");
    }
}
