//! An example to documents of tokens, each token counted or not.

use super::segments::{Segment, segments, whole};
use super::{Example, Fault};
use crate::batch::Document;
use crate::template::ChatTemplate;
use crate::tokenizer::{TextModel, Tokenized};
use std::ops::Range;

/// A document ready for a batch, and whether it had to be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    pub document: Document,
    pub truncated: bool,
}

/// Makes documents of examples: one model's tokenizer and template, one length.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'a> {
    pub model: &'a TextModel,
    pub sequence_len: usize,
    /// Count every token, not the assistant's alone.
    pub train_on_inputs: bool,
}

impl Encoder<'_> {
    /// The documents of one example. A document without a counted token after its
    /// first is left out; an empty list means there is nothing to learn.
    pub fn encode(&self, example: &Example) -> Result<Vec<Encoded>, Fault> {
        let documents = match example {
            Example::Chat(chat) => {
                let template = self.template()?;
                let segments = if self.train_on_inputs {
                    vec![whole(chat, template)?]
                } else {
                    segments(chat, template, &self.model.tokenizer)?
                };
                let documents = segments.iter().map(|segment| self.segment(segment));
                documents.collect::<Result<Vec<_>, _>>()?
            }
            Example::Completion { prompt, completion } => {
                vec![self.completion(prompt, completion)?]
            }
            Example::Text(text) => vec![self.completion("", text)?],
        };
        let cut = documents.into_iter().map(|document| self.cut(document));
        Ok(cut
            .filter(|encoded| has_target(&encoded.document))
            .collect())
    }

    fn template(&self) -> Result<&ChatTemplate, Fault> {
        self.model.template.as_ref().ok_or(Fault::NoTemplate)
    }

    fn segment(&self, segment: &Segment) -> Result<Document, Fault> {
        let tokenized = self.tokenize(&segment.text, false)?;
        Ok(Document {
            counted: counted(&tokenized, &segment.targets),
            tokens: tokenized.ids,
        })
    }

    /// A prompt that is shown and a completion that is learnt, with its end token.
    /// The two are tokenized apart: at inference the prompt is tokenized alone.
    fn completion(&self, prompt: &str, completion: &str) -> Result<Document, Fault> {
        if prompt.is_empty() && completion.trim().is_empty() {
            return Ok(Document {
                tokens: Vec::new(),
                counted: Vec::new(),
            });
        }
        let end = self.model.end.ok_or(Fault::NoEndToken)?;
        let framed_prompt = !prompt.is_empty();
        let mut tokens = if framed_prompt {
            self.tokenize(prompt, true)?.ids
        } else {
            Vec::new()
        };
        if tokens.last() == Some(&end) {
            tokens.pop();
        }
        let shown = if self.train_on_inputs {
            0
        } else {
            tokens.len()
        };
        tokens.extend(self.tokenize(completion, !framed_prompt)?.ids);
        if tokens.last() != Some(&end) {
            tokens.push(end);
        }
        let empty = framed_prompt && completion.trim().is_empty();
        let counted = (0..tokens.len()).map(|at| at >= shown && !empty);
        Ok(Document {
            counted: counted.collect(),
            tokens,
        })
    }

    fn tokenize(&self, text: &str, framed: bool) -> Result<Tokenized, Fault> {
        let tokens = self.model.tokenizer.tokenize(text, framed);
        tokens.map_err(|_text| Fault::TokenizerFailed)
    }

    fn cut(&self, mut document: Document) -> Encoded {
        let truncated = document.tokens.len() > self.sequence_len;
        document.tokens.truncate(self.sequence_len);
        document.counted.truncate(self.sequence_len);
        Encoded {
            document,
            truncated,
        }
    }
}

/// Which tokens stand for the bytes of `spans`.
pub fn counted(tokenized: &Tokenized, spans: &[Range<usize>]) -> Vec<bool> {
    let mut counted = vec![false; tokenized.ids.len()];
    for span in spans {
        count(&mut counted, tokenized, span.start, span.end);
    }
    counted
}

/// Counts the tokens of the bytes from `start` to `end`, exactly as transformers
/// does for its `assistant_masks`: from the token that holds the first byte to the
/// first token that holds the last one, to the end where that one is unknown or
/// the very first token.
fn count(counted: &mut [bool], tokenized: &Tokenized, start: usize, end: usize) {
    let Some(first) = tokenized.token_at(start) else {
        return;
    };
    let last = end.checked_sub(1).and_then(|byte| tokenized.token_at(byte));
    let until = last.filter(|&at| at > 0).map_or(counted.len(), |at| at + 1);
    if let Some(span) = counted.get_mut(first..until) {
        span.fill(true);
    }
}

/// The first token of a document is never predicted, so counting it is no target.
fn has_target(document: &Document) -> bool {
    document.counted.iter().skip(1).any(|&counted| counted)
}
