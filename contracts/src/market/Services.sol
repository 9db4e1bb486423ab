// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Signers} from "./Signers.sol";
import {Limits} from "../libraries/Limits.sol";
import {Sets} from "../libraries/Sets.sol";

/// The registry of providers and what they offer.
abstract contract Services is Signers {
    using Sets for Sets.Set;

    function addOrUpdateService(
        string calldata url,
        Quota calldata quota,
        uint256 pricePerToken,
        bool occupied,
        string[] calldata models,
        address teeSignerAddress
    ) external payable {
        Service storage service = _services[msg.sender];
        if (service.provider == address(0)) _register(teeSignerAddress);
        else _update(service.teeSignerAddress, teeSignerAddress);

        service.provider = msg.sender;
        service.url = url;
        service.quota = quota;
        service.pricePerToken = pricePerToken;
        service.occupied = occupied;
        service.models = models;
        service.teeSignerAddress = teeSignerAddress;

        emit ServiceUpdated(msg.sender, url, quota, pricePerToken, teeSignerAddress, occupied);
    }

    function removeService() external {
        _existing(msg.sender);

        _providers.remove(Sets.word(msg.sender));
        delete _services[msg.sender];
        _startUnbonding();

        emit ServiceRemoved(msg.sender);
    }

    function addBond() external payable {
        _existing(msg.sender);
        _addBond();
    }

    function acknowledgeTEESignerByOwner(address provider) external onlyOwner {
        address signer = _existing(provider).teeSignerAddress;
        _acceptForEver(provider, signer);
        emit ProviderTEESignerAcknowledged(provider, signer, true);
    }

    function revokeTEESignerAcknowledgement(address provider) external onlyOwner {
        address signer = _existing(provider).teeSignerAddress;
        _revoke(provider, signer, true);
        emit ProviderTEESignerAcknowledged(provider, signer, false);
    }

    function _register(address signer) private {
        if (msg.value < Limits.MIN_PROVIDER_STAKE) revert InsufficientStake(msg.value, Limits.MIN_PROVIDER_STAKE);
        _providers.add(Sets.word(msg.sender));
        _addBond();
        _nameSigner(msg.sender, signer);
    }

    function _update(address previous, address signer) private {
        if (msg.value != 0) revert CannotAddStakeWhenUpdating();
        if (signer != previous) _nameSigner(msg.sender, signer);
    }

}
