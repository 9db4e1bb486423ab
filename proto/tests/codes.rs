//! The numbers others rely on, pinned in a table that only grows.

use proto::{CallError, Reason};

/// One line per number, in the table's form.
fn known() -> Vec<String> {
    let reasons = Reason::ALL
        .iter()
        .map(|r| (r.code(), format!("{r:?}"), "reason"));
    let errors = CallError::ALL
        .iter()
        .map(|e| (e.code(), format!("{e:?}"), "call"));
    let mut all: Vec<_> = reasons.chain(errors).collect();
    all.sort();
    all.into_iter()
        .map(|(code, name, kind)| format!("{code} {kind} {name}"))
        .collect()
}

#[test]
fn every_number_is_in_the_table_and_nothing_else_is() {
    let table: Vec<_> = include_str!("golden/codes.txt").lines().collect();

    assert!(table.len() > 40);
    assert_eq!(
        known(),
        table,
        "add a new line to the table; change and remove none"
    );
}
