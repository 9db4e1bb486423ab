//! `ft watch`: a training as it goes.

use crate::answer::Answer;
use crate::args::Watch;
use crate::bank::{Bank, money_of, standing};
use crate::context::Context;
use crate::desk::Desk;
use crate::home::Record;
use crate::keys;
use crate::trouble::{Kind, Trouble};
use crate::voice::Voice;
use futures_util::StreamExt;
use indicatif::ProgressBar;
use proto::Action;
use proto::task::{Outcome, Phase, TaskEvent, TaskEventKind};
use proto::training::{Progress, Step};
use serde_json::json;

/// Losses that are drawn.
const DRAWN: usize = 40;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) async fn run(context: &Context, args: &Watch) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let record = home.record(&args.task)?;
    let bank = Bank::open(&config, keys::wallet(context, &config)?, context.voice).await?;
    let permit = bank.permit(Action::Read, record.task()).await?;
    let mut desk = Desk::of(record.provider(), bank.reader(), &home, &config).await?;
    let mut events = desk.watch(record.task(), permit).await?;
    let mut screen = Screen::new(context.voice);
    while let Some(event) = events.next().await.transpose()? {
        screen.show(&event);
        if let TaskEventKind::Phase(phase) = &event.kind
            && let Some(end) = Ending::of(phase)
        {
            screen.bar.finish_and_clear();
            return ended(&bank, &record, end).await;
        }
    }
    let what = "the node stopped telling before the task ended";
    let now = standing(bank.reader(), &record.signed.order, record.provider()).await?;
    Err(Trouble::new(Kind::Unreachable, what)
        .money(money_of(now, record.fee_max()))
        .next(format!("ft watch {}", record.task())))
}

/// Where watching ends: with a result, or without one.
enum Ending {
    Delivered,
    Failed(String),
}

impl Ending {
    fn of(phase: &Phase) -> Option<Self> {
        match phase {
            Phase::Delivered(_) | Phase::Closed(Outcome::Paid) => Some(Self::Delivered),
            Phase::Closed(Outcome::Refused(refusal)) => {
                Some(Self::Failed(format!("the order was refused: {refusal}")))
            }
            Phase::Closed(Outcome::Released(refusal)) => {
                Some(Self::Failed(format!("the order was given back: {refusal}")))
            }
            Phase::Closed(Outcome::Withdrawn) => {
                Some(Self::Failed("you took the order back".into()))
            }
            Phase::Offered
            | Phase::Promised
            | Phase::Accepted
            | Phase::Staged
            | Phase::Trained
            | Phase::Sealed(_)
            | Phase::Abandoned(_) => None,
        }
    }
}

async fn ended(bank: &Bank, record: &Record, ending: Ending) -> Result<Answer, Trouble> {
    let task = record.task();
    match ending {
        Ending::Delivered => {
            let text = format!("the result is delivered\nnext: ft get {task}");
            Ok(Answer::new(
                text,
                json!({ "task": task, "ended": "delivered" }),
            ))
        }
        Ending::Failed(why) => {
            let now = standing(bank.reader(), &record.signed.order, record.provider()).await?;
            Err(Trouble::new(Kind::Ended, why).money(money_of(now, record.fee_max())))
        }
    }
}

/// One bar and a small plot at a terminal; lines elsewhere.
struct Screen {
    voice: Voice,
    bar: ProgressBar,
    losses: Vec<f64>,
}

impl Screen {
    fn new(voice: Voice) -> Self {
        Self {
            voice,
            bar: voice.steps_bar(),
            losses: Vec::new(),
        }
    }

    fn show(&mut self, event: &TaskEvent) {
        if let TaskEventKind::Progress(Progress::Step(step)) = &event.kind {
            self.losses.push(step.loss.get());
            self.bar.set_length(step.steps_total);
            self.bar.set_position(step.step);
            self.bar
                .set_message(format!("{}  {}", figures(step), plot(&self.losses)));
            if !self.bar.is_hidden() {
                return;
            }
        }
        if let Some(words) = words(&event.kind) {
            self.bar.suspend(|| self.voice.tell(&words, &json!(event)));
        }
    }
}

fn figures(step: &Step) -> String {
    let left = step
        .eta_secs
        .map(|secs| format!(", {secs} s to go"))
        .unwrap_or_default();
    format!(
        "loss {:.4}, {:.0} tokens/s{left}",
        step.loss.get(),
        step.tokens_per_sec.get()
    )
}

fn words(kind: &TaskEventKind) -> Option<String> {
    match kind {
        TaskEventKind::Queued(place) => Some(format!("queued: {place} before this one")),
        TaskEventKind::Phase(phase) => Some(phase_words(phase)),
        TaskEventKind::Progress(progress) => progress_words(progress),
    }
}

fn phase_words(phase: &Phase) -> String {
    match phase {
        Phase::Offered => "the node looks at the order".into(),
        Phase::Promised => "the node promises to train".into(),
        Phase::Accepted => "accepted on chain".into(),
        Phase::Staged => "the data is fetched, opened and checked".into(),
        Phase::Trained => "trained".into(),
        Phase::Sealed(artefact) => format!("sealed to your key as {}", artefact.root),
        Phase::Delivered(artefact) => format!("delivered as {}", artefact.root),
        Phase::Abandoned(refusal) => format!("abandoned: {refusal}"),
        Phase::Closed(Outcome::Paid) => "paid".into(),
        Phase::Closed(Outcome::Refused(refusal)) => format!("refused: {refusal}"),
        Phase::Closed(Outcome::Released(refusal)) => format!("given back: {refusal}"),
        Phase::Closed(Outcome::Withdrawn) => "withdrawn".into(),
    }
}

fn progress_words(progress: &Progress) -> Option<String> {
    match progress {
        Progress::Step(step) => Some(format!(
            "step {}/{}: {}",
            step.step,
            step.steps_total,
            figures(step)
        )),
        Progress::Evaluation(held_out) => Some(format!(
            "held-out rows after step {}: loss {:.4}",
            held_out.step,
            held_out.loss.get()
        )),
        Progress::Resumed => Some("training goes on from a checkpoint".into()),
        Progress::Staging(_)
        | Progress::Checkpoint(_)
        | Progress::Gpu(_)
        | Progress::Sealing(_)
        | Progress::Upload(_) => None,
    }
}

/// The last losses as blocks of eight heights.
fn plot(losses: &[f64]) -> String {
    let from = losses.len().saturating_sub(DRAWN);
    let drawn = losses.get(from..).unwrap_or_default();
    let least = drawn.iter().copied().fold(f64::INFINITY, f64::min);
    let most = drawn.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = |loss: &f64| {
        let share = (loss - least) / (most - least).max(f64::MIN_POSITIVE);
        let under = |level: &&(f64, char)| share <= level.0;
        let levels: Vec<(f64, char)> = (1_u32..)
            .zip(LEVELS)
            .map(|(at, block)| (f64::from(at) / 8.0, block))
            .collect();
        levels.iter().find(under).map_or('█', |level| level.1)
    };
    drawn.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_goes_from_the_highest_loss_to_the_lowest() {
        assert_eq!(plot(&[8.0, 4.0, 0.0]), "█▄▁");
        assert_eq!(plot(&[1.0, 1.0]), "▁▁");
        assert_eq!(plot(&[1.0; 100]).chars().count(), DRAWN);
    }
}
