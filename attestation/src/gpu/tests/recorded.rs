//! NVIDIA's recorded evidence, and every way to change it.

use super::*;
use serde_json::Value;

fn file(name: &str) -> Vec<u8> {
    let path = test_shared::path("vectors/attestation/nvidia").unwrap();
    std::fs::read(path.join(name)).unwrap()
}

fn cases() -> Vec<Value> {
    let Some(path) = test_shared::path("vectors/attestation/nvidia/index.json") else {
        return Vec::new();
    };
    let all: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases: Vec<Value> = all
        .into_iter()
        .filter(|case| case["report"].is_string())
        .collect();
    assert_eq!(cases.len(), 10);
    cases
}

/// The nonce that was asked for: a mutated report's is its origin's.
fn nonce(case: &Value) -> [u8; 32] {
    let base = case["source"]["base"].as_str().map(str::to_owned);
    let name = case["report"].as_str().unwrap();
    let name = base.map_or_else(|| name.to_owned(), |base| format!("{base}.spdm"));
    file(&name)[4..36].try_into().unwrap()
}

struct Set {
    report: Vec<u8>,
    chain: String,
    nonce: [u8; 32],
    rims: Vec<Vec<u8>>,
}

impl Set {
    fn of(case: &Value) -> Self {
        Self {
            report: file(case["report"].as_str().unwrap()),
            chain: String::from_utf8(file(case["chain"].as_str().unwrap())).unwrap(),
            nonce: nonce(case),
            rims: Vec::new(),
        }
    }

    /// `None` where the shared folder is absent, which has been said aloud.
    fn named(name: &str, rims: &[&str]) -> Option<Self> {
        let report = format!("{name}.spdm");
        let case = cases().into_iter().find(|case| case["report"] == report)?;
        let rims = rims.iter().map(|rim| file(&format!("{rim}.rim.xml")));
        Some(Self {
            rims: rims.collect(),
            ..Self::of(&case)
        })
    }

    fn judge(&self, policy: Policy, at: At) -> Judged {
        let files: Vec<&[u8]> = self.rims.iter().map(Vec::as_slice).collect();
        let mut unread = crate::Findings::default();
        let rims = Rim::parse_all(&files, &mut unread);
        let evidence = Evidence {
            report: &self.report,
            chain: &self.chain,
            rims: &rims,
        };
        let mut judged = judge(&evidence, &self.nonce, policy, at);
        judged.findings.extend(unread);
        judged
    }

    fn reasons(&self) -> Vec<Reason> {
        self.judge(lenient(), JUNE_2026).findings.reasons()
    }
}

#[test]
fn every_recorded_report_is_decided_right() {
    for case in cases() {
        let name = case["report"].as_str().unwrap();
        let reasons = Set::of(&case).reasons();

        if case["expect"]["signature"] == true {
            assert_eq!(reasons, [], "{name}");
        } else if case["expect"]["signature"] == false {
            assert_eq!(reasons, [Reason::Signature], "{name}");
        } else {
            assert_eq!(case["expect"]["reject"], true);
            assert!(!reasons.is_empty(), "{name}");
        }
    }
}

#[test]
fn every_recorded_field_is_read() {
    for case in cases() {
        let fields = &case["fields"];
        if fields.is_null() {
            continue;
        }
        let report = Report::parse(&file(case["report"].as_str().unwrap())).unwrap();

        assert_eq!(hex::encode(report.nonce), fields["nonce"]);
        assert_eq!(
            report.measurements.len() as u64,
            fields["blocks"].as_u64().unwrap()
        );
        assert_eq!(report.opaque.driver().unwrap_or_default(), fields["driver"]);
        assert_eq!(
            report.signed.len() as u64,
            fields["signature_offset"].as_u64().unwrap()
        );
    }
}

#[test]
fn each_mutation_is_refused_for_its_own_reason() {
    let reasons = |name| Set::named(name, &[]).map(|set| set.reasons());
    let Some(nonce) = reasons("hopper-535--nonce") else {
        return;
    };

    assert_eq!(nonce, [Reason::GpuNonce, Reason::Signature]);
    assert_eq!(reasons("hopper-535--block1").unwrap(), [Reason::Signature]);
    assert_eq!(reasons("hopper-535--sig").unwrap(), [Reason::Signature]);
    assert_eq!(reasons("hopper-535--short").unwrap(), [Reason::Length]);
    assert_eq!(reasons("hopper-535--reclen").unwrap(), [Reason::Length]);
}

#[test]
fn versions_and_board_are_in_the_verdict() {
    let Some(set) = Set::named("hopper-535", &[]) else {
        return;
    };

    let claims = set.judge(lenient(), JUNE_2026).proven().unwrap();

    let claims = claims.claims();
    assert_eq!(claims.driver.as_deref(), Some("535.86.09"));
    assert_eq!(claims.vbios.as_deref(), Some("96.00.5E.00.01"));
    assert_eq!(claims.board.as_deref(), Some("1010_0200_882"));
    assert_eq!(claims.device, "GH100 A01 GSP FMC LF");
    assert_eq!((claims.kind, claims.fwid_stated), (Kind::Gpu, false));
}

#[test]
fn a_switch_is_told_from_a_gpu() {
    let Some(set) = Set::named("switch-ls10", &[]) else {
        return;
    };

    let claims = set.judge(lenient(), JUNE_2026).proven().unwrap();

    assert_eq!(claims.claims().kind, Kind::Switch);
    assert_eq!(claims.claims().vbios.as_deref(), Some("96.10.55.00.01"));
}

#[test]
fn all_twelve_active_values_of_the_vbios_manifest_match() {
    let Some(set) = Set::named("hopper-535", &["vbios-96005E0001"]) else {
        return;
    };

    let judged = set.judge(lenient(), JUNE_2026);

    let claims = judged.proven().unwrap().claims().clone();
    assert_eq!(claims.compared.len(), 1);
    assert_eq!(
        (claims.compared[0].matched, claims.compared[0].skipped),
        (12, 0)
    );
    assert!(claims.rim_signer_ended);
}

#[test]
fn nvidias_mismatch_sample_is_a_mismatch_and_unsigned() {
    let Some(set) = Set::named("hopper-535", &["driver-535.86.09-mismatch"]) else {
        return;
    };

    assert_eq!(set.reasons(), [Reason::RimSignature, Reason::RimMismatch]);
}

#[test]
fn a_manifest_with_a_bad_signature_is_refused() {
    let rims = ["driver-550.144.03-badsig"];
    let Some(set) = Set::named("hopper-550", &rims) else {
        return;
    };

    assert!(set.reasons().contains(&Reason::RimSignature));
}

#[test]
fn a_genuine_manifest_for_another_version_is_named_as_such() {
    let Some(set) = Set::named("hopper-550", &["driver-550.144.03"]) else {
        return;
    };

    let reasons = set.reasons();

    assert!(reasons.contains(&Reason::RimVersion));
    assert!(!reasons.contains(&Reason::RimSignature));
}

#[test]
fn two_manifests_for_one_value_contradict_each_other() {
    let rims = ["vbios-96005E0001", "vbios-96005E0001"];
    let Some(set) = Set::named("hopper-535", &rims) else {
        return;
    };

    assert_eq!(set.reasons(), [Reason::RimConflict]);
}

#[test]
fn a_strict_policy_wants_both_manifests_from_living_signers() {
    let Some(set) = Set::named("hopper-535", &["vbios-96005E0001"]) else {
        return;
    };
    let while_valid = "2024-06-01T00:00:00Z".parse().unwrap();
    let before = "2023-01-01T00:00:00Z".parse().unwrap();
    let reasons = |at| set.judge(Policy::STRICT, at).findings.reasons();

    assert_eq!(reasons(while_valid), [Reason::RimMissing]);
    assert_eq!(
        reasons(JUNE_2026),
        [Reason::CertExpired, Reason::RimMissing]
    );
    assert_eq!(reasons(before), [Reason::CertNotYet, Reason::RimMissing]);
}

#[test]
fn another_nonce_is_refused() {
    let Some(mut set) = Set::named("hopper-590", &[]) else {
        return;
    };
    set.nonce[0] ^= 1;

    assert_eq!(set.reasons(), [Reason::GpuNonce]);
}

#[test]
fn another_devices_chain_is_refused() {
    let Some(mut set) = Set::named("hopper-590", &[]) else {
        return;
    };
    set.chain = Set::named("hopper-550", &[]).unwrap().chain;

    assert_eq!(set.reasons(), [Reason::Signature]);
}

#[test]
fn a_chain_without_its_root_or_out_of_order_is_refused() {
    let Some(mut set) = Set::named("hopper-590", &[]) else {
        return;
    };
    let certificates: Vec<String> = set
        .chain
        .split_inclusive("-----END CERTIFICATE-----\n")
        .map(str::to_owned)
        .collect();

    set.chain = certificates[..4].concat();
    assert_eq!(set.reasons(), [Reason::Chain, Reason::RootUntrusted]);

    set.chain = [&certificates[..3], &[certificates[4].clone()]]
        .concat()
        .concat();
    assert!(set.reasons().contains(&Reason::Chain));

    set.chain.push_str("tail");
    assert_eq!(set.reasons(), [Reason::CertParse]);
}

#[test]
fn no_flipped_bit_of_a_report_is_accepted() {
    let Some(mut set) = Set::named("hopper-590", &[]) else {
        return;
    };
    for (byte, bit) in scattered(set.report.len(), 600) {
        set.report[byte] ^= 1 << bit;
        assert!(!set.reasons().is_empty(), "bit {bit} of byte {byte}");
        set.report[byte] ^= 1 << bit;
    }
    assert_eq!(set.reasons(), []);
}

#[test]
fn no_flipped_bit_of_a_manifest_is_accepted() {
    let Some(mut set) = Set::named("hopper-535", &["vbios-96005E0001"]) else {
        return;
    };
    for (byte, bit) in scattered(set.rims[0].len(), 600) {
        set.rims[0][byte] ^= 1 << bit;
        assert!(!set.reasons().is_empty(), "bit {bit} of byte {byte}");
        set.rims[0][byte] ^= 1 << bit;
    }
    assert_eq!(set.reasons(), []);
}

/// Places all over a file, the same ones every time.
fn scattered(len: usize, count: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..count).map(move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let place = (state >> 33) as usize % (len * 8);
        (place / 8, place % 8)
    })
}
