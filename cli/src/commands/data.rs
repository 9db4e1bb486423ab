//! `ft data check`: the customer's lines, before they go anywhere.

use crate::answer::Answer;
use crate::args::{Check, Data};
use crate::config::TrainerSection;
use crate::context::Context;
use crate::trouble::{Kind, Money, Trouble};
use crate::weigh::{Weight, look, read_recipe, weigh};
use recipe::dataset::Survey;
use serde_json::{Value, json};

pub(super) fn run(context: &Context, verb: &Data) -> Result<Answer, Trouble> {
    let Data::Check(args) = verb;
    let recipe = read_recipe(args.recipe.as_deref())?;
    let survey = look(&args.file)?;
    let weight = match &args.model_dir {
        Some(model) => Some(weigh(&trainer(context), model, &args.file, &recipe)?),
        None => None,
    };
    let (text, json) = (
        in_words(&survey, weight.as_ref()),
        in_json(&survey, weight.as_ref()),
    );
    let bad = weight
        .as_ref()
        .map_or(survey.bad, |weight| weight.report.bad);
    if bad > recipe.bad_lines_max || survey.lines == survey.blank {
        return Err(refused(args, &text));
    }
    Ok(Answer::new(text, json))
}

/// Without a configuration the program is looked up by its name.
fn trainer(context: &Context) -> TrainerSection {
    let config = context.config();
    config.map_or_else(|_none| TrainerSection::default(), |config| config.trainer)
}

fn refused(args: &Check, words: &str) -> Trouble {
    let what = format!("{} would be refused\n{words}", args.file.display());
    Trouble::new(Kind::Input, what)
        .money(Money::NotMoved)
        .next("mend these lines, or allow them with bad_lines_max in the recipe")
}

fn in_words(survey: &Survey, weight: Option<&Weight>) -> String {
    let schema = survey
        .schema
        .map_or("none".to_owned(), |schema| format!("{schema:?}"));
    let mut text = format!(
        "{} lines, {} blank, {} bad; schema {schema}",
        survey.lines, survey.blank, survey.bad
    );
    let mut line = |words: String| {
        text.push('\n');
        text.push_str(&words);
    };
    for (number, fault) in &survey.findings {
        line(format!("line {number}: {fault}"));
    }
    let Some(weight) = weight else {
        line(
            "tokens: not counted; say --model-dir FOLDER to count them with the model's tokenizer"
                .into(),
        );
        return text;
    };
    let report = &weight.report;
    line(format!(
        "{} examples, {} tokens ({} trained on), {} rows",
        report.examples, weight.tokens, weight.targets, weight.rows
    ));
    line(format!(
        "{} steps, {:.2} epochs, {} tokens to be paid",
        weight.steps,
        weight.epochs,
        weight.trained_tokens()
    ));
    line(format!(
        "{} truncated, {} empty answers, {} with nothing to learn, {} duplicates",
        report.truncated, report.empty_targets, report.no_targets, report.duplicates
    ));
    for finding in report
        .findings
        .iter()
        .filter(|finding| finding.kind != "bad")
    {
        line(format!("line {}: {}", finding.line, finding.what));
    }
    text
}

fn in_json(survey: &Survey, weight: Option<&Weight>) -> Value {
    let findings = survey.findings.iter();
    let bad = findings.map(|(line, fault)| json!({ "line": line, "what": fault.to_string() }));
    json!({
        "lines": survey.lines, "blank": survey.blank, "bad": survey.bad,
        "bad_lines": bad.collect::<Vec<_>>(),
        "tokens": weight.map(|weight| json!({
            "tokens": weight.tokens, "targets": weight.targets, "rows": weight.rows,
            "steps": weight.steps, "epochs": weight.epochs, "to_be_paid": weight.trained_tokens(),
            "examples": weight.report.examples, "truncated": weight.report.truncated,
            "empty_targets": weight.report.empty_targets, "no_targets": weight.report.no_targets,
            "duplicates": weight.report.duplicates,
        })),
    })
}
