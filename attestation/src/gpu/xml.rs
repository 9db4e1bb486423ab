//! The XML that reference files are written in, and no more of it.
//!
//! A file is plain ASCII elements, attributes and text. Entities, character data
//! sections, comments, processing instructions and document types do not occur in
//! genuine files and are refused, as are the characters whose canonical form differs
//! from the way they are written. So the tree below *is* what was signed, and there
//! is nothing to expand.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Genuine files have 21 kB.
pub(crate) const XML_BYTES_MAX: usize = 512 * 1024;
const DEPTH_MAX: usize = 16;
const ATTRIBUTES_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// As written, prefix and all.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadXml {
    #[error("{0} bytes are more than any reference file has")]
    TooLong(usize),
    #[error("byte {0} is none a reference file is written with")]
    Byte(usize),
    #[error("it is not well formed at byte {0}")]
    Syntax(u64),
    #[error("it contains {0}")]
    Foreign(&'static str),
    #[error("it is nested deeper than any reference file")]
    Depth,
    #[error("it has more than one root element, or none")]
    Root,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|(key, _value)| key == name);
        found.next().map(|(_key, value)| value.as_str())
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// All of its text, if it has nothing but text.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = String::new();
        for child in &self.children {
            match child {
                Node::Text(part) => text.push_str(part),
                Node::Element(_) => return None,
            }
        }
        Some(text)
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Element, BadXml> {
    let text = restrict(bytes)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event();
        let event = event.map_err(|_syntax| BadXml::Syntax(reader.error_position()))?;
        match event {
            Event::Start(start) => push(&mut open, element(&start)?)?,
            Event::End(_name) => close(&mut open, &mut root)?,
            Event::Text(text) => add_text(&mut open, &text)?,
            Event::Eof => return finish(&open, root),
            Event::Empty(_) => return Err(BadXml::Foreign("an empty element unexpanded")),
            Event::Decl(_) => return Err(BadXml::Foreign("a second declaration")),
            Event::CData(_) => return Err(BadXml::Foreign("a character data section")),
            Event::Comment(_) => return Err(BadXml::Foreign("a comment")),
            Event::PI(_) => return Err(BadXml::Foreign("a processing instruction")),
            Event::DocType(_) => return Err(BadXml::Foreign("a document type")),
            Event::GeneralRef(_) => return Err(BadXml::Foreign("an entity")),
        }
    }
}

/// The text without a leading declaration, if every byte is one that stands for itself.
fn restrict(bytes: &[u8]) -> Result<&str, BadXml> {
    if bytes.len() > XML_BYTES_MAX {
        return Err(BadXml::TooLong(bytes.len()));
    }
    let plain = |byte: &u8| matches!(byte, b'\n' | b' '..=b'~') && *byte != b'&';
    if let Some(at) = bytes.iter().position(|byte| !plain(byte)) {
        return Err(BadXml::Byte(at));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| BadXml::Byte(error.valid_up_to()))?;
    Ok(without_declaration(text))
}

fn without_declaration(text: &str) -> &str {
    let after = text.strip_prefix("<?xml ").and_then(|rest| {
        let (declaration, after) = rest.split_once("?>")?;
        let quiet = !declaration.contains(['<', '>']);
        quiet.then_some(after)
    });
    after.unwrap_or(text)
}

fn element(start: &BytesStart<'_>) -> Result<Element, BadXml> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_bad| BadXml::Foreign("a malformed attribute"))?;
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(BadXml::Foreign("an element with too many attributes"));
        }
        attributes.push((
            name(attribute.key.as_ref())?,
            value(attribute.value.as_ref())?,
        ));
    }
    Ok(Element {
        name: name(start.name().as_ref())?,
        attributes,
        children: Vec::new(),
    })
}

/// A name with at most one prefix.
fn name(text: &str) -> Result<String, BadXml> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-');
    let mut parts = text.split(':');
    let starts = |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic());
    let named = parts.clone().count() <= 2 && parts.all(starts);
    if named && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(BadXml::Foreign("a name of another form"))
    }
}

/// Values that are written the way their canonical form is.
fn value(text: &str) -> Result<String, BadXml> {
    if text.contains(['"', '<', '>', '\n']) {
        return Err(BadXml::Foreign(
            "an attribute that is not written canonically",
        ));
    }
    Ok(text.to_owned())
}

fn push(open: &mut Vec<Element>, element: Element) -> Result<(), BadXml> {
    if open.len() == DEPTH_MAX {
        return Err(BadXml::Depth);
    }
    open.push(element);
    Ok(())
}

fn close(open: &mut Vec<Element>, root: &mut Option<Element>) -> Result<(), BadXml> {
    let closed = open.pop().ok_or(BadXml::Root)?;
    match open.last_mut() {
        Some(parent) => parent.children.push(Node::Element(closed)),
        None if root.is_none() => *root = Some(closed),
        None => return Err(BadXml::Root),
    }
    Ok(())
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), BadXml> {
    match open.last_mut() {
        Some(_) if text.contains('>') => Err(BadXml::Foreign("text with a bare bracket")),
        Some(parent) => {
            parent.children.push(Node::Text(text.to_owned()));
            Ok(())
        }
        None if text.trim_ascii().is_empty() => Ok(()),
        None => Err(BadXml::Root),
    }
}

fn finish(open: &[Element], root: Option<Element>) -> Result<Element, BadXml> {
    if open.is_empty() {
        root.ok_or(BadXml::Root)
    } else {
        Err(BadXml::Root)
    }
}
