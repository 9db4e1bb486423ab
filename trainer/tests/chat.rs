//! Chat templates render as transformers renders them, and mark the same tokens.
//!
//! `tests/data/chat/render.py` wrote what transformers says of our own templates,
//! which use what those of Qwen2.5, Qwen3, Llama 3.x, Mistral and Gemma use.

#![allow(clippy::panic, reason = "a test may stop")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use trainer::data::{Chat, Encoder, Example, Json, Limits, Message};
use trainer::template::{ChatTemplate, RenderError, Rendered, Specials};
use trainer::tokenizer::{TextModel, Tokenizer};

#[derive(Deserialize)]
struct Case {
    template: String,
    conversation: String,
    prompted: bool,
    text: Option<String>,
    raised: Option<String>,
    ids: Option<Vec<u32>>,
    mask: Option<Vec<u8>>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/chat")
}

fn read(path: &str) -> String {
    fs::read_to_string(folder().join(path)).expect("test data is committed")
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&read("expected.json")).expect("expected.json is written by render.py")
}

fn conversations() -> BTreeMap<String, Json> {
    let limits = Limits::default();
    let Ok(Json::List(all)) = Json::parse(&read("conversations.json"), limits) else {
        panic!("conversations.json is a list");
    };
    let name = |value: &Json| value.get("name").and_then(Json::as_text).map(str::to_owned);
    all.into_iter()
        .map(|value| (name(&value).expect("every conversation has a name"), value))
        .collect()
}

fn template(name: &str) -> ChatTemplate {
    let specials = Specials::from([
        ("bos_token".to_owned(), "<|bos|>".to_owned()),
        ("eos_token".to_owned(), "<|im_end|>".to_owned()),
    ]);
    let source = read(&format!("templates/{name}.jinja"));
    ChatTemplate::compile(&source, specials).expect("our templates compile")
}

fn tokenizer() -> Tokenizer {
    Tokenizer::parse(include_bytes!("../src/tiny/tokenizer.json")).expect("a tokenizer")
}

fn render(case: &Case, conversation: &Json) -> Result<Rendered, RenderError> {
    let Some(Json::List(messages)) = conversation.get("messages") else {
        panic!("messages are a list");
    };
    let messages: Vec<&Json> = messages.iter().collect();
    template(&case.template).render(&messages, conversation.get("tools"), case.prompted)
}

#[test]
fn every_template_renders_every_conversation_as_transformers_does() {
    let conversations = conversations();
    let mut wrong = Vec::new();
    for case in cases() {
        let rendered = render(&case, &conversations[&case.conversation]);
        let got = rendered.as_ref().map(|rendered| rendered.text.as_str());
        let same = match (&case.text, &case.raised) {
            (Some(text), _) => got == Ok(text.as_str()),
            (None, Some(words)) => got == Err(&RenderError::Refused(Some(words.clone()))),
            (None, None) => got == Err(&RenderError::Failed),
        };
        if !same {
            let expected = (case.text, case.raised);
            wrong.push(format!(
                "{} {} {}\n  expected {expected:?}\n  got      {got:?}",
                case.template, case.conversation, case.prompted
            ));
        }
    }

    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_assistant_masks_are_those_of_transformers() {
    let conversations = conversations();
    let tokenizer = tokenizer();
    let mut compared = 0;
    for case in cases() {
        let (Some(ids), Some(mask)) = (&case.ids, &case.mask) else {
            continue;
        };
        let rendered =
            render(&case, &conversations[&case.conversation]).expect("it rendered before");

        let encoding = tokenizer
            .tokenize(&rendered.text, false)
            .expect("text has tokens");
        let targets = trainer::data::counted(&encoding, &rendered.spans);

        assert_eq!(
            &encoding.ids, ids,
            "{} {}",
            case.template, case.conversation
        );
        let targets: Vec<u8> = targets.into_iter().map(u8::from).collect();
        assert_eq!(&targets, mask, "{} {}", case.template, case.conversation);
        compared += 1;
    }

    assert!(compared > 40, "only {compared} masks were compared");
}

/// The model of one of the templates.
fn model(name: &str) -> TextModel {
    let tokenizer = tokenizer();
    TextModel {
        end: tokenizer.id_of("<|im_end|>"),
        tokenizer,
        template: Some(template(name)),
        digest: trainer::digest::sha256(b""),
    }
}

fn chat(conversation: &Json) -> Example {
    let Some(Json::List(messages)) = conversation.get("messages") else {
        panic!("messages are a list");
    };
    let messages = messages.iter().cloned().map(Message::read);
    Example::Chat(Chat {
        messages: messages.collect::<Result<_, _>>().expect("good messages"),
        tools: conversation.get("tools").cloned(),
    })
}

/// The text of the counted tokens of each document, spans joined by a bar.
fn learnt(name: &str, conversation: &str) -> Vec<String> {
    let model = model(name);
    let encoder = Encoder {
        model: &model,
        sequence_len: 100_000,
        train_on_inputs: false,
    };
    let documents = encoder
        .encode(&chat(&conversations()[conversation]))
        .expect("it encodes");
    let words = |encoded: &trainer::data::Encoded| {
        let document = &encoded.document;
        let tokens: Vec<(u32, bool)> = document
            .tokens
            .iter()
            .copied()
            .zip(document.counted.iter().copied())
            .collect();
        let runs = tokens
            .chunk_by(|a, b| a.1 == b.1)
            .filter(|run| run.iter().all(|token| token.1));
        let texts = runs.map(|run| {
            let ids: Vec<u32> = run.iter().map(|token| token.0).collect();
            model.tokenizer.words_of(&ids)
        });
        texts.collect::<Vec<_>>().join("|")
    };
    documents.iter().map(words).collect()
}

#[test]
fn without_marks_each_answer_and_its_end_token_are_learnt() {
    assert_eq!(learnt("qwen2_5", "system"), [" Ahoy, matey! <|im_end|>"]);
    assert_eq!(
        learnt("llama3", "turns"),
        ["1<|eot_id|>|2 - naïve café, 日本語, 😀👩‍👩‍👧<|eot_id|>|3<|eot_id|>"]
    );
    assert_eq!(
        learnt("mistral", "question"),
        [" True, 'both' of \"them\".<|im_end|>"]
    );
}

#[test]
fn a_template_that_drops_old_thoughts_gives_one_document_per_answer() {
    assert_eq!(
        learnt("qwen3", "thoughts"),
        [
            "<think>\nfirst, easy\n</think>\n\nDone.<|im_end|>",
            "<think>\nharder\nindeed\n</think>\n\nDone again.<|im_end|>"
        ]
    );
}
