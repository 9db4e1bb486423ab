// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "./IFineTuningTypes.sol";
import {ISealtuneTypes} from "./ISealtuneTypes.sol";

/// What sealtune adds to 0G's market. Its ERC-165 id, `type(ISealtune).interfaceId`, tells a
/// client that all of it is there.
///
///            openOrder        acceptOrder           addDeliverable          settleFees
///     None ------------> Open ------------> Accepted ---------------> Delivered ---------> Paid
///                         |                  |                         |
///            withdrawOrder|     releaseOrder |      abandonDeliverable |
///            reclaimOrder |     reclaimOrder |      reclaimOrder       |
///                         v                  v                         v
///                     Withdrawn           Released                  Released
///                     (Released when reclaimed)
///
/// The task id of an order, wherever 0G's interface asks for a string, is `0x` and the 64
/// lower-case hexadecimal digits of the order id.
interface ISealtune is ISealtuneTypes {
    // Orders.

    /// Opens a signed order and reserves its fee, out of pending refunds too. Anybody may relay it.
    function openOrder(Order calldata order, bytes calldata signature) external returns (bytes32 orderId);

    /// Promises, as the caller, to deliver an open order before its deadline. The caller's bond
    /// stands for it with twice the compensation.
    function acceptOrder(bytes32 orderId) external;

    /// Takes the caller's own order back that nobody has accepted.
    function withdrawOrder(bytes32 orderId) external;

    /// Spoils a nonce of the caller, so that an order signed with it can never open.
    function cancelOrderNonce(uint256 nonce) external;

    /// Gives an accepted order back, as its provider. The compensation is due, unless the
    /// provider's signer states (EIP-712, domain "sealtune", `Release(bytes32 orderId,uint16 reason)`)
    /// that the customer's data is the reason (400 to 499). Without a statement `signature` is empty.
    function releaseOrder(bytes32 orderId, uint16 reason, bytes calldata signature) external;

    /// Gives the reservation of an order back whose provider went silent: not accepted or not
    /// delivered by the deadline, or delivered and not settled `SETTLEMENT_WINDOW` after the
    /// acknowledgement window. The compensation is due when the delivery was missed, and when the
    /// result was acknowledged, unless the owner revoked the signer. Anybody may call it.
    function reclaimOrder(bytes32 orderId) external;

    // Bonds and claims.

    /// Adds the value sent to the caller's bond.
    function addBond() external payable;

    /// Pays out the caller's bond, after the service was removed and the delay is over.
    function withdrawBond() external;

    /// Punishes two settlement statements of one signer for one id and user with different results:
    /// the signer is revoked and all of the bond that stands for no order is forfeit, half to the
    /// user, half burnt.
    function slashEquivocation(
        address provider,
        IFineTuningTypes.VerifierInput calldata first,
        IFineTuningTypes.VerifierInput calldata second
    ) external;

    /// Pays out what the caller may claim.
    function claim() external;

    // Signers.

    /// Accepts `signer` for `provider` until `expiry`, on the signature of a trusted attestation verifier
    /// (EIP-712, domain "sealtune", `SignerApproval(address provider,address signer,bytes32 evidenceHash,
    /// bytes32 policyHash,uint64 expiry)`). Anybody may relay it.
    function acceptSigner(
        address provider,
        address signer,
        bytes32 evidenceHash,
        bytes32 policyHash,
        uint64 expiry,
        bytes calldata signature
    ) external;

    /// Accepts `signer` for `provider` for the caller alone; zero takes it back. Like a revocation of 0G's
    /// acknowledgement, a change needs an empty sub-account.
    function trustSigner(address provider, address signer) external;

    /// Revokes any signer `provider` ever had. Only the owner and the provider.
    function revokeSigner(address provider, address signer) external;

    /// Trusts an attestation verifier, or stops to. Only the owner.
    function setVerifier(address verifier, bool trusted) external;

    // Views.

    function orderDigest(Order calldata order) external view returns (bytes32 orderId);
    function getOrder(bytes32 orderId) external view returns (OrderRecord memory);
    /// When `reclaimOrder` becomes possible.
    function reclaimableAt(bytes32 orderId) external view returns (uint256);
    function orderNonceUsed(address customer, uint256 nonce) external view returns (bool);
    /// How much of the sub-account is reserved for open orders.
    function reservedFee(address user, address provider) external view returns (uint256);
    /// From when the deliverable may be settled without an acknowledgement.
    function acknowledgementDeadline(address user, address provider, string calldata id)
        external
        view
        returns (uint256);
    /// The signer that must sign the settlement of the deliverable: the provider's at delivery.
    function deliverableSigner(address user, address provider, string calldata id) external view returns (address);
    function getBond(address provider) external view returns (Bond memory);
    function claimable(address account) external view returns (uint256);
    function isVerifier(address verifier) external view returns (bool);
    function signerAcceptedUntil(address provider, address signer) external view returns (uint256);
    function trustedSigner(address customer, address provider) external view returns (address);

    function SETTLEMENT_WINDOW() external view returns (uint256);
    function UNBONDING_DELAY() external view returns (uint256);
}
