// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Bonds} from "./Bonds.sol";
import {Typed} from "../libraries/Typed.sol";

/// Whose signatures count for a provider, and until when.
abstract contract Signers is Bonds {
    function acceptSigner(
        address provider,
        address signer,
        bytes32 evidenceHash,
        bytes32 policyHash,
        uint64 expiry,
        bytes calldata signature
    ) external {
        if (block.timestamp > expiry) revert ApprovalExpired(expiry);
        Signer storage known = _signers[provider][signer];
        if (!known.known || known.revoked) revert SignerUnknown(provider, signer);
        bytes32 digest = Typed.approval(provider, signer, evidenceHash, policyHash, expiry);
        address verifier = _recovered(digest, signature);
        if (!_verifiers[verifier]) revert VerifierNotTrusted(verifier);

        if (expiry > known.acceptedUntil) known.acceptedUntil = expiry;

        emit SignerAccepted(provider, signer, verifier, evidenceHash, policyHash, expiry);
    }

    function trustSigner(address provider, address signer) external {
        uint256 balance = _accounts[_accountKey(msg.sender, provider)].balance;
        if (_trustedSigners[msg.sender][provider] != address(0) && balance > 0) {
            revert CannotRevokeWithNonZeroBalance(msg.sender, provider, balance);
        }

        _trustedSigners[msg.sender][provider] = signer;

        emit SignerTrusted(msg.sender, provider, signer);
    }

    function revokeSigner(address provider, address signer) external {
        if (msg.sender != owner && msg.sender != provider) revert NotOwner(msg.sender);
        if (!_signers[provider][signer].known) revert SignerUnknown(provider, signer);
        _revoke(provider, signer, msg.sender == owner);
        emit SignerRevoked(provider, signer, msg.sender);
    }

    function setVerifier(address verifier, bool trusted) external onlyOwner {
        _verifiers[verifier] = trusted;
        emit VerifierUpdated(verifier, trusted);
    }

    /// A provider's new signer: nobody has accepted it yet, not even if it is an old one.
    function _nameSigner(address provider, address signer) internal {
        Signer storage named = _signers[provider][signer];
        named.known = true;
        named.acceptedUntil = 0;
    }

    function _acceptForEver(address provider, address signer) internal {
        _signers[provider][signer] = Signer({acceptedUntil: type(uint64).max, known: true, revoked: false, byOwner: false});
    }

    function _revoke(address provider, address signer, bool byOwner) internal {
        _signers[provider][signer] = Signer({acceptedUntil: 0, known: true, revoked: true, byOwner: byOwner});
    }

    function _accepted(address provider, address signer) internal view returns (bool) {
        return signer != address(0) && block.timestamp <= _signers[provider][signer].acceptedUntil;
    }

    function _trusted(address customer, address provider, address signer) internal view returns (bool) {
        return signer != address(0) && _trustedSigners[customer][provider] == signer
            && !_signers[provider][signer].revoked;
    }

    /// Who signed; zero where nobody did, and zero is never accepted.
    // slither-disable-next-line unused-return
    function _recovered(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        (signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
    }
}
