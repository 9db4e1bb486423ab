//! A reference integrity manifest: which measurements NVIDIA expects of one version.
//!
//! A SWID tag (ISO 19770-2) in TCG's RIM form. Resource n states the values that SPDM
//! block n + 1 may have; only active ones count.

use super::c14n::{Namespaces, NotCanonical, resolve, scope};
use super::dsig::{self, BadSignature, Signature};
use super::xml::{self, BadXml, Element};
use crate::{Findings, Group, Reason};
use std::collections::BTreeMap;

const SWID: &str = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
const SHA384_HASHES: &str = "http://www.w3.org/2001/04/xmlenc#sha384";
const ALTERNATIVES_MAX: usize = 32;
/// A cache for a machine of eight GPUs and four switches holds a handful.
const RIMS_MAX: usize = 64;

/// A manifest, read strictly. Its signature is judged together with the evidence.
#[derive(Clone, Debug)]
pub struct Rim {
    /// The driver or VBIOS version it is for.
    pub(crate) version: String,
    /// The chip it is for: `GH100`.
    pub(crate) product: String,
    pub(crate) tag_id: String,
    /// The values of active resources, by index.
    pub(crate) active: BTreeMap<usize, Vec<[u8; 48]>>,
    pub(crate) signature: Signature,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRim {
    #[error("cannot read the XML: {0}")]
    Xml(#[from] BadXml),
    #[error("cannot use its namespaces: {0}")]
    Canonical(#[from] NotCanonical),
    #[error("cannot read its signature: {0}")]
    Signature(#[from] BadSignature),
    #[error("it is no SWID tag with one Meta and one Payload")]
    Shape,
    #[error("it does not say {0}")]
    Missing(&'static str),
    #[error("resource {0} is malformed")]
    Resource(usize),
}

impl Rim {
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRim> {
        let root = xml::parse(bytes)?;
        let signature = dsig::read(&root)?;
        let outer = scope(&root, &Namespaces::new())?;
        if resolve(&root.name, &outer)? != (SWID, "SoftwareIdentity") {
            return Err(BadRim::Shape);
        }
        let meta = only(&root, &outer, "Meta")?;
        let payload = only(&root, &outer, "Payload")?;
        Ok(Self {
            version: stated(meta, "colloquialVersion")?,
            product: stated(meta, "product")?,
            tag_id: stated(&root, "tagId")?,
            active: active(payload, &scope(payload, &outer)?)?,
            signature,
        })
    }

    /// Reads files, at most [`RIMS_MAX`], and notes those that are no manifests.
    pub fn parse_all(files: &[&[u8]], findings: &mut Findings) -> Vec<Self> {
        let mut rims = Vec::new();
        for file in files.iter().take(RIMS_MAX) {
            match Self::parse(file) {
                Ok(rim) => rims.push(rim),
                Err(error) => {
                    let expected = "a reference file as NVIDIA signs them";
                    findings.note(Group::Platform, Reason::RimInvalid, expected, error);
                }
            }
        }
        if files.len() > RIMS_MAX {
            let expected = format!("at most {RIMS_MAX} reference files");
            findings.note(Group::Platform, Reason::RimInvalid, expected, files.len());
        }
        rims
    }

    /// Versions are hexadecimal in part, and not always written in one case.
    pub fn is_for(&self, version: &str) -> bool {
        self.version.eq_ignore_ascii_case(version)
    }

    pub fn version(&self) -> &str {
        &self.version
    }
}

fn only<'a>(root: &'a Element, outer: &Namespaces, name: &str) -> Result<&'a Element, BadRim> {
    let mut found = None;
    for child in root.elements() {
        let inner = scope(child, outer)?;
        if resolve(&child.name, &inner)? == (SWID, name) && found.replace(child).is_some() {
            return Err(BadRim::Shape);
        }
    }
    found.ok_or(BadRim::Shape)
}

fn stated(element: &Element, name: &'static str) -> Result<String, BadRim> {
    let value = element.attribute(name).filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or(BadRim::Missing(name))
}

fn active(payload: &Element, outer: &Namespaces) -> Result<BTreeMap<usize, Vec<[u8; 48]>>, BadRim> {
    let mut seen = BTreeMap::new();
    for (place, element) in payload.elements().enumerate() {
        let inner = scope(element, outer)?;
        if resolve(&element.name, &inner)? != (SWID, "Resource") {
            return Err(BadRim::Resource(place));
        }
        let resource = resource(element, &inner)?.ok_or(BadRim::Resource(place))?;
        if seen.insert(resource.index, resource).is_some() {
            return Err(BadRim::Resource(place));
        }
    }
    let active = seen.into_values().filter(|resource| resource.active);
    Ok(active
        .map(|resource| (resource.index, resource.values))
        .collect())
}

struct Resource {
    index: usize,
    active: bool,
    values: Vec<[u8; 48]>,
}

/// `None` where it says anything but a measurement of 48 bytes with its alternatives.
fn resource(element: &Element, scope: &Namespaces) -> Result<Option<Resource>, NotCanonical> {
    let values = hashes(element, scope)?;
    let read = || {
        let kind = element.attribute("type")?;
        let index = element.attribute("index")?.parse::<u8>().ok()?;
        let alternatives: usize = element.attribute("alternatives")?.parse().ok()?;
        let active = truth(element.attribute("active")?)?;
        let values = values?;
        let fits = kind == "Measurement"
            && element.attribute("size") == Some("48")
            && (1..=ALTERNATIVES_MAX).contains(&alternatives)
            && values.len() == alternatives;
        fits.then_some(Resource {
            index: index.into(),
            active,
            values,
        })
    };
    Ok(read())
}

/// `Hash0`, `Hash1` and so on: without a gap, in whatever order they are written.
fn hashes(element: &Element, scope: &Namespaces) -> Result<Option<Vec<[u8; 48]>>, NotCanonical> {
    let mut found = BTreeMap::new();
    for (name, value) in &element.attributes {
        if !name.contains(':') || name.starts_with("xmlns:") {
            continue;
        }
        let (namespace, local) = resolve(name, scope)?;
        let number = local
            .strip_prefix("Hash")
            .and_then(|n| n.parse::<usize>().ok());
        let bytes = hex::decode(value)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let (SHA384_HASHES, Some(number), Some(bytes)) = (namespace, number, bytes) else {
            return Ok(None);
        };
        found.insert(number, bytes);
    }
    let dense = found.keys().copied().eq(0..found.len());
    Ok(dense.then(|| found.into_values().collect()))
}

fn truth(word: &str) -> Option<bool> {
    match word {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    }
}
