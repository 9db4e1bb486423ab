// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// Sets of words that can be listed. Removing one moves the last into its place.
library Sets {
    struct Set {
        bytes32[] items;
        /// One more than the index; zero for what is not in the set.
        mapping(bytes32 item => uint256) place;
    }

    function add(Set storage set, bytes32 item) internal {
        if (set.place[item] != 0) return;
        set.items.push(item);
        set.place[item] = set.items.length;
    }

    function remove(Set storage set, bytes32 item) internal {
        uint256 place = set.place[item];
        if (place == 0) return;
        bytes32 last = set.items[set.items.length - 1];
        if (last != item) {
            set.items[place - 1] = last;
            set.place[last] = place;
        }
        set.items.pop();
        delete set.place[item];
    }

    function contains(Set storage set, bytes32 item) internal view returns (bool) {
        return set.place[item] != 0;
    }

    function length(Set storage set) internal view returns (uint256) {
        return set.items.length;
    }

    /// The items from `offset` on, `limit` at most.
    function page(Set storage set, uint256 offset, uint256 limit) internal view returns (bytes32[] memory items) {
        uint256 total = set.items.length;
        if (offset >= total) return items;
        uint256 count = total - offset < limit ? total - offset : limit;
        items = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = set.items[offset + i];
        }
    }

    function word(address owner) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(owner)));
    }

    function account(bytes32 item) internal pure returns (address) {
        return address(uint160(uint256(item)));
    }
}
