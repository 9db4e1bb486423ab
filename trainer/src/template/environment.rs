//! The template engine, set up as transformers sets up Jinja.

use super::marks::Marks;
use super::python::str_of;
use super::rewrite::MARK_FUNCTION;
use super::slices::{REVERSED, reversed};
use super::strftime::fixed_strftime;
use super::tojson::tojson;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use std::fmt;

/// What a template said with `raise_exception`.
#[derive(Debug)]
pub(super) struct Raised(pub(super) String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

/// An environment with transformers' syntax, filters and functions, no templates.
pub(super) fn environment(marks: Marks) -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    env.set_syntax(syntax);
    env.set_recursion_limit(100);
    env.set_unknown_method_callback(|state, value, method, args| {
        if method == REVERSED {
            return reversed(value);
        }
        unknown_method_callback(state, value, method, args)
    });
    env.set_formatter(|out, _state, value| write_python(out, value));
    env.add_filter("tojson", |value: Value, kwargs: Kwargs| {
        tojson(&value, &kwargs)
    });
    env.add_filter("string", |value: Value| str_of(&value));
    env.add_test("iterable", |value: Value| is_iterable(&value));
    env.add_test("sequence", |value: Value| is_iterable(&value));
    env.add_function("raise_exception", raise_exception);
    env.add_function("strftime_now", |format: String| fixed_strftime(&format));
    env.add_function(
        MARK_FUNCTION,
        move |state: &mut State<'_, '_>, kwargs: Kwargs| mark(state, &kwargs, marks),
    );
    Ok(env)
}

fn write_python(out: &mut minijinja::Output<'_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::Undefined {
        return Ok(());
    }
    Ok(out.write_str(&str_of(value)?)?)
}

/// Text, lists, mappings, and what is undefined: Jinja asks only whether `iter`, or
/// `len` and indexing, would work. `None` is none of these.
fn is_iterable(value: &Value) -> bool {
    matches!(
        value.kind(),
        ValueKind::String
            | ValueKind::Seq
            | ValueKind::Map
            | ValueKind::Iterable
            | ValueKind::Undefined
    )
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(
        Error::new(ErrorKind::InvalidOperation, "raised by the template")
            .with_source(Raised(message)),
    )
}

/// The body of a generation block, between marks.
fn mark(state: &mut State<'_, '_>, kwargs: &Kwargs, marks: Marks) -> Result<String, Error> {
    let body: Value = kwargs.get("caller")?;
    let words = body.call(state, &[])?;
    Ok(marks.around(words.as_str().unwrap_or_default()))
}
