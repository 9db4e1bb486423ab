//! A ledger tells of every change that was made to it afterwards.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use broker::ledger::{AuditError, Entry, Happening, Head, HeadKey, Links, audit};
use proptest::prelude::*;
use proto::{Address, Fence, Reason, TaskId, U256, Wei};

fn node(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn happening() -> impl Strategy<Value = Happening> {
    let node = (1..4_u8).prop_map(node);
    (node, 0..1_000_u64, 0..6_u8).prop_map(|(node, number, kind)| match kind {
        0 => Happening::Assigned {
            to: node,
            fence: Fence(number),
        },
        1 => Happening::Returned {
            by: node,
            because: Reason::TooBusy,
        },
        2 => Happening::Started { on: node },
        3 => Happening::Paid {
            to: node,
            fee: Some(Wei(U256::from(number))),
        },
        4 => Happening::Unpaid {
            by: node,
            because: Reason::Diverged,
        },
        _ => Happening::Withdrawn,
    })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (any::<u32>(), any::<[u8; 32]>(), happening());
    let entry = entry.prop_map(|(at, task, happened)| Entry {
        at: at.into(),
        task: TaskId(task),
        happened,
    });
    prop::collection::vec(entry, 1..20)
}

fn key(seed: u8) -> HeadKey {
    HeadKey::new(&[seed; 32]).unwrap()
}

fn head(links: Links, seed: u8) -> String {
    let signed = key(seed).sign(Head { links, at: 7 });
    format!("head {}\n", serde_json::to_string(&signed).unwrap())
}

fn written(entries: &[Entry]) -> (String, Links) {
    let mut links = Links::default();
    let chained = entries
        .iter()
        .map(|entry| links.append(entry).unwrap().to_string());
    let text = text(chained);
    (text, links)
}

/// Every line, and its end.
fn text(lines: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    lines
        .into_iter()
        .flat_map(|line| [line.as_ref().to_owned(), "\n".to_owned()])
        .collect()
}

fn paid(entry: &Entry) -> u64 {
    let Happening::Paid { fee, .. } = entry.happened else {
        return 0;
    };
    fee.map_or(0, |fee| fee.0.to())
}

proptest! {
    #[test]
    fn a_whole_ledger_is_followed_to_its_end(entries in entries()) {
        let (text, links) = written(&entries);
        let found = audit((text + &head(links, 1)).as_bytes()).unwrap();

        prop_assert_eq!(found.links, links);
        prop_assert_eq!(found.signer, Some(key(1).public()));
        prop_assert_eq!(found.unsigned, 0);
    }

    #[test]
    fn the_sums_are_those_of_the_entries(entries in entries()) {
        let paid: u64 = entries.iter().map(paid).sum();
        let found = audit(written(&entries).0.as_bytes()).unwrap();
        let earned: U256 = found.nodes.values().map(|node| node.earned).sum();

        prop_assert_eq!(earned, U256::from(paid));
        prop_assert_eq!(found.unsigned, u64::try_from(entries.len()).unwrap());
    }

    /// Any byte changed, wherever it stands.
    #[test]
    fn no_byte_can_be_changed(entries in entries(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let (text, links) = written(&entries);
        let mut bytes = (text + &head(links, 1)).into_bytes();
        let whole = audit(bytes.as_slice()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;

        // A head's own bytes may change so that it is no head any more, or another's.
        prop_assert_ne!(audit(bytes.as_slice()).ok(), Some(whole));
    }

    #[test]
    fn no_line_can_be_left_out_before_the_last(entries in entries(), at in any::<prop::sample::Index>()) {
        let (whole, links) = written(&entries);
        let mut lines: Vec<_> = whole.lines().collect();
        lines.remove(at.index(lines.len()));
        let cut = text(lines) + &head(links, 1);

        prop_assert!(matches!(audit(cut.as_bytes()), Err(AuditError::Broken(_) | AuditError::OtherHead(_))));
    }

    #[test]
    fn two_lines_cannot_change_places(entries in entries(), at in any::<prop::sample::Index>()) {
        let (whole, _) = written(&entries);
        let mut lines: Vec<_> = whole.lines().collect();
        prop_assume!(lines.len() > 1);
        let at = at.index(lines.len() - 1);
        lines.swap(at, at + 1);
        let turned = text(lines);

        prop_assert!(matches!(audit(turned.as_bytes()), Err(AuditError::Broken(_))));
    }

    #[test]
    fn hostile_bytes_are_refused_with_a_line(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        prop_assert!(audit(bytes.as_slice()).is_err());
    }
}

fn two() -> (String, Links) {
    let entry = Entry {
        at: 1,
        task: TaskId([1; 32]),
        happened: Happening::Withdrawn,
    };
    written(&[entry.clone(), entry])
}

#[test]
fn a_ledger_rewritten_whole_does_not_fit_a_head_that_was_kept() {
    let (_, kept) = two();
    let entry = Entry {
        at: 2,
        task: TaskId([1; 32]),
        happened: Happening::Withdrawn,
    };
    let (rewritten, _) = written(&[entry.clone(), entry]);

    assert!(matches!(
        audit((rewritten + &head(kept, 1)).as_bytes()),
        Err(AuditError::OtherHead(3))
    ));
}

#[test]
fn one_ledger_has_one_signer() {
    let (text, links) = two();
    let text = text + &head(links, 1) + &head(links, 2);

    assert!(matches!(
        audit(text.as_bytes()),
        Err(AuditError::OtherSigner(4))
    ));
}

#[test]
fn a_line_without_an_end_is_no_line() {
    let (text, _) = two();

    assert!(matches!(
        audit(text.trim_end().as_bytes()),
        Err(AuditError::Malformed(2))
    ));
}

#[test]
fn a_line_without_measure_is_not_read_to_its_end() {
    let endless = std::io::BufReader::new(std::io::repeat(b'a'));

    assert!(matches!(audit(endless), Err(AuditError::TooLong(1))));
}
