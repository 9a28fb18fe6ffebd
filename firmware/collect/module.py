"""The owner of the carrier or radio module on line 9 (Q/GDW 376.2).

    GONE --it answers--> told who we are, its list walked and made equal to the archive --> READY
    READY --it starts anew, knows a meter no more, the archive changes--> walked again
    any --SILENT exchanges in a row without an answer--> GONE, tried with back-off; from the first it is asked
                                                         for itself before anybody is asked through it

Laws: the archive is right, the module's list follows it. What the module denies for want of time, room or
network is no answer of the meter: the planner asks again. While it is GONE each read of line 9 ends mute at
once, so that no slot is given up, and other lines have no part in it; once its list is right, and some times
after that, nobody behind it rests any longer. One read is under way at a time (README.md: why not AFN F1).
What it starts by itself is confirmed, never obeyed: the concentrator asks, so it is told to read nothing.

Limits: a report that comes in the instant in which a request begins is lost, and comes again as the module
repeats it. An event that a meter reports is confirmed and counted, not read. Meters that a module found by
itself are kept for `nodes`, FOUND_MOST of them.
"""

import asyncio

from firmware.area.archive import MODULE
from firmware.collect.carried import OWN_DENIALS, SERIAL, Desk, Line, Packed, Through, clock_keys
from firmware.collect.heard import Heard
from firmware.collect.line import LATER
from firmware.collect.roster import STRANGERS_MOST, Roster
from firmware.collect.routes import Routes, maker_of
from firmware.collect.slots import reader_of
from protocols.lines.gdw3762 import items
from protocols.lines.gdw3762.frame import CONFIRM, address_bytes, address_text, view
from protocols.lines.refused import Refused
from protocols.meters.readers import gdw3762
from protocols.meters.readers.ask import ask

GONE, STARTING, READY = range(3)
OWN = "000000000001"  # of the concentrator, where nobody gave it an address
ORDER_MS = 120000  # in the line's queue, behind a read that takes its minute
PART, ADD_MOST = 16, 16  # nodes of one exchange
SILENT = 3
BACK_OFF_S = (5, 10, 20, 40, 80, 160, 300)
LOOK_S, COUNT_S, WALK_S = 2, 600, 86400
WAKES_S = (1, 20, 120, 600)  # after its list was made right: nodes join its network in their own time
SPARE_S = 5  # behind the time in which it gives a node up
WAITING_MOST, FOUND_MOST = 8, 64


class Module:
    """`collector` has line 9; `tell(name, fields)` is that of events, `add` that of the outbox; `maker`: who
    made the module. Counters: `reports`, `odd` (of these, what means nothing here), `faults`."""

    serial = SERIAL  # of whoever is asked through it, as Bus wants it

    def __init__(self, board, collector, tell, add, address=OWN):
        self._clock, self._offset_s = board.clock, board.identity["utc_offset_s"]
        self._collector, self._tell = collector, tell
        self._wire = Line(self, address, board.clock.ticks_ms() & 0xFF)
        self._desk = Desk(self._wire)
        self.roster = Roster(collector.archive, self._protocol_of)
        self.heard = Heard()
        self._routes = Routes(board, self.heard, collector.archive, add)
        self.maker = ""
        self.phase = GONE
        self._silent = self._failures = 0
        self._was_there = self._told_gone = False
        self._walk_due, self._next_s = True, 0
        self._walked_s = self._counted_s = self._run_s = 0
        self._wakes = ()  # run seconds at which its meters rest no longer
        self._talks, self._denial = 0, ""
        self._waiting = []  # frames that it started
        self._found = {}  # 6 bytes -> phase
        self._wake = asyncio.Event()
        self.reports = self.odd = self.faults = 0

    def answers(self):
        """Steps of a Reader: whether nodes can be asked through it."""
        if self._silent and self.phase != GONE:
            try:
                yield from self._desk.reader.ask("own_address")
            except Refused:
                pass
        return self.phase != GONE and not self._silent

    # ---- the composition

    def tasks(self):
        return [("module", self.run)]

    def tick(self):
        """Each second."""
        self._run_s += 1
        self._routes.tick(self._run_s)
        if self._wakes and self._run_s >= self._wakes[0]:
            self._wakes = self._wakes[1:]
            self._collector.wake(MODULE)
        if self._run_s >= self._next_s or (self.phase == GONE and self._run_s % LOOK_S == 0):
            self._wake.set()

    def reload(self, first, count):
        """Rows of the archive have changed."""
        for meter in range(first, first + count):
            self.heard.forget(meter)
        self._walk_soon()

    def _walk_soon(self):
        self._walk_due, self._next_s = True, self._run_s

    def state(self) -> dict:
        """area.MODULE_NOW"""
        return self._routes.state(self)

    # ---- meters

    def _protocol_of(self, meter):
        profile = self._collector.profile(meter)
        return gdw3762.PROTOCOLS.get(profile.link, items.TRANSPARENT) if profile else items.TRANSPARENT

    def reader(self, meter, profile):
        """A Reader through the module; None where there is no such meter."""
        row = self._collector.archive.get(meter)
        if not row:
            return None
        options = {"line": self._wire, "link": profile.link, "options": dict(profile.options)}
        options["reader"] = reader_of(profile.link)
        address = address_text(row.address)
        if profile.link in ("modbus", "dlms", "mbus"):  # whose addresses are numbers
            options["node"], address = address, str(int(address))
        return Through(self, meter, gdw3762.Reader(address, options))

    def note(self, meter, heard):
        """`heard` of its Reader, None: no answer."""
        row = self._collector.archive.get(meter)
        if not row:
            return
        if heard is None:
            if not self._silent and self._denial not in OWN_DENIALS:
                self.heard.mute(meter)
            return
        self.heard.answered(meter, heard.phase if heard.phase <= 3 else 0, heard.level, heard.answer_signal)
        if self.heard.tell(meter, row.phase):
            phases = 1 << self.heard.phase(meter) - 1
            self._tell("phase_differs", {"metering_point": meter, "phase": phases})

    def phase_of(self, address) -> int:
        """1 to 3 of a node as the module told it, 0 unknown; `address`: 6 bytes."""
        meter = self._collector.archive.find(address, MODULE)
        return self.heard.phase(meter) if meter else self._found.get(bytes(address), 0)

    async def nodes(self):
        """Addresses, 6 bytes each, that are in its network, whether they are archived or not."""
        out, place, total = Packed(), 1, 1
        while place <= min(total, 4096) and self.phase != GONE:
            told = await self._ask("nodes", {"start": place, "count": PART})
            if not told or not told["nodes"]:
                break
            for node in told["nodes"]:
                self._in_network(node, out)
            place, total = place + len(told["nodes"]), told["total"]
        for address in self._found:
            out.add(address)
        return out

    def _in_network(self, node, out):
        address = address_bytes(node["address"])
        meter = self._collector.archive.find(address, MODULE)
        row = self.heard.row(meter) if meter else None
        if (node["signal"] or node["phases"] or (row and row[1])) and address not in self._found:
            out.add(address)

    # ---- what comes beside answers

    def judged(self, judge):
        def judged(frame):
            why = judge(frame)
            if why == "report" and len(self._waiting) < WAITING_MOST:
                self._waiting.append(frame)
                self._wake.set()
            return why

        return judged

    def listen(self, ms):
        """Steps of a Reader that asks nothing."""
        yield ask(b"", self.judged(_reported), wait_ms=ms)

    def came(self, answered, denial=""):
        """An exchange has ended."""
        self._denial = denial
        if answered:
            self._silent = 0
            if denial == "unknown_node":  # it has forgotten a node
                self._walk_soon()
            return
        self._silent += 1
        if self.phase != GONE:
            self._next_s = self._run_s  # a node's silence or its own? it is asked
            self._wake.set()

    # ---- the task

    async def run(self):
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.step()
            except Exception:  # bytes of it that mean something else than it says
                self.faults += 1
                self._next_s = self._run_s + BACK_OFF_S[0]

    async def step(self):
        """What is due. One that was pulled out tells when it starts again."""
        if self.phase == GONE and self._was_there:
            await self._look()
        while self._waiting:
            await self._answer(self._waiting.pop(0))
        if self._run_s < self._next_s or MODULE not in self._collector.lines:
            return
        self._next_s = self._run_s + LOOK_S
        if not self.roster.wanted() and not self._was_there:
            return  # no meter is behind it, and there may be none
        if self.phase == GONE or self._silent:
            await self._probe()
        if self.phase != GONE:
            await self._keep()

    async def _probe(self):
        if await self._ask("own_address") is not None:
            self._failures = 0
            if self.phase == GONE:
                await self._begin()
            return
        self._next_s = self._run_s + BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        if self._failures < SILENT and self._silent <= SILENT:
            return
        self.phase = GONE
        if not self._told_gone:
            self._told_gone = True
            self._tell("carrier_gone", {"line": MODULE})

    async def _begin(self):
        self.phase, self._walk_due = STARTING, True
        if self._told_gone:
            self._tell("carrier_back", {"line": MODULE})
        self._was_there, self._told_gone = True, False
        await self._ask("set_own_address", {"address": self._wire.address})
        told = await self._ask("node_timeout") or {"timeout_s": gdw3762.WAIT_MS // 1000}
        self._wire.wait_ms = 1000 * (told["timeout_s"] + SPARE_S)
        self.maker = ""

    async def _keep(self):
        if not self.maker:  # an answer that was lost is asked for again
            self.maker = maker_of(await self._ask("vendor", fine=items.CODES))
        due = self.phase == STARTING or self._run_s - self._walked_s >= WALK_S
        if not (self._walk_due or due) and self._run_s - self._counted_s >= COUNT_S:
            self._counted_s = self._run_s
            told = await self._ask("node_count")
            known = self.roster.wanted() - self.roster.refused
            due = told is not None and told["count"] != known
        if self._walk_due or due:
            self._walk_due, self.phase = False, STARTING
            if await self._walk():
                self._walked_s = self._counted_s = self._run_s
                self.phase = READY
                self._wakes = tuple([self._run_s + s for s in WAKES_S])
            else:
                self._walk_due, self._next_s = True, self._run_s + BACK_OFF_S[0]
        await self._look()

    async def _look(self):
        """What it says on a line on which nobody talked."""
        line = self._collector.lines[MODULE]
        if line.wire.talks == self._talks:
            await self._order(lambda: self.listen(100))
        self._talks = line.wire.talks

    # ---- its list

    async def _walk(self):
        """Whether list and archive agree now."""
        roster = self.roster
        roster.begin()
        while True:
            told = await self._ask("nodes", {"start": roster.place, "count": PART})
            if told is None:
                return False
            if roster.take(told["total"], told["nodes"]):
                break
        if roster.strangers or roster.missing(1):
            await self._ask("pause")
            try:
                return await self._even()
            finally:
                await self._ask("resume")
        return True

    async def _even(self):
        roster = self.roster
        if len(roster.strangers) == STRANGERS_MOST:
            if await self._ask("init_parameters") is None:
                return False
            roster.begin()
        for text in roster.strangers:
            gone = await self._ask("delete_nodes", {"nodes": [{"address": text}]}, ("unknown_node",))
            if gone is None:
                return False
        most = ADD_MOST
        while True:
            meters = roster.missing(most)
            if not meters:
                return True
            done = await self._add(meters)
            if done is None:
                return False
            most = ADD_MOST if done else 1

    async def _add(self, meters):
        """True: it has them now; False: not all of them in one; None: it does not answer."""
        denied = []
        told = await self._ask("add_nodes", {"nodes": [self.roster.node(m) for m in meters]}, denied=denied)
        if told is None and not denied:
            return None
        if denied and denied[0] == "busy":
            return None
        if denied and len(meters) > 1:
            return False
        self.roster.refused += bool(denied) and denied[0] != "node_exists"
        for meter in meters:
            self.roster.mark(meter)
        return len(meters) > 1

    # ---- exchanges

    async def _ask(self, name, values=None, fine=(), denied=None):
        """Values of the answer, {} for a denial in `fine`; None: none, or denied, then its reason is added to
        `denied`."""
        why = []

        def steps():
            try:
                return (yield from self._desk.reader.ask(name, values))
            except Refused as refused:
                why.append(refused)
                return None

        told = await self._order(steps)
        if why and why[0].reason == "refused":
            if why[0].detail in fine:
                return {}
            if denied is not None:
                denied.append(why[0].detail)
        return told

    async def _order(self, steps):
        line = self._collector.lines[MODULE]

        async def work():
            return await line.drive(0, self._desk, steps())

        return await line.order(LATER, work, ORDER_MS)

    # ---- what it starts

    async def _answer(self, report):
        self.reports += 1
        reply = self._reply(report)
        if reply:
            await self._collector.raw(MODULE, reply, 0, urgent=True)

    def _reply(self, report):
        if report.afn == CONFIRM:
            return b""
        try:
            values = items.decode(report)
        except Refused:
            self.odd += 1
            return self._wire.confirm(report)
        name = items.name_of(report)
        if name == "ask_data":
            empty = {"flag": items.READ_DONE, "delay_related": 0, "data": b"", "attached": []}
            return self._wire.reply(report, name, empty)
        if name == "ask_clock" and self._clock.ok:
            return self._wire.reply(report, name, {"time": clock_keys(self._clock.now_s() + self._offset_s)})
        if name[:4] == "ask_":
            return self._wire.reply(report, "deny", {"error": items.CODES["unsupported"]})
        if name in ("run_mode", "vendor"):  # it has started
            self._walk_soon()
        elif name in ("report_nodes", "report_devices"):
            for node in values["nodes"]:
                self._met(node["address"], view(report)["phase"])
        return self._wire.confirm(report)

    def _met(self, text, phase):
        address = address_bytes(text)
        known = address in self._found or self._collector.archive.find(address, MODULE)
        if not known and len(self._found) < FOUND_MOST:
            self._found[address] = phase if phase <= 3 else 0


def _reported(frame):
    return "report" if frame.control & 0xC0 == 0xC0 else "late"
