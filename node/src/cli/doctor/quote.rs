//! The evidence, made and judged as at a start, with an identity that ends at once.

use super::{Finding, told};
use crate::config::{Config, DeviceKind};
use crate::live;
use proto::Tier;

const HINT: &str = "without evidence the node does not start";

pub(super) fn examine(config: &Config) -> Finding {
    if config.device.kind == DeviceKind::None {
        let text = "device.kind is none: nothing is proven, and customers are not answered";
        return Finding::skipped("quote", text);
    }
    let proof = match live::rehearse(config) {
        Ok(proof) => proof,
        Err(error) => return Finding::failed("quote", told(&error), HINT),
    };
    let text = format!("{}, {}", proof.domain, proof.assurance.word());
    if proof.tier == Tier::Development {
        return Finding::warning("quote", text, "only development orders can be served");
    }
    Finding::ok("quote", text)
}
