"""A meter we did not write: the `dlt645` package's server, fed with our meter's values once a second.

Its ways (3.2.0): it answers any address (one per line only), wants the address reversed, refuses every FF
block and freeze, has no trip control, answers wildcards with AA. It takes floats, so that is where integers
end here.
"""

from datetime import UTC, datetime

from dlt645 import MeterServerService
from dlt645.model.types.dlt645_type import Demand

BAUD = 9600  # a PTY does not pace: hil.line485 does
TIMEOUT_S = 1.0


class PeerMeter:
    """Serves on the PTY `path` in the package's own thread."""

    def __init__(self, meter, path):
        self._meter = meter
        self._service = MeterServerService.new_rtu_server(path, 8, 1, BAUD, "N", TIMEOUT_S)
        self._service.address = bytearray.fromhex(meter.address)[::-1]
        self.push()
        if not self._service.server.start():
            raise OSError(f"dlt645 server did not open {path}")

    def push(self):
        """Hand the meter's present values to the package."""
        meter, put = self._meter, self._service.set_02
        for tariff, wh in enumerate(meter.energy_wh()):
            self._checked(self._service.set_00(0x00010000 | tariff << 8, wh / 1000))
        for first, step, values, divisor in (
            (0x02010100, 0x100, meter.volts_dv(), 10),
            (0x02020100, 0x100, meter.currents_ma(), 1000),
            (0x02030000, 0x100, meter.powers_dw(), 10_000),
            (0x02040000, 0x100, meter.reactive_dvar(), 10_000),
            (0x02060000, 0x100, meter.power_factors_e3(), 1000),
            (0x02800002, 1, [meter.frequency_chz()], 100),
        ):
            for i, value in enumerate(values):
                self._checked(put(first + i * step, value / divisor))
        demand_dw, at_s = meter.max_demand[0]
        if at_s:
            at = datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None)
            self._checked(self._service.set_01(0x01010000, Demand(demand_dw / 10_000, at)))
        for i, word in enumerate(meter.status_words()):
            self._checked(self._service.set_04(0x04000501 + i, f"{word:04x}"))

    @staticmethod
    def _checked(taken):
        if not taken:
            raise ValueError("the dlt645 package refused a value")

    def stop(self):
        self._service.server.stop()
