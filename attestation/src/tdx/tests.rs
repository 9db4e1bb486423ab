//! What must hold of TDX quotes: the recorded ones, and every way to change them.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that panics is a test that fails"
)]

use super::*;
use crate::{
    Assurance, At, Binding, Cpu, Policy as Whole, Reason, TrustDomain, TrustRoots, Vendor, Verdict,
    test_shared, verify,
};
use proptest::prelude::*;
use serde_json::Value;

/// The moment dcap-qvl's own sample is for.
const THEN: At = At(1_750_415_547);

fn file(name: &str) -> Vec<u8> {
    let path = test_shared::path("vectors/attestation/tdx").unwrap();
    std::fs::read(path.join(name)).unwrap()
}

fn cases() -> Vec<Value> {
    let Some(path) = test_shared::path("vectors/attestation/tdx/index.json") else {
        return Vec::new();
    };
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(cases.len(), 4);
    cases
}

struct Set {
    quote: Vec<u8>,
    collateral: Option<Collateral>,
}

impl Set {
    fn of(case: &Value) -> Self {
        let collateral = case["collateral"].as_str().map(file);
        Self {
            quote: file(case["file"].as_str().unwrap()),
            collateral: collateral.map(|json| Collateral::from_json(&json).unwrap()),
        }
    }

    /// `None` where the shared folder is absent, which has been said aloud.
    fn named(name: &str) -> Option<Self> {
        let name = format!("{name}.quote");
        cases()
            .iter()
            .find(|case| case["file"] == name)
            .map(Self::of)
    }

    fn judge(&self, policy: &Policy, at: At) -> Judged {
        let evidence = Evidence {
            quote: &self.quote,
            collateral: self.collateral.as_ref(),
        };
        judge(&evidence, policy, at)
    }

    fn reasons(&self, at: At) -> Vec<Reason> {
        self.judge(&Policy::default(), at).findings.reasons()
    }
}

#[test]
fn every_recorded_quote_is_decided_right() {
    for case in cases() {
        let set = Set::of(&case);
        for check in case["checks"].as_array().unwrap() {
            let at = check["now"].as_u64().map_or(THEN, At);
            let reasons = set.reasons(at);

            let accepted = check["expect"] == "accept";
            assert_eq!(
                reasons.is_empty(),
                accepted,
                "{}: {reasons:?}",
                case["file"]
            );
        }
    }
}

#[test]
fn every_recorded_field_is_read() {
    for case in cases() {
        let quote = Quote::parse(&file(case["file"].as_str().unwrap())).unwrap();
        let fields = &case["fields"];

        assert_eq!(
            u64::from(quote.version()),
            fields["version"].as_u64().unwrap()
        );
        assert_eq!(hex::encode(quote.report.mr_td), fields["mrtd"]);
        assert_eq!(hex::encode(quote.report.rt_mr0), fields["rtmr"][0]);
        assert_eq!(
            hex::encode(quote.report.td_attributes),
            fields["td_attributes"]
        );
        assert_eq!(hex::encode(quote.report.report_data), fields["report_data"]);
    }
}

#[test]
fn the_verdict_says_what_intel_says_of_the_platform() {
    let Some(set) = Set::named("dcap-v4-uptodate") else {
        return;
    };

    let claims = set.judge(&Policy::default(), THEN).claims.unwrap();

    let tcb = claims.tcb.unwrap();
    assert_eq!(tcb.status, TcbStatus::UpToDate);
    assert_eq!(hex::encode(tcb.fmspc), "b0c06f000000");
}

#[test]
fn a_status_the_policy_does_not_take_is_refused() {
    let Some(set) = Set::named("dcap-v4-uptodate") else {
        return;
    };

    let judged = set.judge(&Policy::taking_none(), THEN);

    assert_eq!(judged.findings.reasons(), [Reason::TcbStatus]);
}

#[test]
fn collateral_out_of_its_time_is_named() {
    let Some(set) = Set::named("dcap-v4-uptodate") else {
        return;
    };

    let late = set.reasons(At(1_795_000_000));
    let early = set.reasons(At(1_600_000_000));

    assert!(late.contains(&Reason::CollateralStale) && late.contains(&Reason::CrlStale));
    assert!(early.contains(&Reason::CollateralStale));
}

#[test]
fn a_debuggable_guest_is_refused_by_name_even_without_collateral() {
    let Some(set) = Set::named("trustee-v4-debug") else {
        return;
    };

    let reasons = set.reasons(THEN);

    assert_eq!(reasons, [Reason::CollateralMissing, Reason::PolicyDebug]);
}

#[test]
fn a_quote_without_collateral_still_shows_that_its_own_links_hold() {
    let Some(set) = Set::named("go-tdx-v4-spr") else {
        return;
    };

    let judged = set.judge(&Policy::default(), THEN);

    assert!(judged.claims.is_some_and(|claims| claims.tcb.is_none()));
    let reasons = judged.findings.reasons();
    assert!(!reasons.contains(&Reason::Signature) && !reasons.contains(&Reason::Chain));
    // Its publisher put text behind it, for tests of exactly this.
    assert!(reasons.contains(&Reason::Length));
}

#[test]
fn another_quotes_collateral_is_refused() {
    let Some(mut set) = Set::named("dcap-v4-uptodate") else {
        return;
    };
    set.collateral = Set::named("dcap-v4-outdated").unwrap().collateral;

    assert!(set.reasons(THEN).contains(&Reason::CollateralInvalid));
}

#[test]
fn registers_must_be_among_those_expected() {
    let Some(set) = Set::named("dcap-v4-uptodate") else {
        return;
    };
    let mrtd = Quote::parse(&set.quote).unwrap().report.mr_td;
    let right = Policy {
        mrtd: Some([mrtd].into()),
        ..Policy::default()
    };
    let wrong = Policy {
        rtmr: [None, None, Some([[1; 48]].into()), None],
        mr_owner: Some([1; 48]),
        ..right.clone()
    };

    assert_eq!(set.judge(&right, THEN).findings.reasons(), []);
    let refused = set.judge(&wrong, THEN).findings.reasons();
    assert_eq!(refused, [Reason::Measurement, Reason::HostData]);
}

#[test]
fn one_verdict_stands_for_either_vendor() {
    let Some(set) = Set::named("dcap-v4-uptodate") else {
        return;
    };
    let report_data = Quote::parse(&set.quote).unwrap().report.report_data;
    let verdict = |binding, roots: &TrustRoots| {
        let mut policy = Whole::from_toml(
            "version = 1\n[snp]\nmeasurements = []\n[tdx]\nmrtd = \"unchecked\"\n",
        )
        .unwrap();
        policy.binding = binding;
        let evidence = crate::Evidence {
            cpu: Cpu::Tdx(Evidence {
                quote: &set.quote,
                collateral: set.collateral.as_ref(),
            }),
            transcript: None,
        };
        verify(&evidence, &policy, roots, THEN)
    };
    let vendors = TrustRoots::vendors();

    let accepted = verdict(Binding::Exactly(report_data), &vendors);
    let other_data = verdict(Binding::Exactly([0; 64]), &vendors);
    let other_roots = verdict(Binding::Unchecked, &TrustRoots::only([]).unwrap());

    let attested = accepted.attested().unwrap();
    assert_eq!(attested.domain(), TrustDomain::Hardware(Vendor::Intel));
    assert_eq!(attested.assurance(), Assurance::Chip);
    assert_eq!(reasons(other_data), [Reason::ReportData]);
    assert_eq!(reasons(other_roots), [Reason::RootUntrusted]);
}

fn reasons(verdict: Verdict) -> Vec<Reason> {
    verdict.attested().unwrap_err().findings.reasons()
}

/// The signed part and what certifies it. The padding behind the quote may change
/// only to what is refused as well.
#[test]
fn no_flipped_bit_of_a_quote_is_accepted() {
    let Some(mut set) = Set::named("dcap-v4-uptodate") else {
        return;
    };
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..400 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let place = (state >> 33) as usize % (set.quote.len() * 8);
        let (byte, bit) = (place / 8, place % 8);

        set.quote[byte] ^= 1 << bit;
        assert!(!set.reasons(THEN).is_empty(), "bit {bit} of byte {byte}");
        set.quote[byte] ^= 1 << bit;
    }
    assert_eq!(set.reasons(THEN), []);
}

#[test]
fn every_cut_is_refused_by_the_reader() {
    let Some(set) = Set::named("dcap-v4-outdated") else {
        return;
    };

    for end in (0..set.quote.len()).step_by(7) {
        assert!(Quote::parse(&set.quote[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_no_tdx_quote_is_told_so() {
    let kind = |version: u16, tee: u32| {
        let mut bytes = vec![0; 5000];
        bytes[..2].copy_from_slice(&version.to_le_bytes());
        bytes[4..8].copy_from_slice(&tee.to_le_bytes());
        Quote::parse(&bytes).unwrap_err()
    };

    assert_eq!(kind(3, 0), BadQuote::Version(3));
    assert_eq!(kind(6, 0x81), BadQuote::Version(6));
    assert_eq!(kind(4, 0), BadQuote::Tee(0));
    assert_eq!(Quote::parse(&[]).unwrap_err(), BadQuote::Shape);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
        let mut bytes = bytes;
        if let Some(head) = bytes.first_chunk_mut::<8>() {
            *head = [4, 0, 2, 0, 0x81, 0, 0, 0];
        }
        drop(Quote::parse(&bytes));
    }
}
