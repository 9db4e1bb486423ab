//! A dataset file becomes documents and a report that names its lines.

#![allow(clippy::panic, reason = "a test may stop")]

use std::fmt::Write as _;
use trainer::data::{DataError, Dataset, Encoder, FindingKind, Holdout, Limits, Reading, read};
use trainer::tiny;
use trainer::tokenizer::TextModel;

fn model() -> TextModel {
    let dir = tempfile::tempdir().expect("a folder");
    tiny::write_text_files(dir.path()).expect("written");
    TextModel::open(dir.path(), None).expect("it opens")
}

fn reading() -> Reading {
    Reading {
        limits: Limits::default(),
        holdout: Holdout::None,
        seed: 1,
        bad_lines_max: u64::MAX,
    }
}

fn read_with(text: &str, reading: Reading) -> Result<Dataset, DataError> {
    let model = model();
    let encoder = Encoder {
        model: &model,
        sequence_len: 64,
        train_on_inputs: false,
    };
    read(text.as_bytes(), encoder, reading)
}

fn findings(dataset: &Dataset) -> Vec<(u64, FindingKind)> {
    dataset
        .report
        .findings
        .iter()
        .map(|f| (f.line, f.kind))
        .collect()
}

const GOOD: &str = r#"{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Good morning."}]}"#;

#[test]
fn everything_wrong_with_a_file_is_counted_and_named_by_line() {
    let long = format!(
        r#"{{"messages":[{{"role":"user","content":"Go"}},{{"role":"assistant","content":"{}"}}]}}"#,
        "x y ".repeat(200)
    );
    let lines = [
        GOOD,
        "",
        "not json",
        r#"{"messages":[{"role":"wizard","content":"Hello"}]}"#,
        r#"{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":" "}]}"#,
        &long,
        GOOD,
        r#"{"text":"another schema"}"#,
        r#"{"messages":[{"role":"user","content":"Nobody answers"}]}"#,
        r#"{"id":7,"messages":[{"role":"user","content":"Ten?"},{"role":"assistant","content":"Ten."}]}"#,
    ];

    let dataset = read_with(&lines.join("\n"), reading()).expect("some lines are good");

    let report = &dataset.report;
    assert_eq!((report.lines, report.blank, report.bad), (10, 1, 4));
    assert_eq!(
        (report.examples, report.duplicates, report.truncated),
        (4, 1, 1)
    );
    assert_eq!(
        (
            report.empty_targets,
            report.no_targets,
            report.lines_with_other_keys
        ),
        (1, 1, 1)
    );
    assert_eq!(
        findings(&dataset),
        [
            (3, FindingKind::Bad),
            (4, FindingKind::Bad),
            (5, FindingKind::EmptyTarget),
            (5, FindingKind::NoTarget),
            (6, FindingKind::Truncated),
            (7, FindingKind::Duplicate),
            (8, FindingKind::Bad),
            (9, FindingKind::Bad),
        ]
    );
    assert!(
        dataset
            .train
            .iter()
            .all(|document| document.tokens.len() <= 64)
    );
}

#[test]
fn a_report_repeats_no_content() {
    let lines = r#"{"messages":[{"role":"hunter2","content":"hunter2"}],"hunter2":1}
{"hunter2":"hunter2"}
"hunter2"
{"messages":"hunter2"}
{"messages":[{"role":"user","content":"hunter2"},{"role":"assistant","content":"hunter2","weight":"hunter2"}]}
hunter2"#;

    let Err(DataError::Nothing(report)) = read_with(lines, reading()) else {
        panic!("nothing is good");
    };

    assert_eq!(report.bad, 6);
    assert!(!format!("{report:?}").contains("hunter2"));
}

#[test]
fn bad_lines_refuse_a_dataset_unless_they_are_allowed() {
    let lines = format!("{GOOD}\nnot json\n");
    let strict = Reading {
        bad_lines_max: 0,
        ..reading()
    };

    let refused = read_with(&lines, strict).expect_err("one line is bad");

    assert_eq!(
        refused.to_string(),
        "the dataset has 1 bad lines; line 2: the line is not JSON (column 2)"
    );
    assert!(read_with(&lines, reading()).is_ok());
}

#[test]
fn too_many_lines_are_refused() {
    let limits = Limits {
        lines_max: 2,
        ..Limits::default()
    };

    let refused = read_with(
        &format!("{GOOD}\n{GOOD}\n{GOOD}"),
        Reading {
            limits,
            ..reading()
        },
    );

    assert!(matches!(refused, Err(DataError::TooManyLines(2))));
}

#[test]
fn held_out_examples_are_not_trained_on_and_copies_stay_together() {
    let mut lines = String::new();
    for at in 0..60 {
        let number = at % 30;
        writeln!(
            lines,
            r#"{{"prompt":"What is {number}?","completion":"It is {number}."}}"#
        )
        .expect("text grows");
    }
    let holdout = Holdout::Share(0.3);

    let dataset = read_with(
        &lines,
        Reading {
            holdout,
            ..reading()
        },
    )
    .expect("good lines");

    assert_eq!(dataset.train.len() + dataset.held_out.len(), 60);
    assert!(!dataset.held_out.is_empty());
    assert!(
        dataset
            .held_out
            .iter()
            .all(|held| !dataset.train.contains(held))
    );
}

#[test]
fn the_digest_is_that_of_the_file() {
    let dataset = read_with(GOOD, reading()).expect("a good line");

    assert_eq!(dataset.digest, trainer::digest::sha256(GOOD.as_bytes()));
    assert_eq!(usize::try_from(dataset.bytes), Ok(GOOD.len()));
}

#[test]
fn plain_text_is_learnt_whole_and_ends() {
    let dataset = read_with(r#"{"text":"The sea is wide."}"#, reading()).expect("a good line");

    let document = dataset.train.first().expect("one document");
    assert_eq!(document.tokens.last(), model().end.as_ref());
    assert!(document.counted.iter().all(|counted| *counted));
}

#[test]
fn only_the_completion_of_a_pair_is_learnt() {
    let dataset = read_with(
        r#"{"prompt":"The sea is ","completion":"wide."}"#,
        reading(),
    )
    .expect("a good line");

    let model = model();
    let document = dataset.train.first().expect("one document");
    let shown = document.counted.iter().filter(|counted| !**counted).count();
    assert_eq!(
        model.tokenizer.words_of(&document.tokens[..shown]),
        "The sea is "
    );
    assert_eq!(
        model.tokenizer.words_of(&document.tokens[shown..]),
        "wide.<|im_end|>"
    );
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_from_anywhere_give_a_report_or_a_refusal(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let text = String::from_utf8_lossy(&bytes);

            drop(read_with(&text, reading()));
        }

        #[test]
        fn lines_that_are_almost_good_never_panic(
            at in 0_usize..100, with in "[\\PC\"\\\\{}\\[\\],:0-9]{0,6}",
        ) {
            let mut line = GOOD.to_owned();
            let at = (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            line.insert_str(at, &with);

            drop(read_with(&line, reading()));
        }
    }
}
