"""Meters with clocks of their own on a paced line, real frames, virtual time; the truth is known."""

import asyncio

from firmware.area.plan_duties import MUTE, OK
from firmware.collect.clocks import Clocks
from firmware.hal.fake import FACTS, IDENTITY, Board
from firmware.store.kv import Kv
from protocols.lines import dlt645
from protocols.lines.dlt645_server import Server
from protocols.meters import dlt645_types
from protocols.meters.compile import compiled
from protocols.meters.interpret import Profile
from station.profiles import files
from tests.unit.area.meters import MIDNIGHT_S
from tests.unit.area.meters import area as archive_of
from tests.unit.collect_watch.area_rig import Settings

DAY_S = 86400
OFFSET_S = IDENTITY["utc_offset_s"]
BYTE_US = 11 * 1_000_000 // 2400
ANSWER_MS = 50
ITEMS = {56: "0400010C", 57: "04000101", 58: "04000102"}


def profile_of(name="dlt645-2007-1p"):
    return Profile(compiled(files.read(files.found(name).read_bytes())))


class Meter:
    """`off_ms`: its clock before the true time."""

    def __init__(self, number):
        self.off_ms = 0
        self.mute = False
        self.address = f"{number:012d}"
        self.server = Server(self.address, {})

    def moment(self, local_ms):
        local_s = (local_ms + self.off_ms) // 1000
        year, month, day = dlt645_types.date(local_s // DAY_S)
        return (year, month, day, local_s // 3600 % 24, local_s // 60 % 60, local_s % 60)

    def hears(self, frame, local_ms):
        """Its reply; a broadcast may set its clock, to the whole second."""
        now = self.server.now = self.moment(local_ms)
        shown = dlt645_types_write(now)
        self.server.store = {"0400010C": shown[0], "04000101": shown[1], "04000102": shown[2]}
        reply = b"" if self.mute else self.server.feed(frame)
        if self.server.now != now:
            self.off_ms = seconds(self.server.now) * 1000 - local_ms
        return reply


def dlt645_types_write(now):
    year, month, day, hour, minute, second = [int(str(part % 100), 16) for part in now]
    date, time = bytes((0, day, month, year)), bytes((second, minute, hour))
    return bytes((second, minute, hour)) + date, date, time


def seconds(moment):
    year, month, day, hour, minute, second = moment
    days = next(n for n in range(20454 - 400, 20454 + 400) if dlt645_types.date(n) == (year, month, day))
    return days * DAY_S + hour * 3600 + minute * 60 + second


class Line:
    """The collector of the contract, as far as the clocks use it."""

    def __init__(self, rig, archive):
        self.rig, self.archive = rig, archive
        self.profiles = {0: profile_of()}
        self.meters = {meter: Meter(meter) for meter, _row in archive.rows()}
        self.asked = []  # (local second, meter)
        self.sent = []  # (local second, line)
        self.busy_ms = 0  # until the line is free
        self._ours = False
        self.on_ask = lambda meter: None

    def on_wire(self, size):
        self.rig.advance(size * BYTE_US // 1000)

    async def ask_point(self, meter, point, priority, within_s):
        asked = self.meters[meter]
        self.asked.append((self.rig.local_s(), meter))
        request = dlt645.read(asked.address, int(ITEMS[point], 16))
        self.on_wire(len(request))
        self.rig.advance(ANSWER_MS)
        reply = asked.hears(request, self.rig.local_ms())
        if not reply:
            self.rig.advance(1000)
            return MUTE, {}
        self.on_wire(len(reply))
        self.on_ask(meter)
        data = dlt645.Framer().feed(reply)[0].data[4:]
        profile = self.profiles[self.archive.slot(meter)]
        index = profile.reads_of(point)[0]
        return OK, profile.decode(index, data)

    async def alone(self, line):
        self.rig.advance(self.busy_ms)
        self._ours = True

    async def broadcast(self, line, data):
        if not self._ours:
            self.rig.advance(self.busy_ms)
        self._ours = False
        self.sent.append((self.rig.local_s(), line))
        self.on_wire(len(data))
        for meter, row in self.archive.rows():
            if row.line == line:
                self.meters[meter].hears(data, self.rig.local_ms())
        self.rig.after_broadcast()


class Rig:
    """Begins at local midnight. `own_off_ms` is how far the own clock is ahead of the truth."""

    def __init__(self, path, meters=4, lines=1, archive=None, **limits):
        self.path = str(path)
        self.board = Board(self.path, None, FACTS, IDENTITY)
        self.true_ms = (MIDNIGHT_S - OFFSET_S) * 1000
        self.board.clock.set_ms(self.true_ms)
        self.settings = Settings(**limits)
        self.told = []
        self.after_broadcast = lambda: None
        self.line = Line(self, archive or archive_of(meters, lines))
        self.start()

    kv: Kv | None = None

    def close(self):
        if self.kv:
            self.kv.close()

    def start(self):
        """Also a restart: nothing but the flash is left of the clocks before."""
        self.close()
        self.kv = Kv(self.path + "/kv")
        self.kv.open()
        self.clocks = Clocks(self.board, self.kv, self.tell, self.settings, self.line)

    def tell(self, name, fields):
        self.told.append((name, dict(fields)))

    def advance(self, ms):
        self.true_ms += ms
        self.board.clock.advance(ms)

    def local_ms(self):
        return self.true_ms + OFFSET_S * 1000

    def local_s(self):
        return self.local_ms() // 1000

    def set_own(self, off_ms):
        self.board.clock.set_ms(self.true_ms + off_ms)

    def run(self, seconds):
        asyncio.run(self._run(self.local_ms() + seconds * 1000))

    async def _run(self, until_ms):
        while self.local_ms() < until_ms:
            self.advance(1000)
            self.clocks.tick()
            await self.clocks.step()

    def off(self, meter, off_s):
        self.line.meters[meter].off_ms = off_s * 1000
        return self

    def off_ms(self, meter):
        return self.line.meters[meter].off_ms

    def named(self, name):
        return [fields for told, fields in self.told if told == name]
