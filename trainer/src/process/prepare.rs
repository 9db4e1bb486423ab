//! Everything before the first step: the dataset as batches, the run's identity.

use super::plan::Plan;
use crate::batch::{Batch, Document};
use crate::data::{
    Course, Dataset, Encoder, Limits, Reading, best_fit_decreasing, one_per_row, read,
};
use crate::failure::{Code, Failure};
use crate::tokenizer::TextModel;
use proto::{Digest, Reason};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A dataset made ready for one recipe.
#[derive(Debug)]
pub struct Prepared {
    pub dataset: Dataset,
    pub course: Course,
    pub held_out: Vec<Batch>,
    pub tokenizer: Digest,
    /// Share of the rows' room that holds tokens.
    pub fill: f64,
}

/// Reads and packs the plan's dataset; `input` is what follows the plan.
pub fn prepare(plan: &Plan, input: &mut dyn BufRead) -> Result<Prepared, Failure> {
    let recipe = &plan.recipe;
    let model = TextModel::open(&plan.model, recipe.chat_template_jinja.as_deref())?;
    let encoder = Encoder {
        model: &model,
        sequence_len: recipe.sequence_len,
        train_on_inputs: recipe.train_on_inputs,
    };
    let reading = Reading {
        limits: Limits::default(),
        holdout: recipe.holdout(),
        seed: recipe.seed,
        bad_lines_max: recipe.bad_lines_max,
    };
    let dataset = if plan.data == Path::new("-") {
        read(input, encoder, reading)?
    } else {
        read(open(&plan.data)?, encoder, reading)?
    };
    Ok(pack(plan, dataset, model.digest))
}

fn open(path: &Path) -> Result<impl BufRead, Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::because(
            Code::Data,
            format!("cannot open the dataset {}", path.display()),
            error,
        )
        .with_reason(Reason::DatasetUnavailable)
    })?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

fn pack(plan: &Plan, mut dataset: Dataset, tokenizer: Digest) -> Prepared {
    let recipe = &plan.recipe;
    let room = recipe.sequence_len;
    let documents = std::mem::take(&mut dataset.train);
    let lengths = lengths(&documents);
    let rows = if recipe.sample_packing {
        best_fit_decreasing(&lengths, room)
    } else {
        one_per_row(documents.len())
    };
    let fill = lengths.iter().sum::<usize>() as f64 / (rows.len() * room).max(1) as f64;
    let held_out = held_out(&dataset.held_out, room);
    let course = Course::new(
        documents,
        rows,
        recipe.seed,
        recipe.micro_batch_size,
        recipe.gradient_accumulation_steps as usize,
    );
    Prepared {
        dataset,
        course,
        held_out,
        tokenizer,
        fill,
    }
}

/// Evaluation batches: always packed, since nothing there depends on the order.
fn held_out(documents: &[Document], room: usize) -> Vec<Batch> {
    let rows = best_fit_decreasing(&lengths(documents), room);
    let row = |row: &Vec<usize>| {
        let documents = row.iter().filter_map(|&at| documents.get(at).cloned());
        Batch::pack(&documents.collect::<Vec<_>>())
    };
    rows.iter().map(row).collect()
}

fn lengths(documents: &[Document]) -> Vec<usize> {
    documents
        .iter()
        .map(|document| document.tokens.len())
        .collect()
}

impl Prepared {
    /// The most tokens a backend has to hold at once.
    pub fn micro_batch_tokens_max(&self) -> usize {
        let held_out = self.held_out.iter().map(Batch::len).max();
        self.course
            .micro_batch_tokens_max()
            .max(held_out.unwrap_or_default())
    }
}
