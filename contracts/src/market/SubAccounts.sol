// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Services} from "./Services.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {Account, Accounts} from "../libraries/Accounts.sol";
import {Limits} from "../libraries/Limits.sol";
import {Sets} from "../libraries/Sets.sol";

/// What customers hold at providers. Money comes and goes through the ledger alone.
abstract contract SubAccounts is Services {
    using Accounts for Account;
    using Sets for Sets.Set;

    ILedger internal immutable LEDGER;

    constructor(address ledger, uint256 lockTime_) {
        if (ledger.code.length == 0) revert InvalidLedgerAddress();
        LEDGER = ILedger(ledger);
        _checkLockTime(lockTime_);
        _lockTime = lockTime_;
    }

    modifier onlyLedger() {
        if (msg.sender != address(LEDGER)) revert CallerNotLedger();
        _;
    }

    function addAccount(address user, address provider, string calldata additionalInfo) external payable onlyLedger {
        if (bytes(additionalInfo).length > Limits.MAX_INFO_LENGTH) revert AdditionalInfoTooLong();
        bytes32 key = _accountKey(user, provider);
        Account storage account = _accounts[key];
        if (account.exists()) revert AccountExists(user, provider);

        _accountKeys.add(key);
        _keysOfUser[user].add(key);
        _keysOfProvider[provider].add(key);
        (account.user, account.provider) = (user, provider);
        account.acknowledged = true;
        account.additionalInfo = additionalInfo;
        account.credit(msg.value);

        emit BalanceUpdated(user, provider, account.balance, 0);
    }

    function depositFund(address user, address provider, uint256 cancelRetrievingAmount) external payable onlyLedger {
        Account storage account = _existingAccount(user, provider);

        account.cancelRefunds(cancelRetrievingAmount);
        account.credit(msg.value);
        account.acknowledged = true;

        emit BalanceUpdated(user, provider, account.balance, account.pendingRefund);
    }

    function requestRefundAll(address user, address provider) external onlyLedger {
        Account storage account = _existingAccount(user, provider);
        if (account.balance == 0) return;

        uint256 index = account.requestRefund();

        emit RefundRequested(user, provider, index, block.timestamp);
    }

    function processRefund(address user, address provider)
        external
        onlyLedger
        returns (uint256 totalAmount, uint256 balance, uint256 pendingRefund)
    {
        Account storage account = _existingAccount(user, provider);

        totalAmount = account.takeMatured(_lockTime);
        (balance, pendingRefund) = (account.balance, account.pendingRefund);
        if (totalAmount == 0) return (0, balance, pendingRefund);

        emit BalanceUpdated(user, provider, balance, pendingRefund);

        (bool paid,) = msg.sender.call{value: totalAmount}("");
        if (!paid) revert TransferToLedgerFailed();
    }

    function updateLockTime(uint256 locktime) external onlyOwner {
        _checkLockTime(locktime);
        emit LockTimeUpdated(_lockTime, locktime);
        _lockTime = locktime;
    }

    function acknowledgeTEESigner(address provider, bool acknowledged) external {
        Account storage account = _existingAccount(msg.sender, provider);
        if (!acknowledged && account.balance > 0) {
            revert CannotRevokeWithNonZeroBalance(msg.sender, provider, account.balance);
        }
        account.acknowledged = acknowledged;
    }

    function accountExists(address user, address provider) external view returns (bool) {
        return _accounts[_accountKey(user, provider)].exists();
    }

    function getPendingRefund(address user, address provider) external view returns (uint256) {
        return _existingAccount(user, provider).pendingRefund;
    }

    function ledgerAddress() external view returns (address) {
        return address(LEDGER);
    }

    /// Forgets the account, except for its nonce.
    function _forgetAccount(Account storage account) internal {
        (address user, address provider) = (account.user, account.provider);
        if (account.balance != 0) revert AccountNotEmpty(user, provider, account.balance);
        bytes32 key = _accountKey(user, provider);
        _accountKeys.remove(key);
        _keysOfUser[user].remove(key);
        _keysOfProvider[provider].remove(key);
        uint256 nonce = account.nonce;
        delete _accounts[key];
        _accounts[key].nonce = nonce;
    }

    function _checkLockTime(uint256 value) private pure {
        if (value < Limits.MIN_LOCKTIME || value > Limits.MAX_LOCKTIME) revert LockTimeOutOfRange(value);
    }
}
