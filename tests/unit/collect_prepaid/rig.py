"""Prepaid meters, a small collector before them, their flash, and power that can be cut. Either runtime."""

import asyncio
import struct

from firmware.area import switching
from firmware.area.archive import PREPAID, ROW, Archive
from firmware.area.plan_duties import DAY_FREEZE, EMPTY, MUTE, OK, STATUS
from firmware.collect.prepaid import Prepaid
from firmware.parameters import Parameters
from firmware.store.kv import Kv
from protocols.uplink import area, messages
from protocols.uplink.codes import APPEND

OFFSET_S = 8 * 3600
DAY_S = 86400
NOON_S = 1_798_761_600 + 4 * 3600 - 40 * DAY_S  # of a local day in November 2026
PRICE_E4 = 5000  # a kWh
ENERGY_TASK, TASK_DUTY = 16, 20  # a read and a duty of section TASKS
MANY = 10**7  # 1000 yuan
SECRETS = {"level": 2, "password": "000000", "operator": "00000001"}


def address(meter):
    return bytes([meter % 100 // 10 * 16 + meter % 10, meter // 100 % 10, 0, 0, 0, 0x12])


def row(meter, flags=PREPAID, line=1, tariff=1, multiplier=1):
    return struct.pack(ROW, address(meter), 1, line, 0, flags, multiplier, tariff, 0)


class Clock:
    ok = True

    def __init__(self, t_s=NOON_S):
        self.t_s = t_s

    def now_s(self):
        return self.t_s

    def ticks_ms(self):
        return self.t_s * 1000 & 0x3FFFFFFF

    def ticks_diff(self, a, b):
        return a - b


class Board:
    def __init__(self):
        self.identity = {"utc_offset_s": OFFSET_S}
        self.clock = Clock()


class Profile:
    """A meter without tariff registers, with a daily freeze and a switch."""

    freeze = b"\1\2"

    def __init__(self):
        self.controls = {name: [name, {}, 5, 3, 55, 0, 20] for name in ("trip", "permit_close")}

    def reads_of(self, _point):
        return []


class Meter:
    def __init__(self):
        self.total_wh = 10000
        self.is_open = self.told_open = 0
        self.mute = False
        self.fate = ""  # of the next control: "lost" on the way there, "unheard" on the way back, "refused"
        self.freezes = {}
        self.log = []  # what came: ("look",), ("trip", fields), ("permit_close", fields)

    def word(self):
        return self.is_open << switching.RELAY_BIT | self.told_open << switching.TOLD_BIT

    def control(self, name, fields):
        self.log.append((name, fields))
        fate, self.fate = self.fate, ""
        if fate == "refused":
            return fate
        if fate != "lost":
            self.told_open = int(name == "trip")
            self.is_open = self.told_open or self.is_open
        return "mute" if fate else ""


class Collector:
    """`between(meter)`, if set, runs while an exchange waits for its turn."""

    def __init__(self, archive, meters, profile=None):
        self.archive, self.meters = archive, meters
        self.profiles = {1: profile or Profile()}
        self.between = None

    def _wait(self, meter):
        if self.between:
            self.between(meter)
        return self.meters[meter]

    async def ask(self, meter, read, _priority, _within_s):
        found = self._wait(meter)
        if found.mute:
            return MUTE, {}
        if read == STATUS:
            found.log.append(("look",))
            return OK, {50: found.word()}
        return OK, {320: found.total_wh}

    async def freeze(self, meter, midnight_s):
        found = self.meters[meter]
        if midnight_s not in found.freezes:
            return EMPTY, {}
        return OK, {320: found.freezes[midnight_s]}

    async def control(self, meter, name, inputs):
        return self._wait(meter).control(name, inputs)


def tariffs(number=1, price=PRICE_E4, from_s=0):
    return [number, from_s, b"\x33" * 24, [price], 0, [], []]


class Area:
    """`start` powers it up anew on the same flash; meters, clock and what was told outlive that."""

    def __init__(self, root, count=3, rows=None, profile=None, t_s=NOON_S):
        self.root = root
        self.board = Board()
        self.board.clock.t_s = t_s
        self.meters = {meter: Meter() for meter in range(1, count + 1)}
        self.packed = b"".join(rows or [row(meter) for meter in range(1, count + 1)])
        self.profile = profile
        self.records, self.events = [], []
        self.start()

    def start(self, unreadable=False):
        self.kv = Kv(self.root + "/kv")
        self.kv.open()
        self.settings = Parameters(self.kv, table=area.PARAMETERS)
        archive = Archive(b"" if unreadable else self.packed)
        self.collector = Collector(archive, self.meters, self.profile)
        self.room = Prepaid(
            self.board,
            self.kv,
            self.root,
            self.add,
            self.tell,
            self.settings,
            self.collector,
            lambda _meter: SECRETS,
            unreadable,
        )
        if not self.settings.versions():
            self.set(area.PRICES, {1: [tariffs()]})
            self.set(area.PREPAID, {})

    def close(self):
        self.kv.close()
        self.room.close()

    def cut_power(self, unreadable=False):
        """`unreadable`: as the archive on flash is after it."""
        self.close()
        self.start(unreadable)

    def load(self, packed):
        """This is the archive from now on."""
        self.packed = packed
        self.collector.archive.become(Archive(packed))
        self.room.rows_changed()

    def set(self, section, values):
        version = self.settings.versions().get(section, 0) + 1
        reason, entries, commit = self.settings.apply(
            {"section": section, "version": version, "values": values}
        )
        assert not reason, self.settings.error
        self.kv.put(entries)
        assert commit
        commit()

    def add(self, stream, kind, t_s, t_ok, body):
        messages.pack(area.RECORDS[kind], body)
        self.records.append((stream, kind, body))
        return len(self.records)

    def tell(self, name, fields):
        assert name in area.EVENT_CODE, name
        assert all([field in area.EVENT_FIELD_NO for field in fields]), fields
        self.events.append((name, fields))

    def told(self):
        return [name for name, _fields in self.events]

    # ---- the station

    def command(self, kind, meter, **params):
        """Its reason; journalled as by the gate."""
        params.update({"meter": meter, "address": params.get("address", address(meter))})
        params = messages.unpack(area.COMMANDS[kind], messages.pack(area.COMMANDS[kind], params))
        reason, entries, commit = self.room.apply(kind, params, 7)
        if commit:
            self.kv.put(entries)
            commit()
        return reason

    def order(self, meter, number, value=MANY, flag=APPEND, fee=1, **more):
        return self.command(area.METER_ORDER, meter, order=number, flag=flag, value=value, fee=fee, **more)

    # ---- the lines

    def read(self, meter):
        values = {320: self.meters[meter].total_wh}
        t_s = self.board.clock.t_s
        self.room.seen(meter, ENERGY_TASK, values, t_s, TASK_DUTY, t_s + OFFSET_S)

    def use(self, meter, wh, seconds=900):
        """So much is used, and read."""
        self.board.clock.t_s += seconds
        self.meters[meter].total_wh += wh
        self.read(meter)

    def patrol(self, meter):
        word, t_s = self.meters[meter].word(), self.board.clock.t_s
        self.room.seen(meter, STATUS, {50: word}, t_s, 4, t_s + OFFSET_S)

    def midnight(self, meter, late_s=600):
        """The next local midnight comes, the meter freezes itself and that is read."""
        local_s = (self.board.clock.t_s + OFFSET_S) // DAY_S * DAY_S + DAY_S
        self.meters[meter].freezes[local_s - OFFSET_S] = self.meters[meter].total_wh
        self.board.clock.t_s = local_s - OFFSET_S + late_s
        self.room.seen(
            meter, DAY_FREEZE, {320: self.meters[meter].total_wh}, self.board.clock.t_s, 1, local_s
        )

    def left(self, meter):
        """10^-4 yuan or Wh that the ledger holds."""
        from firmware.area.ledger_state import remaining

        return remaining(self.room._rows.ledger(meter))

    def paid(self, wh):
        return wh * PRICE_E4 // 1000

    def live(self, seconds, step_s=5):
        """Nothing but time passes, and the room's tasks run."""
        asyncio.run(self._live(seconds, step_s))

    async def _live(self, seconds, step_s):
        for _time in range(0, seconds, step_s):
            self.board.clock.t_s += step_s
            self.room.tick()
            for _task in range(2):
                await self.room.errand()
            for line in (1, 2, 3, 4, 9):
                await self.room._switches.round(line)

    def sent(self, meter, name="trip"):
        return [row for row in self.meters[meter].log if row[0] == name]
