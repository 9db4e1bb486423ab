//! The sandbox tried on this machine, before an order depends on it.

use super::{Answers, Limits, Report, Spec, Strictness};
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Puts a probe behind the walls and says which pieces hold and what it could do.
/// Two folders are made in `scratch` and removed again. Run it on a thread that
/// stays: the probe is killed with the one that started it.
pub fn try_out(launcher: &Path, scratch: &Path) -> io::Result<(Report, Answers)> {
    let room = scratch.join(format!("sandbox-trial-{}", std::process::id()));
    let (model, work) = (room.join("model"), room.join("work"));
    fs::create_dir_all(&model)?;
    fs::create_dir_all(&work)?;
    let tried = launch(launcher, &spec(&fs::canonicalize(launcher)?, &model, &work));
    fs::remove_dir_all(&room)?;
    tried
}

fn spec(program: &Path, model: &Path, work: &Path) -> Spec {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Spec {
        strictness: Strictness::BestEffort,
        parent: std::process::id(),
        program: program.into(),
        arguments: vec!["sandbox-probe".into(), text(model), text(work)],
        read: vec![model.into()],
        write: vec![work.into()],
        devices: Vec::new(),
        pipes_up_to: 2,
        limits: Limits {
            data_bytes: 1 << 30,
            cpu_secs: 60,
            file_bytes: 1 << 20,
            open_files: 64,
        },
    }
}

fn launch(launcher: &Path, spec: &Spec) -> io::Result<(Report, Answers)> {
    let mut child = Command::new(launcher)
        .arg("sandboxed")
        .env_clear()
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let fed = child
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(spec.to_line().as_bytes()));
    let output = child.wait_with_output()?;
    fed.transpose()?;
    let mut lines = output.stdout.split(|&byte| byte == b'\n');
    Ok((read(lines.next())?, read(lines.next())?))
}

fn read<T: serde::de::DeserializeOwned>(line: Option<&[u8]>) -> io::Result<T> {
    serde_json::from_slice(line.unwrap_or_default()).map_err(io::Error::other)
}
