// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Owned} from "../Owned.sol";
import {State} from "./State.sol";

/// Money owed to someone who is not the caller: it waits until it is called for.
abstract contract Claims is State, Owned, ReentrancyGuardTransient {
    function claim() external nonReentrant {
        uint256 amount = _claimable[msg.sender];
        if (amount == 0) revert NothingToClaim(msg.sender);

        _claimable[msg.sender] = 0;

        emit Claimed(msg.sender, amount);

        _pay(msg.sender, amount);
    }

    // To a party what the caller has taken off her claim, or to nobody what is burnt.
    // slither-disable-next-line arbitrary-send-eth
    function _pay(address to, uint256 amount) internal {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert ETHTransferFailed();
    }
}
