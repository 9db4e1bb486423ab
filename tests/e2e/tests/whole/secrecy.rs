//! Nothing that is a customer's or a key's reaches the log or lies on the disk in the clear.

use crate::customer::SECRET;
use crate::dataset::TRAINER;
use crate::node::Tuning;
use crate::story::{Play, until_standing};
use alloy_primitives::{hex, keccak256};
use chain::Standing;
use std::fs;
use std::path::Path;

/// Words of the customer's that no program of ours has of its own.
const HERS: [&str; 2] = ["xylophone-quagmire", "wombat-parliament"];
/// In a line that is malformed.
const WRONG: &str = "zeugma-umbrella";

/// At the level that says everything, in both forms, with an order that is paid and one that
/// is given back for a mistake in its data.
async fn nothing_is_told(format: &'static str) {
    let tuning = Tuning {
        log_format: format,
        log_filter: "trace",
        ..Tuning::default()
    };
    let mut play = Play::begin_with(tuning).await;
    let good = play.folder.path().join("good.jsonl");
    let line = format!(
        "{{\"prompt\":\"{} \",\"completion\":\"{}\"}}\n",
        HERS[0], HERS[1]
    );
    fs::write(&good, line.repeat(12)).unwrap();
    let paid = play.order_over(1, &good, 30).await;
    let bad = play.folder.path().join("bad.jsonl");
    fs::write(&bad, format!("{{\"prompt\": \"{WRONG}\"\n")).unwrap();

    play.through(&paid).await;
    let mistaken = play.mistaken(&bad).await;
    play.node.submit(&mistaken.0, &mistaken.1).await;
    let over = |now| !matches!(now, Standing::Open | Standing::Accepted);
    let ended = until_standing(&play.reader, mistaken.0.order.id(), over).await;
    play.node.kill();

    assert!(matches!(ended, Standing::Released(403)), "{ended:?}");
    let log = play.node.log();
    assert!(log.contains("TRACE"), "the log says everything");
    for secret in secrets() {
        assert!(!log.contains(&secret), "{secret:?} is in the log");
    }
    let state = play.node.folder.clone();
    for words in HERS.into_iter().chain([WRONG]) {
        assert!(!anywhere(&state, words), "{words:?} lies in a file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_data_is_in_a_log_for_people() {
    nothing_is_told("text").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_data_is_in_a_log_for_programs() {
    nothing_is_told("json").await;
}

/// In the forms a careless line would have.
fn secrets() -> Vec<String> {
    let words = HERS.into_iter().chain([WRONG]).map(str::to_owned);
    let keys = [keccak256("provider").0, keccak256("customer").0, SECRET];
    let forms = keys.iter().flat_map(|key| {
        let list: Vec<String> = key.iter().map(u8::to_string).collect();
        [hex::encode(key), list.join(", ")]
    });
    words.chain(forms).collect()
}

fn anywhere(folder: &Path, words: &str) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return anywhere(&path, words);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(words.len()).any(|at| at == words.as_bytes())
    })
}

/// The search finds what is there.
#[test]
fn the_search_is_no_blind_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("below")).unwrap();
    fs::write(folder.path().join("below/file"), format!("..{}..", HERS[0])).unwrap();

    assert!(anywhere(folder.path(), HERS[0]));
    assert!(!anywhere(folder.path(), WRONG));
    assert!(Path::new(TRAINER).exists());
}
