//! The shape of a dataset's lines: found on the first one, then enforced.

use super::{Chat, Example, Fault, Json, Limits, Message};
use serde::Serialize;

/// The schemas understood, by their distinguishing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Schema {
    /// `{"messages": [...], "tools"?: [...]}`
    Messages,
    /// `{"prompt": ..., "completion": ...}`: text or messages on both sides.
    PromptCompletion,
    /// `{"instruction", "input"?, "output"}`, through the chat template.
    Alpaca,
    /// `{"conversations": [{"from", "value"}], "system"?}`
    ShareGpt,
    /// `{"text": ...}`: every token is a target.
    Text,
}

impl Schema {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::PromptCompletion => "prompt and completion",
            Self::Alpaca => "instruction and output",
            Self::ShareGpt => "conversations",
            Self::Text => "text",
        }
    }

    /// Finds the schema of a line by its keys.
    pub fn detect(line: &Json) -> Result<Self, Fault> {
        let Json::Object(_) = line else {
            return Err(Fault::NotAnObject);
        };
        let has = |key| line.get(key).is_some();
        if has("messages") {
            Ok(Self::Messages)
        } else if has("chosen") || has("preferred_output") {
            Err(Fault::Preference)
        } else if has("prompt") && has("completion") {
            Ok(Self::PromptCompletion)
        } else if has("instruction") && has("output") {
            Ok(Self::Alpaca)
        } else if has("conversations") {
            Ok(Self::ShareGpt)
        } else if has("text") {
            Ok(Self::Text)
        } else {
            Err(Fault::UnknownSchema)
        }
    }

    /// Reads a line that has to be of this schema.
    pub fn read(self, line: &Json, limits: Limits) -> Result<Example, Fault> {
        if Self::detect(line)? != self {
            let expected = self.name();
            return Err(Fault::OtherSchema { expected });
        }
        match self {
            Self::Messages => read_messages(line, limits),
            Self::PromptCompletion => read_prompt_completion(line, limits),
            Self::Alpaca => read_alpaca(line),
            Self::ShareGpt => read_share_gpt(line, limits),
            Self::Text => Ok(Example::Text(text_of(line, "text")?)),
        }
    }

    /// The keys that are read; others are ignored and named in the report.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Messages => &["messages", "tools"],
            Self::PromptCompletion => &["prompt", "completion", "tools"],
            Self::Alpaca => &["instruction", "input", "output", "system"],
            Self::ShareGpt => &["conversations", "system", "tools"],
            Self::Text => &["text"],
        }
    }
}

fn read_messages(line: &Json, limits: Limits) -> Result<Example, Fault> {
    let messages = messages_of(line, "messages", limits)?;
    Ok(Example::Chat(Chat {
        messages,
        tools: tools_of(line)?,
    }))
}

fn read_prompt_completion(line: &Json, limits: Limits) -> Result<Example, Fault> {
    if let Some(Json::Text(_)) = line.get("prompt") {
        return Ok(Example::Completion {
            prompt: text_of(line, "prompt")?,
            completion: text_of(line, "completion")?,
        });
    }
    let mut messages = messages_of(line, "prompt", limits)?;
    for message in &mut messages {
        message.trained = false;
        message.empty = false;
    }
    messages.extend(messages_of(line, "completion", limits)?);
    Ok(Example::Chat(Chat {
        messages,
        tools: tools_of(line)?,
    }))
}

fn read_alpaca(line: &Json) -> Result<Example, Fault> {
    let mut asked = text_of(line, "instruction")?;
    let input = optional_text_of(line, "input")?;
    if !input.is_empty() {
        asked = format!("{asked}\n\n{input}");
    }
    let answer = text_of(line, "output")?;
    let system = optional_text_of(line, "system")?;
    let said = [("system", system), ("user", asked), ("assistant", answer)];
    let spoken = said
        .iter()
        .filter(|(role, words)| *role != "system" || !words.is_empty());
    chat_of_texts(spoken.map(|(role, words)| Message::said(role, words)))
}

fn read_share_gpt(line: &Json, limits: Limits) -> Result<Example, Fault> {
    let turns = list_of(line, "conversations", limits)?;
    let system = optional_text_of(line, "system")?;
    let opening = (!system.is_empty()).then(|| Message::said("system", &system));
    let spoken = opening
        .into_iter()
        .chain(turns.iter().map(Message::read_share_gpt));
    let tools = tools_of(line)?;
    match chat_of_texts(spoken)? {
        Example::Chat(chat) => Ok(Example::Chat(Chat { tools, ..chat })),
        other @ (Example::Completion { .. } | Example::Text(_)) => Ok(other),
    }
}

fn chat_of_texts(
    messages: impl Iterator<Item = Result<Message, super::MessageFault>>,
) -> Result<Example, Fault> {
    let messages = messages
        .enumerate()
        .map(|(at, message)| message.map_err(Fault::at_message(at)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Example::Chat(Chat {
        messages,
        tools: None,
    }))
}

fn messages_of(line: &Json, key: &'static str, limits: Limits) -> Result<Vec<Message>, Fault> {
    list_of(line, key, limits)?
        .iter()
        .enumerate()
        .map(|(at, value)| Message::read(value.clone()).map_err(Fault::at_message(at)))
        .collect()
}

fn list_of<'a>(line: &'a Json, key: &'static str, limits: Limits) -> Result<&'a [Json], Fault> {
    let Some(Json::List(items)) = line.get(key) else {
        let expected = "a list";
        return Err(Fault::WrongType { key, expected });
    };
    if items.is_empty() {
        return Err(Fault::NoMessages);
    }
    if items.len() > limits.messages_max {
        return Err(Fault::TooManyMessages {
            messages_max: limits.messages_max,
        });
    }
    Ok(items)
}

fn tools_of(line: &Json) -> Result<Option<Json>, Fault> {
    match line.get("tools") {
        None | Some(Json::Null) => Ok(None),
        Some(tools @ Json::List(_)) => Ok(Some(tools.clone())),
        Some(_) => Err(Fault::WrongType {
            key: "tools",
            expected: "a list",
        }),
    }
}

fn text_of(line: &Json, key: &'static str) -> Result<String, Fault> {
    let words = line.get(key).and_then(Json::as_text);
    let expected = "text";
    Ok(words.ok_or(Fault::WrongType { key, expected })?.to_owned())
}

fn optional_text_of(line: &Json, key: &'static str) -> Result<String, Fault> {
    match line.get(key) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(_) => text_of(line, key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Role;

    fn read(text: &str) -> Result<(Schema, Example), Fault> {
        let line = Json::parse(text, Limits::default())?;
        let schema = Schema::detect(&line)?;
        Ok((schema, schema.read(&line, Limits::default())?))
    }

    fn roles(example: &Example) -> Vec<Role> {
        let Example::Chat(chat) = example else {
            panic!("not a conversation");
        };
        chat.messages.iter().map(|message| message.role).collect()
    }

    #[test]
    fn each_schema_is_known_by_its_keys() {
        let cases = [
            (
                r#"{"messages":[{"role":"user","content":"a"}]}"#,
                Schema::Messages,
            ),
            (
                r#"{"prompt":"a","completion":"b"}"#,
                Schema::PromptCompletion,
            ),
            (r#"{"instruction":"a","output":"b"}"#, Schema::Alpaca),
            (
                r#"{"conversations":[{"from":"human","value":"a"}]}"#,
                Schema::ShareGpt,
            ),
            (r#"{"text":"a"}"#, Schema::Text),
        ];
        for (text, schema) in cases {
            assert_eq!(read(text).expect("valid").0, schema);
        }
    }

    #[test]
    fn an_alpaca_input_follows_the_instruction_after_an_empty_line() {
        let (_, example) = read(r#"{"instruction":"a","input":"b","output":"c"}"#).expect("valid");

        let Example::Chat(chat) = example else {
            panic!("not a conversation");
        };
        let asked = chat.messages.first().expect("a question").shown.clone();
        assert_eq!(asked.get("content").and_then(Json::as_text), Some("a\n\nb"));
    }

    #[test]
    fn share_gpt_names_become_roles() {
        let (_, example) = read(
            r#"{"system":"s","conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}"#,
        )
        .expect("valid");

        assert_eq!(roles(&example), [Role::System, Role::User, Role::Assistant]);
    }

    #[test]
    fn only_the_completion_of_a_pair_is_trained() {
        let (_, example) = read(
            r#"{"prompt":[{"role":"assistant","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}"#,
        )
        .expect("valid");

        let Example::Chat(chat) = example else {
            panic!("not a conversation");
        };
        let trained: Vec<_> = chat.messages.iter().map(|m| m.trained).collect();
        assert_eq!(trained, [false, true]);
    }

    #[test]
    fn preference_pairs_are_refused_by_name() {
        let line = r#"{"prompt":"a","chosen":"b","rejected":"c"}"#;

        assert_eq!(read(line), Err(Fault::Preference));
    }

    #[test]
    fn a_line_of_another_schema_is_refused() {
        let line = Json::parse(r#"{"text":"a"}"#, Limits::default()).expect("valid");

        let read = Schema::Messages.read(&line, Limits::default());

        let expected = "messages";
        assert_eq!(read, Err(Fault::OtherSchema { expected }));
    }
}
