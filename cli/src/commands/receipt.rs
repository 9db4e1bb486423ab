//! `ft receipt`: a task in one file, and its check.

use crate::answer::Answer;
use crate::args::{Receipt as Args, ReceiptVerb};
use crate::context::Context;
use crate::home::{cannot, write_whole};
use crate::judge::Demand;
use crate::receipt::Receipt;
use crate::trouble::{Kind, Trouble};
use serde_json::json;
use std::fs;
use std::path::Path;

pub(super) fn run(context: &Context, args: &Args) -> Result<Answer, Trouble> {
    match (&args.verb, &args.task) {
        (Some(verb), _) => verify(verb),
        (None, Some(task)) => make(context, task, args.out.as_deref()),
        (None, None) => Err(Trouble::new(Kind::Input, "which task?").next("ft list --all")),
    }
}

fn make(context: &Context, task: &str, out: Option<&Path>) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let record = home.record(task)?;
    let receipt = Receipt::of(&record, home.result(record.task()));
    let Some(out) = out else {
        let json = json!(receipt);
        return Ok(Answer::new(format!("{json:#}"), json));
    };
    write_whole(out, &receipt)?;
    let text = format!(
        "wrote {}\nnext: ft receipt verify {}",
        out.display(),
        out.display()
    );
    Ok(Answer::new(
        text,
        json!({ "task": record.task(), "receipt": out }),
    ))
}

fn verify(verb: &ReceiptVerb) -> Result<Answer, Trouble> {
    let ReceiptVerb::Verify {
        file,
        adapter,
        policy,
        development_root,
    } = verb;
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| cannot("read", path, &error));
    let receipt: Receipt = serde_json::from_str(&read(file)?).map_err(|error| {
        let what = format!("{} is no receipt", file.display());
        Trouble::because(Kind::Input, &what, &error)
    })?;
    let policy = match policy {
        Some(path) => read(path)?,
        None => receipt.policy.clone(),
    };
    let root = development_root.as_deref().map(read).transpose()?;
    let demand = Demand::parse(policy, root)?;
    let checks = receipt.check(&demand, adapter.as_deref());
    let lines = checks.iter().map(|check| match &check.fault {
        None => format!("holds   {}", check.what),
        Some(fault) => format!("FAILS   {}: {fault}", check.what),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    if checks.iter().any(|check| check.fault.is_some()) {
        let what = format!("{} does not hold\n{text}", file.display());
        return Err(Trouble::new(Kind::NotAsPromised, what));
    }
    let said = "Not checked here, because it takes the chain: that these transactions are in it.";
    let json = json!({ "task": receipt.task, "holds": true, "checks": checks });
    Ok(Answer::new(format!("{text}\n{said}"), json))
}
