//! One make target: its set-up, its steps in order, its verdict.

use crate::child;
use crate::report::{self, End, Line};
use crate::setup::SetUp;
use crate::stopping::Stopping;
use crate::table::{Step, Table, Trouble};
use crate::tally::Tally;
use std::process::Command;
use std::time::{Duration, Instant};

const KEEP_GOING: &str = "--keep-going";

pub(crate) fn run(table: &Table, target: &str, words: &[&str]) -> Result<bool, Trouble> {
    let (flags, only): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.starts_with('-'));
    if let Some(stranger) = flags.iter().find(|flag| **flag != KEEP_GOING) {
        return Err(Trouble::Plain(format!(
            "{stranger} means nothing here; there is {KEEP_GOING}"
        )));
    }
    let steps = table.steps_of(target, &only)?;
    let mut course = Course::begin(table, target)?;
    course.set_up(&steps)?;
    for step in steps {
        if course.over(!flags.is_empty()) {
            break;
        }
        course.take(step);
    }
    Ok(course.close())
}

/// Only the set-up of a target.
pub(crate) fn make_ready(table: &Table, target: &str) -> Result<bool, Trouble> {
    let steps = table.steps_of(target, &[])?;
    let mut course = Course::begin(table, "setup")?;
    course.set_up(&steps)?;
    Ok(course.close())
}

#[derive(Debug)]
struct Course<'a> {
    target: &'a str,
    table: &'a Table,
    stopping: Stopping,
    setup: SetUp<'a>,
    lines: Vec<Line>,
    tally: Option<Tally>,
}

impl<'a> Course<'a> {
    fn begin(table: &'a Table, target: &'a str) -> Result<Self, Trouble> {
        let stopping = Stopping::listen()?;
        let setup = SetUp::new(table, stopping.clone());
        Ok(Self {
            target,
            table,
            stopping,
            setup,
            lines: Vec::new(),
            tally: None,
        })
    }

    fn set_up(&mut self, steps: &[&Step]) -> Result<(), Trouble> {
        let began = now();
        for need in steps.iter().flat_map(|step| &step.needs) {
            self.setup.make_ready(need)?;
        }
        if steps.iter().any(|step| !step.needs.is_empty()) {
            self.note("set-up", began, true);
        }
        Ok(())
    }

    fn over(&self, keep_going: bool) -> bool {
        let failed = self.lines.iter().any(|line| line.end != End::Good);
        self.stopping.asked() || (failed && !keep_going)
    }

    /// What keeps a step from running at all is how that step went, no more.
    fn take(&mut self, step: &Step) {
        report::heading(self.target, &step.name, &step.says);
        let began = now();
        let good = self.attempt(step).unwrap_or_else(|trouble| {
            println!("{trouble}");
            false
        });
        self.note(&step.name, began, good);
    }

    fn attempt(&mut self, step: &Step) -> Result<bool, Trouble> {
        let missing = step.needs.iter().find(|need| !self.setup.has(need));
        let words = match missing {
            None => &step.run,
            Some(_) if !step.otherwise.is_empty() => &step.otherwise,
            Some(need) => return Err(Trouble::Plain(format!("{need} is not to be had here"))),
        };
        println!("{}", report::command_line(step, words));
        self.run(step, words)
    }

    fn run(&mut self, step: &Step, words: &[String]) -> Result<bool, Trouble> {
        let mut command = self.command(step, words)?;
        if !step.counts {
            return child::run(&mut command, &self.stopping);
        }
        let (good, counted) = child::run_counting(&mut command, &self.stopping)?;
        if let Some(counted) = counted {
            self.tally = Some(self.tally.unwrap_or_default() + counted);
        }
        Ok(good)
    }

    fn command(&self, step: &Step, words: &[String]) -> Result<Command, Trouble> {
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| Trouble::Plain(format!("{} runs nothing", step.name)))?;
        let mut command = if program == "xtask" {
            Command::new(ourselves()?)
        } else {
            Command::new(program)
        };
        command
            .args(arguments)
            .current_dir(self.table.root.join(&step.folder))
            .envs(&step.env);
        self.setup.lend(&mut command);
        Ok(command)
    }

    fn note(&mut self, name: &str, began: Instant, good: bool) {
        let end = match (good, self.stopping.asked()) {
            (_, true) => End::Stopped,
            (true, false) => End::Good,
            (false, false) => End::Failed,
        };
        self.lines.push(Line {
            name: name.to_owned(),
            took: since(began),
            end,
        });
    }

    fn close(self) -> bool {
        report::closing(self.target, &self.lines, self.tally);
        !self.stopping.asked() && self.lines.iter().all(|line| line.end == End::Good)
    }
}

fn ourselves() -> Result<std::path::PathBuf, Trouble> {
    std::env::current_exe().map_err(|source| Trouble::Start {
        program: "xtask".to_owned(),
        source,
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the time a step took on the wall is what is told"
)]
fn now() -> Instant {
    Instant::now()
}

fn since(began: Instant) -> Duration {
    now().duration_since(began)
}
