//! Which words of a rendered conversation are targets.
//!
//! A template that marks the assistant's words is believed. One that does not is
//! rendered up to each answer, with the opening of the answer and with the answer
//! itself; what the second adds to the first are the answer's words. Where later
//! turns change how earlier ones are shown (Qwen3 drops old thoughts), every
//! answer becomes an example of its own, seen exactly as it is asked for later.

use super::{Chat, Fault, Json, Role};
use crate::template::{ChatTemplate, RenderError, Rendered};
use crate::tokenizer::Tokenizer;
use std::ops::Range;

/// A text to train on, and the bytes of it that are targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) text: String,
    pub(super) targets: Vec<Range<usize>>,
}

/// The texts of one conversation; none when it has no target.
pub(super) fn segments(
    chat: &Chat,
    template: &ChatTemplate,
    tokenizer: &Tokenizer,
) -> Result<Vec<Segment>, Fault> {
    if !chat.has_assistant() {
        return Err(Fault::NoAssistant);
    }
    if !chat.messages.iter().any(|message| message.trained) {
        return Ok(Vec::new());
    }
    let whole = render(template, chat, chat.messages.len(), false)?;
    if template.is_marked() {
        return Ok(vec![marked(chat, whole)?]);
    }
    by_prefixes(chat, template, tokenizer, whole.text)
}

/// The whole conversation, where everything is a target.
pub(super) fn whole(chat: &Chat, template: &ChatTemplate) -> Result<Segment, Fault> {
    let text = render(template, chat, chat.messages.len(), false)?.text;
    let everything = 0..text.len();
    Ok(Segment {
        text,
        targets: vec![everything],
    })
}

fn marked(chat: &Chat, whole: Rendered) -> Result<Segment, Fault> {
    let assistants = || chat.messages.iter().filter(|m| m.role == Role::Assistant);
    let Rendered { text, spans } = whole;
    if assistants().all(|message| message.trained) {
        return Ok(Segment {
            text,
            targets: spans,
        });
    }
    if spans.len() != assistants().count() {
        return Err(Fault::WeightsUnmatched);
    }
    let kept = spans.into_iter().zip(assistants());
    let targets = kept
        .filter(|(_, message)| message.trained)
        .map(|(span, _)| span);
    Ok(Segment {
        text,
        targets: targets.collect(),
    })
}

fn by_prefixes(
    chat: &Chat,
    template: &ChatTemplate,
    tokenizer: &Tokenizer,
    whole: String,
) -> Result<Vec<Segment>, Fault> {
    let trained = chat.messages.iter().enumerate().filter(|(_, m)| m.trained);
    let turns = trained
        .map(|(at, _)| answer(chat, template, tokenizer, at))
        .collect::<Result<Vec<Segment>, Fault>>()?;
    if !turns.iter().all(|turn| whole.starts_with(&turn.text)) {
        return Ok(turns);
    }
    let targets = turns.into_iter().flat_map(|turn| turn.targets).collect();
    Ok(vec![Segment {
        text: whole,
        targets,
    }])
}

/// The conversation up to and with the answer at `at`, which alone is the target.
fn answer(
    chat: &Chat,
    template: &ChatTemplate,
    tokenizer: &Tokenizer,
    at: usize,
) -> Result<Segment, Fault> {
    let asked = render(template, chat, at, true)?.text;
    let answered = render(template, chat, at + 1, false)?.text;
    let said = answered.strip_prefix(&asked).ok_or(Fault::Unmaskable)?;
    let end = asked.len() + without_tail(said, tokenizer).len();
    let target = asked.len()..end;
    Ok(Segment {
        targets: Vec::from([target]),
        text: answered,
    })
}

/// White space after the end token belongs to the template: nothing is sampled there.
fn without_tail<'a>(said: &'a str, tokenizer: &Tokenizer) -> &'a str {
    let trimmed = said.trim_end();
    if tokenizer.ends_with_special(trimmed) {
        trimmed
    } else {
        said
    }
}

fn render(
    template: &ChatTemplate,
    chat: &Chat,
    until: usize,
    prompted: bool,
) -> Result<Rendered, Fault> {
    let messages: Vec<&Json> = chat.messages.iter().take(until).map(|m| &m.shown).collect();
    template
        .render(&messages, chat.tools.as_ref(), prompted)
        .map_err(Fault::from)
}

impl From<RenderError> for Fault {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Refused(words) => Self::TemplateRefused(words),
            RenderError::Failed => Self::TemplateFailed,
            RenderError::TooLong => Self::RenderedTooLong,
            RenderError::MarkInInput => Self::MarkInInput,
        }
    }
}
