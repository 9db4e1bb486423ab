//! The model card: a README that a hub shows and a person reads.

use super::{EvalFigures, Manifest};
use crate::peft::AdapterConfig;
use std::fmt::Write as _;

/// The card of a result.
pub(super) fn card(manifest: &Manifest, config: &AdapterConfig) -> String {
    let mut card = front_matter(config);
    write_text(&mut card, manifest, config).expect("text grows");
    card
}

fn front_matter(config: &AdapterConfig) -> String {
    let base = serde_json::Value::from(base_of(config));
    format!(
        "---\nbase_model: {base}\nlibrary_name: peft\npipeline_tag: text-generation\ntags:\n- lora\n- sealtune\n---\n"
    )
}

fn write_text(card: &mut String, manifest: &Manifest, config: &AdapterConfig) -> std::fmt::Result {
    writeln!(card, "\n# LoRA adapter for {}\n", one_line(base_of(config)))?;
    writeln!(
        card,
        "Trained by sealtune {}. `training.json` has every digest and figure.\n",
        manifest.run.engine
    )?;
    writeln!(card, "| | |\n|---|---|")?;
    for (name, value) in rows(manifest, config) {
        writeln!(card, "| {name} | {value} |")?;
    }
    writeln!(
        card,
        "\n## Use\n\n```python\nfrom peft import AutoPeftModelForCausalLM\nmodel = AutoPeftModelForCausalLM.from_pretrained(\"this folder\")\n```"
    )?;
    writeln!(
        card,
        "\nThe scale of the adapter is {}.",
        if config.use_rslora {
            "alpha / sqrt(r)"
        } else {
            "alpha / r"
        }
    )?;
    writeln!(card, "\n## Check\n")?;
    writeln!(
        card,
        "`steps.jsonl` has the loss, the gradient norm and the batch digest of each step; the hash chain over them ends in `{}`. ",
        manifest.chain.0
    )?;
    writeln!(
        card,
        "Anybody with the base model, the dataset and the recipe gets the same bits on the numeric class `{}`.",
        manifest.run.class
    )
}

fn rows(manifest: &Manifest, config: &AdapterConfig) -> Vec<(&'static str, String)> {
    let figures = &manifest.figures;
    let report = &manifest.dataset;
    let mut rows = vec![
        (
            "rank, alpha, dropout",
            format!(
                "{}, {}, {}",
                config.r, config.lora_alpha, config.lora_dropout
            ),
        ),
        ("layers", config.target_modules.join(", ")),
        (
            "examples",
            format!(
                "{} ({} held out)",
                report.examples, report.examples_held_out
            ),
        ),
        (
            "tokens seen",
            format!(
                "{} in {} steps, {:.2} epochs",
                figures.tokens, figures.steps, figures.epochs
            ),
        ),
        (
            "training loss",
            format!(
                "{:.4} at first, {:.4} at the end",
                figures.loss_first, figures.loss_tail_mean
            ),
        ),
    ];
    if let (Some(before), Some(after)) = (&manifest.eval_before, &manifest.eval_after) {
        rows.push(("held-out loss", compared(before, after, |eval| eval.loss)));
        rows.push((
            "held-out perplexity",
            compared(before, after, |eval| eval.perplexity),
        ));
        rows.push((
            "held-out token accuracy",
            compared(before, after, |eval| eval.token_accuracy),
        ));
    }
    rows.push(("dataset, SHA-256", format!("`{}`", manifest.run.dataset)));
    rows.push(("recipe, SHA-256", format!("`{}`", manifest.run.recipe)));
    rows.push(("base model, SHA-256", format!("`{}`", manifest.run.model)));
    rows
}

fn compared(before: &EvalFigures, after: &EvalFigures, of: impl Fn(&EvalFigures) -> f64) -> String {
    format!("{:.4} before, {:.4} after", of(before), of(after))
}

fn base_of(config: &AdapterConfig) -> &str {
    config
        .base_model_name_or_path
        .as_deref()
        .unwrap_or("a base model")
}

/// A name from a recipe must not break out of its heading.
fn one_line(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}
