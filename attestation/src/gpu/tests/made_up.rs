//! A vendor of our own making: needs nothing from outside.

use super::*;
use crate::gpu::chain::Roots;
use crate::gpu::devices::attest_under;
use crate::gpu::judge::judge_under;
use crate::gpu::synthetic::{AUTHORITY, Chain, FOREVER, Form, SIGNER, manifest, report, roots};
use crate::test_attested::{attested, transcript};
use crate::{Findings, Transcript};
use proto::Tier;

const FWID: [u8; 48] = [6; 48];
const MEASURED: [[u8; 48]; 3] = [[1; 48], [2; 48], [3; 48]];
const NONCE: [u8; 32] = [9; 32];
const DRIVER: (u16, &[u8]) = (3, b"1.0\0");
const VBIOS: (u16, &[u8]) = (6, &[0, 0x5e, 0, 0x96, 1, 0, 0, 0]);

struct Maker {
    device: Chain,
    signer: Chain,
}

impl Maker {
    fn new() -> Self {
        Self::with(Chain::of_device(FWID), Chain::of_manifest())
    }

    const fn with(device: Chain, signer: Chain) -> Self {
        Self { device, signer }
    }

    fn roots(&self) -> Roots<'_> {
        roots(&self.device, &self.signer)
    }

    fn gpu(&self, nonce: [u8; 32]) -> Vec<u8> {
        let opaque = [DRIVER, VBIOS, (20, &FWID[..])];
        report(&self.device.leaf, nonce, &MEASURED, &opaque)
    }

    fn rims(&self) -> [String; 2] {
        [
            manifest(&self.signer, "1.0", &[(0, &[[1; 48]])]),
            manifest(&self.signer, "96.00.5e.00.01", &[(2, &[[7; 48], [3; 48]])]),
        ]
    }

    fn judge(&self, report: &[u8], rims: &[String], policy: Policy) -> Judged {
        let files: Vec<&[u8]> = rims.iter().map(String::as_bytes).collect();
        let mut unread = Findings::default();
        let rims = Rim::parse_all(&files, &mut unread);
        let evidence = Evidence {
            report,
            chain: &self.device.pem(),
            rims: &rims,
        };
        let mut judged = judge_under(self.roots(), &evidence, &NONCE, policy, JUNE_2026);
        judged.findings.extend(unread);
        judged
    }

    fn reasons(&self, rims: &[String]) -> Vec<Reason> {
        self.judge(&self.gpu(NONCE), rims, lenient())
            .findings
            .reasons()
    }
}

fn with_leaf(leaf: Form) -> Maker {
    let device = Chain::of(&[leaf, AUTHORITY, AUTHORITY, AUTHORITY, AUTHORITY]);
    Maker::with(device, Chain::of_manifest())
}

#[test]
fn a_device_with_both_manifests_satisfies_the_strictest() {
    let maker = Maker::new();

    let judged = maker.judge(&maker.gpu(NONCE), &maker.rims(), Policy::STRICT);

    let claims = judged.proven().unwrap().claims().clone();
    assert!(claims.fwid_stated && !claims.rim_signer_ended);
    let matched: Vec<u32> = claims.compared.iter().map(|one| one.matched).collect();
    assert_eq!(matched, [1, 1]);
}

#[test]
fn nvidias_roots_refuse_all_of_it() {
    let maker = Maker::new();
    let evidence = Evidence {
        report: &maker.gpu(NONCE),
        chain: &maker.device.pem(),
        rims: &[],
    };

    let judged = judge(&evidence, &NONCE, lenient(), JUNE_2026);

    assert_eq!(judged.findings.reasons(), [Reason::RootUntrusted]);
}

#[test]
fn two_devices_under_one_cpu_make_the_tier_of_both() {
    let maker = Maker::new();
    let mut bound = transcript([2; 33], proto::Digest::default());
    let nonce = |index| Transcript::gpu_nonce(bound.purpose, &bound.nonce, &bound.boot_id, index);
    let (one, two) = (maker.gpu(nonce(0)), maker.gpu(nonce(1)));
    let chain = maker.device.pem();
    let present = |report| Presented {
        report,
        chain: &chain,
    };
    let presented = [present(&one), present(&two)];
    bound.devices = devices_digest(&presented);
    let attest = |presented: &[Presented<'_>]| {
        let cpu = attested(Some(bound.clone()));
        attest_under(maker.roots(), cpu, presented, &[], lenient())
    };

    let machine = attest(&presented).unwrap();
    let swapped = attest(&[present(&two), present(&one)]);

    assert_eq!(machine.tier(), Tier::CpuAndGpu);
    assert_eq!(machine.devices().count(), 2);
    assert!(matches!(swapped, Err(NotAttested::Refused(_))));
}

#[test]
fn a_leaf_for_other_firmware_is_refused() {
    let other = with_leaf(Form {
        fwid: Some([5; 48]),
        ..SIGNER
    });
    let none = with_leaf(SIGNER);

    assert_eq!(other.reasons(&[]), [Reason::GpuFwid]);
    assert_eq!(none.reasons(&[]), [Reason::GpuFwid]);
}

#[test]
fn a_leaf_that_issues_certificates_is_refused() {
    let maker = with_leaf(Form {
        fwid: Some(FWID),
        ..AUTHORITY
    });

    assert_eq!(maker.reasons(&[]), [Reason::CertProfile]);
}

#[test]
fn a_signer_that_issued_a_certificate_is_no_authority() {
    let leaf = Form {
        fwid: Some(FWID),
        ..SIGNER
    };
    let device = Chain::of(&[leaf, SIGNER, AUTHORITY, AUTHORITY, AUTHORITY]);
    let maker = Maker::with(device, Chain::of_manifest());

    assert_eq!(maker.reasons(&[]), [Reason::CertProfile]);
}

#[test]
fn an_authority_over_more_than_it_may_be_is_refused() {
    let leaf = Form {
        fwid: Some(FWID),
        ..SIGNER
    };
    let narrow = Form {
        path_max: Some(0),
        ..AUTHORITY
    };
    let device = Chain::of(&[leaf, AUTHORITY, narrow, AUTHORITY, AUTHORITY]);
    let maker = Maker::with(device, Chain::of_manifest());

    assert_eq!(maker.reasons(&[]), [Reason::CertProfile]);
}

#[test]
fn a_device_certificate_that_demands_what_nobody_knows_is_refused_wherever_it_stands() {
    for place in 0..5 {
        let leaf = Form {
            fwid: Some(FWID),
            ..SIGNER
        };
        let mut forms = [leaf, AUTHORITY, AUTHORITY, AUTHORITY, AUTHORITY];
        forms[place].strange = &[9];
        let maker = Maker::with(Chain::of(&forms), Chain::of_manifest());

        assert_eq!(maker.reasons(&[]), [Reason::CertProfile], "{place}");
    }
}

#[test]
fn a_manifests_certificate_that_demands_what_nobody_knows_is_refused() {
    for place in 0..4 {
        let mut forms = [SIGNER, AUTHORITY, AUTHORITY, AUTHORITY];
        forms[place].strange = &[9];
        let maker = Maker::with(Chain::of_device(FWID), Chain::of(&forms));

        let reasons = maker.reasons(&[manifest(&maker.signer, "1.0", &[(0, &[[1; 48]])])]);

        assert_eq!(reasons, [Reason::CertProfile], "{place}");
    }
}

#[test]
fn a_device_certificate_that_has_ended_is_refused() {
    let until = "20250101000000Z";
    let maker = with_leaf(Form {
        fwid: Some(FWID),
        until,
        ..SIGNER
    });

    assert_eq!(maker.reasons(&[]), [Reason::CertExpired]);
    assert_ne!(until, FOREVER);
}

#[test]
fn a_value_of_an_engine_that_is_off_is_not_compared() {
    let maker = Maker::new();
    let measured = vec![[4; 48]; 40];
    let rims = [manifest(&maker.signer, "1.0", &[(35, &[[5; 48]])])];
    let judged = |status: u8| {
        let opaque = [DRIVER, VBIOS, (11, &[status][..])];
        let report = report(&maker.device.leaf, NONCE, &measured, &opaque);
        maker.judge(&report, &rims, lenient())
    };

    let off = judged(0x55).proven().unwrap().claims().clone();

    assert_eq!((off.compared[0].matched, off.compared[0].skipped), (0, 1));
    assert_eq!(judged(0xaa).findings.reasons(), [Reason::RimMismatch]);
}

#[test]
fn a_value_the_device_does_not_measure_is_a_mismatch() {
    let maker = Maker::new();
    let rims = [manifest(&maker.signer, "1.0", &[(3, &[[0; 48]])])];

    assert_eq!(maker.reasons(&rims), [Reason::RimMismatch]);
}

#[test]
fn a_manifest_changed_after_signing_is_refused() {
    let maker = Maker::new();
    let [rim, _vbios] = maker.rims();
    let tag = rim.replace("synthetic", "sinthetic");
    let value = rim.replace(&hex::encode([1; 48]), &hex::encode([4; 48]));

    assert_eq!(maker.reasons(&[tag]), [Reason::RimSignature]);
    let reasons = maker.reasons(&[value]);
    assert_eq!(reasons, [Reason::RimSignature, Reason::RimMismatch]);
}

#[test]
fn a_manifest_under_another_root_is_refused() {
    let (maker, stranger) = (Maker::new(), Chain::of_manifest());
    let rim = manifest(&stranger, "1.0", &[(0, &[[1; 48]])]);

    assert_eq!(maker.reasons(&[rim]), [Reason::RootUntrusted]);
}

#[test]
fn a_signature_of_another_shape_is_not_read() {
    let maker = Maker::new();
    let [rim, _vbios] = maker.rims();
    let (body, signature) = rim.split_at(rim.find("<ds:Signature>").unwrap());
    let signature = signature.strip_suffix("</SoftwareIdentity>").unwrap();
    let empty = "<Meta colloquialVersion=\"2\" product=\"X\"></Meta>";
    let shapes = [
        format!("{body}{signature}{signature}</SoftwareIdentity>"),
        format!("{body}{signature}{empty}</SoftwareIdentity>"),
        format!("{body}</SoftwareIdentity>"),
        rim.replace("URI=\"\"", "URI=\"#x\""),
        rim.replace("enveloped-signature", "base64"),
        rim.replace("xml-c14n11", "xml-c14n11#WithComments"),
        rim.replace("ecdsa-sha384", "ecdsa-sha1"),
        rim.replace("<ds:Reference ", "<ds:Reference Id=\"x\" "),
        rim.replace("<ds:SignedInfo>", "<ds:SignedInfo>text"),
        rim.replace(
            "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
            "xmlns:ds=\"u:x\"",
        ),
    ];

    for shape in shapes {
        assert_ne!(shape, rim);
        assert_eq!(maker.reasons(&[shape]), [Reason::RimInvalid]);
    }
}

#[test]
fn a_resource_of_another_form_is_not_read() {
    let maker = Maker::new();
    let [rim, _vbios] = maker.rims();
    for (from, to) in [
        ("active=\"True\"", "active=\"true\""),
        ("alternatives=\"1\"", "alternatives=\"2\""),
        ("size=\"48\"", "size=\"47\""),
        ("index=\"0\"", "index=\"256\""),
        ("h:Hash0", "h:Hash1"),
        ("type=\"Measurement\"", "type=\"Other\""),
        ("Meta", "Mata"),
        ("colloquialVersion=\"1.0\"", "colloquialVersion=\"\""),
    ] {
        let changed = rim.replace(from, to);

        assert_ne!(changed, rim);
        assert_eq!(maker.reasons(&[changed]), [Reason::RimInvalid], "{to}");
    }
}
