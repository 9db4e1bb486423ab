//! Canonical XML 1.1 (<https://www.w3.org/TR/xml-c14n11/>) of the trees `xml` makes.
//!
//! Those hold only characters that are their own canonical form, so what is left is
//! the order: namespaces by prefix, each where it first differs from above, then
//! attributes by namespace and name; and every element with an end tag. Attributes in
//! the `xml` namespace, whose rules differ, are refused.

use super::xml::{Element, Node};
use std::collections::BTreeMap;

/// Prefix to namespace; the default one under the empty prefix.
pub(super) type Namespaces = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    #[error("a prefix is bound to no namespace")]
    Unbound,
    #[error("it uses or rebinds what belongs to xml itself, or unbinds a namespace")]
    Reserved,
    #[error("two attributes of one element have one name")]
    Twice,
}

/// The canonical form of a whole document, without the child of the root that is
/// `left_out`.
pub(super) fn document(root: &Element, left_out: &Element) -> Result<String, NotCanonical> {
    let mut out = String::new();
    let none = Namespaces::new();
    write(&mut out, root, &none, &none, Some(left_out))?;
    Ok(out)
}

/// The canonical form of one element and what it holds, where `around` is in scope.
pub(super) fn subtree(element: &Element, around: &Namespaces) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(&mut out, element, around, &Namespaces::new(), None)?;
    Ok(out)
}

/// The namespaces in scope inside an element.
pub(super) fn scope(element: &Element, around: &Namespaces) -> Result<Namespaces, NotCanonical> {
    let mut scope = around.clone();
    for (name, value) in &element.attributes {
        let Some(prefix) = declared(name) else {
            continue;
        };
        if value.is_empty() || prefix.starts_with("xml") || value.contains("XML/1998") {
            return Err(NotCanonical::Reserved);
        }
        scope.insert(prefix.to_owned(), value.clone());
    }
    Ok(scope)
}

/// The namespace and local name of an element.
pub(super) fn resolve<'a>(
    name: &'a str,
    scope: &'a Namespaces,
) -> Result<(&'a str, &'a str), NotCanonical> {
    match name.split_once(':') {
        Some(("xml" | "xmlns", _local)) => Err(NotCanonical::Reserved),
        Some((prefix, local)) => {
            let namespace = scope.get(prefix).ok_or(NotCanonical::Unbound)?;
            Ok((namespace, local))
        }
        None => Ok((scope.get("").map_or("", String::as_str), name)),
    }
}

fn write(
    out: &mut String,
    element: &Element,
    around: &Namespaces,
    rendered: &Namespaces,
    left_out: Option<&Element>,
) -> Result<(), NotCanonical> {
    let scope = scope(element, around)?;
    resolve(&element.name, &scope)?;
    out.push('<');
    out.push_str(&element.name);
    write_namespaces(out, &scope, rendered);
    write_attributes(out, element, &scope)?;
    out.push('>');
    for child in &element.children {
        match child {
            Node::Text(text) => out.push_str(text),
            Node::Element(child) if left_out.is_some_and(|out| std::ptr::eq(out, child)) => {}
            Node::Element(child) => write(out, child, &scope, &scope, None)?,
        }
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
    Ok(())
}

fn write_namespaces(out: &mut String, scope: &Namespaces, rendered: &Namespaces) {
    for (prefix, namespace) in scope {
        if rendered.get(prefix) == Some(namespace) {
            continue;
        }
        let name = if prefix.is_empty() { "xmlns" } else { "xmlns:" };
        write_attribute(out, &format!("{name}{prefix}"), namespace);
    }
}

fn write_attributes(
    out: &mut String,
    element: &Element,
    scope: &Namespaces,
) -> Result<(), NotCanonical> {
    let mut sorted = BTreeMap::new();
    for (name, value) in &element.attributes {
        if declared(name).is_some() {
            continue;
        }
        // The default namespace is not for attributes.
        let key = if name.contains(':') {
            resolve(name, scope)?
        } else {
            ("", name.as_str())
        };
        if sorted.insert(key, (name, value)).is_some() {
            return Err(NotCanonical::Twice);
        }
    }
    for (name, value) in sorted.into_values() {
        write_attribute(out, name, value);
    }
    Ok(())
}

fn write_attribute(out: &mut String, name: &str, value: &str) {
    for part in [" ", name, "=\"", value, "\""] {
        out.push_str(part);
    }
}

/// The prefix a namespace declaration declares.
fn declared(name: &str) -> Option<&str> {
    if name == "xmlns" {
        return Some("");
    }
    name.strip_prefix("xmlns:")
}
