//! A bundle made from its parts, by the machine that proves itself.

use super::machine::Kind;
use super::{BadBundle, Bundle, derived, devices as device_files, manifest, pem};
use crate::Transcript;
use crate::snp::KeyKind;
use std::collections::BTreeMap;

/// What a bundle is made of; certificates in DER.
#[derive(Clone, Debug)]
pub struct Parts {
    pub report: Vec<u8>,
    pub kind: KeyKind,
    pub vek: Vec<u8>,
    pub issuer: Vec<u8>,
    pub ark: Vec<u8>,
    pub crl: Option<Vec<u8>>,
    pub transcript: Option<Transcript>,
    /// The devices, in the order of enumeration.
    pub devices: Vec<Device>,
}

/// One device's evidence, as it was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub report: Vec<u8>,
    /// Its certificates in PEM, leaf first.
    pub chain: String,
}

/// The parts of a TDX machine's bundle.
#[derive(Clone, Debug)]
pub struct TdxParts {
    pub quote: Vec<u8>,
    /// Intel's collateral for the platform, as JSON. Without it nobody accepts the quote.
    pub collateral: Option<Vec<u8>>,
    pub transcript: Option<Transcript>,
    pub devices: Vec<Device>,
}

impl Bundle {
    /// Puts the files together and reads them back, so that what is served is what was
    /// checked.
    pub fn build(parts: &Parts) -> Result<Self, BadBundle> {
        let mut files = BTreeMap::new();
        put(&mut files, derived::of_report(&parts.report));
        put(&mut files, parts.certificates()?);
        put(&mut files, parts.reports());
        finish(files, parts.transcript.as_ref(), &parts.devices)
    }

    /// The same of a TDX machine.
    pub fn build_tdx(parts: &TdxParts) -> Result<Self, BadBundle> {
        let mut files = BTreeMap::from([("quote.bin".to_owned(), parts.quote.clone())]);
        let collateral = parts.collateral.clone();
        files.extend(collateral.map(|json| ("collateral.json".to_owned(), json)));
        finish(files, parts.transcript.as_ref(), &parts.devices)
    }
}

fn finish(
    mut files: BTreeMap<String, Vec<u8>>,
    transcript: Option<&Transcript>,
    devices: &[Device],
) -> Result<Bundle, BadBundle> {
    if let Some(transcript) = transcript {
        put(&mut files, derived::of_transcript(transcript));
        put(&mut files, [("transcript.json", json(transcript))].into());
    }
    for (index, device) in devices.iter().enumerate() {
        let [report, chain] = device_files::names(index);
        files.insert(report, device.report.clone());
        files.insert(chain, device.chain.clone().into_bytes());
    }
    let manifest = manifest::write(Kind::of(&files)?, &files);
    files.insert("bundle.json".to_owned(), manifest);
    Bundle::from_files(files)
}

impl Parts {
    fn certificates(&self) -> Result<BTreeMap<&'static str, Vec<u8>>, BadBundle> {
        let (vek, issuer) = match self.kind {
            KeyKind::Vcek => ("vcek.der", "ask.pem"),
            KeyKind::Vlek => ("vlek.der", "asvk.pem"),
        };
        let malformed = |name| BadBundle::Malformed {
            name,
            why: "it is not DER".to_owned(),
        };
        let mut files = BTreeMap::from([
            (vek, self.vek.clone()),
            (
                issuer,
                pem::write(&self.issuer).ok_or_else(|| malformed(issuer))?,
            ),
            (
                "ark.pem",
                pem::write(&self.ark).ok_or_else(|| malformed("ark.pem"))?,
            ),
        ]);
        files.extend(self.crl.clone().map(|crl| ("crl.der", crl)));
        Ok(files)
    }

    fn reports(&self) -> BTreeMap<&'static str, Vec<u8>> {
        let extended =
            derived::extended_report(&self.report, self.kind, &self.vek, &self.issuer, &self.ark);
        [
            ("report.bin", self.report.clone()),
            ("report.ext.bin", extended),
        ]
        .into()
    }
}

fn put(files: &mut BTreeMap<String, Vec<u8>>, more: BTreeMap<&'static str, Vec<u8>>) {
    let more = more
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes));
    files.extend(more);
}

fn json(transcript: &Transcript) -> Vec<u8> {
    // Numbers and strings always have a JSON form.
    serde_json::to_vec_pretty(transcript).unwrap_or_default()
}
