//! What a command line says of itself: its commit, its man pages, its completions.

use clap::Command;
use clap_complete::Shell;
use std::io;
use std::path::Path;

/// What this was built from, as whoever built it said in `SEALTUNE_COMMIT`.
pub const COMMIT: &str = match option_env!("SEALTUNE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The answer to `--version`. Asked once in the life of a process, and kept for all of it.
pub fn version(of: &str) -> &'static str {
    format!("{of} (commit {COMMIT})").leak()
}

/// The hidden command by which a package is given its papers.
#[derive(Debug, clap::Args)]
pub struct Papers {
    /// Gets the folders `man` and `completions`.
    folder: std::path::PathBuf,
}

impl Papers {
    /// Writes the papers of this command line, which knows itself by its name.
    pub fn write(&self, command: Command) -> io::Result<()> {
        man_pages(command.clone(), &self.folder.join("man"))?;
        completions(command, &self.folder.join("completions"))
    }
}

/// One page for the program and one for each command that is not hidden.
fn man_pages(command: Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}

fn completions(mut command: Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command, &name, folder)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]
mod tests {
    use super::*;

    fn command() -> Command {
        let hidden = Command::new("papers").hide(true);
        let shown = Command::new("run").about("Runs until it is told to stop");
        Command::new("sealtune-thing")
            .version("1")
            .subcommands([shown, hidden])
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_command_that_is_shown_has_its_page_and_every_shell_its_completion() {
        let folder = tempfile::tempdir().unwrap();
        let papers = Papers {
            folder: folder.path().to_owned(),
        };

        papers.write(command()).unwrap();

        let pages = names(&folder.path().join("man"));
        assert_eq!(pages, ["sealtune-thing-run.1", "sealtune-thing.1"]);
        let shells = names(&folder.path().join("completions"));
        assert_eq!(
            shells,
            [
                "_sealtune-thing",
                "sealtune-thing.bash",
                "sealtune-thing.fish"
            ]
        );
    }

    #[test]
    fn a_build_of_which_nobody_said_the_commit_says_so() {
        assert_eq!(version("0.1.0"), format!("0.1.0 (commit {COMMIT})"));
        assert!(!COMMIT.is_empty());
    }
}
