//! What the steps need beyond Rust, Node.js and Python, brought into `.tools` of the checkout.
//!
//! Each item has a folder it makes and a pin: the text that decides what is in it. The pin is
//! copied into the folder last; a folder that holds the pin of today is ready, and nothing else
//! is asked of the network or the disk.

mod bring;
mod pin;

use crate::child;
use crate::stopping::Stopping;
use crate::table::{Item, Table, Trouble, read_text};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug)]
pub(crate) struct SetUp<'a> {
    table: &'a Table,
    stopping: Stopping,
    ready: BTreeSet<&'a str>,
    path: Vec<PathBuf>,
    python: Vec<PathBuf>,
}

impl<'a> SetUp<'a> {
    pub(crate) fn new(table: &'a Table, stopping: Stopping) -> Self {
        Self {
            table,
            stopping,
            ready: BTreeSet::new(),
            path: Vec::new(),
            python: Vec::new(),
        }
    }

    /// A tool that cannot be had is no trouble yet: its step may have another form.
    pub(crate) fn make_ready(&mut self, name: &str) -> Result<(), Trouble> {
        let no_item = || Trouble::Plain(format!("{name} is needed, but not in xtask/setup.toml"));
        let (name, item) = self.table.items.get_key_value(name).ok_or_else(no_item)?;
        if self.has(name) {
            return Ok(());
        }
        let had = match item {
            Item::Tool { pins, build } => self.tool(name, pins, build.as_deref())?,
            Item::Crate { build } => self.krate(name, build)?,
            Item::Python { pins } => self.packages(name, pins)?,
            Item::Npm { folder } => self.npm(name, folder)?,
            Item::Debian {
                package,
                program,
                within,
                optional,
            } => {
                self.debian(package, program, within.as_deref())?
                    || without(package, program, *optional)
            }
        };
        if had {
            self.ready.insert(name);
        }
        Ok(())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.ready.contains(name)
    }

    /// Lets a command find what was set up.
    pub(crate) fn lend(&self, command: &mut Command) {
        command.env("PATH", before("PATH", &self.path));
        if !self.python.is_empty() {
            command.env("PYTHONPATH", before("PYTHONPATH", &self.python));
        }
    }

    fn tool(&mut self, name: &str, pins: &Path, build: Option<&str>) -> Result<bool, Trouble> {
        let home = self.table.root.join(".tools").join(name);
        if !self.pip(name, pins, &home)? {
            if on_path(name) {
                println!("{name}: taking the one on the PATH");
                return Ok(true);
            }
            let Some(krate) = build else { return Ok(false) };
            self.compile(name, krate, &home)?;
            pin::seal(&home, &read_text(&self.table.root.join(pins))?)?;
        }
        self.path.push(home.join("bin"));
        Ok(true)
    }

    /// Built once; one that the machine has spares that.
    fn krate(&mut self, name: &str, krate: &str) -> Result<bool, Trouble> {
        let home = self.table.root.join(".tools").join(name);
        if !pin::holds(&home, krate) {
            if on_path(name) {
                println!("{name}: taking the one on the PATH");
                return Ok(true);
            }
            self.compile(name, krate, &home)?;
            pin::seal(&home, krate)?;
        }
        self.path.push(home.join("bin"));
        Ok(true)
    }

    fn packages(&mut self, name: &str, pins: &Path) -> Result<bool, Trouble> {
        let home = self.table.root.join(".tools").join(name);
        if !self.pip(name, pins, &home)? {
            return Err(Trouble::Plain(format!(
                "{name} needs Python 3 with pip (on Debian: apt-get install python3-pip) and, the first time, its index"
            )));
        }
        self.path.push(home.join("bin"));
        self.python.push(home);
        Ok(true)
    }

    fn npm(&mut self, name: &str, folder: &Path) -> Result<bool, Trouble> {
        let folder = self.table.root.join(folder);
        let home = folder.join("node_modules");
        let pin = read_text(&folder.join("package-lock.json"))?;
        if !pin::holds(&home, &pin) {
            println!("{name}: npm install in {}", folder.display());
            if !on_path("npm") || !self.run(bring::npm(&folder))? {
                return Err(Trouble::Plain(format!(
                    "{name} needs Node.js with npm and, the first time, its registry"
                )));
            }
            pin::seal(&home, &pin)?;
        }
        self.path.push(home.join(".bin"));
        Ok(true)
    }

    /// Only root can bring one.
    fn debian(&self, package: &str, program: &str, within: Option<&Path>) -> Result<bool, Trouble> {
        let has = || {
            // Where an administrator's programs lie is on no user's PATH.
            on_path(program)
                || Path::new("/usr/sbin").join(program).is_file()
                || within.is_some_and(|parent| is_below(parent, program))
        };
        Ok(has() || (rustix::process::getuid().is_root() && self.apt(package)? && has()))
    }

    /// True when the folder holds what the pins say, from before or from now on.
    fn pip(&self, name: &str, pins: &Path, home: &Path) -> Result<bool, Trouble> {
        let pins = self.table.root.join(pins);
        let pin = read_text(&pins)?;
        if pin::holds(home, &pin) {
            return Ok(true);
        }
        if !bring::has_pip() {
            return Ok(false);
        }
        println!("{name}: pip install into {}", home.display());
        pin::clear(home)?;
        if !self.run(bring::pip(&pins, home))? {
            return Ok(false);
        }
        pin::seal(home, &pin)?;
        Ok(true)
    }

    fn compile(&self, name: &str, krate: &str, home: &Path) -> Result<(), Trouble> {
        println!("{name}: building it, which takes minutes, once");
        pin::clear(home)?;
        if !self.run(bring::cargo_install(krate, home))? {
            return Err(Trouble::Plain(format!(
                "{name} can neither be downloaded nor built"
            )));
        }
        Ok(())
    }

    fn apt(&self, package: &str) -> Result<bool, Trouble> {
        println!("{package}: apt-get install");
        let install = bring::apt(&["install", "-qy", "--no-install-recommends", package]);
        Ok(self.run(bring::apt(&["update", "-q"]))? && self.run(install)?)
    }

    /// A stop is not a failure that something else could make good.
    fn run(&self, mut command: Command) -> Result<bool, Trouble> {
        let good = child::run(&mut command, &self.stopping)?;
        if self.stopping.asked() {
            return Err(Trouble::Plain(
                "stopped by hand during the set-up".to_owned(),
            ));
        }
        Ok(good)
    }
}

/// Where a program cannot be had, the step that needs it says so and fails, or does without.
fn without(package: &str, program: &str, optional: bool) -> bool {
    println!("{program} is missing; on Debian: apt-get install {package}");
    if optional {
        println!("what needs it will be LEFT OUT");
    }
    optional
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether `bin` of a version's folder has it: Debian keeps versions of a server beside each other.
fn is_below(parent: &Path, program: &str) -> bool {
    let versions = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut programs = versions.map(|version| version.path().join("bin").join(program));
    programs.any(|program| program.is_file())
}

/// The variable with these folders before what it holds already.
fn before(variable: &str, folders: &[PathBuf]) -> OsString {
    let held = std::env::var_os(variable).unwrap_or_default();
    let kept = std::env::split_paths(&held).filter(|path| !path.as_os_str().is_empty());
    std::env::join_paths(folders.iter().cloned().chain(kept)).unwrap_or(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_up_is_found_before_what_the_machine_has() {
        let path = before("PATH", &[PathBuf::from("/ours/bin")]);

        let mut folders = std::env::split_paths(&path);

        assert_eq!(folders.next().as_deref(), Some(Path::new("/ours/bin")));
        assert!(folders.next().is_some());
    }

    #[test]
    fn a_server_is_found_in_the_folder_of_its_version() {
        let parent = tempfile::tempdir().expect("a folder for the test");
        let programs = parent.path().join("17").join("bin");
        std::fs::create_dir_all(&programs).expect("the folder is writable");

        assert!(!is_below(parent.path(), "server"));
        std::fs::write(programs.join("server"), "").expect("the folder is writable");

        assert!(is_below(parent.path(), "server"));
        assert!(!is_below(&parent.path().join("none"), "server"));
    }
}
