// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// The market's fixed numbers. Where 0G has the same limit, it is 0G's.
library Limits {
    uint256 internal constant MIN_LOCKTIME = 1 hours;
    uint256 internal constant MAX_LOCKTIME = 7 days;
    uint256 internal constant MIN_PROVIDER_STAKE = 100 ether;
    uint256 internal constant MAX_INFO_LENGTH = 4096;
    uint256 internal constant MAX_ID_LENGTH = 256;
    uint256 internal constant MAX_REFUNDS = 5;
    /// How many results without an order a pair keeps.
    uint256 internal constant RING = 20;
    uint256 internal constant PAGE = 50;
    uint256 internal constant ALL_BPS = 10_000;

    /// How long a provider may take to settle after the acknowledgement window.
    uint256 internal constant SETTLEMENT_WINDOW = 3 days;
    /// As long as the longest lock time, so that who delivers and leaves can still be held to it.
    uint256 internal constant UNBONDING_DELAY = 7 days;
}
