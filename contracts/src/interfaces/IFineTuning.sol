// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "./IFineTuningTypes.sol";
import {IOwned} from "./IOwned.sol";
import {IServing} from "./IServing.sol";

/// The fine-tuning market as 0G's generation 3 knows it (contract v1.1): services, sub-accounts,
/// deliverables, settlement. Selectors, field order, events and errors are those of the original.
interface IFineTuning is IFineTuningTypes, IServing, IOwned {
    // Providers.

    /// Registers the caller's service, with the value sent as its bond (at least
    /// `MIN_PROVIDER_STAKE`), or changes it. A new signer is not acknowledged.
    function addOrUpdateService(
        string calldata url,
        Quota calldata quota,
        uint256 pricePerToken,
        bool occupied,
        string[] calldata models,
        address teeSignerAddress
    ) external payable;

    /// Removes the caller's service. The bond comes back by `withdrawBond`, after the unbonding delay.
    function removeService() external;

    /// Promises a result: names the sealed adapter of the task `id` by its root.
    function addDeliverable(address user, string calldata id, bytes calldata modelRootHash) external;

    /// Collects the fee of a task with a statement of its TEE signer.
    function settleFees(VerifierInput calldata verifierInput) external;

    /// Gives up a result that is not settled: no fee, and an order's reservation goes back.
    function abandonDeliverable(address user, string calldata id) external;

    // Customers.

    /// Accepts the result: the provider may settle the full fee, and owes the key.
    function acknowledgeDeliverable(address provider, string calldata id) external;

    /// Accepts or revokes the signer that the owner or a verifier has accepted for `provider`.
    function acknowledgeTEESigner(address provider, bool acknowledged) external;

    // Owner.

    function acknowledgeTEESignerByOwner(address provider) external;

    function revokeTEESignerAcknowledgement(address provider) external;

    function updateLockTime(uint256 _locktime) external;

    function updatePenaltyPercentage(uint256 _penaltyPercentage) external;

    /// Always refused: the constructor has done it. Kept for the shape of the interface.
    // slither-disable-next-line shadowing-local
    function initialize(uint256 _locktime, address _ledgerAddress, address owner, uint256 _penaltyPercentage) external;

    // Views.

    function initialized() external view returns (bool);
    function ledgerAddress() external view returns (address);
    function lockTime() external view returns (uint256);
    function penaltyPercentage() external view returns (uint256);
    function getService(address provider) external view returns (Service memory service);
    function getAllServices() external view returns (Service[] memory services);
    function getAccount(address user, address provider) external view returns (AccountDetails memory);
    function getAllAccounts(uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total);
    function getAccountsByProvider(address provider, uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total);
    function getAccountsByUser(address user, uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total);
    /// The accounts of `users` at the caller; unknown ones are left empty.
    function getBatchAccountsByUsers(address[] calldata users) external view returns (AccountSummary[] memory accounts);
    function getDeliverable(address user, address provider, string calldata id)
        external
        view
        returns (Deliverable memory);
    /// The last deliverables of the pair, oldest first. Those of orders are read one by one.
    function getDeliverables(address user, address provider) external view returns (Deliverable[] memory);

    function MAX_LOCKTIME() external view returns (uint256);
    function MIN_LOCKTIME() external view returns (uint256);
    function MIN_PROVIDER_STAKE() external view returns (uint256);
}
