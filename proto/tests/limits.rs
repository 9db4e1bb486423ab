//! What is refused, at which field, and with which limit.

use proto::limits::{DETAIL_BYTES_MAX, LOG_LINES_MAX, PAGE_COUNT_MAX, SNP_REPORT_BYTES};
use proto::task::{LogLines, Refusal};
use proto::training::Step;
use proto::{Blob, Fault, Finite, List, Malformed, Submission, Text, node, wire};

fn refusal(reason: u32, detail: &str) -> Result<Refusal, Malformed> {
    let detail = detail.to_owned();
    wire::Refusal { reason, detail }.try_into()
}

#[test]
fn text_at_its_limit_is_taken_and_one_byte_more_is_not() {
    assert!(refusal(500, &"a".repeat(DETAIL_BYTES_MAX)).is_ok());

    let refused = refusal(500, &"a".repeat(DETAIL_BYTES_MAX + 1)).unwrap_err();

    let (bytes, max) = (DETAIL_BYTES_MAX + 1, DETAIL_BYTES_MAX);
    assert_eq!(refused.path(), "detail");
    assert_eq!(refused.fault(), &Fault::TooLong { bytes, max });
    assert_eq!(
        refused.to_string(),
        "detail is 1025 bytes, the limit is 1024"
    );
}

#[test]
fn text_that_would_drive_a_terminal_is_refused() {
    for text in ["a\u{1b}[2J", "two\nlines", "\u{9b}31m", "nul\0"] {
        let refused = refusal(500, text).unwrap_err();
        assert!(matches!(refused.fault(), Fault::ControlCharacter { .. }));
    }
}

#[test]
fn text_is_fitted_without_splitting_a_character() {
    let fitted = Text::<4>::fitted("a\nö\u{20ac}");

    assert_eq!(&*fitted, "a ö");
}

#[test]
fn a_reason_nobody_knows_is_refused() {
    assert_eq!(refusal(0, "").unwrap_err().path(), "reason");
    assert_eq!(refusal(65_536 + 500, "").unwrap_err().path(), "reason");
}

#[test]
fn a_list_at_its_limit_is_taken_and_one_element_more_is_not() {
    assert!(List::<(), LOG_LINES_MAX>::new(vec![(); LOG_LINES_MAX]).is_ok());

    let refused = List::<(), LOG_LINES_MAX>::new(vec![(); LOG_LINES_MAX + 1]);

    let (count, max) = (LOG_LINES_MAX + 1, LOG_LINES_MAX);
    assert_eq!(refused.unwrap_err(), Fault::TooMany { count, max });
}

#[test]
fn a_fault_in_a_list_names_the_element() {
    let line = |level: wire::LogLevel| wire::LogLine {
        level: level.into(),
        ..Default::default()
    };
    let lines = vec![
        line(wire::LogLevel::Info),
        line(wire::LogLevel::Unspecified),
    ];

    let refused = LogLines::try_from(wire::LogLines { lines }).unwrap_err();

    assert_eq!(refused.path(), "lines[1].level");
    assert_eq!(refused.fault(), &Fault::Missing);
}

#[test]
fn a_missing_order_is_named_from_the_outside_in() {
    let submission = wire::Submission {
        order: Some(wire::SignedOrder::default()),
        ..Default::default()
    };

    let refused = Submission::try_from(submission).unwrap_err();

    assert_eq!(refused.to_string(), "order.order is missing");
}

#[test]
fn figures_that_are_no_numbers_are_refused() {
    for figure in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let step = wire::Step {
            loss: figure,
            ..Default::default()
        };
        let refused = Step::try_from(step).unwrap_err();
        assert_eq!(
            (refused.path(), refused.fault()),
            ("loss", &Fault::NotFinite)
        );
    }
}

#[test]
fn zero_has_one_sign() {
    let zero = Finite::new(-0.0).unwrap();

    assert_eq!(zero.get().to_bits(), 0);
}

#[test]
fn a_report_has_its_exact_size() {
    type Report = Blob<SNP_REPORT_BYTES, SNP_REPORT_BYTES>;

    assert!(Report::new(vec![0; SNP_REPORT_BYTES]).is_ok());
    for bytes in [0, SNP_REPORT_BYTES - 1, SNP_REPORT_BYTES + 1] {
        let expected = SNP_REPORT_BYTES;
        let refused = Report::new(vec![0; bytes]).unwrap_err();
        assert_eq!(refused, Fault::WrongLength { bytes, expected });
    }
}

#[test]
fn a_zero_address_is_no_way_to_say_none() {
    let offer = wire::ModelOffer::default();
    assert_eq!(
        node::ModelOffer::try_from(offer).unwrap_err().path(),
        "root"
    );

    let status = wire::NodeStatus {
        training: vec![0; 32].into(),
        state: Some(wire::NodeState {
            kind: Some(wire::node_state::Kind::Serving(())),
        }),
        offer: Some(wire::Offer {
            provider: vec![1; 20].into(),
            signer: vec![1; 20].into(),
            tier: wire::Tier::Cpu.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let refused = node::NodeStatus::try_from(status).unwrap_err();
    assert_eq!(
        (refused.path(), refused.fault()),
        ("training", &Fault::Zero)
    );
}

#[test]
fn a_page_has_at_least_one_element_and_at_most_the_limit() {
    use proto::broker::PageCount;

    assert!(PageCount::try_from(0).is_err());
    assert!(PageCount::try_from(1).is_ok());
    assert!(PageCount::try_from(PAGE_COUNT_MAX).is_ok());
    assert!(PageCount::try_from(PAGE_COUNT_MAX + 1).is_err());
}
