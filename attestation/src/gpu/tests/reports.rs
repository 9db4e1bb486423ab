//! The report's reader.

use super::*;

fn made(blocks: u8, opaque: &[u8]) -> Vec<u8> {
    let record: Vec<u8> = (1..=blocks)
        .flat_map(|index| [&[index, 1, 51, 0, 1, 48, 0][..], &[index; 48]].concat())
        .collect();
    let length = (record.len() as u32).to_le_bytes();
    [
        &[0x11, 0xe0, 1, 0xff][..],
        &[9; 32],
        &[0],
        &[0x11, 0x60, 0, 0, blocks, length[0], length[1], length[2]],
        &record,
        &[8; 32],
        &(opaque.len() as u16).to_le_bytes(),
        opaque,
        &[7; 96],
    ]
    .concat()
}

#[test]
fn a_made_report_is_read() {
    let report = Report::parse(&made(3, b"\x03\x00\x06\x00550.1\x00")).unwrap();

    assert_eq!(report.nonce, [9; 32]);
    assert_eq!(report.measurements, [[1; 48], [2; 48], [3; 48]]);
    assert_eq!(report.opaque.driver().as_deref(), Some("550.1"));
    assert_eq!(report.signature, [7; 96]);
}

#[test]
fn every_cut_and_every_tail_is_refused() {
    let bytes = made(2, b"");

    for end in 0..bytes.len() {
        assert!(Report::parse(&bytes[..end]).is_err(), "cut at {end}");
    }
    let longer = [bytes, vec![0]].concat();
    assert_eq!(Report::parse(&longer), Err(BadReport::Trailing(1)));
}

#[test]
fn blocks_out_of_order_are_refused() {
    let mut bytes = made(2, b"");
    bytes[45] = 2;

    assert!(matches!(
        Report::parse(&bytes),
        Err(BadReport::Block { block: 1, .. })
    ));
}

#[test]
fn a_raw_value_is_no_digest() {
    let mut bytes = made(1, b"");
    bytes[49] |= 0x80;

    assert!(matches!(
        Report::parse(&bytes),
        Err(BadReport::Block { .. })
    ));
}

#[test]
fn an_opaque_field_that_appears_twice_is_refused() {
    let field = b"\x03\x00\x01\x00a";

    let twice = Report::parse(&made(1, &[&field[..], field].concat()));

    assert!(matches!(twice, Err(BadReport::Opaque(_))));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        drop(Report::parse(&bytes));
    }
}
