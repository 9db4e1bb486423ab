// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "../interfaces/IFineTuningTypes.sol";
import {ISealtuneTypes} from "../interfaces/ISealtuneTypes.sol";
import {Account, Accounts} from "../libraries/Accounts.sol";
import {Limits} from "../libraries/Limits.sol";
import {Sets} from "../libraries/Sets.sol";
import {TaskIds} from "../libraries/TaskIds.sol";

/// All that the market remembers. It comes first in every line of inheritance, so that the
/// acts and the views, which are two contracts, see the same storage.
abstract contract State is IFineTuningTypes, ISealtuneTypes {
    using Accounts for Account;

    struct Signer {
        uint64 acceptedUntil;
        /// Whether the provider ever named it; that is never forgotten, for evidence may come late.
        bool known;
        /// Revoked by hand: a verifier's old approval does not bring it back.
        bool revoked;
        /// Whether the owner did it, and not the provider or a proof against it.
        bool byOwner;
    }

    struct Delivery {
        /// Who must sign the settlement: the provider's signer at the time.
        address signer;
        uint64 timestamp;
        bool acknowledged;
        bool settled;
        /// Whether an order's terms apply.
        bool ordered;
        string id;
        bytes modelRootHash;
        bytes encryptedSecret;
    }

    uint256 internal _lockTime;
    uint256 internal _penaltyPercentage;

    // Money owed to those who did not call, and what providers stand in with.
    mapping(address account => uint256) internal _claimable;
    mapping(address provider => Bond) internal _bonds;

    // Whose signatures count.
    mapping(address verifier => bool) internal _verifiers;
    mapping(address customer => mapping(address provider => address)) internal _trustedSigners;
    mapping(address provider => mapping(address signer => Signer)) internal _signers;

    Sets.Set internal _providers;
    mapping(address provider => Service) internal _services;

    Sets.Set internal _accountKeys;
    mapping(address user => Sets.Set) internal _keysOfUser;
    mapping(address provider => Sets.Set) internal _keysOfProvider;
    mapping(bytes32 accountKey => Account) internal _accounts;

    mapping(bytes32 accountKey => mapping(bytes32 idKey => Delivery)) internal _deliveries;
    mapping(bytes32 idKey => OrderRecord) internal _orders;
    /// The signer an order was accepted with: good for that order until it is revoked.
    mapping(bytes32 idKey => address) internal _orderSigners;
    /// 256 nonces to a word: nonces that rise by one share it.
    mapping(address customer => mapping(uint256 nonceWord => uint256)) internal _usedNonces;

    function _accountKey(address user, address provider) internal pure returns (bytes32) {
        return keccak256(abi.encode(user, provider));
    }

    function _existingAccount(address user, address provider) internal view returns (Account storage account) {
        account = _accounts[_accountKey(user, provider)];
        if (!account.exists()) revert AccountNotExists(user, provider);
    }

    function _existing(address provider) internal view returns (Service storage service) {
        service = _services[provider];
        if (service.provider == address(0)) revert ServiceNotExist(provider);
    }

    function _exists(Delivery storage delivery) internal view returns (bool) {
        return delivery.timestamp != 0;
    }

    function _existingDelivery(address user, address provider, string calldata id)
        internal
        view
        returns (Delivery storage delivery)
    {
        bytes32 key = _accountKey(user, provider);
        delivery = _deliveries[key][TaskIds.key(id)];
        if (_exists(delivery)) return delivery;
        if (_accounts[key].user == address(0)) revert AccountNotExists(user, provider);
        revert DeliverableNotExists(id);
    }

    /// The signer at delivery, so that a rotation strands nothing; the current one where there was none.
    function _signerOf(Delivery storage delivery, address provider) internal view returns (address) {
        address signer = delivery.signer;
        return signer == address(0) ? _services[provider].teeSignerAddress : signer;
    }

    /// Without an order the window is half the lock time: a refund asked for at delivery is still there.
    function _acknowledgeBy(Delivery storage delivery, OrderRecord storage order) internal view returns (uint256) {
        uint256 window = delivery.ordered ? order.ackWindow : _lockTime / 2;
        return uint256(delivery.timestamp) + window;
    }

    function _deliveryOf(OrderRecord storage order, bytes32 idKey) internal view returns (Delivery storage) {
        return _deliveries[_accountKey(order.customer, order.provider)][idKey];
    }

    function _nonceUsed(address customer, uint256 nonce) internal view returns (bool) {
        return _usedNonces[customer][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    function _reclaimableAt(OrderRecord storage order, bytes32 idKey, bytes32 orderId)
        internal
        view
        returns (uint256)
    {
        if (order.state == OrderState.Open || order.state == OrderState.Accepted) return order.deadline;
        if (order.state != OrderState.Delivered) revert OrderStateWrong(orderId, order.state);
        return _acknowledgeBy(_deliveryOf(order, idKey), order) + Limits.SETTLEMENT_WINDOW;
    }
}
