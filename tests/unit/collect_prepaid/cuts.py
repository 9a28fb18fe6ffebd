"""Prepaid meters as work for tests/unit/store/sweep.py: each write cut or refused. For MicroPython.

    micropython cuts.py PREFILL STEPS [refuse]

What the meters truly used, what they were told and what they paid outlives the flash; after each cut the
ledger must come to the very same balance from it, and the switch to what was ordered, never blindly.
"""

# pyright: reportMissingImports=false

import json
import sys

import sweep

from firmware.area.switching import VALID_S
from firmware.store.kv import StoreError
from protocols.uplink import area
from tests.unit.collect_prepaid import rig

METERS = (1, 2, 17)  # on two pages
SWITCHED = 2
USED, PAID, NUMBER, LOG = range(4)


def cut_blindly(log):
    """A control without a status word read right before it."""
    return any([name != "look" and (not at or log[at - 1] != "look") for at, name in enumerate(log)])


class Prepaid:
    """`acked`: {meter: [Wh used, paid, number of its last order, what came to it, relay]} and the clock."""

    def __init__(self, root):
        self.root = root
        self.acked: dict = {str(meter): [0, 0, 0, [], 0] for meter in METERS}
        self.acked["t_s"] = rig.NOON_S
        self.pending = None  # [meter, value] of an order whose answer is not known

    def open(self):
        self.acked = json.loads(json.dumps(self.acked))
        self.area = rig.Area(self.root, 17, None, None, self.acked["t_s"])
        for meter in METERS:
            truth, shown = self.acked[str(meter)], self.area.meters[meter]
            shown.total_wh += truth[USED]
            shown.is_open = shown.told_open = truth[-1]

    def close(self):
        self.area.close()

    def facts(self):
        return self.area.room._rows._store.number, self.area.kv._base

    def _sync(self):
        self.acked["t_s"] = self.area.board.clock.t_s
        for meter in METERS:
            truth, shown = self.acked[str(meter)], self.area.meters[meter]
            truth[LOG].extend([came[0] for came in shown.log])
            truth[-1] = shown.told_open
            shown.log.clear()

    # ---- steps

    def step(self, n):
        try:
            if not n:
                self.begin()
            (self.use, self.order, self.save, self.switch)[n % 4](n)
        finally:
            self._sync()

    def begin(self):
        for meter in METERS:
            self.pay(meter, 10**6)
            self.area.read(meter)
        self.area.room._rows.save()

    def use(self, n):
        meter = METERS[n // 4 % 3]
        self.acked[str(meter)][USED] += 100 + n
        self.area.use(meter, 100 + n)

    def order(self, n):
        self.pay(METERS[n // 4 % 3], 1000 + n)

    def pay(self, meter, value):
        truth = self.acked[str(meter)]
        self.pending = [meter, value]
        reason = self.area.order(meter, truth[NUMBER] + 1, value)
        if reason:
            raise StoreError(f"refused {reason}")
        self._paid()

    def _paid(self):
        meter, value = self.pending or (0, 0)
        truth = self.acked[str(meter)]
        truth[PAID] += value
        truth[NUMBER] += 1
        self.pending = None

    def save(self, n):
        if not self.area.room._rows.saving:
            self.area.room._rows.begin()
        for _time in range(1 + n % 3):
            self.area.room._rows.step()

    def switch(self, n):
        reason = self.area.command(area.METER_SWITCH, SWITCHED, want=1 + n // 4 % 2)
        if reason:
            raise StoreError(f"refused {reason}")
        self.area.live(15)

    # ---- what must stand

    def check(self, cut):
        try:
            complaint = self._balances(cut) or self._switched()
        finally:
            self._sync()
        blind = [meter for meter in METERS if cut_blindly(self.acked[str(meter)][LOG])]
        return complaint or (f"blind control of {blind}" if blind else "")

    def _balances(self, cut):
        for meter in METERS:
            truth = self.acked[str(meter)]
            if not truth[NUMBER] and not self.pending:
                continue
            self.area.use(meter, 0)
            if self.pending and self.pending[0] == meter:
                number = self.area.room._rows.ledger(meter).order
                if number == truth[NUMBER] + 1 and cut:
                    self._paid()
                self.pending = None
            left, expected = self.area.left(meter), truth[PAID] - truth[USED] * rig.PRICE_E4 // 1000
            if truth[NUMBER] and left not in (expected, expected + 1):
                return f"{'doubled' if left > expected else 'lost'}: meter {meter} has {left}, not {expected}"
        return ""

    def _switched(self):
        wanted = self.area.room._rows.marks(SWITCHED) & 3
        self.area.live(2 * VALID_S, 20)
        told = self.area.meters[SWITCHED].told_open
        return f"switch is {told}, wanted {wanted}" if wanted and told != (wanted == 1) else ""


if __name__ == "__main__":
    sweep.WORKS["prepaid"] = Prepaid
    print(json.dumps(sweep.sweep("prepaid", int(sys.argv[1]), int(sys.argv[2]), "refuse" in sys.argv)))
