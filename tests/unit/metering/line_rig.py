"""Points on a fake board with simulated meters on their lines; time moves only as the line is used.

For both runtimes: scenes of it run on CPython and on the device's interpreter.
"""

import asyncio
import gc

from firmware.hal import fake
from firmware.metering import poller
from firmware.metering.points import Points
from firmware.parameters import Parameters
from firmware.store.kv import StoreError
from protocols import cbor
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import profile

POWER, ENERGY, EXPORT = 0x02030000, 0x00010000, 0x00020000
MAIN, OTHER = "123456789012", "000000000007"
CHAR_BITS = 11


def bcd(value, size):
    """`value` as `size` bytes of BCD, low byte first."""
    out = []
    for _ in range(size):
        out.append(value % 10 | value // 10 % 10 << 4)
        value //= 100
    return bytes(out)


class Meter:
    """`script`: {identifier: [data or None for silence, ...]}, what goes before the answers it would give."""

    def __init__(self, total_wh=50000000, power_w=1000, turn_ms=100):
        self.total_mwh, self.power_w, self.turn_ms = total_wh * 1000, power_w, turn_ms
        self.exported_wh = 7000
        self.mute = False
        self.script = {}
        self.asked = []  # (UTC ms, identifier)

    def data(self, di):
        if self.script.get(di):
            return self.script[di].pop(0)
        if di == POWER:
            sign = 1 << 23 if self.power_w < 0 else 0
            low, mid, high = bcd(abs(self.power_w) * 10, 3)
            return bytes([low, mid, high | sign >> 16])
        if di in (ENERGY, 0x0001FF00):
            return bcd(self.total_mwh // 10000, 4)
        if di == EXPORT:
            return bcd(self.exported_wh // 10, 4)
        return bcd(1234, 2 if di == 0x0201FF00 else 3) if di in (0x0201FF00, 0x0202FF00) else b""


class Line(fake.Port):
    """A paced line; `meters`: [(address, Meter)], where two may have the same address."""

    def __init__(self, clock, baud=9600):
        super().__init__(clock)
        self.baud, self.meters = baud, []

    def write(self, data):
        if self.lost:
            return super().write(data)
        (request,) = dlt645.Framer().feed(data)
        di = dlt645.di_of(request)
        for address, meter in self.meters:
            if address == request.address and not meter.mute:
                self._answer(meter, address, di, self._ms(data) + meter.turn_ms)
        return len(data)

    def _answer(self, meter, address, di, after_ms):
        meter.asked.append((self._clock.now_ms(), di))
        value = meter.data(di)
        if value is None:
            return
        if value:
            frame = dlt645_meter.reply(address, dlt645.READ, di=di, data=value)
        else:
            frame = dlt645_meter.error_reply(address, dlt645.READ, "no_such_data")
        self._due.append(((self._clock.ticks_ms() + after_ms + self._ms(frame)) % fake.WRAP, frame))
        self._due.sort(key=lambda due: self._clock.ticks_diff(due[0], self._clock.ticks_ms()))

    def _ms(self, data):
        return len(data) * CHAR_BITS * 1000 // self.baud

    def drop_input(self):
        """What is thrown away, as a board's port tells it."""
        now = self._clock.ticks_ms()
        lay = [data for at, data in self._due if self._clock.ticks_diff(at, now) <= 0]
        super().drop_input()
        return b"".join(lay)


class Kv:
    """Values go through CBOR as in the real one; `refuse` is a flash that takes nothing."""

    def __init__(self):
        self.kept, self.puts, self.refuse, self.damaged = {}, 0, False, []

    def get(self, key):
        return cbor.decode(self.kept[key]) if key in self.kept else None

    def put(self, values):
        if self.refuse:
            raise StoreError("refused")
        new = {key: cbor.encode(value) for key, value in values.items()}
        self.puts += any(self.kept.get(key) != data for key, data in new.items())
        self.kept.update(new)


class Sleeper:
    """In place of asyncio in the poller: its pauses move the fake clock."""

    def __init__(self, clock):
        self._clock = clock

    async def sleep_ms(self, ms):
        self._clock.advance(ms)
        await asyncio.sleep(0)


def document(*more_reads):
    """The profile of a three-phase meter; `more_reads`: [identifier, rows] to be read in turn too."""
    out = profile.dlt645()
    out["reads"] += [list(row) for row in more_reads]
    out["slow"] += [row[0] for row in more_reads]
    return out


EXPORT_READ = (EXPORT, "800101" + "04" + "01")  # point 384, BCD, 4 bytes, 10**1


class Rig:
    """`rows` and `members`: sections POINTS and GROUPS; `again()` is the terminal after a power cut."""

    def __init__(self, rows=(), members=(), lines=1, reads=(), kv=None, multiplier=80):
        facts, identity = dict(fake.FACTS), dict(fake.IDENTITY)
        facts["ports"] = {"line": {"kind": "rs485"}, "line2": {"kind": "rs485"}}
        self.args = (rows, members, lines, reads)
        identity["multiplier"] = multiplier
        identity["meter"] = {"address": MAIN, "baud": 9600, "profile": document(*reads)}
        self.board = fake.Board("unused", facts=facts, identity=identity)
        self.clock = self.board.clock
        self.lines = [Line(self.clock), Line(self.clock)]
        if lines == 1:
            self.board.absent.append("line2")
        self.board._ports = {"line": self.lines[0], "line2": self.lines[1]}
        self.kv = kv or Kv()
        self.settings = Parameters(self.kv)
        self.powers = []  # UTC ms of each power reading
        self.before_points()
        self.points = Points(
            self.board,
            self.settings,
            self.clock,
            self.kv,
            lambda: self.powers.append(self.clock.now_ms()),
            **self.points_more(),
        )
        poller.asyncio = Sleeper(self.clock)
        collect = getattr(gc, "threshold", None)
        if collect:
            collect(65536)  # or what tests keep lies scattered over a heap full of garbage
        self._tasks = []

    def points_more(self) -> dict:
        """What a rig besides gives them."""
        return {}

    def before_points(self):
        for section, values in ((8, self.args[0]), (7, self.args[1])):
            if values:
                self.set(section, values)

    def set(self, section, values):
        """Set POINTS (8) or GROUPS (7) as the command does; the reason."""
        version = self.settings.versions().get(section, 0) + 1
        params = {"section": section, "version": version, "values": {1: [list(row) for row in values]}}
        reason, entries, commit = self.settings.apply(params)
        if commit:
            self.kv.put(entries)
            commit()
        return reason

    def sample(self, values):
        """What AC sampling shows from now on."""
        setattr(self.board, "sampled", values)  # noqa: B010  None at first, for a type checker

    def meter(self, address=MAIN, line=0, **facts):
        meter = Meter(**facts)
        self.lines[line].meters.append((address, meter))
        return meter

    def again(self):
        rig = type(self)(lines=self.args[2], reads=self.args[3], kv=self.kv)
        for n in range(2):
            rig.lines[n].meters = self.lines[n].meters
        return rig

    async def run(self, seconds, each=None):
        """Let the tasks work so long; `points.tick()` and `each()` come once a second, meters use energy."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(_keep(factory)) for _name, factory in self.points.tasks()]
        end = self.clock.now_ms() + seconds * 1000
        while self.clock.now_ms() < end:
            second = self.clock.now_s()
            while self.clock.now_s() == second:
                before = self.clock.now_ms()
                await asyncio.sleep(0)
                self._use(self.clock.now_ms() - before)
            self.points.tick()
            self.points.keep()
            if each:
                each()

    def _use(self, ms):
        for line in self.lines:
            for _address, meter in line.meters:
                meter.total_mwh += max(0, meter.power_w) * ms // 3600

    def stop(self):
        for task in self._tasks:
            task.cancel()


async def _keep(factory):
    """As the supervisor does."""
    while True:
        try:
            await factory()
        except OSError:
            await asyncio.sleep(0)


def address_of(no):
    return f"{no:012d}"


def row(no, kind=1, port=1, address=None, profile_no=0, multiplier=1, constant=0, baud=9600):
    """A row of section POINTS."""
    if address is None:
        address = address_of(no) if kind == 1 else ""
    return [no, kind, port, address, baud, profile_no, multiplier, 2200, 5000, 4, constant, 0]
