//! A compiled chat template, and one rendering of it.

use super::context::{Context, Specials};
use super::environment::{Raised, environment};
use super::marks::Marks;
use super::rewrite::rewrite_generation_tags;
use crate::data::Json;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Value};
use std::error::Error as _;
use std::io::{self, Write};
use std::ops::Range;

/// Instructions one rendering may take, and more for each message.
const FUEL: u64 = 2_000_000;
const FUEL_PER_MESSAGE: u64 = 50_000;
/// A template longer than this is no template.
const SOURCE_BYTES_MAX: usize = 1 << 20;
const RENDERED_BYTES_MAX: usize = 64 << 20;
const NAME: &str = "chat";

#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the chat template is longer than {SOURCE_BYTES_MAX} bytes")]
    TooLong,
    #[error("the chat template does not compile")]
    Syntax(#[source] Error),
    #[error("the chat template slices backwards in another way than [::-1]")]
    BackwardSlice,
    #[error("the chat template holds every code point that could mark the assistant's words")]
    NoMarks,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    /// The template itself refuses; its words, where they are the template's own.
    Refused(Option<String>),
    Failed,
    TooLong,
    /// The conversation holds a code point that marks the assistant's words.
    MarkInInput,
}

/// The text of a conversation, and where in it the assistant speaks. The spans are
/// in bytes, and empty unless the template marks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    pub spans: Vec<Range<usize>>,
}

#[derive(Debug)]
pub struct ChatTemplate {
    source: String,
    specials: Specials,
    env: Environment<'static>,
    marks: Marks,
    marked: bool,
}

impl ChatTemplate {
    pub fn compile(source: &str, specials: Specials) -> Result<Self, TemplateError> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(TemplateError::TooLong);
        }
        let mut own: Vec<&str> = specials.values().map(String::as_str).collect();
        own.push(source);
        let marks = Marks::absent_from(&own).ok_or(TemplateError::NoMarks)?;
        let (rewritten, marked) =
            rewrite_generation_tags(source).map_err(|_slice| TemplateError::BackwardSlice)?;
        let mut env = environment(marks).map_err(TemplateError::Syntax)?;
        env.add_template_owned(NAME, rewritten)
            .map_err(TemplateError::Syntax)?;
        Ok(Self {
            source: source.to_owned(),
            specials,
            env,
            marks,
            marked,
        })
    }

    /// Whether the template says by itself which words are the assistant's.
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// The template as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders a conversation; `prompted` adds the opening of the next answer.
    pub fn render(
        &self,
        messages: &[&Json],
        tools: Option<&Json>,
        prompted: bool,
    ) -> Result<Rendered, RenderError> {
        let context = Context {
            messages,
            tools,
            documents: None,
            add_generation_prompt: prompted,
            specials: &self.specials,
        };
        let marked = self.run(Value::from(Serde(&context)), messages.len())?;
        if !self.marked {
            let (text, spans) = (marked, Vec::new());
            return Ok(Rendered { text, spans });
        }
        let (text, spans) = self.cut_marks(&marked, messages, tools)?;
        Ok(Rendered { text, spans })
    }

    fn run(&self, context: Value, messages: usize) -> Result<String, RenderError> {
        let mut env = self.env.clone();
        let messages = u64::try_from(messages).unwrap_or(u64::MAX);
        env.set_fuel(Some(
            FUEL.saturating_add(FUEL_PER_MESSAGE.saturating_mul(messages)),
        ));
        let mut out = Bounded(Vec::new());
        let template = env
            .get_template(NAME)
            .map_err(|_gone| RenderError::Failed)?;
        template
            .render_captured_to(context, &mut out)
            .map_err(|error| self.judge(&error))?;
        String::from_utf8(out.0).map_err(|_bytes| RenderError::Failed)
    }

    fn cut_marks(
        &self,
        marked: &str,
        messages: &[&Json],
        tools: Option<&Json>,
    ) -> Result<(String, Vec<Range<usize>>), RenderError> {
        let input = [messages, tools.as_slice()].concat();
        let holds_mark = input.iter().any(|value| {
            let printed = serde_json::to_string(value).unwrap_or_default();
            printed.contains([self.marks.open, self.marks.close])
        });
        if holds_mark {
            return Err(RenderError::MarkInInput);
        }
        self.marks.cut(marked).ok_or(RenderError::Failed)
    }

    /// The template's own words are public; words it took from the data are not.
    fn judge(&self, error: &Error) -> RenderError {
        if error.kind() == ErrorKind::WriteFailure {
            return RenderError::TooLong;
        }
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(Raised(words)) = inner.downcast_ref() {
                let own = self.source.contains(words.as_str());
                return RenderError::Refused(own.then(|| words.clone()));
            }
            cause = inner.source();
        }
        RenderError::Failed
    }
}

/// Memory that stops growing.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RENDERED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
