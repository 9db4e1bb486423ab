// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Deliverables} from "./Deliverables.sol";
import {Account, Accounts} from "../libraries/Accounts.sol";
import {Limits} from "../libraries/Limits.sol";
import {TaskIds} from "../libraries/TaskIds.sol";
import {Typed} from "../libraries/Typed.sol";

/// Signed orders: opened with the fee reserved, accepted against a bond, closed exactly once.
abstract contract Orders is Deliverables {
    using Accounts for Account;

    // Numbers of the public list of reasons.
    uint16 private constant DEADLINE_PASSED = 104;
    uint16 private constant CUSTOMERS_DATA_FIRST = 400;
    uint16 private constant CUSTOMERS_DATA_LAST = 499;
    uint16 private constant TRIES_EXHAUSTED = 503;

    function openOrder(Order calldata order, bytes calldata signature) external returns (bytes32 orderId) {
        orderId = Typed.order(order);
        _checkOrder(order, orderId, signature);
        Account storage purse = _existingAccount(order.customer, order.provider);
        uint256 available = purse.unreserved();
        if (available < order.feeMax) revert OrderFeeNotCovered(available, order.feeMax);

        _useNonce(order.customer, order.nonce);
        purse.reserve(order.feeMax);
        _orders[TaskIds.key(orderId)] = OrderRecord({
            customer: order.customer,
            deadline: order.deadline,
            state: OrderState.Open,
            penaltyBps: order.penaltyBps,
            provider: order.provider,
            ackWindow: order.ackWindow,
            forAnybody: order.provider == address(0),
            feeMax: uint128(order.feeMax),
            compensation: uint128(order.compensation)
        });

        emit OrderOpened(orderId, order.customer, order.provider, order);
        emit BalanceUpdated(order.customer, order.provider, purse.balance, purse.pendingRefund);
    }

    function acceptOrder(bytes32 orderId) external {
        bytes32 key = TaskIds.key(orderId);
        OrderRecord storage order = _inState(key, orderId, OrderState.Open);
        if (!order.forAnybody && order.provider != msg.sender) revert OrderNotYours(orderId);
        if (block.timestamp > order.deadline) revert OrderDeadlinePassed(order.deadline);
        address signer = _existing(msg.sender).teeSignerAddress;
        bool good = _accepted(msg.sender, signer) || _trusted(order.customer, msg.sender, signer);
        if (!good) revert SignerUnknown(msg.sender, signer);

        _lockBond(msg.sender, order.compensation);
        _orderSigners[key] = signer;
        order.provider = msg.sender;
        order.state = OrderState.Accepted;

        emit OrderAccepted(orderId, msg.sender);
    }

    function withdrawOrder(bytes32 orderId) external {
        OrderRecord storage order = _inState(TaskIds.key(orderId), orderId, OrderState.Open);
        if (msg.sender != order.customer) revert OrderNotYours(orderId);

        _unreserve(order);
        order.state = OrderState.Withdrawn;

        emit OrderWithdrawn(orderId);
    }

    function cancelOrderNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
        emit OrderNonceCancelled(msg.sender, nonce);
    }

    function releaseOrder(bytes32 orderId, uint16 reason, bytes calldata signature) external nonReentrant {
        bytes32 key = TaskIds.key(orderId);
        OrderRecord storage order = _inState(key, orderId, OrderState.Accepted);
        if (msg.sender != order.provider) revert OrderNotYours(orderId);
        bool excused = signature.length != 0 && _excused(order, key, Typed.release(orderId, reason), signature)
            && reason >= CUSTOMERS_DATA_FIRST && reason <= CUSTOMERS_DATA_LAST;

        _release(order, orderId, reason, !excused);
    }

    function reclaimOrder(bytes32 orderId) external nonReentrant {
        bytes32 key = TaskIds.key(orderId);
        OrderRecord storage order = _orders[key];
        uint256 dueAt = _reclaimableAt(order, key, orderId);
        if (block.timestamp <= dueAt) revert OrderNotDue(orderId, dueAt);
        bool owed = order.state == OrderState.Accepted || _keyOwed(order, key);

        _release(order, orderId, DEADLINE_PASSED, owed);
    }

    function abandonDeliverable(address user, string calldata id) external nonReentrant {
        Delivery storage delivery = _deliveries[_accountKey(user, msg.sender)][TaskIds.key(id)];
        if (!_exists(delivery)) revert DeliverableNotExists(id);
        if (delivery.settled) revert CannotAbandonSettledDeliverable(id);

        (delivery.acknowledged, delivery.settled) = (true, true);

        emit DeliverableAbandoned(user, msg.sender, id, block.timestamp);

        if (delivery.ordered) _release(_orders[TaskIds.key(id)], TaskIds.parse(id), TRIES_EXHAUSTED, true);
    }

    function addDeliverable(address user, string calldata id, bytes calldata modelRootHash) external {
        bytes32 accountKey = _accountKey(user, msg.sender);
        bytes32 key = TaskIds.key(id);
        OrderRecord storage order = _orders[key];
        bool ordered = order.state != OrderState.None;
        if (ordered) {
            _deliverOrder(order, key, user, id);
        } else {
            _checkNew(accountKey, user, id);
            _enterRing(_accounts[accountKey], accountKey, id);
        }
        _record(accountKey, id, modelRootHash, user, ordered);
    }

    /// The sub-account that pays for the order.
    function _purse(OrderRecord storage order) internal view returns (Account storage) {
        return _accounts[_accountKey(order.customer, order.forAnybody ? address(0) : order.provider)];
    }

    function _unreserve(OrderRecord storage order) internal {
        _purse(order).unreserve(order.feeMax);
    }

    /// The signer an order was accepted with, or one accepted since. Only a revocation ends it: what a customer
    /// or a clock takes back cannot turn work into nothing.
    function _signerStands(OrderRecord storage order, bytes32 key, address signer) internal view returns (bool) {
        if (signer == address(0) || _signers[order.provider][signer].revoked) return false;
        return signer == _orderSigners[key] || _accepted(order.provider, signer)
            || _trusted(order.customer, order.provider, signer);
    }

    function _checkOrder(Order calldata order, bytes32 orderId, bytes calldata signature) private view {
        address signer = _recovered(orderId, signature);
        if (signer == address(0) || signer != order.customer) revert OrderSignatureInvalid();
        if (block.timestamp > order.deadline) revert OrderDeadlinePassed(order.deadline);
        if (order.penaltyBps > Limits.ALL_BPS) revert OrderPenaltyTooHigh(order.penaltyBps);
        if (order.feeMax > type(uint96).max) revert OrderAmountTooLarge(order.feeMax);
        if (order.compensation > type(uint96).max) revert OrderAmountTooLarge(order.compensation);
    }

    function _useNonce(address customer, uint256 nonce) private {
        if (_nonceUsed(customer, nonce)) revert OrderNonceUsed(customer, nonce);
        _usedNonces[customer][nonce >> 8] |= 1 << (nonce & 0xff);
    }

    function _inState(bytes32 key, bytes32 orderId, OrderState state)
        private
        view
        returns (OrderRecord storage order)
    {
        order = _orders[key];
        if (order.state != state) revert OrderStateWrong(orderId, order.state);
    }

    function _checkNew(bytes32 accountKey, address user, string calldata id) private view {
        if (bytes(id).length == 0 || bytes(id).length > Limits.MAX_ID_LENGTH) {
            revert DeliverableIdInvalidLength(bytes(id).length);
        }
        if (!_accounts[accountKey].exists()) revert AccountNotExists(user, msg.sender);
        if (_exists(_deliveries[accountKey][TaskIds.key(id)])) revert DeliverableAlreadyExists(id);
    }

    function _deliverOrder(OrderRecord storage order, bytes32 key, address user, string calldata id) private {
        bytes32 orderId = TaskIds.parse(id);
        if (msg.sender != order.provider || user != order.customer) revert OrderNotYours(orderId);
        if (order.state == OrderState.Delivered) revert DeliverableAlreadyExists(id);
        if (order.state != OrderState.Accepted) revert OrderStateWrong(orderId, order.state);
        if (block.timestamp > order.deadline) revert OrderDeadlinePassed(order.deadline);
        address signer = _services[msg.sender].teeSignerAddress;
        if (!_signerStands(order, key, signer)) revert SignerUnknown(msg.sender, signer);

        order.state = OrderState.Delivered;
    }

    /// Closes the order without a payment, and lets the bond pay where something is owed.
    function _release(OrderRecord storage order, bytes32 orderId, uint16 reason, bool owed) private {
        bool accepted = order.state != OrderState.Open;
        uint256 compensation = owed ? order.compensation : 0;

        order.state = OrderState.Released;
        _unreserve(order);
        if (accepted) _unlockBond(order.provider, order.compensation);

        emit OrderReleased(orderId, reason, compensation);

        if (compensation != 0) _slash(order.provider, 2 * compensation, order.customer);
    }

    /// Whether the provider's signer states why it gives the order back; what anybody else states is refused.
    function _excused(OrderRecord storage order, bytes32 key, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool)
    {
        address recovered = _recovered(digest, signature);
        address signer = _services[msg.sender].teeSignerAddress;
        if (recovered != signer || !_signerStands(order, key, signer)) revert ReleaseNotSigned(recovered, signer);
        return true;
    }

    /// Whether a result was acknowledged whose key the provider could have handed over and did not:
    /// only the owner's revocation excuses it. Such a result is closed here.
    function _keyOwed(OrderRecord storage order, bytes32 key) private returns (bool) {
        if (order.state != OrderState.Delivered) return false;
        Delivery storage delivery = _deliveryOf(order, key);
        delivery.settled = true;
        return delivery.acknowledged && !_signers[order.provider][delivery.signer].byOwner;
    }
}
