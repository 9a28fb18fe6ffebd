"""A recorder over one real Meter on a bus that answers from a table."""

import time

from protocols.meters.points import BY_ALIAS
from tests.unit.metering import recorder_bench
from tests.unit.metering.bench import PROFILE, Rig
from tests.unit.metering.recorder_bench import DAY_S

POWER, ENERGY = PROFILE.power, PROFILE.energy
VOLTAGE = BY_ALIAS["voltage_a_dv"][0]
OFFSET_S = 28800
MIDNIGHT_S = 1_800_000_000 // DAY_S * DAY_S + DAY_S - OFFSET_S  # UTC second of a local 00:00
TIME_DI, ENERGY_DI = PROFILE.freeze


def bcd(*numbers):
    return bytes(n // 10 << 4 | n % 10 for n in numbers)


def freeze_time(utc_s, hour=0, minute=0):
    """mm hh DD MM YY of the local date of `utc_s`."""
    date = time.gmtime(utc_s + OFFSET_S)
    return bcd(minute, hour, date.tm_mday, date.tm_mon, date.tm_year % 100)


class MeterBench(recorder_bench.Bench):
    """A recorder over one meter on a bus that answers from a table."""

    def __init__(self, folder, t_s, answers, **settings):
        super().__init__(folder, t_s, offset_s=OFFSET_S, **settings)
        rig = Rig(**answers)
        rig.meter._clock = self.clock
        self.bus = rig.bus
        (point,) = self.points.points
        point.profile, point.meter = PROFILE, rig.meter

    def tick(self, values=None):
        super().tick(values)
        if self.clock.ok:
            self.backfill()  # as its own task does, only more often


GOOD = {POWER: 20_000, ENERGY: 123_450}
