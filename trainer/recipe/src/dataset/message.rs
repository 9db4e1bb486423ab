//! One message of a conversation: kept whole for the template, judged for training.

use super::{Fault, Json, MessageFault};

/// Who speaks. The template sees the word as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

impl Role {
    pub const NAMES: [&'static str; 5] = ["system", "developer", "user", "assistant", "tool"];

    fn named(name: &str) -> Option<Self> {
        match name {
            "system" => Some(Self::System),
            "developer" => Some(Self::Developer),
            "user" => Some(Self::User),
            "assistant" => Some(Self::Assistant),
            "tool" => Some(Self::Tool),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What the template is given: the object of the file, less `weight`.
    pub shown: Json,
    pub role: Role,
    /// Whether these words are a target: an assistant's, not of weight 0, not empty.
    pub trained: bool,
    /// An assistant turn without words and without tool calls.
    pub empty: bool,
}

impl Message {
    /// Reads the object of a `messages` list.
    pub fn read(value: Json) -> Result<Self, MessageFault> {
        let Json::Object(mut entries) = value else {
            return Err(MessageFault::NotAnObject);
        };
        let weight = take(&mut entries, "weight");
        let shown = Json::Object(entries);
        let role = shown.get("role").and_then(Json::as_text);
        let role = Role::named(role.ok_or(MessageFault::NoRole("role"))?)
            .ok_or(MessageFault::UnknownRole)?;
        let says = says_something(&shown)?;
        let weighed = is_weighed(weight.as_ref())?;
        Ok(Self {
            role,
            trained: role == Role::Assistant && weighed && says,
            empty: role == Role::Assistant && !says,
            shown,
        })
    }

    /// Reads the object of a `ShareGPT` `conversations` list.
    pub fn read_share_gpt(value: &Json) -> Result<Self, MessageFault> {
        let from = value.get("from").and_then(Json::as_text);
        let role = match from.ok_or(MessageFault::NoRole("from"))? {
            "human" | "user" => "user",
            "gpt" | "assistant" | "chatgpt" | "model" => "assistant",
            "system" => "system",
            "tool" | "observation" | "function_response" => "tool",
            _ => return Err(MessageFault::UnknownRole),
        };
        let words = value.get("value").and_then(Json::as_text);
        Self::said(role, words.ok_or(MessageFault::NoContent)?)
    }

    /// A message of plain text.
    pub fn said(role: &str, words: &str) -> Result<Self, MessageFault> {
        Self::read(Json::Object(vec![
            ("role".to_owned(), Json::Text(role.to_owned())),
            ("content".to_owned(), Json::Text(words.to_owned())),
        ]))
    }
}

impl Fault {
    pub(super) fn at_message(at: usize) -> impl Fn(MessageFault) -> Self {
        move |fault| Self::Message { at, fault }
    }
}

fn take(entries: &mut Vec<(String, Json)>, key: &str) -> Option<Json> {
    let at = entries.iter().position(|(name, _)| name == key)?;
    Some(entries.remove(at).1)
}

fn is_weighed(weight: Option<&Json>) -> Result<bool, MessageFault> {
    match weight {
        None | Some(Json::Null | Json::Int(1)) => Ok(true),
        Some(Json::Int(0)) => Ok(false),
        Some(_) => Err(MessageFault::BadWeight),
    }
}

/// Whether there are words or tool calls; checks the types of both on the way.
fn says_something(shown: &Json) -> Result<bool, MessageFault> {
    let calls = match shown.get("tool_calls") {
        None | Some(Json::Null) => false,
        Some(Json::List(calls)) => !calls.is_empty(),
        Some(_) => return Err(MessageFault::BadToolCalls),
    };
    let words = match shown.get("content") {
        None if !calls => return Err(MessageFault::NoContent),
        None | Some(Json::Null) => false,
        Some(Json::Text(words)) => !words.trim().is_empty(),
        Some(Json::List(parts)) => any_words(parts)?,
        Some(_) => return Err(MessageFault::BadContent),
    };
    Ok(calls || words)
}

fn any_words(parts: &[Json]) -> Result<bool, MessageFault> {
    let mut any = false;
    for part in parts {
        if part.get("type").and_then(Json::as_text) != Some("text") {
            return Err(MessageFault::BadContent);
        }
        let words = part.get("text").and_then(Json::as_text);
        any |= !words.ok_or(MessageFault::BadContent)?.trim().is_empty();
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Limits;

    fn read(text: &str) -> Result<Message, MessageFault> {
        Message::read(Json::parse(text, Limits::default()).expect("valid"))
    }

    #[test]
    fn an_assistant_of_weight_zero_is_shown_and_not_trained() {
        let message = read(r#"{"role":"assistant","content":"a","weight":0}"#).expect("valid");

        assert!(!message.trained && !message.empty);
        assert_eq!(message.shown.get("weight"), None);
    }

    #[test]
    fn an_assistant_without_words_is_empty_unless_it_calls_a_tool() {
        let silent = read(r#"{"role":"assistant","content":" "}"#).expect("valid");
        let calling = read(r#"{"role":"assistant","content":null,"tool_calls":[{}]}"#);

        assert!(silent.empty && !silent.trained);
        assert!(calling.expect("valid").trained);
    }

    #[test]
    fn pictures_are_refused() {
        assert_eq!(
            read(r#"{"role":"user","content":[{"type":"image"}]}"#),
            Err(MessageFault::BadContent)
        );
    }
}
