// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Directory} from "./ledger/Directory.sol";
import {Owned} from "./Owned.sol";
import {IServing} from "./interfaces/IServing.sol";
import {Amounts} from "./libraries/Amounts.sol";
import {Sets} from "./libraries/Sets.sol";

/// The customers' account: one balance each, shared by all services.
/// What it holds is the sum of all available balances.
contract Ledger is Directory, ReentrancyGuardTransient {
    using Sets for Sets.Set;

    uint256 public constant MIN_ACCOUNT_BALANCE = 3 ether;
    uint256 public constant MIN_TRANSFER_AMOUNT = 1 ether;
    uint256 public constant MAX_PROVIDERS_PER_BATCH = 20;
    uint256 public constant MAX_PROVIDERS_PER_USER_PER_SERVICE = 50;
    uint256 public constant MAX_ADDITIONAL_INFO_LENGTH = 4096;

    struct Entry {
        uint128 available;
        uint128 total;
        string additionalInfo;
    }

    Sets.Set private _users;
    mapping(address user => Entry) private _entries;
    mapping(address user => mapping(address service => Sets.Set)) private _providers;

    constructor(address owner_) Owned(owner_) {
        emit Initialized(1);
    }

    /// Only services pay in here, what customers asked back from them.
    receive() external payable {
        if (!_isService(msg.sender)) revert DirectDepositsDisabled();
    }

    function addLedger(string memory additionalInfo) external payable returns (uint256, uint256) {
        _open(msg.sender, additionalInfo);
        return (msg.value, 0);
    }

    function depositFund() external payable {
        _deposit(msg.sender);
    }

    function depositFundFor(address recipient) external payable {
        if (recipient == address(0)) revert ZeroAddressNotAllowed();
        _deposit(recipient);
    }

    function transferFund(address provider, string memory serviceName, uint256 amount) external nonReentrant {
        Entry storage entry = _existing(msg.sender);
        IServing service = IServing(_serviceNamed(serviceName));
        if (service.accountExists(msg.sender, provider)) _topUp(entry, service, provider, amount);
        else _openSubAccount(entry, service, provider, amount);
    }

    // What stays locked the service itself tells.
    // slither-disable-next-line unused-return
    function retrieveFund(address[] memory providers, string memory serviceName) external nonReentrant {
        if (providers.length > MAX_PROVIDERS_PER_BATCH) {
            revert TooManyProviders(providers.length, MAX_PROVIDERS_PER_BATCH);
        }
        Entry storage entry = _existing(msg.sender);
        IServing service = IServing(_serviceNamed(serviceName));
        for (uint256 i = 0; i < providers.length; ++i) {
            if (!service.accountExists(msg.sender, providers[i])) continue;
            (uint256 returned,,) = service.processRefund(msg.sender, providers[i]);
            entry.available += Amounts.to128(returned);
            service.requestRefundAll(msg.sender, providers[i]);
        }
    }

    function refund(uint256 amount) external nonReentrant {
        Entry storage entry = _existing(msg.sender);
        if (amount > entry.available) revert InsufficientBalance(msg.sender);
        uint256 left = entry.available - amount;
        if (left != 0 && left < MIN_ACCOUNT_BALANCE) revert MinimumDepositRequired(left, MIN_ACCOUNT_BALANCE);

        entry.available -= uint128(amount);
        entry.total -= uint128(amount);
        if (entry.total == 0) _forget(msg.sender);

        (bool paid,) = msg.sender.call{value: amount}("");
        if (!paid) revert TransferFailed();
    }

    function deleteLedger() external nonReentrant {
        Entry storage entry = _existing(msg.sender);
        if (entry.total != 0) revert MustWithdrawAllFundsFirst(entry.total);
        _forget(msg.sender);
    }

    function updateAdditionalInfo(string memory additionalInfo) external {
        Entry storage entry = _existing(msg.sender);
        _checkInfo(additionalInfo);

        entry.additionalInfo = additionalInfo;

        emit LedgerInfoUpdated(msg.sender, additionalInfo);
    }

    function spendFund(address user, uint256 amount) external {
        if (!_isService(msg.sender)) revert CallerNotRegisteredService(msg.sender);
        Entry storage entry = _entries[user];
        if (amount > entry.total - entry.available) revert InsufficientBalance(user);

        entry.total -= uint128(amount);

        emit FundSpent(user, msg.sender, amount);
    }

    function initialize(address) external pure {
        revert AlreadyInitialized();
    }

    function initialized() external pure returns (bool) {
        return true;
    }

    function getLedger(address user) external view returns (LedgerInfo memory) {
        _existing(user);
        return _info(user);
    }

    function getAllLedgers(uint256 offset, uint256 limit)
        external
        view
        returns (LedgerInfo[] memory ledgers, uint256 total)
    {
        bytes32[] memory users = _users.page(offset, limit == 0 ? type(uint256).max : limit);
        ledgers = new LedgerInfo[](users.length);
        for (uint256 i = 0; i < users.length; ++i) {
            ledgers[i] = _info(Sets.account(users[i]));
        }
        return (ledgers, _users.length());
    }

    function getLedgerProviders(address user, string memory serviceName)
        external
        view
        returns (address[] memory providers)
    {
        bytes32[] memory items = _providers[user][_serviceNamed(serviceName)].page(0, type(uint256).max);
        providers = new address[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            providers[i] = Sets.account(items[i]);
        }
    }

    function _open(address user, string memory additionalInfo) private {
        if (msg.value < MIN_ACCOUNT_BALANCE) revert MinimumDepositRequired(msg.value, MIN_ACCOUNT_BALANCE);
        _checkInfo(additionalInfo);
        if (_isUser(user)) revert LedgerExists(user);

        _users.add(Sets.word(user));
        _entries[user] = Entry(Amounts.to128(msg.value), Amounts.to128(msg.value), additionalInfo);
    }

    function _deposit(address user) private {
        if (msg.value == 0) revert ZeroAmountNotAllowed();
        if (!_isUser(user)) return _open(user, "");
        Entry storage entry = _entries[user];
        entry.available += Amounts.to128(msg.value);
        entry.total += Amounts.to128(msg.value);
    }

    function _openSubAccount(Entry storage entry, IServing service, address provider, uint256 amount) private {
        if (amount < MIN_TRANSFER_AMOUNT) revert MinimumDepositRequired(amount, MIN_TRANSFER_AMOUNT);
        Sets.Set storage providers = _providers[msg.sender][address(service)];
        if (providers.length() >= MAX_PROVIDERS_PER_USER_PER_SERVICE) {
            revert TooManyProvidersForService(providers.length(), MAX_PROVIDERS_PER_USER_PER_SERVICE);
        }

        _takeAvailable(entry, amount);
        providers.add(Sets.word(provider));

        service.addAccount{value: amount}(msg.sender, provider, entry.additionalInfo);
    }

    // To a service that the owner registered, for the caller's own account there.
    // slither-disable-next-line arbitrary-send-eth
    function _topUp(Entry storage entry, IServing service, address provider, uint256 amount) private {
        uint256 pending = service.getPendingRefund(msg.sender, provider);
        uint256 cancelled = amount < pending ? amount : pending;

        _takeAvailable(entry, amount - cancelled);

        service.depositFund{value: amount - cancelled}(msg.sender, provider, cancelled);
    }

    function _takeAvailable(Entry storage entry, uint256 amount) private {
        if (amount > entry.available) revert InsufficientAvailableBalance(entry.available, amount);
        entry.available -= uint128(amount);
    }

    /// Forgets a customer who has nothing left, here and at every service.
    function _forget(address user) private {
        _users.remove(Sets.word(user));
        delete _entries[user];
        bytes32[] memory services = _services();
        for (uint256 i = 0; i < services.length; ++i) {
            _forgetAt(user, Sets.account(services[i]));
        }
    }

    function _forgetAt(address user, address service) private {
        Sets.Set storage providers = _providers[user][service];
        bytes32[] memory items = providers.page(0, type(uint256).max);
        for (uint256 i = 0; i < items.length; ++i) {
            providers.remove(items[i]);
            IServing(service).deleteAccount(user, Sets.account(items[i]));
        }
    }

    function _isUser(address user) private view returns (bool) {
        return _users.contains(Sets.word(user));
    }

    function _existing(address user) private view returns (Entry storage) {
        if (!_isUser(user)) revert LedgerNotExists(user);
        return _entries[user];
    }

    function _info(address user) private view returns (LedgerInfo memory) {
        Entry storage entry = _entries[user];
        return LedgerInfo(user, entry.available, entry.total, entry.additionalInfo);
    }

    function _checkInfo(string memory additionalInfo) private pure {
        uint256 length = bytes(additionalInfo).length;
        if (length > MAX_ADDITIONAL_INFO_LENGTH) revert AdditionalInfoTooLong(length, MAX_ADDITIONAL_INFO_LENGTH);
    }
}
