"""Hands and eyes of the tests of a concentrator: the simulated area, its archive, what the station holds."""

import time
from functools import partial

from hil.adapters.area import AreaProcess
from hil.adapters.concentrator import UnixConcentrator
from hil.adapters.station import StationProcess
from hil.faults.net import NetProxy
from hil.world.area.area import Area
from protocols import cbor
from protocols.meters import sound
from protocols.meters.compile import encoded
from protocols.uplink import archive_rows
from protocols.uplink.messages import DAILY
from station.approvals.policy import BY_POLICY
from station.area import life, load
from station.profiles import files
from station.store import area, commands, db, events, live, schema
from station.store.readings import unpacked

DEVICE = "C0000001"
BAUD = 9600
DAY_S, NOON_S = 86400, 43200
COUNT_WH = 10  # of a register
LONG_S = 240  # longest wait for one thing; generous, as the machine may be busy
POLL_S = 0.3


def archive_of(rows, slots, **flags):
    """Rows as the station takes them, of what the area says of itself. `flags`: of addresses."""
    out = []
    for meter, row in enumerate([row for row in rows if row["line"]], 1):
        mask = archive_rows.KEY * row["key_user"] | archive_rows.GATE * row["gate"]
        facts = {"meter": meter, "address": row["address"], "slot": slots.index(row["profile"])}
        facts |= {"line": row["line"], "phase": 0, "flags": mask, "multiplier": row["multiplier"]}
        out.append(facts | {"tariff": 0, "group": 0, "name": f"户{meter}"})
    return out


def _profile(name):
    return sound.checked(cbor.decode(encoded(files.checked(files.content(name)))))


class AreaRig:
    """Station, area and concentrator; nothing is loaded yet. `faults`: of hil.world.area.population;
    `inputs`: of controls; `more`: other options of the area.

    `local_s`: second of the local day at which it begins; before noon none has to wait for a freeze.
    """

    def __init__(self, folder, seed=1, meters=60, lines=2, faults=None, local_s=NOON_S, inputs=(), **more):
        self.world = self.station = self.device = self.net = None
        self.offset_s = (local_s - int(time.time()) + NOON_S) % DAY_S - NOON_S
        try:
            began_s, offset_s = int(time.time()), self.offset_s
            self._twin = partial(Area, seed, began_s, meters, lines, faults, utc_offset_s=offset_s)
            told = [f"{name}={count}" for name, count in (faults or {}).items()]
            options = {"seed": seed, "meters": meters, "lines": lines, "fault": told, **more}
            self.world = AreaProcess(folder / "area", utc_offset_s=offset_s, **options)
            self.station = StationProcess(folder / "station")
            self.station.start()
            self.slots = sorted({row["profile"] for row in self.world.archive})
            numbers = list(range(1, lines + 1)) + [archive_rows.MODULE] * bool(self.world.module)
            told = [f"{number}:{BAUD}:8E1" for number in numbers]
            identity = self.station.enrol_area(DEVICE, told, self.slots, self.offset_s, inputs=inputs)
            self.net = NetProxy("127.0.0.1", self.station.mqtt)
            self.device = UnixConcentrator(
                folder / "device", self.world, identity, "127.0.0.1", self.net.port
            )
            self.engine = db.engine(self.station.home)
        except BaseException:
            self.close()
            raise

    def close(self):
        for part in (self.device, self.net):
            if part is not None:
                part.close()
        for part in (self.station, self.world):
            if part is not None:
                part.stop()
        if self.device is not None:
            self.engine.dispose()

    # ---- eyes

    def ask(self, function, *args):
        with db.reading(self.engine) as c:
            return function(c, *args)

    def now(self):
        return self.ask(live.latest, DEVICE) or {}

    def today_s(self):
        """UTC of the last local midnight."""
        now_s = int(time.time())
        return now_s - (now_s + self.offset_s) % DAY_S

    def true_wh(self, t_s):
        """{address: [total, that of the last midnight]} as meters showed them: a twin of the area says."""
        twin = self._twin()
        twin.advance(t_s)
        counters = [twin.seen(home) for home in twin.homes] + [twin.gate_now()]
        shown = {each.address: (each.energy_wh(), each.freezes[0]["energy_wh"]) for each in counters}
        return {name: [total[0] // COUNT_WH * COUNT_WH for total in both] for name, both in shown.items()}

    def homes(self):
        """{address: what truth says of its home}"""
        return {home["address"]: home for home in self.world.truth()["homes"]}

    def frozen(self, rows):
        """Rows of meters that froze today: a profile reads it, they answer, their clock is of this day."""
        homes = self.homes().items()
        gone = {name for name, home in homes if home["mute"] or abs(home["clock_offset_s"]) > DAY_S}
        reads = [bool(_profile(name).freeze) for name in self.slots]
        return [row for row in rows if reads[row["slot"]] and row["address"] not in gone]

    def stored(self, slot_s):
        """Meters whose freeze of that midnight is here."""
        return sorted(meter for meter, *_rest in self.readings(DAILY, slot_s))

    def area(self):
        """NOW_AREA by its numbers; {} before the first."""
        return self.now().get("area") or {}

    def rows(self, table):
        return self.ask(lambda c: [dict(row) for row in c.execute(table.select()).mappings()])

    def events(self, name):
        return [event for event in reversed(self.ask(events.recent, DEVICE, 500)) if event["name"] == name]

    def readings(self, kind, slot_s=None):
        """[(metering point, slot, {point: value}, quality)]"""
        found = self.rows(schema.readings)  # before the meters: one may come in between
        meters = {row["id"]: row["metering_point"] for row in self.rows(schema.meters)}
        return [
            (meters[row["meter_id"]], row["slot_s"], unpacked(row["points"]), row["quality"])
            for row in found
            if row["kind"] == kind and slot_s in (None, row["slot_s"])
        ]

    def wait(self, met, what, limit_s=LONG_S):
        end = time.monotonic() + limit_s
        while True:
            found = met()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(
                    f"not within {limit_s} s: {what}\n{self.now()}\n{self.device.log()[-1500:]}"
                )
            time.sleep(POLL_S)

    def assert_whole(self):
        """Each stream is stored without a hole; the key forbids doubles."""
        streams = {}
        for row in self.rows(schema.records):
            streams.setdefault(row["stream_id"], []).append(row["seq"])
        for stream, numbers in streams.items():
            assert sorted(numbers) == list(range(1, len(numbers) + 1)), stream

    # ---- hands

    def power(self, **changes):
        """On, or off and on again."""
        before = self.device.log().count("boot version=")
        self.device.kill()
        self.device.start(**changes)
        self.wait(lambda: self.device.log().count("boot version=") > before, "the boot")

    def load(self, rows):
        """Make these rows the archive, and wait until they run."""
        with db.writing(self.engine) as c:
            life.take(c, DEVICE, rows, "test", leave=BY_POLICY)
            number = life.begin(c, DEVICE, "test")
        ended = self.wait(
            lambda: (found := self.ask(area.load, number)) and found["state"] != load.SENDING and found,
            "the load",
        )
        assert ended["state"] == load.LOADED, ended

    def done(self, number, state="executed"):
        row = self.wait(
            lambda: (r := self.ask(commands.get, DEVICE, number)) and r["state"] in commands.FINAL and r,
            f"end of {number}",
        )
        assert row["state"] == state, row
        return row
