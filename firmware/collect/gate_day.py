"""Statistics of the gate meter over day and month, counted as a terminal counts its metering points.

Extremes of power, voltages and currents with their times, minutes of voltages outside their limits, of
unbalance and of the bands of load: firmware/metering/statistics.py. A period that ends is told as STATS under
the row of the gate meter. What is counted goes to flash each quarter: a power cut costs that much, and no
period is told twice under two labels (firmware/metering/tally.py).
"""

from firmware.area.plan_duties import DAY_S
from firmware.metering import statistics, tally
from firmware.store.kv import StoreError
from protocols.meters.dlt645_types import date
from protocols.uplink import area, messages, parameters, topics

KEY = "gate"  # [address of the meter, tally]
SAVE_MIN = 15
VOLTAGE_DV, CURRENT_MA, FOUR_WIRES = 2200, 5000, 0  # rated, secondary side


class GateDay:
    """`add`: outbox.add. `faults`: saves that the flash refused."""

    def __init__(self, clock, kv, add, settings, offset_s):
        self._clock, self._kv, self._add, self._settings, self._offset_s = clock, kv, add, settings, offset_s
        self._rows = statistics.table(statistics.POINT_TABLE)
        self._values = [None] * statistics.SOURCES
        self._bases = [1000] * statistics.SOURCES
        self._of, self._kept, self._meter = b"", None, 0
        self._sample = {}
        self.rated = ()
        self.faults = 0

    def count(self, minute, meter, row, sample, multiplier):
        """The local `minute` ended with this sample {point: secondary value}, {} without a fresh one. `row`:
        of the gate meter in the archive."""
        kept = self._open(meter, bytes(row.address))
        self._sample = sample
        va = self._settings.get(area.AREA)["transformer_va"]
        self.rated = VOLTAGE_DV, CURRENT_MA, FOUR_WIRES, va // multiplier
        statistics.measure(self, self._values, self._bases, 0)
        day = minute // tally.DAY_MIN
        labels = day, day - date(day)[2] + 1
        kept.count(minute, labels, self._clock.ok, self._values, self._bases, self._limits(), self._tell)
        if kept.dirty or minute % SAVE_MIN == 0:
            self._save()

    @property
    def latest(self):
        """For statistics.measure, as a metering point."""
        return self

    def get(self, no, _max_age_ms):
        return self._sample.get(no)

    def _limits(self):
        values = self._settings.get(parameters.LIMITS)
        return [0] + [values[row[1]] for row in parameters.rows(parameters.LIMITS)] + [statistics.ZERO_E3]

    def _open(self, meter, address):
        """Another gate meter begins anew."""
        self._meter = meter
        if self._kept is None or self._of != address:
            found = self._kv.get(KEY)
            known = isinstance(found, list) and len(found) == 2 and found[0] == address
            self._of = address
            self._kept = tally.Tally(meter, self._rows, "i", found[1] if known else None, None)
        return self._kept

    def _tell(self, kept, period, label, quality):
        values = kept.told(period, self._offset_s)
        if not values:
            return True
        body = {"from_s": label * DAY_S - self._offset_s, "period": period + 1}
        body.update({"metering_point": self._meter, "quality": quality, "values": values})
        return self._add(topics.DA, messages.STATS, self._clock.now_s(), int(self._clock.ok), body)

    def _save(self):
        self._kept.dirty = False
        try:
            self._kv.put({KEY: [self._of, self._kept.dump()]})
        except StoreError:
            self.faults += 1  # again in a quarter; at worst a record is made again, with the same label
