// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IOwned} from "./interfaces/IOwned.sol";

/// One owner, or none.
abstract contract Owned is IOwned {
    address public owner;

    constructor(address first) {
        if (first == address(0)) revert OwnerIsZero();
        _setOwner(first);
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    function transferOwnership(address newOwner) external onlyOwner {
        if (newOwner == address(0)) revert OwnerIsZero();
        _setOwner(newOwner);
    }

    function renounceOwnership() external onlyOwner {
        _setOwner(address(0));
    }

    function _setOwner(address next) private {
        address previous = owner;
        owner = next;
        emit OwnershipTransferred(previous, next);
    }
}
