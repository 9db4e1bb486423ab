//! `ft adapter` and `ft eval`: what is done with an adapter on this machine, by the trainer's program.

use crate::answer::Answer;
use crate::args::{AdapterVerb, Convert, Eval, Merge};
use crate::config::TrainerSection;
use crate::context::Context;
use crate::trouble::{Kind, Trouble};
use crate::weigh::run as run_trainer;
use serde_json::{Value, json};
use std::process::Command;

pub(super) fn run(context: &Context, verb: &AdapterVerb) -> Result<Answer, Trouble> {
    match verb {
        AdapterVerb::Merge(args) => merge(context, args),
        AdapterVerb::ToGguf(args) => to_gguf(context, args),
    }
}

fn merge(context: &Context, args: &Merge) -> Result<Answer, Trouble> {
    let mut command = trainer(context);
    command.arg("merge").arg("--model").arg(&args.model_dir);
    command.arg("--adapter").arg(&args.adapter);
    command.arg("--out").arg(&args.out);
    let slow = context.voice.wait("adding the adapter to the weights");
    run_trainer(&mut command)?;
    slow.finish_and_clear();
    let text = format!("the tuned model is in {}", args.out.display());
    Ok(Answer::new(text, json!({ "model": args.out })))
}

fn to_gguf(context: &Context, args: &Convert) -> Result<Answer, Trouble> {
    let mut command = trainer(context);
    command.arg("to-gguf").arg("--model").arg(&args.model_dir);
    command.arg("--adapter").arg(&args.adapter);
    command.arg("--out").arg(&args.out);
    run_trainer(&mut command)?;
    let text = format!(
        "wrote {}\nnext: llama-cli --model BASE.gguf --lora {}",
        args.out.display(),
        args.out.display()
    );
    Ok(Answer::new(text, json!({ "gguf": args.out })))
}

pub(super) fn eval(context: &Context, args: &Eval) -> Result<Answer, Trouble> {
    let mut command = trainer(context);
    command.arg("eval").arg("--model").arg(&args.model_dir);
    command.arg("--adapter").arg(&args.adapter);
    command.arg("--data").arg(&args.data);
    if let Some(recipe) = &args.recipe {
        command.arg("--recipe").arg(recipe);
    }
    let slow = context.voice.wait("evaluating");
    let said = run_trainer(&mut command)?;
    slow.finish_and_clear();
    let figures: Value = serde_json::from_slice(&said).map_err(|error| {
        Trouble::because(
            Kind::Machine,
            "the trainer gave no figures that can be read",
            &error,
        )
    })?;
    let line = |who: &str| {
        let figures = &figures[who];
        format!(
            "{who}: loss {}, token accuracy {}",
            figures["loss"], figures["token_accuracy"]
        )
    };
    let text = format!("{}\n{}", line("base"), line("tuned"));
    Ok(Answer::new(text, figures))
}

/// Without a configuration the program is looked up by its name.
fn trainer(context: &Context) -> Command {
    let config = context.config();
    let section = config.map_or_else(|_none| TrainerSection::default(), |config| config.trainer);
    Command::new(section.program)
}
