//! The form of a bundle for either kind of processor.

use super::*;
use crate::test_attested::transcript;
use crate::{Reason, test_shared};

const NO_IMAGE: &str = "version = 1\nbinding = \"unchecked\"\n[snp]\nmeasurements = []\n";
const ANY_TDX: &str = concat!(
    "[tdx]\nmrtd = \"unchecked\"\nrtmr0 = \"unchecked\"\nrtmr1 = \"unchecked\"\n",
    "rtmr2 = \"unchecked\"\nrtmr3 = \"unchecked\"\n",
);
/// The moment the recorded collateral is for.
const THEN: At = At(1_750_415_547);

fn tdx(quote: Vec<u8>, collateral: Option<Vec<u8>>) -> TdxParts {
    TdxParts {
        quote,
        collateral,
        transcript: None,
        devices: Vec::new(),
    }
}

fn made_up_quote() -> Vec<u8> {
    include_bytes!("../../fuzz/corpus/tdx_quote/v4").to_vec()
}

fn reasons(bundle: &Bundle) -> Vec<Reason> {
    let policy = Policy::from_toml(&format!("{NO_IMAGE}{ANY_TDX}")).unwrap();
    match bundle.verify(&policy, &TrustRoots::vendors(), THEN) {
        Verdict::Accepted(_) => Vec::new(),
        Verdict::Rejected(rejection) => rejection.findings.reasons(),
    }
}

#[test]
fn a_bundle_of_a_quote_goes_through_an_archive_unchanged() {
    let mut parts = tdx(made_up_quote(), None);
    parts.transcript = Some(transcript([2; 33], Digest::default()));
    let bundle = Bundle::build_tdx(&parts).unwrap();

    let again = Bundle::from_archive(&bundle.to_archive()).unwrap();

    assert_eq!(again.files(), bundle.files());
    assert!(again.faults().is_empty(), "{:?}", again.faults());
    assert_eq!(again.transcript(), parts.transcript.as_ref());
}

#[cfg(feature = "wire")]
#[test]
fn a_bundle_goes_over_the_wire_and_is_the_same() {
    let mut parts = tdx(made_up_quote(), None);
    parts.transcript = Some(transcript([2; 33], Digest::default()));
    let bundle = Bundle::build_tdx(&parts).unwrap();

    let again = Bundle::from_wire(&bundle.to_wire().unwrap()).unwrap();

    assert_eq!(again.files(), bundle.files());
}

#[test]
fn a_quote_nobody_certified_is_refused_and_so_is_one_without_collateral() {
    let bundle = Bundle::build_tdx(&tdx(made_up_quote(), None)).unwrap();

    let reasons = reasons(&bundle);

    assert!(reasons.contains(&Reason::CollateralMissing), "{reasons:?}");
    assert!(reasons.len() > 1, "{reasons:?}");
}

#[test]
fn a_genuine_quote_with_its_collateral_is_accepted_as_a_bundle() {
    let Some(folder) = test_shared::path("vectors/attestation/tdx") else {
        return;
    };
    let file = |name| std::fs::read(folder.join(name)).unwrap();
    let (quote, collateral) = ("dcap-v4-uptodate.quote", "dcap-v4-uptodate.collateral.json");
    let whole = tdx(file(quote), Some(file(collateral)));

    let bundle = Bundle::build_tdx(&whole).unwrap();

    assert_eq!(reasons(&bundle), []);
}

#[test]
fn a_bundle_of_two_processors_is_none() {
    let quote = Bundle::build_tdx(&tdx(made_up_quote(), None)).unwrap();
    let mut files = quote.files().clone();
    files.insert("report.bin".to_owned(), vec![1]);

    let refused = Bundle::from_files(files);

    assert!(matches!(
        refused,
        Err(BadBundle::Malformed {
            name: "quote.bin",
            ..
        })
    ));
}

#[test]
fn a_bundle_that_calls_itself_another_processors_is_none() {
    let quote = Bundle::build_tdx(&tdx(made_up_quote(), None)).unwrap();
    let mut files = quote.files().clone();
    let manifest = String::from_utf8(files["bundle.json"].clone()).unwrap();
    let renamed = manifest.replace("intel-tdx", "amd-sev-snp");
    assert_ne!(renamed, manifest);
    files.insert("bundle.json".to_owned(), renamed.into_bytes());

    let refused = Bundle::from_files(files);

    assert!(matches!(
        refused,
        Err(BadBundle::Malformed {
            name: "bundle.json",
            ..
        })
    ));
}
