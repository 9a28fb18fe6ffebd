"""The module's side of an exchange: Readers of meters behind it, itself as a Wire asks it.

Their owner (module.py) hears of each exchange: `came`, `judged`, `note`, `listen`, `answers`.
"""

from protocols.lines.refused import Refused
from protocols.meters.dlt645_types import date
from protocols.meters.readers import gdw3762
from protocols.meters.readers.ask import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

SERIAL = ("8E1", 60000, 500)  # format, ms until an answer begins, longest pause in it
OWN_MS = 5000  # the module answers for itself

# Denials of the module that say nothing of the meter, and those with which it may have been asked.
OWN_DENIALS = ("unknown_node", "busy", "too_many_at_once", "node_being_read")
_LATER = OWN_DENIALS + ("timeout", "meter_silent", "node_silent", "node_not_in_network")
CLOCK_KEYS = "%02d%02d%02d%02d%02d%02d"


class Desk:
    """The module itself as a Wire asks it."""

    address, serial, baud = "module", SERIAL, 0

    def __init__(self, line):
        self.reader = gdw3762.Module(line)


class Line(gdw3762.Line):
    """Notes for its owner what comes beside the answers."""

    def __init__(self, owner, address, number):
        gdw3762.Line.__init__(self, address, number=number)
        self._owner = owner

    def exchange(self, name, values, node="", wait_ms=0):
        steps = gdw3762.Line.exchange(self, name, values, node, wait_ms)
        answer = None
        while True:
            try:
                asked = steps.send(answer)
            except StopIteration as end:
                self._owner.came(True)
                return end.value
            except Refused as refused:
                self._owner.came(refused.reason != "mute", refused.detail)
                if node and refused.reason == "refused" and refused.detail in _LATER:
                    raise Refused("mute") from None
                raise
            most_ms = asked.wait_ms if node else OWN_MS
            answer = yield ask(asked.data, self._owner.judged(asked.judge), wait_ms=most_ms)


class Through:
    """Reader of a meter: its outcome is noted. While the module is gone nobody is asked."""

    FRAMER = gdw3762.Reader.FRAMER

    def __init__(self, owner, meter, inner):
        self._owner, self._meter, self._inner = owner, meter, inner

    def read(self, request) -> "Generator[Any, Any, Any]":
        return self._noted("read", (request,))

    def write(self, request, data) -> "Generator[Any, Any, Any]":
        return self._noted("write", (request, data))

    def control(self, name, fields) -> "Generator[Any, Any, Any]":
        return self._noted("control", (name, fields))

    def _noted(self, verb, arguments):
        if not (yield from self._owner.answers()):
            yield from self._owner.listen(1)  # others have their turn
            raise Refused("mute")
        self._inner.heard = None
        try:
            return (yield from getattr(self._inner, verb)(*arguments))
        finally:
            self._owner.note(self._meter, self._inner.heard)


def clock_keys(local_s):
    """As `ask_clock` is answered."""
    day, second = date(local_s // 86400), local_s % 86400
    return CLOCK_KEYS % (day[0] % 100, day[1], day[2], second // 3600, second // 60 % 60, second % 60)


class Packed:
    """Addresses of 6 bytes in one piece."""

    def __init__(self):
        self._data = bytearray()

    def add(self, address):
        self._data.extend(address)

    def __iter__(self):
        return (bytes(self._data[at : at + 6]) for at in range(0, len(self._data), 6))
