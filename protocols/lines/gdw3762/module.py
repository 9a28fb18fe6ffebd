"""A simulated carrier module with the meters behind it: `Server`.

It carries frames to meters (AFN 02, 13, F1), keeps the list of nodes that a concentrator tells it (AFN 11),
answers queries (AFN 03, 10), confirms controls, and by itself reports and asks what to read (AFN 06, 14).
Time is `run(ms)`: what a node answers after its delay comes from there.

Limits: no paths are learned and no relay is simulated: level, phases and signal of a node are what the rig
says, relays named in a request are passed over. One read by AFN 02 or 13 at a time, `at_once` by AFN F1. A
broadcast reaches every meter at once. Nodes do not register, nothing is upgraded, files are refused. A read
that is asked for by AFN 14 takes no time. A restart loses what is under way, and nothing else.
"""

from protocols.lines import dlt645
from protocols.lines.gdw3762 import items
from protocols.lines.gdw3762.frame import (
    BROADBAND,
    CONCURRENT,
    CONFIRM,
    STARTED,
    UP,
    Framer,
    answer,
    fns,
    number,
)
from protocols.lines.gdw3762.nodes import PHASE, Denied, Nodes
from protocols.lines.refused import Refused

MOST_FRAMES = 13  # of a meter in one AFN F1
MOST_BYTES = {CONCURRENT: 2000}  # of an answer; all other AFN have one byte for its length
TIMEOUT_MS = 6000  # a node is given up
VENDOR = {"vendor": "LK", "chip": "SM", "date": "261122", "version": "0100"}
_WHY = {  # reason of a Refused -> error of the denial
    "unknown_item": "unsupported",
    "unsupported": "unknown_item",
    "truncated": "bad_length",
    "trailing": "bad_length",
}


class Server:
    """`world`: {12 digits: Node} that the carrier reaches; of the next `silent` requests none is answered,
    though they are carried out; `unconfirmed`: numbers of what it started.
    """

    FRAMER = Framer
    ACTIONS = {
        "init_hardware": "_restart",
        "pass_on": "_carry",
        "forward": "_carry",
        "concurrent": "_carry",
        "vendor": "_vendor",
        "own_address": "_own_address",
        "node_timeout": "_node_timeout",
        "supported": "_supported",
        "set_own_address": "_set_own_address",
        "allow_events": "_nothing",
        "broadcast": "_broadcast",
        "set_node_timeout": "_set_node_timeout",
        "route_state": "_route_state",
        "restart": "_restart",
        "pause": "_pause",
        "resume": "_resume",
    }

    def __init__(self, address, world, limit=1000, at_once=5, mode=BROADBAND) -> None:
        self.address, self.world, self.at_once, self.mode = address, world, at_once, mode
        self.nodes = Nodes(world, limit)
        self.timeout_ms, self.silent, self.working = TIMEOUT_MS, 0, True
        self.unconfirmed = set()
        self._asked = {}  # number of our AFN 14 F1 -> (address, place, protocol)
        self._number = self._now = 0
        self._due = []  # (ms, bytes, (address, AFN) of the read that ends then or None)
        self._framer = Framer()

    def feed(self, data) -> bytes:
        """All reply bytes to what arrived that need no waiting."""
        out = b"".join([self._answer(frame) for frame in self._framer.feed(data)])
        return out + self.run(0)

    def run(self, ms) -> bytes:
        """So much time passes: what is due by then."""
        self._now += ms
        due = sorted([row for row in self._due if row[0] <= self._now], key=lambda row: row[0])
        self._due = [row for row in self._due if row[0] > self._now]
        return b"".join([row[1] for row in due])

    def _answer(self, frame) -> bytes:
        if frame.control & UP:
            return b""
        waiting = len(self._due)
        try:
            out = self._act(frame) if frame.control & STARTED else self._heard(frame)
        except Denied as denied:
            out = self._deny(frame, denied.args[0])
        except Refused as refused:
            out = self._deny(frame, _WHY.get(refused.reason, "bad_format"))
        if self.silent:
            self.silent -= 1
            del self._due[waiting:]
            return b""
        return out

    def _act(self, frame) -> bytes:
        """An action returns None to confirm, values to answer with, or the bytes themselves."""
        values = items.decode(frame)
        name = items.name_of(frame)
        if name in self.nodes.ACTIONS:
            out = getattr(self.nodes, self.nodes.ACTIONS[name])(values)
        elif name in self.ACTIONS:
            out = getattr(self, self.ACTIONS[name])(values, frame)
        else:
            raise Denied("unsupported")
        if out is None:
            done = items.encode("confirm", True, {"state": items.DONE, "wait_s": 0})
            return answer(CONFIRM, 1, done, number(frame), mode=self.mode)
        return out if isinstance(out, bytes) else self._reply(frame, out)

    def _reply(self, frame, values, addresses=(), **given) -> bytes:
        data = items.encode(items.name_of(frame), True, values)
        return answer(frame.afn, fns(frame.dt)[0], data, number(frame), addresses, mode=self.mode, **given)

    def _deny(self, frame, error) -> bytes:
        data = items.encode("deny", True, {"error": items.CODES[error]})
        return answer(CONFIRM, 2, data, number(frame), mode=self.mode)

    # ---- carrying

    def _carry(self, values, frame) -> bytes:
        """The answer comes when the node answered, a denial when it is given up before."""
        if not frame.addresses:
            raise Denied("bad_format")
        if len(dlt645.Framer().feed(values["data"])) > MOST_FRAMES:
            raise Denied("too_many_frames")
        read = frame.addresses[-1], frame.afn
        node = self._free(read)
        data = node.meter.feed(values["data"])
        if len(data) > MOST_BYTES.get(frame.afn, 255):
            raise Denied("bad_length")
        came = data != b"" and not node.lose
        in_time = came and node.delay_ms <= self.timeout_ms
        if came:
            self._later(node.delay_ms, self._carried(frame, node, values["protocol"], data), in_time and read)
        if not in_time:
            self._later(self.timeout_ms, self._deny(frame, "node_silent" if data else "meter_silent"), read)
        node.lose -= node.lose > 0
        node.was_read = node.was_read or came
        return b""

    def _later(self, ms, data, read) -> None:
        self._due.append((self._now + ms, data, read))

    def _carried(self, frame, node, protocol, data) -> bytes:
        values = {"protocol": protocol, "data": data}
        if items.name_of(frame) == "forward":
            values["duration_s"] = (node.delay_ms + 999) // 1000
        back = frame.addresses[-1], frame.addresses[0]
        phase = PHASE.get(node.phases, 0)
        signals = {"command_signal": node.signal, "answer_signal": node.signal}
        return self._reply(frame, values, back, level=node.level, phase=phase, **signals)

    def _free(self, read):
        """The node, when it may be read now."""
        address, afn = read
        self.nodes.protocol(address)
        if address not in self.world or not self.world[address].online:
            raise Denied("node_not_in_network")
        open_reads = [row[2] for row in self._due if row[2]]
        if address in [row[0] for row in open_reads]:
            raise Denied("node_being_read")
        alike = [row for row in open_reads if (row[1] == CONCURRENT) == (afn == CONCURRENT)]
        if len(alike) >= (self.at_once if afn == CONCURRENT else 1):
            raise Denied("too_many_at_once" if afn == CONCURRENT else "busy")
        return self.world[address]

    def _broadcast(self, values, _frame) -> None:
        for address in self.world:
            self.world[address].meter.feed(values["data"])

    # ---- queries and settings

    def _vendor(self, _values, _frame) -> dict:
        return VENDOR

    def _own_address(self, _values, _frame) -> dict:
        return {"address": self.address}

    def _node_timeout(self, _values, _frame) -> dict:
        return {"timeout_s": self.timeout_ms // 1000}

    def _supported(self, values, _frame) -> dict:
        keys = [items.BY_NAME[name] for name in list(self.ACTIONS) + list(Nodes.ACTIONS)]
        known = sum([1 << fn - 1 for afn, fn in keys if afn == values["afn"]])
        return {"afn": values["afn"], "supported": known.to_bytes(32, "little")}

    def _route_state(self, _values, _frame) -> dict:
        read = self.nodes.read()
        relayed = [address for address in read if self.world[address].level]
        out = {"learned": 1, "working": int(self.working), "event": 0, "coding": 0}
        out.update(total=len(self.nodes.rows), read=len(read), relayed=len(relayed), rate=0)
        out.update(learning=0, registering=0, events=1)
        for phase in (1, 2, 3):
            out["level_%d" % phase] = 0
            out["step_%d" % phase] = 8  # idle
        return out

    def _nothing(self, _values, _frame) -> None:
        pass

    def _set_own_address(self, values, _frame) -> None:
        self.address = values["address"]

    def _set_node_timeout(self, values, _frame) -> None:
        self.timeout_ms = values["timeout_s"] * 1000

    def _restart(self, _values, _frame) -> None:
        self._due, self.working = [], True

    def _pause(self, _values, _frame) -> None:
        self.working = False

    def _resume(self, _values, _frame) -> None:
        self.working = True

    # ---- what the module starts

    def start(self, name, values, address="") -> bytes:
        """A frame that nobody asked for, of AFN 03, 06 or 14; about a node with its address."""
        self._number = self._number + 1 & 0xFF
        self.unconfirmed.add(self._number)
        afn, fn = items.BY_NAME[name]
        data = items.encode(name, True, values)
        ends = (address, self.address) if address else ()
        return answer(afn, fn, data, self._number, ends, mode=self.mode, started=True)

    def ask_data(self, address) -> bytes:
        """Ask the concentrator what to read from this node of the list."""
        place, protocol = self.nodes.place(address), self.nodes.protocol(address)
        phase = PHASE.get(self.world[address].phases, 0)
        out = self.start("ask_data", {"phase": phase, "address": address, "number": place})
        self._asked[self._number] = address, place, protocol
        return out

    def _heard(self, frame) -> bytes:
        """The answer to what we started: with what to read the node is read, and its answer reported."""
        try:
            values = items.decode(frame)
        except Refused:
            return b""
        self.unconfirmed.discard(number(frame))
        address, place, protocol = self._asked.pop(number(frame), ("", 0, 0))
        if not address or values.get("flag") != items.READ_THIS:
            return b""
        node = self.world[address]
        data = node.meter.feed(values["data"]) if node.online else b""
        if not 0 < len(data) < 256 or node.lose:
            return b""
        node.was_read = True
        report = {"number": place, "protocol": protocol, "duration_s": 1, "data": data}
        return self.start("report_data", report, address)
