"""What the terminal's inputs get: pulses of the meter's energy, AC samples behind its transformers."""

import asyncio

PULSE_MS = 80  # on, and at least so long off (DL/T 614)
KWH_WMS = 3_600_000_000
CHANNEL = 1


class Pulses:
    """`edge(channel, level)` is called twice a pulse. `sent` counts whole pulses; none is lost, only late."""

    def __init__(self, edge):
        self._edge = edge
        self._constant = 0  # pulses a kWh, secondary side
        self._from_wms = 0
        self._due = 0
        self._timer: asyncio.TimerHandle | None = None
        self.sent = 0

    def start(self, constant, energy_wms):
        """Count anew from this energy (secondary side, W ms); 0 stops."""
        self._constant, self._from_wms = constant, energy_wms
        self._due = self.sent = 0

    def take(self, energy_wms):
        """The meter's energy now."""
        if self._constant:
            self._due = (energy_wms - self._from_wms) * self._constant // KWH_WMS
            if self._timer is None and self._due > self.sent:
                self._set(1)

    def _set(self, level):
        self._edge(CHANNEL, level)
        self._timer = asyncio.get_running_loop().call_later(PULSE_MS / 1000, self._next, level)

    def _next(self, level):
        self._timer = None
        if level:
            self.sent += 1
            self._set(0)
        elif self._due > self.sent:
            self._set(1)

    def close(self):
        if self._timer:
            self._timer.cancel()


def ac_sample(meter) -> dict:
    """{point number: value} of protocols.meters.points, secondary side of the meter's transformers."""
    out = {}
    for first, values in (
        (1, meter.volts_dv()),
        (4, meter.currents_ma()),
        (8, meter.powers_dw()),
        (12, meter.reactive_dvar()),
        (16, meter.apparent_dva()),
        (20, meter.power_factors_e3()),
        (24, [meter.frequency_chz()]),
    ):
        out.update(enumerate(values, first))
    return out
