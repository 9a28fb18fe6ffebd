"""The master of one DL/T 645-1997 meter.

read(request) -> bytes: the data behind an identifier, "9010" or a block "901F"; `dlt645_97_items` says what
it means. address: 12 digits, or 999999999999 for the one meter on the line. control(name, fields) takes what
the builder in `BUILDERS` takes; there is no trip.

options: "wakeup" FE bytes before a request (4); for `write` also "level", "password".
"""

from protocols.lines import dlt645_97 as dlt645
from protocols.lines.dlt645 import BROADCAST
from protocols.meters.readers import dlt645 as of_2007
from protocols.meters.readers import dlt645_97_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask


OPTIONS = {"wakeup": int, "level": int, "password": str}
CONTROLS = {"clear_demand": {"level": 0, "password": "000000"}}  # control -> {field: such a value}


def _time(address, moment, wakeup):
    return dlt645.broadcast_time(*moment, wakeup=wakeup)


BUILDERS = {
    "time": (_time, BROADCAST),  # moment: (y, mo, d, h, mi, s)
    "address": (dlt645.write_address, BROADCAST),
    "speed": (dlt645.set_speed, ""),
    "password": (dlt645.set_password, ""),
    "clear_demand": (dlt645.clear_demand, ""),
}


class Reader(dlt645_97_read.Reader, of_2007.Reader):
    _builders = BUILDERS  # another name: the build takes one of a class for its own
    CONTROLS = {}

    def read_address(self) -> "Generator[Ask, Any, str]":
        """No function asks for it; each answer of the one meter on the line tells it."""
        frame = yield self._ask(dlt645.read(BROADCAST, 0x9010, self._wakeup))
        self._answer(frame)
        return frame.address

    def _write(self, request, data) -> bytes:
        level, password = self._authority("level", "password")
        return dlt645.write(self.address, self._parse(request), level, password, data, self._wakeup)
