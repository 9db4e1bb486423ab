// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IOwned} from "./IOwned.sol";

/// The account of every customer: one balance, shared by all services.
/// The external interface is that of 0G's generation 3 `LedgerManager`.
interface ILedger is IOwned {
    /// `totalBalance` is `availableBalance` and all that lies in sub-accounts of services.
    struct LedgerInfo {
        address user;
        uint256 availableBalance;
        uint256 totalBalance;
        string additionalInfo;
    }

    struct ServiceInfo {
        address serviceAddress;
        address serviceContract;
        string serviceType;
        string version;
        string fullName;
        string description;
        bool isRecommended;
        uint256 registeredAt;
    }

    event FundSpent(address indexed user, address indexed service, uint256 amount);
    event Initialized(uint8 version);
    event LedgerInfoUpdated(address indexed user, string additionalInfo);
    event RecommendedServiceUpdated(string serviceType, string version, address serviceAddress);
    event ServiceRegistered(address indexed serviceAddress, string serviceName);

    error AdditionalInfoTooLong(uint256 length, uint256 max);
    error AlreadyInitialized();
    error CallerNotRegisteredService(address caller);
    /// A service failed without a reason; with a reason, that reason is passed on.
    error CallFailed();
    error DirectDepositsDisabled();
    error InsufficientAvailableBalance(uint256 available, uint256 required);
    error InsufficientBalance(address user);
    error InvalidServiceAddress(address serviceAddress);
    error InvalidServiceType(string serviceType);
    error LedgerExists(address user);
    error LedgerLocked();
    error LedgerNotExists(address user);
    error MinimumDepositRequired(uint256 provided, uint256 required);
    error MustWithdrawAllFundsFirst(uint256 remainingBalance);
    error NoRecommendedService(string serviceType);
    error ServiceAlreadyRegistered(address serviceAddress);
    error ServiceMustImplementIServing(address serviceAddress);
    error ServiceNameExists(string serviceName);
    error ServiceNotFound(address serviceAddress);
    error ServiceNotRegistered(address serviceAddress);
    error ServiceRegistryLimitReached(uint256 limit);
    error ServiceTypeRequired();
    error TooManyProviders(uint256 requested, uint256 maximum);
    error TooManyProvidersForService(uint256 current, uint256 maximum);
    error TransferFailed();
    error VersionRequired();
    error ZeroAddressNotAllowed();
    error ZeroAmountNotAllowed();

    // Customers.

    /// Opens the caller's ledger with the value sent, at least `MIN_ACCOUNT_BALANCE`.
    function addLedger(string memory additionalInfo) external payable returns (uint256, uint256);

    function depositFund() external payable;

    /// Deposits for `recipient`; opens the ledger if there is none.
    function depositFundFor(address recipient) external payable;

    /// Moves money from the ledger to the sub-account at `provider` of the service with the
    /// full name `serviceName`. What is on its way back from there is taken first.
    function transferFund(address provider, string memory serviceName, uint256 amount) external;

    /// Collects what has matured at each provider and asks for all the rest.
    function retrieveFund(address[] memory providers, string memory serviceName) external;

    /// Pays out of the ledger. What remains is nothing, or at least `MIN_ACCOUNT_BALANCE`.
    function refund(uint256 amount) external;

    function deleteLedger() external;

    function updateAdditionalInfo(string memory additionalInfo) external;

    // Services.

    /// Records that `amount` of the customer's money was spent at the calling service.
    function spendFund(address user, uint256 amount) external;

    // Owner.

    function registerService(
        string memory serviceType,
        string memory version,
        address serviceAddress,
        string memory description
    ) external;

    function setRecommendedService(string memory serviceType, string memory version) external;

    /// Always refused: the constructor has done it. Kept for the shape of the interface.
    // slither-disable-next-line shadowing-local
    function initialize(address owner) external;

    // Views.

    function initialized() external view returns (bool);
    function getLedger(address user) external view returns (LedgerInfo memory);
    function getAllLedgers(uint256 offset, uint256 limit)
        external
        view
        returns (LedgerInfo[] memory ledgers, uint256 total);
    function getLedgerProviders(address user, string memory serviceName) external view returns (address[] memory);
    function getServiceInfo(address serviceAddress) external view returns (ServiceInfo memory);
    function getServiceAddressByName(string memory serviceName) external view returns (address);
    function getAllActiveServices() external view returns (ServiceInfo[] memory);
    function getAllVersions(string memory serviceType)
        external
        view
        returns (string[] memory versions, address[] memory addresses, bool[] memory isRecommendedFlags);
    function getRecommendedService(string memory serviceType)
        external
        view
        returns (string memory version, address serviceAddress);
    function isRecommendedVersion(string memory serviceType, string memory version) external view returns (bool);

    function MAX_ADDITIONAL_INFO_LENGTH() external view returns (uint256);
    function MAX_PROVIDERS_PER_BATCH() external view returns (uint256);
    function MAX_PROVIDERS_PER_USER_PER_SERVICE() external view returns (uint256);
    function MAX_SERVICES() external view returns (uint256);
    function MIN_ACCOUNT_BALANCE() external view returns (uint256);
    function MIN_TRANSFER_AMOUNT() external view returns (uint256);
}
