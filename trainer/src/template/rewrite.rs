//! `{% generation %}` blocks, rewritten into call blocks the engine knows.
//!
//! transformers parses `{% generation %}…{% endgeneration %}` into a call block
//! around a method that notes where its body lands. The same is done here on the
//! source, so that white space control and scoping stay exactly Jinja's.

use super::slices::{BackwardSlice, rewrite_slices};

/// What the engine calls for each generation block.
pub(super) const MARK_FUNCTION: &str = "__sealtune_mark";

/// The source with its generation tags rewritten, and whether there were any.
pub(super) fn rewrite_generation_tags(source: &str) -> Result<(String, bool), BackwardSlice> {
    let mut out = String::with_capacity(source.len());
    let mut marked = false;
    let mut rest = source;
    while let Some(at) = next_opening(rest) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (tag, after) = from.split_at(tag_len(from));
        if let Some(rewritten) = rewrite_tag(tag) {
            out.push_str(&rewritten);
            marked = true;
        } else if tag.starts_with("{#") {
            out.push_str(tag);
        } else {
            out.push_str(&rewrite_slices(tag)?);
        }
        rest = after;
        if is_tag(tag, "raw") {
            let (raw, after) = rest.split_at(end_of_raw(rest));
            out.push_str(raw);
            rest = after;
        }
    }
    out.push_str(rest);
    Ok((out, marked))
}

fn next_opening(text: &str) -> Option<usize> {
    ["{%", "{{", "{#"]
        .iter()
        .filter_map(|opening| text.find(opening))
        .min()
}

/// How long the tag at the start of `text` is; quotes hide a closing mark.
fn tag_len(text: &str) -> usize {
    let closing = match text.get(..2) {
        Some("{#") => return text.find("#}").map_or(text.len(), |at| at + 2),
        Some("{%") => "%}",
        Some(_) | None => "}}",
    };
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(2) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if text.get(at..).is_some_and(|t| t.starts_with(closing)) => return at + 2,
            Some(_) | None => {}
        }
    }
    text.len()
}

fn rewrite_tag(tag: &str) -> Option<String> {
    if is_tag(tag, "generation") {
        Some(tag.replace("generation", &format!("call {MARK_FUNCTION}()")))
    } else if is_tag(tag, "endgeneration") {
        Some(tag.replace("endgeneration", "endcall"))
    } else {
        None
    }
}

/// Whether this is the block tag of that bare name.
fn is_tag(tag: &str, name: &str) -> bool {
    tag.strip_prefix("{%")
        .and_then(|inner| inner.strip_suffix("%}"))
        .is_some_and(|inner| {
            let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
            let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
            inner.trim() == name
        })
}

/// The text up to the tag that ends a raw block.
fn end_of_raw(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("{%")) {
        let start = from + at;
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find("%}").map_or(rest.len(), |at| at + 2);
        if is_tag(rest.get(..end).unwrap_or_default(), "endraw") {
            return start;
        }
        from = start + 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_control_is_kept() {
        let (out, marked) =
            rewrite_generation_tags("{%- generation +%}x{% endgeneration -%}").expect("no slices");

        assert!(marked);
        assert_eq!(out, "{%- call __sealtune_mark() +%}x{% endcall -%}");
    }

    #[test]
    fn words_that_only_look_like_tags_are_left_alone() {
        let source = "{# {% generation %} #}{{ '{% generation %}' }}\
            {% raw %}{% generation %}{% endraw %}{% if generation %}{% endif %}";

        assert_eq!(
            rewrite_generation_tags(source),
            Ok((source.to_owned(), false))
        );
    }

    #[test]
    fn an_unfinished_tag_is_no_endless_loop() {
        for source in ["a{{ 'b", "{%", "{% raw %}{%"] {
            assert_eq!(
                rewrite_generation_tags(source),
                Ok((source.to_owned(), false))
            );
        }
    }
}
