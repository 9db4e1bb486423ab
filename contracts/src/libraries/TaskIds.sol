// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// The text of an order id where 0G's interface asks for a string: `0x` and 64 lower-case digits.
library TaskIds {
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// What deliverables and orders are filed under.
    function key(string calldata id) internal pure returns (bytes32) {
        return keccak256(bytes(id));
    }

    function key(bytes32 orderId) internal pure returns (bytes32) {
        return keccak256(bytes(text(orderId)));
    }

    function text(bytes32 orderId) internal pure returns (string memory) {
        return string(abi.encodePacked("0x", digits(uint256(orderId) >> 128), digits(uint128(uint256(orderId)))));
    }

    /// The order id in a text that `text` made.
    function parse(string calldata id) internal pure returns (bytes32 orderId) {
        bytes calldata letters = bytes(id);
        uint256 number = 0;
        for (uint256 i = 2; i < letters.length; ++i) {
            uint256 letter = uint8(letters[i]);
            number = number << 4 | (letter > 0x39 ? letter - 0x57 : letter - 0x30);
        }
        return bytes32(number);
    }

    /// The 32 digits of a 128-bit number: first one nibble to a byte, then each byte to its letter.
    function digits(uint256 number) private pure returns (bytes32) {
        number = (number | number << 64) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        number = (number | number << 32) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        number = (number | number << 16) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        number = (number | number << 8) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        number = (number | number << 4) & (ONES * 0x0f);
        uint256 letters = (number + ONES * 6) >> 4 & ONES;
        return bytes32(number + ONES * 0x30 + letters * 0x27);
    }
}
