//! Any text as a chat template and any words in it: a text or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trainer::data::{Json, Limits};
use trainer::template::{ChatTemplate, Specials};

fuzz_target!(|input: (&str, &str)| {
    let (source, words) = input;
    let Ok(template) = ChatTemplate::compile(source, Specials::new()) else {
        return;
    };
    let words = Json::Text(words.to_owned());
    let message = Json::Object(vec![("role".to_owned(), Json::Text("user".to_owned())), ("content".to_owned(), words)]);
    if let Ok(rendered) = template.render(&[&message], Json::parse("[]", Limits::default()).ok().as_ref(), true) {
        assert!(rendered.spans.iter().all(|span| rendered.text.get(span.clone()).is_some()));
    }
});
