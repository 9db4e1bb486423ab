// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "../../src/interfaces/IFineTuningTypes.sol";
import {ILedger} from "../../src/interfaces/ILedger.sol";
import {ISealtuneTypes} from "../../src/interfaces/ISealtuneTypes.sol";
import {IMarket} from "../helpers/IMarket.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// Two customers, two providers, and everything they may do, in any order.
/// What cannot succeed now is not tried, so that every revert is a finding.
contract Handler is IFineTuningTypes, ISealtuneTypes {
    string private constant FT = "fine-tuning-v1.0";
    uint256 private constant TEE_KEY = 0x7ee;

    struct Task {
        address customer;
        address provider;
        string id;
        /// Zero for a task without an order.
        bytes32 orderId;
        bool acknowledged;
        bool closed;
        uint256 payments;
    }

    ILedger private immutable LEDGER;
    IMarket private immutable MARKET;
    address public immutable RELAY = address(0x57a9);

    uint256[2] private customerKeys = [uint256(0xc0ffee), 0xc0ffee2];
    address[2] public customers;
    address[2] public providers = [address(0x9991), address(0x9992)];

    bytes32[] public orders;
    Task[] private tasks;
    mapping(address customer => mapping(address provider => uint256)) public lastNonce;
    uint256 private counter;

    constructor(ILedger ledger, IMarket market) {
        (LEDGER, MARKET) = (ledger, market);
        for (uint256 i = 0; i < 2; ++i) {
            customers[i] = vm.addr(customerKeys[i]);
        }
    }

    function deposit(uint256 who, uint256 amount) external {
        address customer = customers[who % 2];
        vm.prank(customer);
        LEDGER.depositFund{value: within(amount, 3 ether, 50 ether)}();
    }

    function transfer(uint256 who, uint256 at, uint256 amount) external {
        (address customer, address provider) = (customers[who % 2], _purseAt(at));
        uint256 available = _available(customer);
        if (available < 1 ether) return;
        vm.prank(customer);
        LEDGER.transferFund(provider, FT, within(amount, 1 ether, available));
    }

    function retrieve(uint256 who, uint256 at) external {
        (address customer, address provider) = (customers[who % 2], _purseAt(at));
        if (_available(customer) == 0 || _refunds(customer, provider) == 5) return;
        address[] memory one = new address[](1);
        one[0] = provider;
        vm.prank(customer);
        LEDGER.retrieveFund(one, FT);
    }

    function refund(uint256 who, uint256 amount) external {
        address customer = customers[who % 2];
        uint256 available = _available(customer);
        if (available < 4 ether) return;
        vm.prank(customer);
        LEDGER.refund(within(amount, 0, available - 3 ether));
    }

    function openOrder(uint256 who, uint256 at, uint256 fee, uint256 compensation) external {
        uint256 free = _free(customers[who % 2], _purseAt(at));
        if (!MARKET.accountExists(customers[who % 2], _purseAt(at))) return;
        Order memory order;
        order.customer = customers[who % 2];
        order.provider = _purseAt(at);
        order.feeMax = within(fee, 0, free);
        order.deadline = uint64(block.timestamp + 2 hours);
        order.nonce = ++counter;
        order.ackWindow = 1 hours;
        order.penaltyBps = 2500;
        order.compensation = within(compensation, 0, 20 ether);
        bytes memory signature = Signing.signed(MARKET.orderDigest(order), customerKeys[who % 2]);
        vm.prank(RELAY);
        orders.push(MARKET.openOrder(order, signature));
    }

    function accept(uint256 which, uint256 by) external {
        (bytes32 id, OrderRecord memory order) = _order(which);
        address provider = order.forAnybody ? providers[by % 2] : order.provider;
        Bond memory bond = MARKET.getBond(provider);
        bool late = block.timestamp > order.deadline;
        if (order.state != OrderState.Open || late || bond.withdrawableAt != 0) return;
        if (bond.amount - bond.locked < 2 * uint256(order.compensation)) return;
        if (!_serves(provider)) return;
        vm.prank(provider);
        MARKET.acceptOrder(id);
    }

    function withdraw(uint256 which) external {
        (bytes32 id, OrderRecord memory order) = _order(which);
        if (order.state != OrderState.Open) return;
        vm.prank(order.customer);
        MARKET.withdrawOrder(id);
    }

    function release(uint256 which, uint16 reason, bool excused) external {
        (bytes32 id, OrderRecord memory order) = _order(which);
        if (order.state != OrderState.Accepted || !_serves(order.provider)) return;
        bytes memory excuse = excused ? Signing.release(id, reason, address(MARKET), TEE_KEY) : bytes("");
        vm.prank(order.provider);
        MARKET.releaseOrder(id, reason, excuse);
    }

    function reclaim(uint256 which) external {
        (bytes32 id, OrderRecord memory order) = _order(which);
        bool open = order.state == OrderState.Open || order.state == OrderState.Accepted;
        if (!open && order.state != OrderState.Delivered) return;
        if (block.timestamp <= MARKET.reclaimableAt(id)) return;
        vm.prank(RELAY);
        MARKET.reclaimOrder(id);
        _close(id);
    }

    function deliverOrder(uint256 which) external {
        (bytes32 id, OrderRecord memory order) = _order(which);
        if (order.state != OrderState.Accepted || block.timestamp > order.deadline) return;
        if (!_serves(order.provider)) return;
        _deliver(order.customer, order.provider, vm.toString(id), id);
    }

    function deliver(uint256 who, uint256 by) external {
        (address customer, address provider) = (customers[who % 2], providers[by % 2]);
        if (!MARKET.accountExists(customer, provider)) return;
        Deliverable[] memory before = MARKET.getDeliverables(customer, provider);
        if (before.length > 0) {
            Deliverable memory last = before[before.length - 1];
            if (!last.acknowledged && !last.settled) return;
            if (before.length == 20 && !before[0].settled) return;
        }
        _deliver(customer, provider, vm.toString(++counter), 0);
    }

    function acknowledge(uint256 which) external {
        if (tasks.length == 0) return;
        Task storage task = tasks[which % tasks.length];
        if (task.closed) return;
        vm.prank(task.customer);
        MARKET.acknowledgeDeliverable(task.provider, task.id);
        task.acknowledged = true;
    }

    function abandon(uint256 which) external {
        if (tasks.length == 0) return;
        Task storage task = tasks[which % tasks.length];
        if (task.closed) return;
        vm.prank(task.provider);
        MARKET.abandonDeliverable(task.customer, task.id);
        task.closed = true;
    }

    function settle(uint256 which, uint256 fee) external {
        if (tasks.length == 0) return;
        Task storage task = tasks[which % tasks.length];
        if (!task.closed && !_settleable(task)) return;
        VerifierInput memory input = _input(task, fee);
        input.signature = Signing.settlement(input, address(MARKET), TEE_KEY);
        vm.prank(task.provider);
        // What is closed is tried once more, and must be refused.
        try MARKET.settleFees(input) {
            task.payments += 1;
        } catch (bytes memory reason) {
            if (!task.closed) revert(string(reason));
        }
        task.closed = true;
        _noteNonce(task);
    }

    function claim(uint256 who) external {
        address customer = customers[who % 2];
        if (MARKET.claimable(customer) == 0) return;
        vm.prank(customer);
        MARKET.claim();
    }

    function addBond(uint256 by, uint256 amount) external {
        address provider = providers[by % 2];
        if (!_serves(provider)) return;
        vm.prank(provider);
        MARKET.addBond{value: within(amount, 0, 10 ether)}();
    }

    function leave(uint256 by) external {
        address provider = providers[by % 2];
        if (!_serves(provider)) return;
        vm.prank(provider);
        MARKET.removeService();
    }

    function comeBack(uint256 by) external {
        address provider = providers[by % 2];
        if (_serves(provider)) return;
        enter(provider);
    }

    function withdrawBond(uint256 by) external {
        address provider = providers[by % 2];
        Bond memory bond = MARKET.getBond(provider);
        bool due = bond.withdrawableAt != 0 && block.timestamp >= bond.withdrawableAt;
        if (!due || bond.locked != 0 || bond.amount == 0) return;
        vm.prank(provider);
        MARKET.withdrawBond();
    }

    function contradict(uint256 by, uint256 who, uint8 dice) external {
        address provider = providers[by % 2];
        if (dice > 20 || MARKET.signerAcceptedUntil(provider, vm.addr(TEE_KEY)) == 0) return;
        VerifierInput memory first;
        (first.user, first.modelRootHash) = (customers[who % 2], "a");
        VerifierInput memory second = abi.decode(abi.encode(first), (VerifierInput));
        second.modelRootHash = "b";
        first.signature = Signing.settlement(first, address(MARKET), TEE_KEY);
        second.signature = Signing.settlement(second, address(MARKET), TEE_KEY);
        vm.prank(RELAY);
        MARKET.slashEquivocation(provider, first, second);
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + within(time, 1 minutes, 1 days));
    }

    /// Registers a provider and has its signer accepted.
    function enter(address provider) public {
        if (provider != providers[0] && provider != providers[1]) return;
        if (_serves(provider)) return;
        Quota memory quota;
        uint256 stake = _registered(provider) ? 0 : 100 ether;
        vm.prank(provider);
        MARKET.addOrUpdateService{value: stake}("u", quota, 1, false, new string[](0), vm.addr(TEE_KEY));
        address owner = MARKET.owner();
        vm.prank(owner);
        MARKET.acknowledgeTEESignerByOwner(provider);
    }

    function orderCount() external view returns (uint256) {
        return orders.length;
    }

    function taskCount() external view returns (uint256) {
        return tasks.length;
    }

    function paymentsOf(uint256 index) external view returns (uint256) {
        return tasks[index].payments;
    }

    function _deliver(address customer, address provider, string memory id, bytes32 orderId) private {
        vm.prank(provider);
        MARKET.addDeliverable(customer, id, "root");
        tasks.push(Task(customer, provider, id, orderId, false, false, 0));
    }

    function _close(bytes32 orderId) private {
        for (uint256 i = 0; i < tasks.length; ++i) {
            if (tasks[i].orderId == orderId) tasks[i].closed = true;
        }
    }

    function _noteNonce(Task storage task) private {
        if (!MARKET.accountExists(task.customer, task.provider)) return;
        uint256 nonce = MARKET.getAccount(task.customer, task.provider).nonce;
        require(nonce >= lastNonce[task.customer][task.provider], "a nonce fell");
        lastNonce[task.customer][task.provider] = nonce;
    }

    function _input(Task storage task, uint256 fee) private returns (VerifierInput memory input) {
        uint256 most = task.orderId != 0
            ? MARKET.getOrder(task.orderId).feeMax
            : _balance(task.customer, task.provider) - MARKET.reservedFee(task.customer, task.provider);
        return VerifierInput({
            id: task.id,
            encryptedSecret: task.acknowledged ? bytes("key") : bytes(""),
            modelRootHash: "root",
            nonce: ++counter,
            signature: "",
            taskFee: within(fee, 0, most),
            user: task.customer
        });
    }

    function _order(uint256 which) private view returns (bytes32 id, OrderRecord memory order) {
        if (orders.length == 0) return (id, order);
        id = orders[which % orders.length];
        return (id, MARKET.getOrder(id));
    }

    /// A provider, or nobody: the purse of orders for anybody.
    function _purseAt(uint256 at) private view returns (address) {
        return at % 3 == 2 ? address(0) : providers[at % 3];
    }

    function _serves(address provider) private view returns (bool) {
        if (MARKET.signerAcceptedUntil(provider, vm.addr(TEE_KEY)) == 0) return false;
        return MARKET.getBond(provider).withdrawableAt == 0 && _registered(provider);
    }

    function _registered(address provider) private view returns (bool) {
        Service[] memory services = MARKET.getAllServices();
        for (uint256 i = 0; i < services.length; ++i) {
            if (services[i].provider == provider) return true;
        }
        return false;
    }

    function _settleable(Task storage task) private view returns (bool) {
        address signer = MARKET.deliverableSigner(task.customer, task.provider, task.id);
        if (signer == address(0) || MARKET.signerAcceptedUntil(task.provider, signer) == 0) return false;
        uint256 until = MARKET.acknowledgementDeadline(task.customer, task.provider, task.id);
        return task.acknowledged || block.timestamp > until;
    }

    function _available(address customer) private view returns (uint256) {
        try LEDGER.getLedger(customer) returns (ILedger.LedgerInfo memory info) {
            return info.availableBalance;
        } catch {
            return 0;
        }
    }

    function _balance(address customer, address provider) private view returns (uint256) {
        if (!MARKET.accountExists(customer, provider)) return 0;
        return MARKET.getAccount(customer, provider).balance;
    }

    function _free(address customer, address provider) private view returns (uint256) {
        return _balance(customer, provider) - MARKET.reservedFee(customer, provider);
    }

    function _refunds(address customer, address provider) private view returns (uint256) {
        if (!MARKET.accountExists(customer, provider)) return 0;
        return MARKET.getAccount(customer, provider).validRefundsLength;
    }
}
