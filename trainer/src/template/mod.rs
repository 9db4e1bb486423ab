//! Chat templates, rendered as transformers renders them.
//!
//! A template is Jinja with what transformers adds to it: `tojson` in Python's
//! own style, `raise_exception`, `strftime_now` (here with a fixed date, so that
//! a prompt is the same every day) and `{% generation %}` marks around what the
//! assistant says.

mod context;
mod environment;
mod marks;
mod python;
mod render;
mod rewrite;
mod slices;
mod strftime;
mod tojson;

pub use context::Specials;
pub use render::{ChatTemplate, RenderError, Rendered, TemplateError};
