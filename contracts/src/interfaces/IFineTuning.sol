// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IServing} from "./IServing.sol";

/// The fine-tuning market as 0G's generation 3 knows it (contract v1.1): services, sub-accounts,
/// deliverables, settlement. Selectors, field order, events and errors are those of the original.
interface IFineTuning is IServing {
    struct Quota {
        uint256 cpuCount;
        uint256 nodeMemory;
        uint256 gpuCount;
        uint256 nodeStorage;
        string gpuType;
    }

    struct Service {
        address provider;
        string url;
        Quota quota;
        uint256 pricePerToken;
        bool occupied;
        string[] models;
        address teeSignerAddress;
        bool teeSignerAcknowledged;
    }

    struct Refund {
        uint256 index;
        uint256 amount;
        uint256 createdAt;
        bool _deprecated_processed;
    }

    struct Deliverable {
        string id;
        bytes modelRootHash;
        bytes encryptedSecret;
        bool acknowledged;
        uint248 timestamp;
        bool settled;
    }

    struct AccountDetails {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        Refund[] refunds;
        string additionalInfo;
        Deliverable[] deliverables;
        uint256 validRefundsLength;
        uint256 deliverablesHead;
        uint256 deliverablesCount;
        bool acknowledged;
    }

    struct AccountSummary {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        string additionalInfo;
        uint256 validRefundsLength;
        uint256 deliverablesCount;
        bool acknowledged;
    }

    struct VerifierInput {
        string id;
        bytes encryptedSecret;
        bytes modelRootHash;
        uint256 nonce;
        bytes signature;
        uint256 taskFee;
        address user;
    }

    event AccountDeleted(address indexed user, address indexed provider, uint256 refundedAmount);
    event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund);
    event DeliverableAcknowledged(
        address indexed user, address indexed provider, string deliverableId, uint256 timestamp
    );
    event DeliverableAbandoned(
        address indexed user, address indexed provider, string deliverableId, uint256 timestamp
    );
    event DeliverableAdded(
        address indexed user, address indexed provider, string deliverableId, bytes modelRootHash, uint256 timestamp
    );
    event DeliverableEvicted(
        address indexed provider,
        address indexed user,
        string evictedDeliverableId,
        string newDeliverableId,
        uint256 timestamp
    );
    event FeesSettled(
        address indexed user,
        address indexed provider,
        string deliverableId,
        uint256 fee,
        bool acknowledged,
        uint256 nonce
    );
    event Initialized(uint8 version);
    event LockTimeUpdated(uint256 oldLockTime, uint256 newLockTime);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event ProviderStaked(address indexed provider, uint256 amount);
    event ProviderStakeReturned(address indexed provider, uint256 amount);
    event ProviderTEESignerAcknowledged(
        address indexed provider, address indexed teeSignerAddress, bool acknowledged
    );
    event RefundRequested(address indexed user, address indexed provider, uint256 indexed index, uint256 timestamp);
    event ServiceRemoved(address indexed provider);
    event ServiceUpdated(
        address indexed provider,
        string url,
        Quota quota,
        uint256 pricePerToken,
        address teeSignerAddress,
        bool occupied
    );

    error AccountExists(address user, address provider);
    error AccountNotExists(address user, address provider);
    error AdditionalInfoTooLong();
    error AlreadyInitialized();
    error BatchSizeTooLarge(uint256 size, uint256 maxSize);
    error CallerNotLedger();
    error CannotAbandonSettledDeliverable(string id);
    error CannotAcknowledgeSettledDeliverable(string id);
    error CannotAddStakeWhenUpdating();
    error CannotEvictUnsettledDeliverable(string id);
    error CannotRevokeWithNonZeroBalance(address user, address provider, uint256 balance);
    error DeliverableAlreadyExists(string id);
    error DeliverableAlreadySettled(string id);
    error DeliverableIdInvalidLength(uint256 length);
    error DeliverableNotExists(string id);
    error DirectDepositsDisabled();
    error ETHTransferFailed();
    error InsufficientStake(uint256 provided, uint256 required);
    error InvalidLedgerAddress();
    error InvalidVerifierInput(string reason);
    error LimitTooLarge(uint256 limit);
    error LockTimeOutOfRange(uint256 lockTime);
    error PenaltyPercentageTooHigh(uint256 percentage);
    error PreviousDeliverableNotAcknowledged(string id);
    error SecretShouldBeEmpty();
    error SecretShouldNotBeEmpty();
    error ServiceNotExist(address provider);
    error TooManyRefunds(address user, address provider);
    error TransferToLedgerFailed();

    // Providers.

    /// Registers the caller's service, with the value sent as its bond (at least
    /// `MIN_PROVIDER_STAKE`), or changes it. A new signer is not acknowledged.
    function addOrUpdateService(
        string calldata url,
        Quota calldata quota,
        uint256 pricePerToken,
        bool occupied,
        string[] memory models,
        address teeSignerAddress
    ) external payable;

    /// Removes the caller's service. The bond comes back by `withdrawBond`, after the unbonding delay.
    function removeService() external;

    /// Promises a result: names the sealed adapter of the task `id` by its root.
    function addDeliverable(address user, string memory id, bytes memory modelRootHash) external;

    /// Collects the fee of a task with a statement of its TEE signer.
    function settleFees(VerifierInput calldata verifierInput) external;

    /// Gives up a result that is not settled: no fee, and an order's reservation goes back.
    function abandonDeliverable(address user, string memory id) external;

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

    function transferOwnership(address newOwner) external;

    function renounceOwnership() external;

    /// Always refused: the constructor has done it. Kept for the shape of the interface.
    function initialize(uint256 _locktime, address _ledgerAddress, address owner, uint256 _penaltyPercentage) external;

    // Views.

    function initialized() external view returns (bool);
    function owner() external view returns (address);
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
