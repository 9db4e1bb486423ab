//! `ft logs`: what the node logs of a task.

use crate::answer::Answer;
use crate::args::Logs;
use crate::bank::Bank;
use crate::context::Context;
use crate::desk::Desk;
use crate::keys;
use crate::trouble::Trouble;
use futures_util::StreamExt;
use proto::Action;
use serde_json::json;

pub(super) async fn run(context: &Context, args: &Logs) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let record = home.record(&args.task)?;
    let task = record.task();
    let bank = Bank::open(&config, keys::wallet(context, &config)?, context.voice).await?;
    let permit = bank.permit(Action::Read, task).await?;
    let mut desk = Desk::of(record.provider(), bank.reader(), &home, &config).await?;
    let mut lines = desk.logs(task, permit, args.follow).await?;
    while let Some(batch) = lines.next().await.transpose()? {
        for line in &batch.lines {
            let (level, text) = (line.level, &line.text);
            let words = format!("{} {level:?} {}", line.at_ms, &**text);
            context.voice.tell(&words, &json!(line));
        }
    }
    Ok(Answer::said())
}
