//! The reference of the command line, written from the command line itself.

use crate::args::Args;
use crate::trouble::Kind;
use clap::{Arg, Command, CommandFactory};

pub const EXIT_CODES: &str = "\
Exit status: 0 done, 1 this machine, 2 the command line, 3 not confirmed, 4 something of yours to
mend, 5 not reachable now, 6 refused, 7 not trusted, 8 not as promised, 9 ended without a result.";

/// `docs/ft.md`, whole.
pub fn markdown() -> String {
    let mut text = String::from(
        "# `ft`: every verb and option\n\nWritten by `ft reference`; a test keeps it current. \
         How to use them: [customer.md](customer.md).\n",
    );
    let mut command = Args::command();
    command.build();
    section(&mut text, "Options of every verb");
    for option in command.get_arguments().filter(|arg| arg.is_global_set()) {
        item(&mut text, option);
    }
    for verb in visible(&command) {
        describe(&mut text, verb, "ft");
    }
    section(&mut text, "Exit status");
    text.push_str("| status | meaning |\n|---|---|\n| 0 | done |\n");
    text.push_str("| 2 | the command line is wrong |\n");
    for kind in Kind::ALL {
        push(
            &mut text,
            format_args!("| {} | {} |\n", kind.code(), kind.meaning()),
        );
    }
    text
}

fn describe(text: &mut String, command: &Command, above: &str) {
    let name = format!("{above} {}", command.get_name());
    let below: Vec<_> = visible(command).collect();
    let arguments: Vec<_> = own(command).collect();
    if below.is_empty() || !arguments.is_empty() {
        heading(text, command, &name, &arguments);
    }
    for argument in arguments {
        item(text, argument);
    }
    for verb in below {
        describe(text, verb, &name);
    }
}

fn heading(text: &mut String, command: &Command, name: &str, arguments: &[&Arg]) {
    let positional = arguments.iter().filter(|arg| arg.is_positional());
    let positional = positional.map(|arg| {
        if arg.is_required_set() {
            format!(" {}", value(arg))
        } else {
            format!(" [{}]", value(arg))
        }
    });
    let positional: String = positional.collect();
    section(text, &format!("`{name}{positional}`"));
    let about = command.get_about().map(ToString::to_string);
    push(text, format_args!("{}\n\n", about.unwrap_or_default()));
    let aliases: Vec<_> = command.get_all_aliases().collect();
    if !aliases.is_empty() {
        push(
            text,
            format_args!("Also called `{}`.\n\n", aliases.join("`, `")),
        );
    }
}

fn item(text: &mut String, arg: &Arg) {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let names = match (arg.get_long(), arg.get_short()) {
        (Some(long), short) => {
            let short = short.map(|short| format!(", -{short}")).unwrap_or_default();
            let takes = arg.get_action().takes_values();
            let value = if takes {
                format!(" {}", value(arg))
            } else {
                String::new()
            };
            format!("--{long}{short}{value}")
        }
        (None, _) => value(arg),
    };
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    let default = match defaults.as_slice() {
        [] => String::new(),
        values if arg.get_action().takes_values() => format!(" (default {})", values.join(" ")),
        _flag => String::new(),
    };
    let colon = if help.is_empty() { "" } else { ": " };
    push(text, format_args!("* `{names}`{colon}{help}{default}\n"));
}

fn value(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    if names.is_empty() {
        arg.get_id().to_string().to_uppercase()
    } else {
        names.join(" ")
    }
}

fn section(text: &mut String, title: &str) {
    push(text, format_args!("\n## {title}\n\n"));
}

fn push(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.push_str(&words.to_string());
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let verbs = command.get_subcommands();
    verbs.filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    let arguments = command.get_arguments();
    arguments.filter(|arg| {
        let id = arg.get_id().as_str();
        !arg.is_global_set() && id != "help" && id != "version"
    })
}
