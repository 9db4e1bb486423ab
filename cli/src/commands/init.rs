//! `ft init`: a configuration and a policy to begin with.

use crate::answer::Answer;
use crate::args::Init;
use crate::context::Context;
use crate::home::cannot;
use crate::trouble::{Kind, Trouble};
use serde_json::json;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn run(context: &Context, args: &Init) -> Result<Answer, Trouble> {
    let file = &context.config_file;
    let folder = file.parent().unwrap_or(Path::new("."));
    let policy = folder.join("policy.toml");
    for path in [file, &policy] {
        if path.exists() && !args.force {
            let what = format!("{} is there already", path.display());
            return Err(Trouble::new(Kind::Input, what).next("the same with --force, or edit it"));
        }
    }
    fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))?;
    write(file, &config(args)?)?;
    write(&policy, &policy_text(args))?;
    let text = format!(
        "wrote {} and {}\nnext: ft account new",
        file.display(),
        policy.display()
    );
    Ok(Answer::new(
        text,
        json!({ "config": file, "policy": policy }),
    ))
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn config(args: &Init) -> Result<String, Trouble> {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let path = |path: &PathBuf| quoted(&absolute(path));
    let urls: Vec<_> = args.rpc.iter().map(|url| quoted(url)).collect();
    let folders: Vec<_> = args.folders.iter().map(path).collect();
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        text.write_fmt(words)
            .map_err(|error| Trouble::because(Kind::Machine, "cannot write", &error))
    };
    line(format_args!("[chain]\nurls = [{}]\n", urls.join(", ")))?;
    line(format_args!(
        "chain_id = {}\nmarket = \"{}\"\n",
        args.chain_id, args.market
    ))?;
    line(format_args!("deployed_at = {}\n", args.deployed_at))?;
    if let Some(blocks) = args.confirmations {
        line(format_args!("confirmations = {blocks}\n"))?;
    }
    // A plain name stands beside the configuration.
    let key = args.key.to_string_lossy();
    line(format_args!("\n[account]\nkey = {}\n", quoted(&key)))?;
    line(format_args!(
        "\n[storage]\nfolders = [{}]\n",
        folders.join(", ")
    ))?;
    line(format_args!("\n[trust]\npolicy = \"policy.toml\"\n"))?;
    if let Some(root) = &args.development_root {
        line(format_args!("development_root = {}\n", path(root)))?;
    }
    if let Some(program) = &args.trainer {
        line(format_args!("\n[trainer]\nprogram = {}\n", path(program)))?;
    }
    Ok(text)
}

/// What the shell meant, when a path was typed.
fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_error| path.to_owned());
    absolute.to_string_lossy().into_owned()
}

fn policy_text(args: &Init) -> String {
    let images: Vec<_> = args
        .images
        .iter()
        .map(|image| format!("  \"{image}\",\n"))
        .collect();
    let (assurance, crl) = match args.development_root {
        Some(_) => ("development", "ignore"),
        None => ("chip", "require"),
    };
    format!(
        "# What you demand of a machine before it gets your data; docs/attestation.md has every setting.\n\
         version = 1\npurposes = [\"boot\", \"challenge\"]\nassurance = [\"{assurance}\"]\n\n[snp]\n\
         # The images you trust, by launch digest. An empty list trusts none: `ft verify` shows what it found.\n\
         measurements = [\n{}]\ncrl = \"{crl}\"\n",
        images.concat()
    )
}
