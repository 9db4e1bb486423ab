//! The tokens of one micro-batch: documents laid end to end, none padded.

/// A document before it enters a batch. `counted[i]` says whether predicting `tokens[i]` counts towards the loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub tokens: Vec<u32>,
    pub counted: Vec<bool>,
}

/// Documents laid end to end. Attention never crosses a document; positions restart at each.
///
/// `targets[i]` is the token that position `i` shall predict (already shifted by one), or
/// [`Batch::IGNORED`]. The last position of a document never has a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    tokens: Vec<u32>,
    targets: Vec<u32>,
    positions: Vec<u32>,
    segments: Vec<u32>,
    starts: Vec<u32>,
}

impl Batch {
    /// The target of a position that does not count.
    pub const IGNORED: u32 = u32::MAX;

    /// Packs documents; empty ones are skipped. Missing `counted` entries are false.
    pub fn pack(documents: &[Document]) -> Self {
        let mut batch = Self {
            starts: vec![0],
            ..Self::default()
        };
        documents
            .iter()
            .filter(|d| !d.tokens.is_empty())
            .for_each(|d| batch.push(d));
        batch
    }

    /// Equal rows where every token but the first counts, as transformers does with `labels = input_ids`.
    pub fn rows(tokens: &[u32], row_len: usize) -> Self {
        let document = |row: &[u32]| Document {
            tokens: row.to_vec(),
            counted: vec![true; row.len()],
        };
        Self::pack(
            &tokens
                .chunks(row_len.max(1))
                .map(document)
                .collect::<Vec<_>>(),
        )
    }

    fn push(&mut self, document: &Document) {
        let segment = self.starts.len() as u32 - 1;
        for (i, token) in document.tokens.iter().enumerate() {
            let next = document
                .tokens
                .get(i + 1)
                .filter(|_| document.counted.get(i + 1) == Some(&true));
            self.tokens.push(*token);
            self.targets.push(next.copied().unwrap_or(Self::IGNORED));
            self.positions.push(i as u32);
            self.segments.push(segment);
        }
        self.starts.push(self.tokens.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// Position of each token within its document.
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// Which document each token belongs to.
    pub fn segments(&self) -> &[u32] {
        &self.segments
    }

    /// Where documents start, and at the end the number of tokens: what GPU kernels call `cu_seqlens`.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Documents as ranges of positions.
    pub fn documents(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.starts.windows(2).map(|w| w[0] as usize..w[1] as usize)
    }

    pub fn longest(&self) -> usize {
        self.documents().map(|d| d.len()).max().unwrap_or(0)
    }

    /// How many positions count towards the loss.
    pub fn labels(&self) -> u64 {
        self.targets.iter().filter(|t| **t != Self::IGNORED).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(tokens: &[u32], counted: &[bool]) -> Document {
        Document {
            tokens: tokens.to_vec(),
            counted: counted.to_vec(),
        }
    }

    #[test]
    fn targets_are_shifted_and_never_cross_documents() {
        let batch = Batch::pack(&[
            document(&[5, 6, 7], &[false, false, true]),
            document(&[8, 9], &[true, true]),
        ]);

        assert_eq!(
            batch.targets(),
            [Batch::IGNORED, 7, Batch::IGNORED, 9, Batch::IGNORED]
        );
        assert_eq!(batch.positions(), [0, 1, 2, 0, 1]);
        assert_eq!(batch.starts(), [0, 3, 5]);
        assert_eq!(batch.segments(), [0, 0, 0, 1, 1]);
        assert_eq!(batch.labels(), 2);
    }

    #[test]
    fn empty_documents_leave_no_trace() {
        let batch = Batch::pack(&[document(&[], &[]), document(&[1], &[true])]);

        assert_eq!(batch.documents().collect::<Vec<_>>(), vec![0..1]);
        assert_eq!(batch.labels(), 0);
    }

    #[test]
    fn rows_count_every_token_but_the_first() {
        let batch = Batch::rows(&[1, 2, 3, 4, 5, 6], 3);

        assert_eq!(batch.labels(), 4);
        assert_eq!(batch.longest(), 3);
    }
}
