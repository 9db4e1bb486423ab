// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Owned} from "./Owned.sol";
import {ISealtune} from "./interfaces/ISealtune.sol";
import {IServing} from "./interfaces/IServing.sol";
import {Account, Accounts} from "./libraries/Accounts.sol";
import {Limits} from "./libraries/Limits.sol";
import {TaskIds} from "./libraries/TaskIds.sol";
import {Typed} from "./libraries/Typed.sol";
import {Orders} from "./market/Orders.sol";
import {SubAccounts} from "./market/SubAccounts.sol";
import {Views} from "./market/Views.sol";

/// The market: where the fee and the key change hands, in one call.
contract FineTuning is Orders, IERC165 {
    using Accounts for Account;

    /// The views, apart because of the size limit: no state, no owner, and never another.
    address private immutable VIEWS = address(new Views());

    constructor(address ledger, uint256 lockTime_, uint256 penalty, address owner_)
        Owned(owner_)
        SubAccounts(ledger, lockTime_)
    {
        _setPenalty(penalty);
        emit Initialized(1);
    }

    /// Everything that only reads is answered by the views, over this contract's storage.
    fallback() external {
        address views = VIEWS;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let answered := delegatecall(gas(), views, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(answered) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    receive() external payable {
        revert DirectDepositsDisabled();
    }

    function settleFees(VerifierInput calldata input) external nonReentrant {
        bytes32 accountKey = _accountKey(input.user, msg.sender);
        bytes32 idKey = TaskIds.key(input.id);
        Delivery storage delivery = _deliveries[accountKey][idKey];
        OrderRecord storage order = _orders[idKey];
        Account storage purse = delivery.ordered ? _purse(order) : _accounts[accountKey];
        address signer = _signerOf(delivery, msg.sender);
        if (delivery.ordered) _checkOrderTerms(order, idKey, signer, input);
        else _checkAccountTerms(purse, signer, input);
        _checkResult(delivery, signer, input);
        uint256 fee = delivery.acknowledged
            ? _feeForKey(input)
            : _feeForPatience(delivery, order, input);

        delivery.settled = true;
        if (delivery.acknowledged) delivery.encryptedSecret = input.encryptedSecret;
        if (delivery.ordered) _closePaid(order);
        else purse.nonce = input.nonce;
        purse.debit(fee);

        emit FeesSettled(input.user, msg.sender, input.id, fee, delivery.acknowledged, input.nonce);

        LEDGER.spendFund(input.user, fee);
        emit BalanceUpdated(input.user, purse.provider, purse.balance, purse.pendingRefund);
        _pay(msg.sender, fee);
    }

    function slashEquivocation(address provider, VerifierInput calldata first, VerifierInput calldata second)
        external
        nonReentrant
    {
        address signer = _recovered(Typed.settlement(first), first.signature);
        if (signer != _recovered(Typed.settlement(second), second.signature)) revert EvidenceNotConflicting();
        if (!_conflicting(first, second)) revert EvidenceNotConflicting();
        if (signer == address(0) || !_signers[provider][signer].known) revert SignerUnknown(provider, signer);
        if (_signers[provider][signer].revoked) revert SignerUnknown(provider, signer);

        _revoke(provider, signer, false);
        emit SignerRevoked(provider, signer, msg.sender);
        Bond storage bond = _bonds[provider];
        _slash(provider, bond.amount - bond.locked, first.user);
    }

    function updatePenaltyPercentage(uint256 percentage) external onlyOwner {
        _setPenalty(percentage);
    }

    function initialize(uint256, address, address, uint256) external pure {
        revert AlreadyInitialized();
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IServing).interfaceId
            || interfaceId == type(ISealtune).interfaceId;
    }

    /// The original's rules 1 to 3, in its order and words.
    function _checkAccountTerms(Account storage account, address signer, VerifierInput calldata input) private view {
        if (!account.exists()) revert AccountNotExists(input.user, msg.sender);
        if (signer == address(0)) _existing(msg.sender);
        bool agreed = account.acknowledged && _accepted(msg.sender, signer);
        if (!agreed && !_trusted(input.user, msg.sender, signer)) revert InvalidVerifierInput("TEE signer not acknowledged");
        if (input.nonce <= account.nonce) revert InvalidVerifierInput("nonce should larger than the current nonce");
        if (account.unreserved() < input.taskFee) revert InvalidVerifierInput("insufficient balance");
    }

    /// The customer's signature on the order stands for her acknowledgement of the signer, and the
    /// order is paid once: no nonce is needed, so that orders of one pair can settle in any order.
    function _checkOrderTerms(OrderRecord storage order, bytes32 idKey, address signer, VerifierInput calldata input)
        private
        view
    {
        if (!_signerStands(order, idKey, signer)) revert InvalidVerifierInput("TEE signer not acknowledged");
        if (input.taskFee > order.feeMax) revert FeeAboveOrder(input.taskFee, order.feeMax);
    }

    /// The original's rules 4 to 7.
    function _checkResult(Delivery storage delivery, address signer, VerifierInput calldata input) private view {
        if (!_exists(delivery)) revert DeliverableNotExists(input.id);
        if (delivery.settled) revert DeliverableAlreadySettled(input.id);
        if (keccak256(delivery.modelRootHash) != keccak256(input.modelRootHash)) {
            revert InvalidVerifierInput("model root hash mismatch");
        }
        if (_recovered(Typed.settlement(input), input.signature) != signer) {
            revert InvalidVerifierInput("TEE settlement validation failed");
        }
    }

    function _feeForKey(VerifierInput calldata input) private pure returns (uint256) {
        if (input.encryptedSecret.length == 0) revert SecretShouldNotBeEmpty();
        return input.taskFee;
    }

    function _feeForPatience(Delivery storage delivery, OrderRecord storage order, VerifierInput calldata input)
        private
        view
        returns (uint256)
    {
        if (input.encryptedSecret.length != 0) revert SecretShouldBeEmpty();
        uint256 until = _acknowledgeBy(delivery, order);
        if (block.timestamp <= until) revert AcknowledgementWindowOpen(input.id, until);
        uint256 shareBps = delivery.ordered ? order.penaltyBps : _penaltyPercentage * 100;
        return input.taskFee * shareBps / Limits.ALL_BPS;
    }

    function _closePaid(OrderRecord storage order) private {
        order.state = OrderState.Paid;
        _unreserve(order);
        _unlockBond(msg.sender, order.compensation);
    }

    /// One id of one customer, two results.
    function _conflicting(VerifierInput calldata first, VerifierInput calldata second) private pure returns (bool) {
        return first.user == second.user && TaskIds.key(first.id) == TaskIds.key(second.id)
            && keccak256(first.modelRootHash) != keccak256(second.modelRootHash);
    }

    function _setPenalty(uint256 percentage) private {
        if (percentage > 100) revert PenaltyPercentageTooHigh(percentage);
        _penaltyPercentage = percentage;
    }
}
