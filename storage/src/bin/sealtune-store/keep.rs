//! `ls`, `gc` and `verify`: what the local folder has.

use crate::args::Args;
use crate::get::local;
use crate::show::{Failure, Show, content};
use proto::Root;
use serde_json::json;
use std::time::{Duration, SystemTime};

pub(crate) fn ls(args: &Args, show: &Show) -> Result<(), Failure> {
    for found in local(args)?.list()? {
        show.answer(&format!("{} {}", found.root, found.size), &content(found))?;
    }
    Ok(())
}

pub(crate) fn gc(args: &Args, retention_days: u64, show: &Show) -> Result<(), Failure> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the command's one look at the clock"
    )]
    let now = SystemTime::now();
    let retention = Duration::from_secs(retention_days.saturating_mul(86_400));
    let collected = local(args)?.collect(now, retention)?;
    let line = format!(
        "{} removed, {} bytes freed",
        collected.removed.len(),
        collected.freed_bytes
    );
    let removed: Vec<_> = collected.removed.into_iter().map(content).collect();
    show.answer(
        &line,
        &json!({"removed": removed, "freed_bytes": collected.freed_bytes}),
    )
}

pub(crate) fn verify(args: &Args, roots: &[Root], show: &Show) -> Result<(), Failure> {
    let folder = local(args)?;
    let all = folder.list()?.into_iter().map(|found| found.root).collect();
    let roots: Vec<Root> = if roots.is_empty() {
        all
    } else {
        roots.to_vec()
    };
    let mut bad: u32 = 0;
    for root in roots {
        let verdict = folder.verify(root);
        let good = verdict.is_ok();
        bad += u32::from(!good);
        let why = verdict.err().map(|error| Failure::from(error).to_string());
        let word = why.as_deref().unwrap_or("good");
        show.answer(
            &format!("{root} {word}"),
            &json!({"root": root.to_string(), "good": good, "why": why}),
        )?;
    }
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::plain(format!(
            "{bad} of the contents are not what they are called"
        )))
    }
}
