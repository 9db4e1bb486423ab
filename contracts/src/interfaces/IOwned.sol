// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// A contract with one owner, or none.
interface IOwned {
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error NotOwner(address caller);
    error OwnerIsZero();

    function owner() external view returns (address);

    function transferOwnership(address newOwner) external;

    /// Leaves the contract without an owner, for good.
    function renounceOwnership() external;
}
