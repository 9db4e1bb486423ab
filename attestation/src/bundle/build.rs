//! A bundle made from its parts, by the machine that proves itself.

use super::{BadBundle, Bundle, derived, devices, manifest, pem};
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

impl Bundle {
    /// Puts the files together and reads them back, so that what is served is what was
    /// checked.
    pub fn build(parts: &Parts) -> Result<Self, BadBundle> {
        let mut files = BTreeMap::new();
        put(&mut files, derived::of_report(&parts.report));
        put(&mut files, parts.certificates()?);
        if let Some(transcript) = &parts.transcript {
            put(&mut files, derived::of_transcript(transcript));
            put(&mut files, [("transcript.json", json(transcript))].into());
        }
        put(&mut files, parts.reports());
        for (index, device) in parts.devices.iter().enumerate() {
            let [report, chain] = devices::names(index);
            files.insert(report, device.report.clone());
            files.insert(chain, device.chain.clone().into_bytes());
        }
        files.insert("bundle.json".to_owned(), manifest::write(&files));
        Self::from_files(files)
    }
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
