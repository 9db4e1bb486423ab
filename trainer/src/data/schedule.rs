//! Which rows each step trains on: a pure function of the seed and the step.

use super::pack::Rows;
use crate::batch::{Batch, Document};
use crate::digest::Hasher;
use proto::Digest;

/// The course of a run through its rows, epoch after epoch, each in its own order.
#[derive(Clone, Debug)]
pub struct Course {
    documents: Vec<Document>,
    rows: Rows,
    seed: u64,
    micro_batch_size: usize,
    accumulation: usize,
    /// The order of the rows in the epoch used last.
    order: Option<(u64, Vec<usize>)>,
}

/// The micro-batches of one step.
#[derive(Clone, Debug)]
pub struct StepData {
    pub batches: Vec<Batch>,
    /// Counted positions over all of them: what the loss is divided by.
    pub labels: u64,
    pub tokens: u64,
    /// Of the tokens, targets and document bounds, in order.
    pub digest: Digest,
}

impl Course {
    pub fn new(
        documents: Vec<Document>,
        rows: Rows,
        seed: u64,
        micro_batch_size: usize,
        accumulation: usize,
    ) -> Self {
        Self {
            documents,
            rows,
            seed,
            micro_batch_size: micro_batch_size.max(1),
            accumulation: accumulation.max(1),
            order: None,
        }
    }

    /// Steps of one epoch; the last one may be smaller.
    pub fn steps_per_epoch(&self) -> u64 {
        let rows_per_step = self.micro_batch_size * self.accumulation;
        self.rows.len().div_ceil(rows_per_step) as u64
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Every row as a batch of its own, in the order they were packed.
    pub fn all_rows(&self) -> Vec<Batch> {
        (0..self.rows.len()).map(|row| self.batch(&[row])).collect()
    }

    /// The most tokens any micro-batch of this course has.
    pub fn micro_batch_tokens_max(&self) -> usize {
        let mut lengths: Vec<usize> = self.rows.iter().map(|row| self.row_len(row)).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.iter().take(self.micro_batch_size).sum()
    }

    /// The data of a step, counted from zero over all epochs.
    pub fn step(&mut self, step: u64) -> StepData {
        let per_epoch = self.steps_per_epoch().max(1);
        let (epoch, within) = (step / per_epoch, step % per_epoch);
        self.shuffle_for(epoch);
        let order = self.order.as_ref().map(|(_, order)| order.as_slice());
        let rows_per_step = self.micro_batch_size * self.accumulation;
        let rows = order.unwrap_or_default().iter();
        let rows: Vec<usize> = rows
            .skip(within as usize * rows_per_step)
            .take(rows_per_step)
            .copied()
            .collect();
        let batches = rows
            .chunks(self.micro_batch_size)
            .map(|rows| self.batch(rows));
        StepData::of(batches.collect())
    }

    fn batch(&self, rows: &[usize]) -> Batch {
        let documents = rows.iter().filter_map(|&row| self.rows.get(row)).flatten();
        let documents = documents.filter_map(|&at| self.documents.get(at).cloned());
        Batch::pack(&documents.collect::<Vec<_>>())
    }

    fn row_len(&self, row: &[usize]) -> usize {
        let documents = row.iter().filter_map(|&at| self.documents.get(at));
        documents.map(|document| document.tokens.len()).sum()
    }

    fn shuffle_for(&mut self, epoch: u64) {
        if self.order.as_ref().is_none_or(|(of, _)| *of != epoch) {
            self.order = Some((epoch, shuffled(self.rows.len(), self.seed, epoch)));
        }
    }
}

impl StepData {
    fn of(batches: Vec<Batch>) -> Self {
        let mut hasher = Hasher::labelled("sealtune batch v1");
        for batch in &batches {
            for numbers in [batch.tokens(), batch.targets(), batch.starts()] {
                hasher.number(numbers.len() as u64);
                for number in numbers {
                    hasher.raw(&number.to_le_bytes());
                }
            }
        }
        Self {
            labels: batches.iter().map(Batch::labels).sum(),
            tokens: batches.iter().map(|batch| batch.len() as u64).sum(),
            digest: hasher.finish(),
            batches,
        }
    }
}

/// Rows in the order of their hashes: every order is as likely as another, and
/// anybody can recompute it with nothing but SHA-256.
fn shuffled(rows: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let key = |row: usize| {
        let mut hasher = Hasher::labelled("sealtune order v1");
        hasher.number(seed).number(epoch).number(row as u64);
        hasher.finish()
    };
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by_cached_key(|&row| key(row));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::pack::one_per_row;

    fn course(documents: u32, micro: usize, accumulation: usize) -> Course {
        let documents: Vec<Document> = (0..documents)
            .map(|token| Document {
                tokens: vec![token, token],
                counted: vec![true; 2],
            })
            .collect();
        let rows = one_per_row(documents.len());
        Course::new(documents, rows, 7, micro, accumulation)
    }

    fn tokens_of(course: &mut Course, steps: std::ops::Range<u64>) -> Vec<u32> {
        let mut tokens: Vec<u32> = steps
            .flat_map(|step| course.step(step).batches)
            .flat_map(|batch| batch.tokens().to_vec())
            .collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    #[test]
    fn an_epoch_sees_every_document_once() {
        let mut course = course(10, 2, 2);

        assert_eq!(course.steps_per_epoch(), 3);
        assert_eq!(tokens_of(&mut course, 0..3), (0..10).collect::<Vec<_>>());
        assert_eq!(tokens_of(&mut course, 3..6), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn epochs_have_their_own_order() {
        let mut course = course(10, 10, 1);

        assert_ne!(course.step(0).digest, course.step(1).digest);
    }

    #[test]
    fn a_step_is_the_same_whenever_it_is_asked_for() {
        let mut forwards = course(10, 2, 2);
        let mut alone = course(10, 2, 2);
        for step in 0..5 {
            forwards.step(step);
        }

        assert_eq!(forwards.step(5).digest, alone.step(5).digest);
    }

    #[test]
    fn the_labels_are_those_of_the_whole_step() {
        let data = course(10, 2, 2).step(0);

        assert_eq!((data.batches.len(), data.labels, data.tokens), (2, 4, 8));
    }
}
