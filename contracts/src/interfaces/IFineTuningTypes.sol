// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// The words of 0G's generation 3 market: structs, events and errors of the original.
interface IFineTuningTypes {
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
}
