// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {State} from "./State.sol";
import {Account} from "../libraries/Accounts.sol";
import {Limits} from "../libraries/Limits.sol";
import {Sets} from "../libraries/Sets.sol";
import {TaskIds} from "../libraries/TaskIds.sol";
import {Typed} from "../libraries/Typed.sol";

/// What can be read of the market. It runs over the market's storage and has none of its own.
contract Views is State {
    using Sets for Sets.Set;

    function getService(address provider) external view returns (Service memory service) {
        _existing(provider);
        return _service(provider);
    }

    function getAllServices() external view returns (Service[] memory services) {
        bytes32[] memory providers = _providers.page(0, type(uint256).max);
        services = new Service[](providers.length);
        for (uint256 i = 0; i < providers.length; ++i) {
            services[i] = _service(Sets.account(providers[i]));
        }
    }

    function getAccount(address user, address provider) external view returns (AccountDetails memory) {
        Account storage account = _existingAccount(user, provider);
        return AccountDetails({
            user: user,
            provider: provider,
            nonce: account.nonce,
            balance: account.balance,
            pendingRefund: account.pendingRefund,
            refunds: _refundsOf(account),
            additionalInfo: account.additionalInfo,
            deliverables: _ringOf(account),
            validRefundsLength: account.refundCount,
            deliverablesHead: account.ringHead,
            deliverablesCount: account.ringCount,
            acknowledged: account.acknowledged
        });
    }

    function getAllAccounts(uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        return _page(_accountKeys, offset, limit);
    }

    function getAccountsByProvider(address provider, uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        return _page(_keysOfProvider[provider], offset, limit);
    }

    function getAccountsByUser(address user, uint256 offset, uint256 limit)
        external
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        return _page(_keysOfUser[user], offset, limit);
    }

    function getBatchAccountsByUsers(address[] calldata users) external view returns (AccountSummary[] memory accounts) {
        if (users.length > Limits.PAGE) revert BatchSizeTooLarge(users.length, Limits.PAGE);
        accounts = new AccountSummary[](users.length);
        for (uint256 i = 0; i < users.length; ++i) {
            accounts[i] = _summary(_accountKey(users[i], msg.sender));
        }
    }

    function getDeliverable(address user, address provider, string calldata id)
        external
        view
        returns (Deliverable memory)
    {
        return _shown(_existingDelivery(user, provider, id));
    }

    function getDeliverables(address user, address provider) external view returns (Deliverable[] memory) {
        return _ringOf(_existingAccount(user, provider));
    }

    function deliverableSigner(address user, address provider, string calldata id) external view returns (address) {
        return _signerOf(_existingDelivery(user, provider, id), provider);
    }

    function acknowledgementDeadline(address user, address provider, string calldata id)
        external
        view
        returns (uint256)
    {
        return _acknowledgeBy(_existingDelivery(user, provider, id), _orders[TaskIds.key(id)]);
    }

    function orderDigest(Order calldata order) external view returns (bytes32) {
        return Typed.order(order);
    }

    function getOrder(bytes32 orderId) external view returns (OrderRecord memory) {
        return _orders[TaskIds.key(orderId)];
    }

    function reclaimableAt(bytes32 orderId) external view returns (uint256) {
        bytes32 key = TaskIds.key(orderId);
        return _reclaimableAt(_orders[key], key, orderId);
    }

    function orderNonceUsed(address customer, uint256 nonce) external view returns (bool) {
        return _nonceUsed(customer, nonce);
    }

    function reservedFee(address user, address provider) external view returns (uint256) {
        return _accounts[_accountKey(user, provider)].reserved;
    }

    function getBond(address provider) external view returns (Bond memory) {
        return _bonds[provider];
    }

    function signerAcceptedUntil(address provider, address signer) external view returns (uint256) {
        return _signers[provider][signer].acceptedUntil;
    }

    function lockTime() external view returns (uint256) {
        return _lockTime;
    }

    function penaltyPercentage() external view returns (uint256) {
        return _penaltyPercentage;
    }

    function claimable(address account) external view returns (uint256) {
        return _claimable[account];
    }

    function isVerifier(address verifier) external view returns (bool) {
        return _verifiers[verifier];
    }

    function trustedSigner(address customer, address provider) external view returns (address) {
        return _trustedSigners[customer][provider];
    }

    function MIN_LOCKTIME() external pure returns (uint256) {
        return Limits.MIN_LOCKTIME;
    }

    function MAX_LOCKTIME() external pure returns (uint256) {
        return Limits.MAX_LOCKTIME;
    }

    function MIN_PROVIDER_STAKE() external pure returns (uint256) {
        return Limits.MIN_PROVIDER_STAKE;
    }

    function SETTLEMENT_WINDOW() external pure returns (uint256) {
        return Limits.SETTLEMENT_WINDOW;
    }

    function UNBONDING_DELAY() external pure returns (uint256) {
        return Limits.UNBONDING_DELAY;
    }

    function initialized() external pure returns (bool) {
        return true;
    }

    function _service(address provider) private view returns (Service memory service) {
        service = _services[provider];
        service.teeSignerAcknowledged = block.timestamp <= _signers[provider][service.teeSignerAddress].acceptedUntil;
    }

    function _page(Sets.Set storage keys, uint256 offset, uint256 limit)
        private
        view
        returns (AccountSummary[] memory accounts, uint256 total)
    {
        if (limit > Limits.PAGE) revert LimitTooLarge(limit);
        bytes32[] memory some = keys.page(offset, limit == 0 ? Limits.PAGE : limit);
        accounts = new AccountSummary[](some.length);
        for (uint256 i = 0; i < some.length; ++i) {
            accounts[i] = _summary(some[i]);
        }
        return (accounts, keys.length());
    }

    function _summary(bytes32 key) private view returns (AccountSummary memory) {
        Account storage account = _accounts[key];
        return AccountSummary({
            user: account.user,
            provider: account.provider,
            nonce: account.user == address(0) ? 0 : account.nonce,
            balance: account.balance,
            pendingRefund: account.pendingRefund,
            additionalInfo: account.additionalInfo,
            validRefundsLength: account.refundCount,
            deliverablesCount: account.ringCount,
            acknowledged: account.acknowledged
        });
    }

    function _refundsOf(Account storage account) private view returns (Refund[] memory refunds) {
        refunds = new Refund[](account.refunds.length);
        for (uint256 i = 0; i < refunds.length; ++i) {
            refunds[i] = Refund(i, account.refunds[i].amount, account.refunds[i].createdAt, false);
        }
    }

    function _ringOf(Account storage account) private view returns (Deliverable[] memory shown) {
        bytes32 key = _accountKey(account.user, account.provider);
        (uint256 head, uint256 count) = (account.ringHead, account.ringCount);
        shown = new Deliverable[](count);
        for (uint256 i = 0; i < count; ++i) {
            shown[i] = _shown(_deliveries[key][account.ring[(head + i) % Limits.RING]]);
        }
    }

    function _shown(Delivery storage delivery) private view returns (Deliverable memory) {
        return Deliverable({
            id: delivery.id,
            modelRootHash: delivery.modelRootHash,
            encryptedSecret: delivery.encryptedSecret,
            acknowledged: delivery.acknowledged,
            timestamp: delivery.timestamp,
            settled: delivery.settled
        });
    }
}
