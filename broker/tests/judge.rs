//! The broker's own look at evidence: a simulated machine, judged as what it is.

#![allow(clippy::unwrap_used, reason = "a test")]

use attestation::snp::Line;
use attestation::{Policy, Purpose, Transcript, TrustRoots};
use broker::judge::{Disbelieved, Judge, Judges};
use proto::attestation::{BootBundle, CpuEvidence, Evidence, SnpEvidence};
use proto::{Blob, BootId, ChallengeNonce, Digest, List, PublicKey, Seconds, Tier};
use simtee::{Identity, Machine, ReportVersion, SyntheticRoot};

const NOW: Seconds = 1_800_000_000;
const NONCE: ChallengeNonce = ChallengeNonce([7; 32]);
const POLICY: &str = r#"
version = 1
assurance = ["development"]
[snp]
product_lines = ["Genoa"]
measurements = ["515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151"]
"#;

fn machine() -> Machine {
    let root = SyntheticRoot::generate(Line::Genoa, NOW).unwrap();
    let identity = Identity {
        measurement: [0x51; 48],
        host_data: [0; 32],
        version: ReportVersion::V3,
        csp: None,
    };
    Machine::start(root, identity).unwrap()
}

fn judge(machine: &Machine, policy: &str) -> Judge {
    let policy = Policy::from_toml(policy).unwrap();
    let roots = TrustRoots::only([machine.root().ark()]).unwrap();
    Judge::new(policy, roots, 600)
}

fn signer() -> [u8; 33] {
    let mut signer = [9; 33];
    signer[0] = 2;
    signer
}

fn transcript(purpose: Purpose) -> Transcript {
    Transcript {
        purpose,
        nonce: match purpose {
            Purpose::Boot => [0; 32],
            Purpose::Challenge | Purpose::Ratls => NONCE.0,
        },
        signer: signer(),
        tls_key: Digest([1; 32]),
        devices: Digest([0; 32]),
        config: Digest([2; 32]),
        boot_id: [6; 16],
    }
}

fn evidence(machine: &Machine, transcript: &Transcript) -> Evidence {
    let blob = |bytes: &[u8]| Blob::try_from(bytes).unwrap();
    let report = machine.report(&transcript.report_data()).unwrap();
    let root = machine.root();
    Evidence {
        cpu: CpuEvidence::Snp(SnpEvidence {
            report: Blob::new(report).unwrap(),
            certificate_table: Blob::new(machine.table()).unwrap(),
            vek: blob(machine.vek()),
            ask: blob(root.issuer(machine.kind())),
            ark: blob(root.ark()),
            crl: Blob::new(root.crl().unwrap()).unwrap(),
        }),
        transcript: Blob::new(transcript.to_bytes()).unwrap(),
        gpus: List::default(),
        rims: List::default(),
    }
}

fn bundle(machine: &Machine) -> BootBundle {
    BootBundle {
        evidence: evidence(machine, &transcript(Purpose::Boot)),
        signer: PublicKey::try_from(signer().as_slice()).unwrap(),
        tls_spki: Digest([1; 32]),
        config: Digest([2; 32]),
        boot_id: BootId([6; 16]),
    }
}

#[test]
fn a_simulated_machine_is_judged_as_one() {
    let machine = machine();

    let judged = judge(&machine, POLICY)
        .boot(&bundle(&machine), NOW)
        .unwrap();

    assert_eq!(judged.tier, Tier::Development);
    assert_eq!(judged.trust_domain.len(), 64);
    assert_eq!((judged.judged_at, judged.good_until), (NOW, NOW + 600));
}

#[test]
fn a_policy_that_wants_a_chip_refuses_a_simulated_one() {
    let machine = machine();
    let strict = POLICY.replace("development", "chip");

    let judged = judge(&machine, &strict).boot(&bundle(&machine), NOW);

    assert!(matches!(judged, Err(Disbelieved::Refused(_))), "{judged:?}");
}

#[test]
fn evidence_of_another_boot_or_key_is_refused() {
    let machine = machine();
    let judge = judge(&machine, POLICY);
    let of = |change: &dyn Fn(&mut BootBundle)| {
        let mut bundle = bundle(&machine);
        change(&mut bundle);
        judge.boot(&bundle, NOW)
    };

    let other = |what| Err(Disbelieved::Other(what));
    assert_eq!(of(&|shown| shown.boot_id = BootId([7; 16])), other("boot"));
    assert_eq!(
        of(&|shown| shown.tls_spki = Digest([7; 32])),
        other("tls key")
    );
    let mut key = signer();
    key[1] = 8;
    let key = PublicKey::try_from(key.as_slice()).unwrap();
    assert_eq!(of(&|shown| shown.signer = key), other("signer"));
}

#[test]
fn a_challenge_is_answered_by_a_report_over_its_own_nonce() {
    let machine = machine();
    let (judge, bundle) = (judge(&machine, POLICY), bundle(&machine));
    let answer = evidence(&machine, &transcript(Purpose::Challenge));

    assert!(judge.challenge(&answer, &bundle, NONCE, NOW).is_ok());
    let other = ChallengeNonce([8; 32]);
    assert!(judge.challenge(&answer, &bundle, other, NOW).is_err());
    assert!(
        judge
            .challenge(&bundle.evidence, &bundle, NONCE, NOW)
            .is_err()
    );
}
