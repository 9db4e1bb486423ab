//! Every kind of file is told from the others, and all of it is named.

use super::*;
use crate::sealing::{EnclaveSecret, Label, Purpose, Recipient, seal};
use ring::rand::SystemRandom;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name)
}

fn inspected(file: &Path) -> Result<String, Failure> {
    let mut out = Vec::new();
    let file = file.to_owned();
    run(&Args { file }, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn assert_names(text: &str, names: &[&str]) {
    for name in names {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    assert!(text.contains("Nothing here has been verified."));
}

#[test]
fn a_quote_of_either_version_is_shown() {
    for version in ["v4", "v5-td15"] {
        let text = inspected(&corpus("tdx_quote").join(version)).unwrap();

        let names = [
            "An Intel TDX quote",
            "MRTD",
            "RTMR3",
            "REPORT_DATA",
            "QE_MRENCLAVE",
        ];
        assert_names(&text, &names);
        assert_eq!(text.contains("MRSERVICETD"), version == "v5-td15");
    }
}

#[test]
fn a_report_is_shown() {
    let text = inspected(&corpus("report/v5")).unwrap();

    assert_names(
        &text,
        &["AMD SEV-SNP", "MEASUREMENT", "CHIP_ID", "LAUNCH_MIT_VECTOR"],
    );
}

#[test]
fn a_devices_evidence_is_shown() {
    let seed = std::fs::read(corpus("spdm/one-block")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("0.spdm");
    std::fs::write(&path, seed.strip_prefix(b"\n\n").unwrap()).unwrap();

    let text = inspected(&path).unwrap();

    assert_names(
        &text,
        &["NVIDIA", "NONCE", "MEASUREMENT 1", "DRIVER", "SIGNATURE"],
    );
}

#[test]
fn a_bundle_is_shown_with_what_is_in_it() {
    let text = inspected(&corpus("bundle/archive")).unwrap();

    let names = [
        "A bundle",
        "The transcript",
        "boot_id",
        "The certificates",
        "ARK",
        "MEASUREMENT",
    ];
    assert_names(&text, &names);
}

#[test]
fn a_sealed_blob_is_shown_without_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    let label = Label {
        purpose: Purpose::Checkpoint,
        context: [7; 32],
    };
    let to = Recipient::own(&EnclaveSecret::take(&mut [9; 32]));
    let mut blob = Vec::new();
    seal(
        &to,
        &label,
        vec![1; 300_000].as_slice(),
        &mut blob,
        &SystemRandom::new(),
    )
    .unwrap();
    std::fs::write(&path, &blob).unwrap();

    let text = inspected(&path).unwrap();

    assert_names(
        &text,
        &[
            "A sealed blob",
            "checkpoint",
            &hex::encode([7; 32]),
            "300000",
        ],
    );
}

#[test]
fn what_is_none_of_these_is_unusable() {
    let refused = inspected(&corpus("certificate/ark"));

    assert!(refused.is_err_and(|failure| failure.status() == 30));
}
