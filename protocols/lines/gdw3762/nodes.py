"""The list of nodes in a simulated module: who was told to it, how they are reached, who was read."""

from protocols.lines.gdw3762 import items

LIST_MOST = 32  # nodes in one answer
PHASE = {1: 1, 2: 2, 4: 3}  # bit -> number


class Denied(Exception):
    """args[0]: a name of items.CODES."""


class Node:
    """A meter that the carrier reaches. `meter`: has feed(request) -> reply; `phases`: bit 0 phase 1 ..

    It answers after `delay_ms`; of its next `lose` answers none arrives, though the meter acted. `online`
    False: not in the network. `was_read`: an answer arrived since the data were cleared.
    """

    def __init__(self, meter, level=0, phases=1, signal=15, delay_ms=0, lose=0, online=True) -> None:
        self.meter, self.level, self.phases, self.signal = meter, level, phases, signal
        self.delay_ms, self.lose, self.online = delay_ms, lose, online
        self.was_read = False


class Nodes:
    """`world`: {12 digits: Node} that the carrier reaches; `rows`: [(12 digits, protocol)] as told, at most
    `limit`. Each action takes the values of its item and returns those of the answer, None to confirm.
    """

    ACTIONS = {
        "init_parameters": "clear",
        "init_data": "forget",
        "node_count": "count",
        "nodes": "listed",
        "nodes_not_read": "not_read",
        "add_nodes": "add",
        "delete_nodes": "delete",
    }

    def __init__(self, world, limit) -> None:
        self.world, self.limit, self.rows = world, limit, []

    def protocol(self, address) -> int:
        """Denied when it is no node."""
        for known, protocol in self.rows:
            if known == address:
                return protocol
        raise Denied("unknown_node")

    def place(self, address) -> int:
        """From 1 on."""
        return [row[0] for row in self.rows].index(address) + 1

    def clear(self, _values) -> None:
        self.rows = []

    def forget(self, _values) -> None:
        for address in self.world:
            self.world[address].was_read = False

    def count(self, _values) -> dict:
        return {"count": len(self.rows), "limit": self.limit}

    def listed(self, values) -> dict:
        return self._part(self.rows, values)

    def not_read(self, values) -> dict:
        read = self.read()
        return self._part([row for row in self.rows if row[0] not in read], values)

    def read(self) -> list:
        return [row[0] for row in self.rows if row[0] in self.world and self.world[row[0]].was_read]

    def add(self, values) -> None:
        """All of them or none."""
        new = [(node["address"], node["protocol"]) for node in values["nodes"]]
        known = {row[0] for row in self.rows + new}
        if len(known) < len(self.rows) + len(new):
            raise Denied("node_exists")
        if len(known) > self.limit or any([protocol > items.DLT698 for _address, protocol in new]):
            raise Denied("invalid_data")
        self.rows = self.rows + new

    def delete(self, values) -> None:
        """All of them or none."""
        gone = [node["address"] for node in values["nodes"]]
        for address in gone:
            self.protocol(address)
        self.rows = [row for row in self.rows if row[0] not in gone]

    def _part(self, rows, values) -> dict:
        start, count = max(0, values["start"] - 1), min(values["count"], LIST_MOST)
        return {"total": len(rows), "nodes": [self._row(*row) for row in rows[start : start + count]]}

    def _row(self, address, protocol) -> dict:
        node = self.world.get(address)
        out = {"address": address, "protocol": protocol, "level": 0, "signal": 0, "phases": 0}
        if node is not None and node.online:
            out.update(level=node.level, signal=node.signal, phases=node.phases)
        return out
