"""The area's carrier module (Q/GDW 376.2) and the way to each meter behind it. Pure: bytes in, bytes out.

    OUT --plug--> starts, tells its run mode --> nodes join, each in its time --> carries, reports strangers
    any --unplug--> OUT: says nothing; what was under way is lost, the list stays until `keep` shortens it

It is `protocols.lines.gdw3762.module.Server` with a network: relays between, phase, share of frames that get
through and ms a hop come from the seed and from how far down its branch a home stands. A frame may be lost on
its way there (the meter does nothing) or back (it has done it), and may name the phase of another hop.

Limits, what a real module does and this does not: paths are drawn once and never change with load or weather;
frames of neighbours do not collide and AFN F1 takes no longer for five than for one; relays named in
a request are passed over; the list has no wear and no write time; nodes join in seconds, not in minutes;
whoever answers registers, told or not; a broadcast reaches all; zero crossing, noise, files, upgrades,
sub-nodes, node events and the correction of delays (AFN 14 F3) are not there. A meter that is moved to
another address keeps that of its node.
"""

from collections import namedtuple

from hil.world.area.curves import between
from hil.world.area.population import POLES_PER_BRANCH
from protocols.lines.gdw3762 import items
from protocols.lines.gdw3762.frame import number
from protocols.lines.gdw3762.module import VENDOR, Server
from protocols.lines.gdw3762.nodes import Node

OWN = "990000000009"  # until a concentrator tells it another
SUCCESS_E3, PER_LEVEL_E3 = (985, 1000), 5  # of a frame there and back
HOP_MS = (15, 60)  # each way
WRONG_E3 = 60  # meters whose phase the module takes for the next one
STRAY_E3 = 20  # frames that name another phase
START_MS = 800
JOIN_MS = (200, 2000)  # of each hop
LOOK_MS = 30_000  # who did not answer when it should have joined is tried again
REPORT_MS, REPORTS = 4000, 3  # what is not confirmed is told again, so often in all
AGAIN_MS = 600_000  # a stranger that nobody adds is reported again
REPORT_MOST = 16  # nodes of one report
ASK_MS = 1500  # between two AFN 14 F1 of a module that leads
GAP_MS = 500  # longest silence inside a frame
_PLACE, _DRAWS = 600_000, 640_000  # hash places

# level: relays between. phase: 1..3, 4 three-phase; told: as the module tells it, 0 unknown
Way = namedtuple("Way", "level phase told signal success_e3 hop_ms join_ms")
RUN_MODE = {
    "channel_kind": 2, "routing": 1, "wants_nodes": 1, "reading": 1,
    "route_delay": 0, "node_delay": 0, "broadcast_delay": 0, "node_switch": 0, "confirm_first": 0,
    "by_channel": 0, "channels": 1, "power_down": 0, "rate_count": 0, "spare": bytes(2),
    "timeout_s": 6, "broadcast_timeout_s": 60, "frame_bytes": 1024, "file_bytes": 512, "upgrade_s": 0,
    "published": VENDOR["date"], "registered": VENDOR["date"], "rates": [], **VENDOR,
}  # fmt: skip


def way(seed, home) -> Way:
    """To a home's meter, whichever it has."""

    def draw(what, low, high):
        return between(seed, _PLACE + what, home.no, low, high)

    level = min(home.pole % POLES_PER_BRANCH, draw(0, 0, POLES_PER_BRANCH))
    wrong = home.phase < 4 and draw(1, 0, 999) < WRONG_E3
    told = 0 if home.phase == 4 else home.phase % 3 + 1 if wrong else home.phase
    success_e3 = draw(2, *SUCCESS_E3) - PER_LEVEL_E3 * level
    join_ms = START_MS + draw(3, *JOIN_MS) * (level + 1)
    return Way(level, home.phase, told, draw(4, 15 - 2 * level, 15), success_e3, draw(5, *HOP_MS), join_ms)


class _Meter:
    """A meter as the carrier reaches it; the next frame to a `deaf` one never arrives."""

    def __init__(self, served):
        self.served, self.deaf = served, False

    @property
    def there(self) -> bool:
        return not self.served.counter.mute

    def feed(self, data) -> bytes:
        deaf, self.deaf = self.deaf, False
        return b"" if deaf else self.served.answer(data)


class Module(Server):
    """`meters`: [(hil.world.area.served.Served, Way)]. `leads`: it asks by itself whom to read (AFN 14 F1).

    `step` is all that moves it. Counters: `carried` frames to nodes, of these `lost`; `told` reports begun.
    """

    ACTIONS = Server.ACTIONS | {
        "run_mode": "_run_mode",
        "nodes_registered": "_registered",
        "start_registering": "_nothing",
        "stop_registering": "_nothing",
    }

    def __init__(self, seed, meters, now_ms=0, limit=1000, leads=False):
        self._seed, self._draws = seed, 0
        self.ways = {served.address: each for served, each in meters}
        nodes = {served.address: self._node(served, each) for served, each in meters}
        super().__init__(OWN, nodes, limit)
        self._now = now_ms
        self.leads, self.plugged = leads, True
        self.carried = self.lost = self.told = 0
        self._heard_ms = 0
        self._begin()

    @staticmethod
    def _node(served, each):
        return Node(_Meter(served), each.level, _bits(each.told), each.signal, online=False)

    # ---- the shell

    def step(self, now_ms, data=b"") -> tuple:
        """(bytes that it says now, ms until `step` is due without data or None). `now_ms` never falls."""
        out = self.run(now_ms - self._now)
        if not self.plugged:
            return b"", None
        out += self._join() + self._tell()
        if data:
            if now_ms - self._heard_ms > GAP_MS:
                out += b"".join([self._answer(frame) for frame in self._framer.quiet()])
            self._heard_ms = now_ms
            out += self.feed(data)
        return out, max(1, self._next_ms() - now_ms)

    def plug(self, plugged):
        """It is pulled out, or put in and starts."""
        self.plugged = plugged
        self._begin()

    def keep(self, count):
        """Forget the nodes of its list behind the first so many."""
        self.nodes.rows = self.nodes.rows[:count]

    def _begin(self):
        """Power comes: nobody is in the network yet."""
        self._due, self.working = [], True
        self.unconfirmed, self._asked = set(), {}
        self._open = {}  # number of what it started -> [bytes, ms of the next time, times left]
        self._done = set()  # nodes whom it need not read
        self._ended = False
        for node in self.world.values():
            node.online = False
        self._joins = {address: self._now + each.join_ms for address, each in self.ways.items()}
        self._started_ms, self._ask_ms = self._now + START_MS, self._now + START_MS + ASK_MS

    def _next_ms(self) -> int:
        times = [self._now + LOOK_MS, *self._joins.values()]
        times += [row[0] for row in self._due] + [row[1] for row in self._open.values()]
        if self._started_ms is not None:
            times.append(self._started_ms)
        if self._may_ask():
            times.append(self._ask_ms)
        return min(times)

    # ---- the network

    def _join(self) -> bytes:
        """Nodes come in; who stands in no list is reported."""
        due = [address for address, at_ms in self._joins.items() if at_ms <= self._now]
        known, strangers = dict(self.nodes.rows), []
        for address in due:
            node = self.world[address]
            node.online = node.online or node.meter.there
            stranger = node.online and address not in known
            self._joins[address] = self._now + (AGAIN_MS if stranger else LOOK_MS)
            if stranger:
                strangers.append(address)
        out = b""
        for at in range(0, len(strangers), REPORT_MOST):
            some = strangers[at : at + REPORT_MOST]
            nodes = [{"address": each, "protocol": items.DLT645_2007, "number": 0} for each in some]
            out += self._report("report_nodes", {"nodes": nodes})
        return out

    def _free(self, read):
        node = super()._free(read)
        self.carried += 1
        each, there = self.ways[read[0]], node.meter.served.counter
        got, stray = self._draw(0, 999), self._draw(0, 999) < STRAY_E3
        node.delay_ms = 2 * (each.level + 1) * each.hop_ms + there.delay_ms + there.late_ms
        node.phases = _bits(self._draw(1, 3) if stray and each.told else each.told)
        lost = got >= each.success_e3
        node.meter.deaf, node.lose = lost and got % 2 == 0, int(lost)
        self.lost += lost
        return node

    def _draw(self, low, high) -> int:
        self._draws += 1
        return between(self._seed, _DRAWS, self._draws, low, high)

    # ---- what it starts

    def _tell(self) -> bytes:
        out = b""
        if self._started_ms is not None and self._started_ms <= self._now:
            self._started_ms = None
            out += self._report("run_mode", self._run_mode())
        for told, row in list(self._open.items()):
            if row[1] <= self._now:
                out += row[0]
                row[1:] = self._now + REPORT_MS, row[2] - 1
                if not row[2]:
                    del self._open[told]
        return out + self._lead()

    def _report(self, name, values) -> bytes:
        self.told += 1
        wire = self.start(name, values)
        self._open[self._number] = [wire, self._now + REPORT_MS, REPORTS - 1]
        return wire

    def _may_ask(self) -> bool:
        started = self._started_ms is None
        return self.leads and started and self.working and not self._ended and not self._due

    def _lead(self) -> bytes:
        """Ask whom to read next, one after the other, until there is nobody left."""
        if not self._may_ask() or self._ask_ms > self._now:
            return b""
        self._ask_ms = self._now + ASK_MS
        known = [row[0] for row in self.nodes.rows]
        waiting = [each for each in known if each not in self._done and each in self.world]
        if waiting:
            return self.ask_data(waiting[self._number % len(waiting)])
        self._ended = bool(known)
        return self._report("report_route", {"change": 1}) if known else b""

    def _heard(self, frame) -> bytes:
        asked = self._asked.get(number(frame), ("",))[0]
        out = super()._heard(frame)
        self._open = {told: row for told, row in self._open.items() if told in self.unconfirmed}
        if asked:
            self._done.add(asked)
        return out

    # ---- what it is asked

    def _restart(self, _values, _frame):
        self._begin()

    def _run_mode(self, _values=None, _frame=None) -> dict:
        counts = {"address": self.address, "limit": self.nodes.limit, "count": len(self.nodes.rows)}
        return RUN_MODE | counts

    def _registered(self, values, _frame) -> dict:
        """Who is in its network."""
        known = dict(self.nodes.rows)
        there = [each for each, node in self.world.items() if node.online]
        return self.nodes._part([(each, known.get(each, items.DLT645_2007)) for each in there], values)

    # ---- truth

    def truth(self) -> dict:
        nodes = [{"address": address, **each._asdict()} for address, each in self.ways.items()]
        counts = {name: getattr(self, name) for name in ("plugged", "carried", "lost", "told")}
        return counts | {"listed": [row[0] for row in self.nodes.rows], "nodes": nodes}


def _bits(phase) -> int:
    """As a node's `phases`: 0 all of them."""
    return 1 << phase - 1 if phase else 7
