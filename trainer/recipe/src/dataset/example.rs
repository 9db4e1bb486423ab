//! What one line of a dataset asks to learn.

use super::{Json, Message, Role};
use crate::digest::Hasher;
use proto::Digest;

#[derive(Clone, Debug, PartialEq)]
pub enum Example {
    Chat(Chat),
    Completion { prompt: String, completion: String },
    Text(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    pub messages: Vec<Message>,
    pub tools: Option<Json>,
}

impl Example {
    /// A digest of everything that decides what is learnt from this example. Two
    /// lines that mean the same have the same digest, wherever they stand.
    pub fn digest(&self) -> Digest {
        let mut hash = Hasher::labelled("sealtune example v1");
        match self {
            Self::Chat(chat) => chat.absorb_into(&mut hash),
            Self::Completion { prompt, completion } => {
                absorb(&mut hash, "prompt", prompt);
                absorb(&mut hash, "completion", completion);
            }
            Self::Text(text) => absorb(&mut hash, "text", text),
        }
        hash.finish()
    }
}

impl Chat {
    /// Whether any message is the assistant's.
    pub fn has_assistant(&self) -> bool {
        self.messages.iter().any(|m| m.role == Role::Assistant)
    }

    fn absorb_into(&self, hash: &mut Hasher) {
        for message in &self.messages {
            let label = if message.trained { "trained" } else { "shown" };
            absorb(hash, label, &print(&message.shown));
        }
        if let Some(tools) = &self.tools {
            absorb(hash, "tools", &print(tools));
        }
    }
}

fn absorb(hash: &mut Hasher, label: &str, text: &str) {
    hash.part(label.as_bytes()).part(text.as_bytes());
}

fn print(value: &Json) -> String {
    serde_json::to_string(value).expect("a parsed value has text keys and finite numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_between_prompt_and_completion_is_part_of_the_digest() {
        let split = |prompt: &str, completion: &str| {
            let (prompt, completion) = (prompt.to_owned(), completion.to_owned());
            Example::Completion { prompt, completion }.digest()
        };

        assert_ne!(split("ab", "c"), split("a", "bc"));
    }
}
