//! What must hold of GPU evidence: NVIDIA's recorded reports, every way to change
//! them, and the strictness of each reader.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that panics is a test that fails"
)]

use super::*;
use crate::{At, Reason, test_shared};
use proptest::prelude::*;

const JUNE_2026: At = At(1_780_272_000);

fn lenient() -> Policy {
    Policy {
        rims_required: false,
        ignore_other_rims: false,
        rim_dates: RimDates::SignerMayHaveEnded,
    }
}

mod recorded {
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
}

mod devices {
    use super::*;
    use crate::Transcript;
    use crate::test_attested::{attested, transcript};
    use proto::{Digest, Tier};

    const DEVICES: [Presented<'static>; 2] = [
        Presented {
            report: b"one",
            chain: "chain",
        },
        Presented {
            report: b"two",
            chain: "chain",
        },
    ];

    fn bound(devices: Digest) -> Transcript {
        transcript([2; 33], devices)
    }

    fn refusal(devices: Digest, presented: &[Presented<'_>]) -> Vec<Reason> {
        let cpu = attested(Some(bound(devices)));
        match attest_devices(cpu, presented, &[], lenient()) {
            Err(NotAttested::Refused(findings)) => findings.reasons(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_machine_without_devices_is_of_the_cpus_tier() {
        let cpu = attested(Some(bound(devices_digest(&[]))));

        let machine = attest_devices(cpu, &[], &[], Policy::STRICT).unwrap();

        assert_eq!(machine.tier(), Tier::Cpu);
    }

    #[test]
    fn a_device_that_was_left_out_is_noticed() {
        let hashed = devices_digest(&DEVICES);

        assert!(refusal(hashed, &DEVICES[..1]).contains(&Reason::ReportData));
        assert_eq!(refusal(hashed, &[]), [Reason::ReportData]);
    }

    #[test]
    fn number_order_and_boundaries_of_devices_are_hashed() {
        let [one, two] = DEVICES;
        let moved = Presented {
            report: b"onec",
            chain: "hain",
        };

        assert_ne!(devices_digest(&[one, two]), devices_digest(&[two, one]));
        assert_ne!(devices_digest(&[one]), devices_digest(&[one, one]));
        assert_ne!(devices_digest(&[one]), devices_digest(&[moved]));
    }

    #[test]
    fn a_genuine_gpu_asked_by_somebody_else_is_refused() {
        let Some(folder) = test_shared::path("vectors/attestation/nvidia") else {
            return;
        };
        let report = std::fs::read(folder.join("hopper-590.spdm")).unwrap();
        let chain = std::fs::read_to_string(folder.join("hopper-590.chain.pem")).unwrap();
        let presented = [Presented {
            report: &report,
            chain: &chain,
        }];

        let reasons = refusal(devices_digest(&presented), &presented);

        assert_eq!(reasons, [Reason::GpuNonce]);
    }

    #[test]
    fn a_cpu_judged_without_its_binding_binds_no_device() {
        let refused = attest_devices(attested(None), &[], &[], lenient());

        assert!(matches!(refused, Err(NotAttested::NotBound)));
    }
}

mod reports {
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
}

mod xml_form {
    use super::super::c14n::{document, scope};
    use super::super::xml::{BadXml, Element, parse};
    use super::*;

    fn canonical(text: &str) -> String {
        let root = parse(text.as_bytes()).unwrap();
        let nothing = Element {
            name: String::new(),
            attributes: Vec::new(),
            children: Vec::new(),
        };
        document(&root, &nothing).unwrap()
    }

    /// The parts of the W3C's example 3.3 that this subset can say.
    #[test]
    fn start_and_end_tags_are_normalised_as_the_w3c_says() {
        let given = r#"<doc>
   <e1   />
   <e2   ></e2>
   <e3   name = "elem3"   id="elem3"   />
   <e4   name="elem4"   id="elem4"   ></e4>
   <e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm"
      xmlns:b="http://www.ietf.org"
      xmlns:a="http://www.w3.org"
      xmlns="http://example.org"/>
</doc>"#;
        let expected = r#"<doc>
   <e1></e1>
   <e2></e2>
   <e3 id="elem3" name="elem3"></e3>
   <e4 id="elem4" name="elem4"></e4>
   <e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"></e5>
</doc>"#;

        assert_eq!(canonical(given), expected);
    }

    #[test]
    fn a_namespace_is_written_where_it_first_differs() {
        let given = r#"<a xmlns:p="u:1"><p:b xmlns:p="u:1"><p:c xmlns:p="u:2"/></p:b></a>"#;
        let expected = r#"<a xmlns:p="u:1"><p:b><p:c xmlns:p="u:2"></p:c></p:b></a>"#;

        assert_eq!(canonical(given), expected);
    }

    #[test]
    fn what_genuine_files_do_not_contain_is_refused() {
        let foreign = [
            "<a>&amp;</a>",
            "<a b='&#10;'/>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
            "<a><!-- c --></a>",
            "<a><![CDATA[x]]></a>",
            "<a><?p x?></a>",
            "<a>\r\n</a>",
            "<a>\t</a>",
            "<a>\u{e9}</a>",
            "<a b='\"'/>",
            "<a b=\"x\ny\"/>",
            "<a>]]></a>",
            "<a/><b/>",
            "<a/>text",
            "<a>",
            "<a></b>",
            "<a b=\"1\" b=\"2\"/>",
            "<a:b:c/>",
            "",
        ];

        for text in foreign {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = "<a>".repeat(17);
        let long = " ".repeat(512 * 1024 + 1);

        assert_eq!(parse(deep.as_bytes()), Err(BadXml::Depth));
        assert!(matches!(parse(long.as_bytes()), Err(BadXml::TooLong(_))));
    }

    #[test]
    fn a_declaration_before_the_root_is_not_part_of_it() {
        let text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a/>";

        assert_eq!(canonical(text), "<a></a>");
    }

    #[test]
    fn namespaces_may_not_be_unbound_or_xmls_own() {
        for text in [
            r#"<a xmlns=""/>"#,
            r#"<a xmlns:p=""/>"#,
            r#"<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>"#,
            r#"<a xmlns:xmlfoo="u"/>"#,
        ] {
            let root = parse(text.as_bytes()).unwrap();

            assert!(
                scope(&root, &std::collections::BTreeMap::new()).is_err(),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_manifest_reader_panic(text in "[<>/a-c:=\"' xmlns?!&\\n]{0,200}") {
            drop(Rim::parse(text.as_bytes()));
        }
    }
}
