//! The XML signature of a reference file: one form of it, and no other.
//!
//! ```text
//! Signature ─┬─ SignedInfo ─┬─ CanonicalizationMethod  C14N 1.1
//!            │              ├─ SignatureMethod         ECDSA, SHA-384
//!            │              └─ Reference URI=""
//!            │                  ├─ Transforms  enveloped signature, C14N 1.1
//!            │                  ├─ DigestMethod  SHA-384
//!            │                  └─ DigestValue
//!            ├─ SignatureValue
//!            └─ KeyInfo ─ X509Data ─ X509Certificate …
//! ```
//!
//! The signature is a child of the root and covers all of the root but itself, so no
//! element can stand beside what was signed. <https://www.w3.org/TR/xmldsig-core1/>

use super::c14n::{self, Namespaces, NotCanonical};
use super::xml::{Element, Node};
use crate::x509::{Cert, base64};
use ring::digest::{SHA384, digest};

const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const ECDSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
const SHA384_URI: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Genuine files carry four.
const CERTIFICATES_MAX: usize = 8;

/// A signature's parts, read but not yet believed.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// The document's digest is the one that was signed.
    pub(super) covers_document: bool,
    pub(super) signed_info: String,
    pub(super) value: [u8; 96],
    /// Leaf first.
    pub(crate) chain: Vec<Cert>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("it has no signature, more than one, or one in another place")]
    Place,
    #[error("its signature is not of the one form this verifier takes, at {0}")]
    Form(&'static str),
    #[error("it cannot be brought into canonical form")]
    Canonical(#[from] NotCanonical),
    #[error("it carries a certificate that cannot be read")]
    Certificate,
}

pub(super) fn read(root: &Element) -> Result<Signature, BadSignature> {
    let outer = c14n::scope(root, &Namespaces::new())?;
    let element = only_signature(root, &outer)?;
    let scope = c14n::scope(element, &outer)?;
    let parts = children(element, "Signature")?;
    let [info, value, key_info] = parts.as_slice() else {
        return Err(BadSignature::Form("Signature"));
    };
    let promised = signed_info(expect(info, "SignedInfo", &scope)?, &scope)?;
    let document = c14n::document(root, element)?;
    Ok(Signature {
        covers_document: digest(&SHA384, document.as_bytes()).as_ref() == promised,
        signed_info: c14n::subtree(info, &scope)?,
        value: bytes(expect(value, "SignatureValue", &scope)?, "SignatureValue")?,
        chain: certificates(expect(key_info, "KeyInfo", &scope)?, &scope)?,
    })
}

/// The signature: the last element of the root, and the only one of its name.
fn only_signature<'a>(root: &'a Element, scope: &Namespaces) -> Result<&'a Element, BadSignature> {
    let mut found = None;
    for child in root.elements() {
        if found.is_some() {
            return Err(BadSignature::Place);
        }
        let inner = c14n::scope(child, scope)?;
        if c14n::resolve(&child.name, &inner)? == (XMLDSIG, "Signature") {
            found = Some(child);
        }
    }
    found.ok_or(BadSignature::Place)
}

/// The digest the document must have.
fn signed_info(info: &Element, scope: &Namespaces) -> Result<[u8; 48], BadSignature> {
    let parts = children(info, "SignedInfo")?;
    let [canonical, method, reference] = parts.as_slice() else {
        return Err(BadSignature::Form("SignedInfo"));
    };
    algorithm(canonical, "CanonicalizationMethod", C14N11, scope)?;
    algorithm(method, "SignatureMethod", ECDSA_SHA384, scope)?;
    expect(reference, "Reference", scope)?;
    if reference.attributes != [("URI".to_owned(), String::new())] {
        return Err(BadSignature::Form("Reference"));
    }
    let parts = children(reference, "Reference")?;
    let [transforms, method, value] = parts.as_slice() else {
        return Err(BadSignature::Form("Reference"));
    };
    expect_transforms(transforms, scope)?;
    algorithm(method, "DigestMethod", SHA384_URI, scope)?;
    bytes(expect(value, "DigestValue", scope)?, "DigestValue")
}

fn expect_transforms(element: &Element, scope: &Namespaces) -> Result<(), BadSignature> {
    expect(element, "Transforms", scope)?;
    let transforms = children(element, "Transforms")?;
    let [enveloped, canonical] = transforms.as_slice() else {
        return Err(BadSignature::Form("Transforms"));
    };
    algorithm(enveloped, "Transform", ENVELOPED, scope)?;
    algorithm(canonical, "Transform", C14N11, scope)
}

fn certificates(key_info: &Element, scope: &Namespaces) -> Result<Vec<Cert>, BadSignature> {
    let data = children(key_info, "KeyInfo")?;
    let [data] = data.as_slice() else {
        return Err(BadSignature::Form("KeyInfo"));
    };
    let found = children(expect(data, "X509Data", scope)?, "X509Data")?;
    if found.len() > CERTIFICATES_MAX {
        return Err(BadSignature::Form("X509Data"));
    }
    found
        .into_iter()
        .map(|element| certificate(expect(element, "X509Certificate", scope)?))
        .collect()
}

fn certificate(element: &Element) -> Result<Cert, BadSignature> {
    let der = element.text().and_then(|text| base64(&text));
    let cert = der.and_then(|der| Cert::parse(&der).ok());
    cert.ok_or(BadSignature::Certificate)
}

fn algorithm(
    element: &Element,
    name: &'static str,
    algorithm: &str,
    scope: &Namespaces,
) -> Result<(), BadSignature> {
    expect(element, name, scope)?;
    let named = element.attributes == [("Algorithm".to_owned(), algorithm.to_owned())];
    if named && element.children.is_empty() {
        Ok(())
    } else {
        Err(BadSignature::Form(name))
    }
}

fn bytes<const N: usize>(element: &Element, name: &'static str) -> Result<[u8; N], BadSignature> {
    let decoded = element.text().and_then(|text| base64(&text));
    let sized = decoded.and_then(|bytes| bytes.try_into().ok());
    sized.ok_or(BadSignature::Form(name))
}

/// The element, if it is this one of the signature's namespace and rebinds nothing.
fn expect<'a>(
    element: &'a Element,
    name: &'static str,
    scope: &Namespaces,
) -> Result<&'a Element, BadSignature> {
    let rebinds_nothing = c14n::scope(element, scope)? == *scope;
    if rebinds_nothing && c14n::resolve(&element.name, scope)? == (XMLDSIG, name) {
        Ok(element)
    } else {
        Err(BadSignature::Form(name))
    }
}

/// The elements of an element that has nothing else but white space.
fn children<'a>(
    element: &'a Element,
    name: &'static str,
) -> Result<Vec<&'a Element>, BadSignature> {
    let blank = |child: &Node| match child {
        Node::Text(text) => text.trim_ascii().is_empty(),
        Node::Element(_) => true,
    };
    if element.children.iter().all(blank) {
        Ok(element.elements().collect())
    } else {
        Err(BadSignature::Form(name))
    }
}
