// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IFineTuningTypes} from "../interfaces/IFineTuningTypes.sol";
import {ISealtuneTypes} from "../interfaces/ISealtuneTypes.sol";

/// The EIP-712 digests that customers, TEE signers and verifiers sign.
library Typed {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant VERSION = keccak256("1");
    /// 0G's settlement has a domain of its own.
    bytes32 private constant SETTLEMENT_NAME = keccak256("0G Fine-Tuning Serving");
    bytes32 private constant NAME = keccak256("sealtune");

    bytes32 private constant SETTLEMENT = keccak256(
        "VerifierMessage(string id,bytes encryptedSecret,bytes modelRootHash,uint256 nonce,uint256 taskFee,address user)"
    );
    bytes32 private constant ORDER = keccak256(
        "Order(address customer,address provider,bytes32 baseModel,bytes32 dataset,bytes32 recipe,uint256 feeMax,uint64 deadline,uint256 nonce,bytes encryptionKey,uint8 tier,uint64 ackWindow,uint16 penaltyBps,uint256 compensation,bool resumable)"
    );
    bytes32 private constant APPROVAL = keccak256(
        "SignerApproval(address provider,address signer,bytes32 evidenceHash,bytes32 policyHash,uint64 expiry)"
    );
    bytes32 private constant RELEASE = keccak256("Release(bytes32 orderId,uint16 reason)");

    function settlement(IFineTuningTypes.VerifierInput calldata input) internal view returns (bytes32) {
        bytes32 message = keccak256(
            abi.encode(
                SETTLEMENT,
                keccak256(bytes(input.id)),
                keccak256(input.encryptedSecret),
                keccak256(input.modelRootHash),
                input.nonce,
                input.taskFee,
                input.user
            )
        );
        return inDomain(SETTLEMENT_NAME, message);
    }

    function order(ISealtuneTypes.Order calldata asked) internal view returns (bytes32) {
        bytes memory head = abi.encode(
            ORDER,
            asked.customer,
            asked.provider,
            asked.baseModel,
            asked.dataset,
            asked.recipe,
            asked.feeMax,
            asked.deadline,
            asked.nonce
        );
        bytes memory tail = abi.encode(
            keccak256(asked.encryptionKey),
            asked.tier,
            asked.ackWindow,
            asked.penaltyBps,
            asked.compensation,
            asked.resumable
        );
        return inDomain(NAME, keccak256(bytes.concat(head, tail)));
    }

    function approval(address provider, address signer, bytes32 evidenceHash, bytes32 policyHash, uint64 expiry)
        internal
        view
        returns (bytes32)
    {
        return inDomain(NAME, keccak256(abi.encode(APPROVAL, provider, signer, evidenceHash, policyHash, expiry)));
    }

    function release(bytes32 orderId, uint16 reason) internal view returns (bytes32) {
        return inDomain(NAME, keccak256(abi.encode(RELEASE, orderId, reason)));
    }

    function inDomain(bytes32 name, bytes32 message) private view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, name, VERSION, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(domain, message);
    }
}
