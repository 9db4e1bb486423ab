// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {SubAccounts} from "./SubAccounts.sol";
import {Account} from "../libraries/Accounts.sol";
import {Limits} from "../libraries/Limits.sol";
import {TaskIds} from "../libraries/TaskIds.sol";

/// Results promised to customers, and their acknowledgement.
abstract contract Deliverables is SubAccounts {
    function acknowledgeDeliverable(address provider, string calldata id) external {
        Delivery storage delivery = _existingDelivery(msg.sender, provider, id);
        if (delivery.settled) revert CannotAcknowledgeSettledDeliverable(id);

        delivery.acknowledged = true;

        emit DeliverableAcknowledged(msg.sender, provider, id, block.timestamp);
    }

    function deleteAccount(address user, address provider) external onlyLedger {
        bytes32 key = _accountKey(user, provider);
        Account storage account = _accounts[key];
        for (uint256 i = 0; i < account.ringCount; ++i) {
            delete _deliveries[key][account.ring[i]];
        }
        _forgetAccount(account);

        emit AccountDeleted(user, provider, 0);
    }

    function _record(bytes32 accountKey, string calldata id, bytes calldata modelRootHash, address user, bool ordered)
        internal
    {
        Delivery storage delivery = _deliveries[accountKey][TaskIds.key(id)];
        delivery.signer = _services[msg.sender].teeSignerAddress;
        delivery.timestamp = uint64(block.timestamp);
        delivery.ordered = ordered;
        delivery.id = id;
        delivery.modelRootHash = modelRootHash;

        emit DeliverableAdded(user, msg.sender, id, modelRootHash, block.timestamp);
    }

    /// Makes the id the newest of the last twenty. The one before must be done with, and so must be the oldest.
    function _enterRing(Account storage account, bytes32 accountKey, string calldata id) internal {
        (uint256 head, uint256 count) = (account.ringHead, account.ringCount);
        if (count > 0) {
            Delivery storage previous = _deliveries[accountKey][account.ring[(head + count - 1) % Limits.RING]];
            if (!previous.acknowledged && !previous.settled) {
                string memory id_ = previous.id;
                revert PreviousDeliverableNotAcknowledged(id_);
            }
        }
        if (count < Limits.RING) {
            account.ringCount = uint8(count + 1);
        } else {
            _evict(_deliveries[accountKey], account.ring[head], account.user, id);
            account.ringHead = uint8((head + 1) % Limits.RING);
        }
        account.ring[(head + count) % Limits.RING] = TaskIds.key(id);
    }

    function _evict(
        mapping(bytes32 idKey => Delivery) storage deliveries,
        bytes32 oldestKey,
        address user,
        string calldata newId
    ) private {
        Delivery storage oldest = deliveries[oldestKey];
        string memory oldId = oldest.id;
        if (!oldest.settled) revert CannotEvictUnsettledDeliverable(oldId);

        delete deliveries[oldestKey];

        emit DeliverableEvicted(msg.sender, user, oldId, newId, block.timestamp);
    }
}
