//! `[offer]`: what is offered, at what price, and what an order may ask.

use super::reader::Section;
use crate::admission::{Price, RecipeLimits};
use proto::{Root, Seconds, U256, Wei};
use std::collections::BTreeMap;
use std::str::FromStr;

#[derive(Clone, Debug)]
pub struct OfferConfig {
    /// Where customers and brokers reach this node.
    pub url: String,
    pub price: Price,
    pub fee_least: Wei,
    /// Names and roots.
    pub models: BTreeMap<String, Root>,
    pub recipe: RecipeLimits,
    pub compensation_max: Wei,
    pub ack_window_secs_max: Seconds,
    pub penalty_bps_min: u16,
    pub customer_tasks_max: usize,
    pub overhead_secs: Seconds,
    /// Until this machine has measured itself.
    pub tokens_per_sec: u64,
    pub cpu_count: u64,
    pub memory_gib: u64,
    pub gpu_count: u64,
    pub storage_gib: u64,
    pub gpu_type: String,
}

/// An amount of money with its unit: `3 wei`, `20 gwei`, `0.5 ether`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Wei);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a number and wei, gwei or ether")]
pub struct BadAmount;

impl Amount {
    pub(super) const WANTED: &str = "an amount like \"3 wei\", \"20 gwei\" or \"0.5 ether\"";
}

impl FromStr for Amount {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let (number, unit) = text.trim().split_once(' ').ok_or(BadAmount)?;
        let decimals = match unit.trim() {
            "wei" => 0,
            "gwei" => 9,
            "ether" => 18,
            _ => return Err(BadAmount),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > decimals || !is_number(whole) || !is_number(part) {
            return Err(BadAmount);
        }
        let digits = format!("{whole}{part:0<decimals$}");
        let amount: Option<U256> = digits.parse().ok();
        amount.map(|wei| Self(Wei(wei))).ok_or(BadAmount)
    }
}

pub(super) fn read(section: &mut Section) -> OfferConfig {
    OfferConfig {
        url: section.parsed("url", "", "a url"),
        price: Price(amount(section, "price_per_token", "1 gwei")),
        fee_least: amount(section, "fee_least", "0 wei"),
        models: section.pairs("models", "a model's root: 0x and 64 digits"),
        recipe: recipe(section),
        compensation_max: amount(section, "compensation_max", "0 wei"),
        ack_window_secs_max: section.number("ack_window_secs_max", 86_400, 1..=2_592_000),
        penalty_bps_min: section.number("penalty_bps_min", 0, 0..=10_000),
        customer_tasks_max: section.number("customer_tasks_max", 16, 1..=100_000),
        overhead_secs: section.number("overhead_secs", 600, 0..=86_400),
        tokens_per_sec: section.number("tokens_per_sec", 500, 1..=10_000_000),
        cpu_count: section.number("cpu_count", 1, 1..=100_000),
        memory_gib: section.number("memory_gib", 1, 1..=1_000_000),
        gpu_count: section.number("gpu_count", 0, 0..=1_000),
        storage_gib: section.number("storage_gib", 1, 1..=10_000_000),
        gpu_type: section.parsed("gpu_type", "", "text"),
    }
}

fn recipe(section: &mut Section) -> RecipeLimits {
    RecipeLimits {
        sequence_len_max: section.number("sequence_len_max", 8_192, 1..=1_000_000),
        rows_per_step_max: section.number("rows_per_step_max", 256, 1..=1_000_000),
        epochs_max: section.number("epochs_max", 20, 1..=10_000),
        steps_max: section.number("steps_max", 100_000, 1..=1_000_000_000),
        lora_r_max: section.number("lora_r_max", 256, 1..=256),
    }
}

fn amount(section: &mut Section, key: &'static str, default: &str) -> Wei {
    section.parsed::<Amount>(key, default, Amount::WANTED).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_in_every_unit() {
        let read = |text: &str| text.parse::<Amount>().map(|amount| amount.0.0);

        assert_eq!(read("3 wei"), Ok(U256::from(3)));
        assert_eq!(read("20 gwei"), Ok(U256::from(20_000_000_000_u64)));
        assert_eq!(
            read("0.5 ether"),
            Ok(U256::from(500_000_000_000_000_000_u64))
        );
        for bad in [
            "", "1", "1.5 wei", "ether", "-1 wei", "1 Ether", ".5 ether", "1e3 wei",
        ] {
            assert_eq!(read(bad), Err(BadAmount), "{bad}");
        }
    }
}
