//! Amounts of money as people write and read them.

use alloy_primitives::utils::{format_ether, parse_ether};
use proto::{U256, Wei};
use std::str::FromStr;

/// An amount on the command line: `1.5`, `1.5 0G`, or `7 wei`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Wei);

/// Text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a number with its unit, such as 1.5, \"1.5 0G\" or \"7 wei\"")]
pub struct BadAmount;

impl FromStr for Amount {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let text = text.trim();
        let digits = |text: &str| {
            let text = text.trim();
            let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            (plain && !text.is_empty()).then(|| text.to_owned())
        };
        if let Some(wei) = text.strip_suffix("wei") {
            let wei = digits(wei).and_then(|wei| U256::from_str_radix(&wei, 10).ok());
            return wei.map(|wei| Self(Wei(wei))).ok_or(BadAmount);
        }
        let whole = text.strip_suffix("0G").unwrap_or(text);
        let whole = digits(whole).and_then(|whole| parse_ether(&whole).ok());
        whole.map(|wei| Self(Wei(wei))).ok_or(BadAmount)
    }
}

/// In 0G and in wei, so that nobody counts zeros.
pub fn shown(amount: Wei) -> String {
    format!("{} 0G ({} wei)", in_0g(amount), amount.0)
}

/// In 0G alone, without zeros at the end.
pub fn in_0g(amount: Wei) -> String {
    let text = format_ether(amount.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0" } else { text }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wei(text: &str) -> Result<u128, BadAmount> {
        text.parse::<Amount>().map(|amount| amount.0.0.to())
    }

    #[test]
    fn an_amount_is_in_0g_unless_it_says_wei() {
        assert_eq!(wei("1.5"), Ok(1_500_000_000_000_000_000));
        assert_eq!(wei("1.5 0G"), Ok(1_500_000_000_000_000_000));
        assert_eq!(wei("0G"), Err(BadAmount));
        assert_eq!(wei("7 wei"), Ok(7));
        assert_eq!(wei("7wei"), Ok(7));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-1", "1e3", "1,5", "0x10", "ten", "wei", "1.5 wei"] {
            assert_eq!(wei(text), Err(BadAmount), "{text}");
        }
    }

    #[test]
    fn an_amount_is_shown_in_both_units() {
        assert_eq!(shown(Wei::from(0)), "0 0G (0 wei)");
        let amount = "2.5".parse::<Amount>().unwrap().0;
        assert_eq!(shown(amount), "2.5 0G (2500000000000000000 wei)");
        assert_eq!(in_0g(Wei::from(7)), "0.000000000000000007");
        assert_eq!(in_0g("10".parse::<Amount>().unwrap().0), "10");
    }
}
