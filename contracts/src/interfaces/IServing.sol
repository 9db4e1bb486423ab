// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// What the ledger needs from a service that keeps customers' sub-accounts.
/// The ERC-165 id is that of 0G's generation 3.
interface IServing {
    /// Whether `user` has a sub-account at `provider`.
    function accountExists(address user, address provider) external view returns (bool);

    /// How much of the sub-account is on its way back to the ledger.
    function getPendingRefund(address user, address provider) external view returns (uint256);

    /// Opens a sub-account with the value sent. Only the ledger.
    function addAccount(address user, address provider, string calldata additionalInfo) external payable;

    /// Adds the value sent, and takes `cancelRetrievingAmount` out of the pending refunds. Only the ledger.
    function depositFund(address user, address provider, uint256 cancelRetrievingAmount) external payable;

    /// Asks for everything back that is neither asked for already nor reserved. Only the ledger.
    function requestRefundAll(address user, address provider) external;

    /// Pays the refunds whose lock time is over to the ledger. Only the ledger.
    function processRefund(address user, address provider)
        external
        returns (uint256 totalAmount, uint256 balance, uint256 pendingRefund);

    /// Forgets an empty sub-account, except for its nonce. Only the ledger.
    function deleteAccount(address user, address provider) external;
}
