//! What a ledger says, for people and for programs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the answer of a command"
)]

use broker::ledger::{Audit, AuditError};
use serde_json::json;
use std::error::Error;
use std::path::Path;

pub(crate) fn show(audit: &Audit, json: bool) {
    if json {
        println!("{}", as_json(audit));
    } else {
        print!("{}", as_text(audit));
    }
}

pub(crate) fn refuse(file: &Path, error: &AuditError) {
    eprintln!("sealtune-broker: {}: {}", file.display(), line(error));
}

pub(crate) fn failed(error: &(dyn Error + 'static)) {
    eprintln!("sealtune-broker: {}", line(error));
}

fn line(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn as_json(audit: &Audit) -> serde_json::Value {
    let nodes = audit.nodes.iter().map(|(provider, node)| {
        json!({
            "provider": provider.to_string(),
            "assigned": node.assigned,
            "returned": node.returned,
            "started": node.started,
            "paid": node.paid,
            "unpaid": node.unpaid,
            "earned_wei": node.earned.to_string(),
        })
    });
    json!({
        "entries": audit.links.count,
        "head": hex::encode(audit.links.hash),
        "signer": audit.signer.map(hex::encode),
        "unsigned": audit.unsigned,
        "nodes": nodes.collect::<Vec<_>>(),
    })
}

fn as_text(audit: &Audit) -> String {
    let whole = format!(
        "The ledger is whole: {} entries, the last with hash {}.\n",
        audit.links.count,
        hex::encode(audit.links.hash)
    );
    let signed = match audit.signer {
        Some(key) => format!(
            "Signed by {}; {} entries after the last signature.\n",
            hex::encode(key),
            audit.unsigned
        ),
        None => "Nobody signed it: it may have been written anew from its first line.\n".to_owned(),
    };
    let nodes = audit.nodes.iter().map(|(provider, node)| {
        format!(
            "{provider}  assigned {}, returned {}, started {}, paid {}, unpaid {}, earned {} wei\n",
            node.assigned, node.returned, node.started, node.paid, node.unpaid, node.earned
        )
    });
    [whole, signed].into_iter().chain(nodes).collect()
}
