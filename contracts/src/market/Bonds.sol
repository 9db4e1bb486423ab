// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Claims} from "./Claims.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {Limits} from "../libraries/Limits.sol";

/// What providers stand in for with money. Always `locked <= amount`.
abstract contract Bonds is Claims {
    address internal constant BURNT = 0x000000000000000000000000000000000000dEaD;

    function withdrawBond() external nonReentrant {
        Bond storage bond = _bonds[msg.sender];
        bool leaving = bond.withdrawableAt != 0 && block.timestamp >= bond.withdrawableAt;
        if (!leaving || bond.locked != 0) revert BondStillLocked(bond.locked, bond.withdrawableAt);
        uint256 amount = bond.amount;
        if (amount == 0) revert NothingToClaim(msg.sender);

        delete _bonds[msg.sender];

        emit ProviderStakeReturned(msg.sender, amount);

        _pay(msg.sender, amount);
    }

    function _addBond() internal {
        Bond storage bond = _bonds[msg.sender];
        bond.amount += Amounts.to128(msg.value);
        bond.withdrawableAt = 0;
        emit ProviderStaked(msg.sender, msg.value);
    }

    function _startUnbonding() internal {
        Bond storage bond = _bonds[msg.sender];
        bond.withdrawableAt = uint64(block.timestamp + Limits.UNBONDING_DELAY);
        emit BondUnbonding(msg.sender, bond.amount, bond.withdrawableAt);
    }

    /// Twice the compensation: half of what is slashed goes to the customer.
    function _lockBond(address provider, uint256 compensation) internal {
        Bond storage bond = _bonds[provider];
        uint256 free = bond.amount - bond.locked;
        if (free < 2 * compensation) revert BondTooSmall(free, 2 * compensation);
        bond.locked += uint128(2 * compensation);
    }

    function _unlockBond(address provider, uint256 compensation) internal {
        _bonds[provider].locked -= uint128(2 * compensation);
    }

    /// Takes what is not locked: half to the injured, half to nobody, so that a provider
    /// in league with the injured still loses.
    function _slash(address provider, uint256 amount, address injured) internal {
        uint256 half = amount / 2;
        _bonds[provider].amount -= uint128(amount);
        _claimable[injured] += half;

        emit BondSlashed(provider, injured, half, amount - half);

        _pay(BURNT, amount - half);
    }
}
