"""SEARCH: which meters answer on the lines, by wild-card addresses; compared with the archive.

FOUND records: a meter that is not in the archive, two at one address, an archived one that is mute. Whether
an unknown meter belongs to another area the station judges: it knows the archives of all. The gate meter is
an archived meter like any other. Modbus has no wild cards: its meters are neither found nor missing.

A line at a time, each exchange followed by as long a pause, so that half of the line stays with the freezes.
At the line's speed first; then once at each other usual speed, deeper only where somebody answers. Bounded by
time; a restart gives the search up, with an event: what it found is told already.
"""

import asyncio

from firmware.area.archive import LINES, MODULE, MOST
from firmware.area.plan_sheet import bit_of, set_bit
from firmware.collect.walk import DIGITS, NOBODY, ONE, SEVERAL, Walk
from firmware.store.record import StoreError
from protocols.lines import dlt645, dlt645_97
from protocols.lines.dlt698 import link as dlt698
from protocols.uplink import area, topics
from protocols.uplink.codes import REASON_NO

KEY = "search"  # kv: command under way, 0 none
LASTS_S = 6 * 3600
WAIT_MS = 700  # the first byte comes within 500 ms
PAUSE_LEAST_MS, PAUSE_MOST_MS = 20, 3000
SPEEDS = (2400, 1200, 4800, 9600)
DOUBLES_MOST = 8  # on one line: more is somebody who never stops talking
UNKNOWN, TWICE, MISSING = 1, 2, 3
ENERGY_97 = 0x9010  # there is no function that asks the address; every meter has this
ADDRESS_698 = bytes([5, 1, 1, 0x40, 1, 2, 0, 0])  # GET of the communication address


def _frame_2007(pattern):
    return dlt645.encode(pattern, dlt645.READ_ADDRESS)


def _frame_1997(pattern):
    return dlt645_97.read(pattern, ENERGY_97)


def _frame_698(pattern):
    return dlt698.encode(dlt698.to_server(pattern, ADDRESS_698))


# protocol: request for a pattern, framer, bits of a control code and what they are in an answer
_KINDS = (
    (_frame_2007, dlt645.Framer, 0x9F, dlt645.READ_ADDRESS | dlt645.FROM_METER),
    (_frame_1997, dlt645.Framer, 0x9F, dlt645_97.READ | dlt645.FROM_METER),
    (_frame_698, dlt698.Framer, 0x80, dlt698.FROM_SERVER),
)


def judge(kind, pattern, data):
    """(NOBODY, ONE or SEVERAL, address of the one, or of the several that share it, as digits)."""
    _encode, framer_of, mask, control = _KINDS[kind]
    framer = framer_of()
    frames = framer.feed(data)
    frames = frames + framer.quiet()
    good = [frame for frame in frames if frame.control & mask == control]
    good = [frame for frame in good if dlt645.fits_address(pattern, ("0" * 12 + frame.address)[-DIGITS:])]
    if len(set([frame.address for frame in good])) == 1 and not framer.bad and not framer.skipped:
        return ONE if len(good) == 1 else SEVERAL, ("0" * DIGITS + good[0].address)[-DIGITS:]
    return (SEVERAL if data else NOBODY), ""


class Search:
    """`baud_of(line)`: bits/s; `module`: of line 9, None without one: asked for `nodes()`,
    addresses of 6 bytes, and `phase_of(address)`."""

    def __init__(self, board, kv, add, tell, collector, baud_of, module=None):
        self._clock, self._kv, self._add, self._tell = board.clock, kv, add, tell
        self._collector, self._baud_of, self._module = collector, baud_of, module
        self._wake = asyncio.Event()
        self._command, self._line = 0, 0
        self._left_s = 0
        self._seen = bytearray()
        self.done = self.failed = self.wanted = 0
        saved = kv.get(KEY)
        self._cut = saved if isinstance(saved, int) else 0
        self.error, self.held = "", None

    def apply(self, _kind, params, command_id, _scope=0):
        self.error, self.held = "", None
        line = params["line"]
        if line and line not in LINES:
            self.error = "no such line"
            return REASON_NO["bad_params"], {}, None
        if self._command:
            self.error = "a search is under way"
            return REASON_NO["busy"], {}, None

        def commit():
            self._command, self._line, self._left_s = command_id, line, LASTS_S
            self.done = self.failed = 0
            self.wanted = len(self._archived(line))
            self._wake.set()

        return 0, {KEY: command_id}, commit

    def now(self) -> list:
        """Its part of `work` of NOW_AREA: answered, answered twice or missing, archived."""
        return [[self._command, self.done, self.failed, self.wanted]] if self._command else []

    def _archived(self, line):
        return [meter for meter, row in self._collector.archive.rows() if line in (0, row.line)]

    def tasks(self):
        return [("search", self.run)]

    def idle(self):
        return not (self._command or self._cut)

    def tick(self):
        """Each second."""
        if self._cut:
            self._tell("search_ended", {"command": self._cut, "error": "restart"})
            self._cut = 0
            self._keep()
        if self._left_s:
            self._left_s -= 1

    def _keep(self):
        try:
            self._kv.put({KEY: self._command})
        except StoreError:
            pass  # after a restart its end is told once more

    async def run(self):
        while True:
            if not self._command:
                self._wake.clear()
                await self._wake.wait()
            error = "failed"
            try:
                for line in (self._line,) if self._line else LINES:
                    await self._search(line)
                error = "" if self._left_s else "expired"
            finally:
                fields = {"command": self._command, "done": self.done, "failed": self.failed}
                self._command = 0
                self._tell("search_ended", dict(fields, error=error) if error else fields)
                self._keep()

    async def _search(self, line):
        self._seen = bytearray((MOST + 7) // 8)
        if line == MODULE:
            await self._ask_module()
            return
        for kind in range(len(_KINDS)):
            await self._walk(line, kind, 0)
        usual = self._baud_of(line)
        for baud in SPEEDS:
            for kind in range(len(_KINDS)) if baud != usual else ():
                await self._walk(line, kind, baud)
        await self._find_missing(line)

    async def _ask_module(self):
        if not self._module:
            return
        for address in await self._module.nodes():
            self._met(MODULE, bytes(address))
        for meter in self._unseen(MODULE):
            self._miss(MODULE, meter)

    async def _walk(self, line, kind, baud):
        walk, doubles = Walk(), 0
        while walk.pattern and self._left_s:
            pattern = walk.pattern
            what, address = await self._ask(line, kind, pattern, baud)
            is_wild = "A" in pattern
            if what == SEVERAL and not is_wild:  # noise, or two?
                what, address = await self._ask(line, kind, pattern, baud)
            twice = what == SEVERAL and not is_wild
            if address and is_wild:  # two of one address may have answered as one, or one after the other
                what, twice = ONE, await self._again(line, kind, address, baud)
            walk.heard(what)
            if address or twice:
                self._met(line, dlt645.address_bytes(address or pattern), twice)
            doubles += twice
            if doubles >= DOUBLES_MOST:
                return

    async def _again(self, line, kind, address, baud):
        """Whether more than one answers at this very address, each of two times."""
        what, _address = await self._ask(line, kind, address, baud)
        if what == SEVERAL:
            what, _address = await self._ask(line, kind, address, baud)
        return what == SEVERAL

    async def _ask(self, line, kind, pattern, baud):
        since = self._clock.ticks_ms()
        data, _took_ms = await self._collector.raw(line, _KINDS[kind][0](pattern), WAIT_MS, baud)
        took_ms = self._clock.ticks_diff(self._clock.ticks_ms(), since)
        await asyncio.sleep_ms(max(PAUSE_LEAST_MS, min(PAUSE_MOST_MS, took_ms)))
        return judge(kind, pattern, data)

    # ---- what is told

    def _met(self, line, address, twice=False):
        meter = self._collector.archive.find(address, line)
        if meter:
            if bit_of(self._seen, meter - 1):
                return
            set_bit(self._seen, meter - 1)
        self.done += 1
        self.failed += twice
        if twice or not meter:
            phase = self._module.phase_of(address) if line == MODULE and self._module else 0
            self._found(line, address, TWICE if twice else UNKNOWN, phase)
            self._tell("meter_found", {"line": line, "address": dlt645.address_text(address)})

    def _found(self, line, address, state, phase):
        body = {"line": line, "address": address, "state": state, "phase": phase}
        self._add(topics.DA, area.FOUND, self._clock.now_s(), int(self._clock.ok), body)

    def _unseen(self, line):
        return [meter for meter in self._archived(line) if not bit_of(self._seen, meter - 1)]

    async def _find_missing(self, line):
        """Who was not heard is asked by name, before it is called missing."""
        for meter in self._unseen(line):
            row = self._collector.archive.get(meter)
            if not row or not self._left_s or self._is_modbus(row):
                continue
            address, heard = dlt645.address_text(row.address), False
            for kind in range(len(_KINDS)):
                what, _address = await self._ask(line, kind, address, 0)
                heard = heard or what != NOBODY
                if heard:
                    break
            if heard:
                set_bit(self._seen, meter - 1)
                self.done += 1
            else:
                self._miss(line, meter)

    def _is_modbus(self, row):
        profile = self._collector.profiles.get(row.slot)
        return bool(profile) and profile.link == "modbus"

    def _miss(self, line, meter):
        row = self._collector.archive.get(meter)
        self.failed += 1
        self._found(line, row.address, MISSING, row.phase)
