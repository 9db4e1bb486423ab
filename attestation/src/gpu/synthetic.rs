//! A whole vendor of devices made up for tests: roots, chains, reports, manifests.
//!
//! The manifests are written in canonical form by hand, so what is signed here owes
//! nothing to the code that canonicalises.
#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::arithmetic_side_effects,
    reason = "a test that panics is a test that fails"
)]

use super::chain::Roots;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA384, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair,
};

const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const DICE: &[u8] = &[0x67, 0x81, 0x05, 0x05, 0x04, 0x01];
const SHA384_OID: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];

/// A key, and the name it goes by.
pub(crate) struct Party {
    name: String,
    pkcs8: Vec<u8>,
}

/// What may be unusual about a certificate.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(super) authority: bool,
    pub(super) path_max: Option<u8>,
    pub(super) until: &'static str,
    pub(super) fwid: Option<[u8; 48]>,
    /// Extensions nobody knows, each critical, by the last arc of their names.
    pub(super) strange: &'static [u8],
}

pub(crate) const FOREVER: &str = "99991231235959Z";

pub(super) const AUTHORITY: Form = Form {
    authority: true,
    path_max: None,
    until: FOREVER,
    fwid: None,
    strange: &[],
};

pub(super) const SIGNER: Form = Form {
    authority: false,
    path_max: None,
    until: FOREVER,
    fwid: None,
    strange: &[],
};

/// Parties from the leaf up to the root, and the certificates between them.
pub(crate) struct Chain {
    pub(crate) leaf: Party,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Chain {
    /// One party per form, leaf first; the last signs itself.
    pub(crate) fn of(forms: &[Form]) -> Self {
        let mut parties: Vec<Party> = (0..forms.len()).map(Party::new).collect();
        let above = |place: usize| parties.get(place + 1).or(parties.last()).unwrap();
        let issue = |(place, (subject, form)): (usize, (&Party, &Form))| {
            above(place).certify(subject, form, place as u8 + 1)
        };
        let pairs = parties.iter().zip(forms).enumerate();
        let certificates = pairs.map(issue).collect();
        Self {
            leaf: parties.remove(0),
            certificates,
        }
    }

    /// Five, as NVIDIA's devices have.
    pub(crate) fn of_device(fwid: [u8; 48]) -> Self {
        let leaf = Form {
            fwid: Some(fwid),
            ..SIGNER
        };
        Self::of(&[leaf, AUTHORITY, AUTHORITY, AUTHORITY, AUTHORITY])
    }

    /// Four, as NVIDIA's manifests have.
    pub(crate) fn of_manifest() -> Self {
        let last = Form {
            path_max: Some(0),
            ..AUTHORITY
        };
        Self::of(&[SIGNER, last, AUTHORITY, AUTHORITY])
    }

    pub(crate) fn root(&self) -> &[u8] {
        self.certificates.last().unwrap()
    }

    pub(crate) fn pem(&self) -> String {
        let block = |der: &Vec<u8>| {
            let body = STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        self.certificates.iter().map(block).collect()
    }
}

pub(crate) fn roots<'a>(device: &'a Chain, manifest: &'a Chain) -> Roots<'a> {
    Roots {
        device: device.root(),
        rim: manifest.root(),
    }
}

impl Party {
    fn new(place: usize) -> Self {
        let rng = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &rng).unwrap();
        Self {
            name: format!("party {place}"),
            pkcs8: pkcs8.as_ref().to_vec(),
        }
    }

    fn sign(&self, message: &[u8], algorithm: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
        let signature = self.pair(algorithm).sign(&SystemRandom::new(), message);
        signature.unwrap().as_ref().to_vec()
    }

    /// R ‖ S.
    pub(super) fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        self.sign(message, &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn pair(&self, algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8, &SystemRandom::new()).unwrap()
    }

    fn point(&self) -> Vec<u8> {
        let pair = self.pair(&ECDSA_P384_SHA384_ASN1_SIGNING);
        pair.public_key().as_ref().to_vec()
    }

    fn certify(&self, subject: &Self, form: &Form, serial: u8) -> Vec<u8> {
        let validity = [
            tlv(0x18, b"20200101000000Z"),
            tlv(0x18, form.until.as_bytes()),
        ];
        let tbs = sequence(&[
            tlv(0xa0, &tlv(2, &[2])),
            tlv(2, &[serial]),
            algorithm(),
            name(&self.name),
            sequence(&validity),
            name(&subject.name),
            public_key(&subject.point()),
            tlv(0xa3, &sequence(&extensions(form, subject))),
        ]);
        let signature = self.sign(&tbs, &ECDSA_P384_SHA384_ASN1_SIGNING);
        sequence(&[tbs, algorithm(), bits(&signature)])
    }
}

fn extensions(form: &Form, subject: &Party) -> Vec<Vec<u8>> {
    let mut constraints = Vec::new();
    if form.authority {
        constraints.push(tlv(1, &[0xff]));
        constraints.extend(form.path_max.map(|max| tlv(2, &[max])));
    }
    // digitalSignature is the first bit, keyCertSign the sixth.
    let usage: &[u8] = if form.authority { &[2, 4] } else { &[7, 0x80] };
    let mut all = vec![
        extension(BASIC_CONSTRAINTS, true, &sequence(&constraints)),
        extension(KEY_USAGE, true, &tlv(3, usage)),
    ];
    all.extend(form.fwid.map(|fwid| {
        let digest = sequence(&[tlv(6, SHA384_OID), tlv(4, &fwid)]);
        let value = sequence(&[tlv(2, &[1]), public_key(&subject.point()), digest]);
        extension(DICE, false, &value)
    }));
    let private = |arc: &u8| extension(&[0x2b, 6, 1, 4, 1, *arc], true, b"\x05\x00");
    all.extend(form.strange.iter().map(private));
    all
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![tlv(6, oid)];
    if critical {
        parts.push(tlv(1, &[0xff]));
    }
    parts.push(tlv(4, value));
    sequence(&parts)
}

fn algorithm() -> Vec<u8> {
    sequence(&[tlv(6, ECDSA_WITH_SHA384)])
}

fn public_key(point: &[u8]) -> Vec<u8> {
    sequence(&[sequence(&[tlv(6, EC), tlv(6, P384)]), bits(point)])
}

fn name(text: &str) -> Vec<u8> {
    let attribute = sequence(&[tlv(6, COMMON_NAME), tlv(0x0c, text.as_bytes())]);
    sequence(&[tlv(0x31, &attribute)])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], bytes].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=127 => vec![tag, length as u8],
        128..=255 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

/// A device's report over these measurements, signed by the leaf's key.
pub(crate) fn report(
    leaf: &Party,
    nonce: [u8; 32],
    measurements: &[[u8; 48]],
    opaque: &[(u16, &[u8])],
) -> Vec<u8> {
    let record: Vec<u8> = (1_u8..)
        .zip(measurements)
        .flat_map(|(index, value)| [&[index, 1, 51, 0, 1, 48, 0][..], value].concat())
        .collect();
    let field = |(kind, value): &(u16, &[u8])| {
        let length = value.len() as u16;
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
    };
    let opaque: Vec<u8> = opaque.iter().flat_map(field).collect();
    let [a, b, c, _] = (record.len() as u32).to_le_bytes();
    let signed = [
        &[0x11, 0xe0, 1, 0xff][..],
        &nonce,
        &[0],
        &[0x11, 0x60, 0, 0, measurements.len() as u8, a, b, c],
        &record,
        &[8; 32],
        &(opaque.len() as u16).to_le_bytes(),
        &opaque,
    ]
    .concat();
    let signature = leaf.sign_fixed(&signed);
    [signed, signature].concat()
}

const SIGNED_INFO: &str = concat!(
    r#"><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"></ds:CanonicalizationMethod>"#,
    r#"<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"></ds:SignatureMethod>"#,
    r#"<ds:Reference URI=""><ds:Transforms>"#,
    r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>"#,
    r#"<ds:Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11"></ds:Transform></ds:Transforms>"#,
    r#"<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"></ds:DigestMethod>"#,
    r#"<ds:DigestValue>DIGEST</ds:DigestValue></ds:Reference></ds:SignedInfo>"#,
);
const NAMESPACES: &str = concat!(
    r#" xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd""#,
    r#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#,
    r#" xmlns:h="http://www.w3.org/2001/04/xmlenc#sha384""#,
);

/// A manifest that states these values as active, signed by the leaf's key.
pub(super) fn manifest(signer: &Chain, version: &str, active: &[(u8, &[[u8; 48]])]) -> String {
    let resources: String = active.iter().map(resource).collect();
    let body = format!(
        r#"<SoftwareIdentity{NAMESPACES} name="X" tagId="synthetic"><Meta colloquialVersion="{version}" product="X"></Meta><Payload>{resources}</Payload>"#,
    );
    let document = format!("{body}</SoftwareIdentity>");
    let info = SIGNED_INFO.replace("DIGEST", &digest_of(&document));
    let signature = signer
        .leaf
        .sign_fixed(format!("<ds:SignedInfo{NAMESPACES}{info}").as_bytes());
    let certificate = |der: &Vec<u8>| {
        let body = STANDARD.encode(der);
        format!("<ds:X509Certificate>{body}</ds:X509Certificate>")
    };
    let chain: String = signer.certificates.iter().map(certificate).collect();
    let value = STANDARD.encode(signature);
    format!(
        "{body}<ds:Signature><ds:SignedInfo{info}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>{chain}</ds:X509Data></ds:KeyInfo></ds:Signature></SoftwareIdentity>"
    )
}

fn resource((index, values): &(u8, &[[u8; 48]])) -> String {
    let hash = |(number, value): (usize, &[u8; 48])| {
        format!(r#" h:Hash{number}="{}""#, hex::encode(value))
    };
    let hashes: String = values.iter().enumerate().map(hash).collect();
    let alternatives = values.len();
    format!(
        r#"<Resource active="True" alternatives="{alternatives}" index="{index}" size="48" type="Measurement"{hashes}></Resource>"#
    )
}

fn digest_of(document: &str) -> String {
    STANDARD.encode(digest(&SHA384, document.as_bytes()))
}
