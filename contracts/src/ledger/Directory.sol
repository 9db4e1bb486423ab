// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {Owned} from "../Owned.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IServing} from "../interfaces/IServing.sol";
import {Sets} from "../libraries/Sets.sol";

/// The services a customer can spend at, by their full names: type, dash, version.
abstract contract Directory is ILedger, Owned {
    using Sets for Sets.Set;

    uint256 public constant MAX_SERVICES = 500;

    Sets.Set private _addresses;
    mapping(address service => ServiceInfo) private _infos;
    mapping(bytes32 nameKey => address) private _byName;
    mapping(bytes32 typeKey => address) private _recommended;

    function registerService(
        string memory serviceType,
        string memory version,
        address serviceAddress,
        string memory description
    ) external onlyOwner {
        string memory fullName = _checkNew(serviceType, version, serviceAddress);

        _addresses.add(Sets.word(serviceAddress));
        _byName[keccak256(bytes(fullName))] = serviceAddress;
        _infos[serviceAddress] = ServiceInfo(
            serviceAddress, serviceAddress, serviceType, version, fullName, description, false, block.timestamp
        );

        emit ServiceRegistered(serviceAddress, fullName);
    }

    function setRecommendedService(string memory serviceType, string memory version) external onlyOwner {
        address service = _serviceNamed(_fullName(serviceType, version));
        bytes32 key = keccak256(bytes(serviceType));
        address previous = _recommended[key];

        if (previous != address(0)) _infos[previous].isRecommended = false;
        _infos[service].isRecommended = true;
        _recommended[key] = service;

        emit RecommendedServiceUpdated(serviceType, version, service);
    }

    function getServiceInfo(address serviceAddress) external view returns (ServiceInfo memory) {
        return _infos[serviceAddress];
    }

    function getServiceAddressByName(string memory serviceName) external view returns (address) {
        return _byName[keccak256(bytes(serviceName))];
    }

    function getAllActiveServices() external view returns (ServiceInfo[] memory services) {
        bytes32[] memory items = _services();
        services = new ServiceInfo[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            services[i] = _infos[Sets.account(items[i])];
        }
    }

    function getAllVersions(string memory serviceType)
        external
        view
        returns (string[] memory versions, address[] memory addresses, bool[] memory isRecommendedFlags)
    {
        address[] memory found = _ofType(serviceType);
        versions = new string[](found.length);
        isRecommendedFlags = new bool[](found.length);
        for (uint256 i = 0; i < found.length; ++i) {
            versions[i] = _infos[found[i]].version;
            isRecommendedFlags[i] = _infos[found[i]].isRecommended;
        }
        return (versions, found, isRecommendedFlags);
    }

    function getRecommendedService(string memory serviceType)
        external
        view
        returns (string memory version, address serviceAddress)
    {
        serviceAddress = _recommended[keccak256(bytes(serviceType))];
        if (serviceAddress == address(0)) revert NoRecommendedService(serviceType);
        version = _infos[serviceAddress].version;
    }

    function isRecommendedVersion(string memory serviceType, string memory version) external view returns (bool) {
        return _infos[_byName[keccak256(bytes(_fullName(serviceType, version)))]].isRecommended;
    }

    function _services() internal view returns (bytes32[] memory) {
        return _addresses.page(0, type(uint256).max);
    }

    function _isService(address service) internal view returns (bool) {
        return _addresses.contains(Sets.word(service));
    }

    function _serviceNamed(string memory fullName) internal view returns (address service) {
        service = _byName[keccak256(bytes(fullName))];
        if (service == address(0)) revert ServiceNotFound(service);
    }

    function _checkNew(string memory serviceType, string memory version, address service)
        private
        view
        returns (string memory fullName)
    {
        if (bytes(serviceType).length == 0) revert ServiceTypeRequired();
        if (bytes(version).length == 0) revert VersionRequired();
        if (service == address(0)) revert InvalidServiceAddress(service);
        if (_isService(service)) revert ServiceAlreadyRegistered(service);
        fullName = _fullName(serviceType, version);
        if (_byName[keccak256(bytes(fullName))] != address(0)) revert ServiceNameExists(fullName);
        if (_addresses.length() >= MAX_SERVICES) revert ServiceRegistryLimitReached(MAX_SERVICES);
        if (!ERC165Checker.supportsInterface(service, type(IServing).interfaceId)) {
            revert ServiceMustImplementIServing(service);
        }
    }

    function _ofType(string memory serviceType) private view returns (address[] memory found) {
        bytes32[] memory items = _services();
        found = new address[](items.length);
        uint256 count = 0;
        for (uint256 i = 0; i < items.length; ++i) {
            address service = Sets.account(items[i]);
            bool same = keccak256(bytes(_infos[service].serviceType)) == keccak256(bytes(serviceType));
            if (same) found[count++] = service;
        }
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    function _fullName(string memory serviceType, string memory version) private pure returns (string memory) {
        return string.concat(serviceType, "-", version);
    }
}
