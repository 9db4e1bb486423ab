//! Why a line is no example. Never repeats what the line says.

use super::Role;

/// What is wrong with one line, in words that hold no content of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the line is longer than {bytes_max} bytes")]
    LineTooLong { bytes_max: usize },
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("the line is not JSON (column {column})")]
    NotJson { column: usize },
    #[error("values are nested too deeply")]
    TooDeep,
    #[error("the line has too many values")]
    TooManyValues,
    #[error("a key stands twice in one object")]
    KeyTwice,
    #[error("a number is beyond 64 bits")]
    NumberTooLarge,
    #[error("a number is infinite or none")]
    NotANumber,
    #[error("the line is not an object")]
    NotAnObject,
    #[error(
        "the line has the keys of no known schema: messages, prompt and completion, instruction and output, conversations, or text"
    )]
    UnknownSchema,
    #[error("preference pairs cannot be trained here")]
    Preference,
    #[error("the first line set the schema {expected}; this line does not have its keys")]
    OtherSchema { expected: &'static str },
    #[error("`{key}` is not {expected}")]
    WrongType {
        key: &'static str,
        expected: &'static str,
    },
    #[error("there are no messages")]
    NoMessages,
    #[error("there are more than {messages_max} messages")]
    TooManyMessages { messages_max: usize },
    #[error("message {at}: {fault}")]
    Message { at: usize, fault: MessageFault },
    #[error("the chat template refuses the conversation{}", .0.as_ref().map(|words| format!(": {words}")).unwrap_or_default())]
    TemplateRefused(Option<String>),
    #[error("the chat template fails on the conversation")]
    TemplateFailed,
    #[error("the rendered conversation is too long")]
    RenderedTooLong,
    #[error("the conversation holds a code point that Unicode reserves for programs")]
    MarkInInput,
    #[error("the chat template gives no way to tell the assistant's words from the rest")]
    Unmaskable,
    #[error(
        "some assistant turns have weight 0, and the chat template's generation marks do not match the turns"
    )]
    WeightsUnmatched,
    #[error("the tokenizer fails on the text")]
    TokenizerFailed,
    #[error("the tokenizer has no end token, and this schema needs one")]
    NoEndToken,
    #[error("the model has no chat template, and this schema needs one")]
    NoTemplate,
    #[error("an assistant message is needed and there is none")]
    NoAssistant,
}

/// What is wrong with one message; messages count from zero, as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    #[error("it is not an object")]
    NotAnObject,
    #[error("`{0}` is missing or not text")]
    NoRole(&'static str),
    #[error("the role is none of {}", Role::NAMES.join(", "))]
    UnknownRole,
    #[error("`content` is missing")]
    NoContent,
    #[error("`content` is neither text nor a list of text parts")]
    BadContent,
    #[error("`tool_calls` is not a list")]
    BadToolCalls,
    #[error("`weight` is neither 0 nor 1")]
    BadWeight,
}
