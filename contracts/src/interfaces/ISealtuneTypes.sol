// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// The words that sealtune adds: signed orders, bonds, accepted signers.
interface ISealtuneTypes {
    /// What a customer asks for and signs (EIP-712, domain "sealtune" version "1").
    struct Order {
        address customer;
        /// Who may serve it; zero is anybody. It also names the sub-account that pays:
        /// (customer, provider), so an order for anybody is paid from (customer, zero).
        address provider;
        bytes32 baseModel;
        bytes32 dataset;
        bytes32 recipe;
        /// The most the customer pays; reserved when the order opens.
        uint256 feeMax;
        /// Chain time after which an undelivered order gives the money back.
        uint64 deadline;
        uint256 nonce;
        bytes encryptionKey;
        uint8 tier;
        /// Seconds after delivery before the provider may settle without an acknowledgement.
        uint64 ackWindow;
        /// The share of the fee due without an acknowledgement, in basis points.
        uint16 penaltyBps;
        /// What the provider's bond pays the customer for a delivery promised and missed.
        uint256 compensation;
        bool resumable;
    }

    enum OrderState {
        None,
        Open,
        Accepted,
        Delivered,
        Paid,
        Released,
        Withdrawn
    }

    /// What the chain remembers of an order. The rest is in its `OrderOpened` event.
    struct OrderRecord {
        address customer;
        uint64 deadline;
        OrderState state;
        uint16 penaltyBps;
        /// Who accepted it; zero before.
        address provider;
        uint64 ackWindow;
        /// Whether the order was for anybody: then (customer, zero) pays.
        bool forAnybody;
        uint128 feeMax;
        uint128 compensation;
    }

    struct Bond {
        uint128 amount;
        /// What stands for orders accepted and not yet closed; twice the compensation of each.
        uint128 locked;
        /// Chain time from which the bond may be withdrawn; zero while the service is registered.
        uint64 withdrawableAt;
    }

    event OrderOpened(bytes32 indexed orderId, address indexed customer, address indexed provider, Order order);
    event OrderAccepted(bytes32 indexed orderId, address indexed provider);
    event OrderWithdrawn(bytes32 indexed orderId);
    /// `reason` is a number of the public list of reasons; 104 is a missed deadline, 503 an abandoned result.
    event OrderReleased(bytes32 indexed orderId, uint16 reason, uint256 compensation);
    event OrderNonceCancelled(address indexed customer, uint256 nonce);
    event BondUnbonding(address indexed provider, uint256 amount, uint256 withdrawableAt);
    event BondSlashed(address indexed provider, address indexed injured, uint256 toInjured, uint256 burnt);
    event Claimed(address indexed account, uint256 amount);
    event VerifierUpdated(address indexed verifier, bool trusted);
    event SignerAccepted(
        address indexed provider,
        address indexed signer,
        address indexed verifier,
        bytes32 evidenceHash,
        bytes32 policyHash,
        uint64 expiry
    );
    event SignerRevoked(address indexed provider, address indexed signer, address indexed by);
    event SignerTrusted(address indexed customer, address indexed provider, address signer);

    error OrderSignatureInvalid();
    error OrderNonceUsed(address customer, uint256 nonce);
    error OrderDeadlinePassed(uint64 deadline);
    error OrderPenaltyTooHigh(uint16 penaltyBps);
    error OrderAmountTooLarge(uint256 amount);
    error OrderFeeNotCovered(uint256 available, uint256 required);
    error OrderStateWrong(bytes32 orderId, OrderState state);
    error OrderNotYours(bytes32 orderId);
    error OrderNotDue(bytes32 orderId, uint256 dueAt);
    error FeeAboveOrder(uint256 taskFee, uint256 feeMax);
    error AcknowledgementWindowOpen(string id, uint256 until);
    error BondTooSmall(uint256 free, uint256 required);
    error BondStillLocked(uint256 locked, uint256 withdrawableAt);
    error AccountNotEmpty(address user, address provider, uint256 balance);
    error NothingToClaim(address account);
    error VerifierNotTrusted(address verifier);
    error ApprovalExpired(uint64 expiry);
    error ReleaseNotSigned(address recovered, address signer);
    error SignerUnknown(address provider, address signer);
    error EvidenceNotConflicting();
}
