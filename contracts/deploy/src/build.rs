//! The committed build: what is sent to make a contract, and what then has to stand there.

use alloy_primitives::{Address, Bytes};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const LEDGER: &str = "Ledger";
pub(crate) const MARKET: &str = "FineTuning";
pub(crate) const VIEWS: &str = "Views";

/// One contract as the compiler wrote it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Artefact {
    bytecode: Bytes,
    deployed_bytecode: Bytes,
    immutable_references: BTreeMap<String, Vec<Place>>,
}

/// Where a constructor's value stands in the code.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Place {
    start: usize,
    length: usize,
}

impl Artefact {
    pub(crate) fn ledger() -> Self {
        parse(include_str!("../../artifacts/Ledger.json"))
    }

    pub(crate) fn market() -> Self {
        parse(include_str!("../../artifacts/FineTuning.json"))
    }

    pub(crate) fn views() -> Self {
        parse(include_str!("../../artifacts/Views.json"))
    }

    /// What is sent: the creation code, then the constructor's arguments.
    pub(crate) fn creation(&self, arguments: &[u8]) -> Bytes {
        [self.bytecode.as_ref(), arguments].concat().into()
    }

    /// Whether this is the build's code, byte for byte, with exactly these addresses where
    /// the constructor set some.
    pub(crate) fn is_code(&self, code: &[u8], set: &[Address]) -> bool {
        let mut wanted = self.deployed_bytecode.to_vec();
        let mut found = BTreeSet::new();
        for places in self.immutable_references.values() {
            let Some(address) = filled(&mut wanted, code, places) else {
                return false;
            };
            found.insert(address);
        }
        wanted == code && found == set.iter().copied().collect()
    }
}

/// Copies the one address that stands in all these places.
fn filled(wanted: &mut [u8], code: &[u8], places: &[Place]) -> Option<Address> {
    let mut values = BTreeSet::new();
    for place in places {
        let range = place.start..place.start.checked_add(place.length)?;
        let word = code.get(range.clone())?;
        wanted.get_mut(range)?.copy_from_slice(word);
        values.insert(word);
    }
    let (zeros, address) = values.first()?.split_at_checked(12)?;
    let one = values.len() == 1 && zeros.iter().all(|byte| *byte == 0);
    one.then(|| Address::try_from(address).ok())?
}

fn parse(text: &str) -> Artefact {
    serde_json::from_str(text).expect("the committed build is what the compiler wrote")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::repeat_byte(0xaa);
    const B: Address = Address::repeat_byte(0xbb);

    /// The market's code as its constructor would leave it.
    fn market_code() -> Vec<u8> {
        let market = Artefact::market();
        let mut code = market.deployed_bytecode.to_vec();
        for (places, address) in market.immutable_references.values().zip([A, B]) {
            for place in places {
                code[place.start..place.start + 32].copy_from_slice(address.into_word().as_slice());
            }
        }
        code
    }

    #[test]
    fn the_code_a_constructor_leaves_is_the_builds() {
        assert!(Artefact::market().is_code(&market_code(), &[A, B]));
    }

    #[test]
    fn other_addresses_are_another_contract() {
        let market = Artefact::market();

        assert!(!market.is_code(&market_code(), &[A]));
        assert!(!market.is_code(&market_code(), &[A, A]));
        assert!(!market.is_code(&market_code(), &[A, Address::ZERO]));
    }

    #[test]
    fn every_changed_byte_is_another_contract() {
        let (market, code) = (Artefact::market(), market_code());

        for at in (0..code.len()).step_by(97).chain([code.len() - 1]) {
            let mut changed = code.clone();
            changed[at] ^= 1;
            assert!(!market.is_code(&changed, &[A, B]), "byte {at}");
        }
        assert!(!market.is_code(&code[..code.len() - 1], &[A, B]));
        assert!(!market.is_code(&[], &[A, B]));
    }

    #[test]
    fn one_address_that_differs_between_its_places_is_another_contract() {
        let market = Artefact::market();
        let mut code = market_code();
        let places = market
            .immutable_references
            .values()
            .find(|places| places.len() > 1);
        let place = places.expect("a value that is used twice")[1];

        code[place.start..place.start + 32].copy_from_slice(A.into_word().as_slice());
        let first = code.clone();
        code[place.start..place.start + 32].copy_from_slice(B.into_word().as_slice());

        let judged = [first, code].map(|code| market.is_code(&code, &[A, B]));
        assert_eq!(judged.iter().filter(|good| **good).count(), 1);
    }
}
