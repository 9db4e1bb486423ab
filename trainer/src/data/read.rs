//! A dataset file to documents, with a report.

use super::encode::{Encoded, Encoder};
use super::report::Report;
use super::split::held_out;
use super::{Example, Fault, Holdout, Json, Limits, Line, Lines, Schema};
use crate::batch::Document;
use crate::digest::HashingReader;
use proto::Digest;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// Lines worked on at once; their results are taken in order.
const CHUNK: usize = 512;

/// What a dataset holds for one model and one recipe.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub train: Vec<Document>,
    pub held_out: Vec<Document>,
    pub report: Report,
    /// SHA-256 of the file.
    pub digest: Digest,
    pub bytes: u64,
}

/// How a dataset is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub limits: Limits,
    pub holdout: Holdout,
    pub seed: u64,
    /// Bad lines tolerated before the dataset is refused.
    pub bad_lines_max: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("cannot read the dataset")]
    Read(#[from] io::Error),
    #[error("the dataset has more than {0} lines")]
    TooManyLines(u64),
    #[error("the dataset has more than {0} tokens")]
    TooManyTokens(u64),
    #[error("the dataset has {} bad lines; {}", .0.bad, .0.first_bad().unwrap_or_default())]
    BadLines(Box<Report>),
    #[error("the dataset has nothing to train on")]
    Nothing(Box<Report>),
}

/// Reads a whole dataset. Bad lines are counted and reported; too many of them, or
/// nothing to train on, refuse the dataset.
pub fn read(
    source: impl BufRead,
    encoder: Encoder<'_>,
    reading: Reading,
) -> Result<Dataset, DataError> {
    let mut source = HashingReader::new(source);
    let mut gathered = Gathered::default();
    gathered.take_all(&mut source, encoder, reading)?;
    let (digest, bytes) = source.finish();
    if gathered.report.bad > reading.bad_lines_max {
        return Err(DataError::BadLines(Box::new(gathered.report)));
    }
    let dataset = gathered.split(reading, digest, bytes);
    if dataset.train.is_empty() {
        return Err(DataError::Nothing(Box::new(dataset.report)));
    }
    Ok(dataset)
}

/// What one line came to.
enum Outcome {
    Blank,
    Bad(Fault),
    Good(Good),
}

struct Good {
    digest: Digest,
    documents: Vec<Encoded>,
    empty_targets: u64,
    other_keys: bool,
}

#[derive(Default)]
struct Gathered {
    report: Report,
    examples: Vec<(Digest, Vec<Document>)>,
    seen: BTreeMap<Digest, u64>,
}

impl Gathered {
    fn take_all(
        &mut self,
        source: impl BufRead,
        encoder: Encoder<'_>,
        reading: Reading,
    ) -> Result<(), DataError> {
        let limits = reading.limits;
        let mut lines = Lines::new(source, limits.line_bytes_max);
        loop {
            let chunk = next_chunk(&mut lines)?;
            if chunk.is_empty() {
                return Ok(());
            }
            let schema = self.report.schema.or_else(|| first_schema(&chunk, limits));
            self.report.schema = schema;
            let outcomes: Vec<(u64, Outcome)> = chunk
                .into_par_iter()
                .map(|line| (line.number, work(line, schema, encoder, limits)))
                .collect();
            for (number, outcome) in outcomes {
                self.take(number, outcome, limits)?;
            }
        }
    }

    fn take(&mut self, line: u64, outcome: Outcome, limits: Limits) -> Result<(), DataError> {
        self.report.lines += 1;
        if self.report.lines > limits.lines_max {
            return Err(DataError::TooManyLines(limits.lines_max));
        }
        match outcome {
            Outcome::Blank => self.report.blank += 1,
            Outcome::Bad(fault) => self.report.bad(line, &fault, limits.findings_max),
            Outcome::Good(good) => self.take_good(line, good, limits.findings_max),
        }
        if self.report.tokens > limits.tokens_max {
            return Err(DataError::TooManyTokens(limits.tokens_max));
        }
        Ok(())
    }

    fn take_good(&mut self, line: u64, good: Good, findings_max: usize) {
        let report = &mut self.report;
        report.lines_with_other_keys += u64::from(good.other_keys);
        if good.empty_targets > 0 {
            report.empty_targets(line, good.empty_targets, findings_max);
        }
        if good.documents.iter().any(|encoded| encoded.truncated) {
            report.truncated(line, findings_max);
        }
        if good.documents.is_empty() {
            return report.no_target(line, findings_max);
        }
        match self.seen.get(&good.digest) {
            Some(&earlier) => report.duplicate(line, earlier, findings_max),
            None => drop(self.seen.insert(good.digest, line)),
        }
        report.examples += 1;
        let documents: Vec<Document> = good.documents.into_iter().map(|e| e.document).collect();
        report.tokens += tokens_of(&documents);
        self.examples.push((good.digest, documents));
    }

    fn split(self, reading: Reading, digest: Digest, bytes: u64) -> Dataset {
        let digests: Vec<Digest> = self.examples.iter().map(|(digest, _)| *digest).collect();
        let held = held_out(reading.seed, &digests, reading.holdout);
        let mut dataset = Dataset {
            train: Vec::new(),
            held_out: Vec::new(),
            report: self.report,
            digest,
            bytes,
        };
        for ((_, documents), held) in self.examples.into_iter().zip(held) {
            dataset.report.examples_held_out += u64::from(held);
            let side = if held {
                &mut dataset.held_out
            } else {
                &mut dataset.train
            };
            side.extend(documents);
        }
        dataset.count();
        dataset
    }
}

impl Dataset {
    fn count(&mut self) {
        let targets = |d: &Document| d.counted.iter().skip(1).filter(|c| **c).count() as u64;
        self.report.documents = (self.train.len() + self.held_out.len()) as u64;
        self.report.tokens = tokens_of(&self.train);
        self.report.tokens_held_out = tokens_of(&self.held_out);
        self.report.targets = self.train.iter().map(targets).sum();
    }
}

fn tokens_of(documents: &[Document]) -> u64 {
    documents
        .iter()
        .map(|document| document.tokens.len() as u64)
        .sum()
}

fn next_chunk(lines: &mut Lines<impl BufRead>) -> io::Result<Vec<Line>> {
    let mut chunk = Vec::new();
    while chunk.len() < CHUNK {
        match lines.next_line()? {
            Some(line) => chunk.push(line),
            None => break,
        }
    }
    Ok(chunk)
}

/// The schema of the first line that has one.
fn first_schema(chunk: &[Line], limits: Limits) -> Option<Schema> {
    let texts = chunk.iter().filter_map(|line| line.text.as_ref().ok());
    texts
        .filter_map(|text| Json::parse(text, limits).ok())
        .find_map(|line| Schema::detect(&line).ok())
}

fn work(line: Line, schema: Option<Schema>, encoder: Encoder<'_>, limits: Limits) -> Outcome {
    let text = match line.text {
        Ok(text) if text.trim().is_empty() => return Outcome::Blank,
        Ok(text) => text,
        Err(fault) => return Outcome::Bad(fault),
    };
    learn(&text, schema, encoder, limits).map_or_else(Outcome::Bad, Outcome::Good)
}

fn learn(
    text: &str,
    schema: Option<Schema>,
    encoder: Encoder<'_>,
    limits: Limits,
) -> Result<Good, Fault> {
    let line = Json::parse(text, limits)?;
    let schema = schema.map_or_else(|| Schema::detect(&line), Ok)?;
    let example = schema.read(&line, limits)?;
    Ok(Good {
        digest: example.digest(),
        documents: encoder.encode(&example)?,
        empty_targets: empty_targets(&example),
        other_keys: has_other_keys(&line, schema),
    })
}

fn empty_targets(example: &Example) -> u64 {
    match example {
        Example::Chat(chat) => chat.messages.iter().filter(|m| m.empty).count() as u64,
        Example::Completion { completion, .. } => u64::from(completion.trim().is_empty()),
        Example::Text(text) => u64::from(text.trim().is_empty()),
    }
}

fn has_other_keys(line: &Json, schema: Schema) -> bool {
    let Json::Object(entries) = line else {
        return false;
    };
    entries
        .iter()
        .any(|(key, _)| !schema.keys().contains(&key.as_str()))
}
