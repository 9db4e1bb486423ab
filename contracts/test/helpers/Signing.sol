// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IMarket} from "./IMarket.sol";
import {vm} from "./Vm.sol";

/// Signatures made apart from the contracts' own hashing, from the text of the standards.
library Signing {
    function settlement(IMarket.VerifierInput memory input, address market, uint256 key)
        internal
        view
        returns (bytes memory)
    {
        bytes32 message = keccak256(
            bytes.concat(
                keccak256(
                    "VerifierMessage(string id,bytes encryptedSecret,bytes modelRootHash,uint256 nonce,uint256 taskFee,address user)"
                ),
                keccak256(bytes(input.id)),
                keccak256(input.encryptedSecret),
                keccak256(input.modelRootHash),
                bytes32(input.nonce),
                bytes32(input.taskFee),
                bytes32(uint256(uint160(input.user)))
            )
        );
        return signed(digest("0G Fine-Tuning Serving", market, message), key);
    }

    function approval(
        address provider,
        address signer,
        bytes32 evidence,
        bytes32 policy,
        uint64 expiry,
        address market,
        uint256 key
    ) internal view returns (bytes memory) {
        bytes32 message = keccak256(
            abi.encode(
                keccak256(
                    "SignerApproval(address provider,address signer,bytes32 evidenceHash,bytes32 policyHash,uint64 expiry)"
                ),
                provider,
                signer,
                evidence,
                policy,
                expiry
            )
        );
        return signed(digest("sealtune", market, message), key);
    }

    function release(bytes32 orderId, uint16 reason, address market, uint256 key) internal view returns (bytes memory) {
        bytes32 message = keccak256(abi.encode(keccak256("Release(bytes32 orderId,uint16 reason)"), orderId, reason));
        return signed(digest("sealtune", market, message), key);
    }

    function signed(bytes32 hash, uint256 key) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return bytes.concat(r, s, bytes1(v));
    }

    function digest(string memory name, address market, bytes32 message) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                market
            )
        );
        return keccak256(bytes.concat("\x19\x01", domain, message));
    }
}
