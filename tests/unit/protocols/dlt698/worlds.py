"""A meter to read and a lock for it, shared by the tests of both sides."""

import pytest

from protocols.lines.dlt698 import axdr, link, meter
from protocols.lines.refused import Refused
from protocols.meters.readers.dlt698 import Reader
from tests.unit.protocols import drive

ADDRESS = "123456789012"
VOLTS, AMPS, NEUTRAL, ENERGY, CLOCK, NOTE = (
    0x20000200,
    0x20010200,
    0x20010400,
    0x00100200,
    0x40000200,
    0x43000300,
)
DAILY, FROZEN, TRIP = 0x50040200, 0x20210200, 0x80008100
DAYS = 28


def day(number) -> tuple:
    return axdr.MOMENT, (2016, 1, number, 0, 0, 0)


def daily() -> tuple:
    """Freezes of DAYS days: time and five energies of 100 * day + tariff."""
    rows = [[day(d), (1, [(6, 100 * d + tariff) for tariff in range(5)])] for d in range(1, DAYS + 1)]
    return [(0, FROZEN), (0, ENERGY)], rows


class Meter(meter.Server):
    def __init__(self, **more) -> None:
        store = {
            VOLTS: (1, [(0x12, 2301), (0x12, 2302), (0x12, 2303)]),
            NEUTRAL: (5, -7),
            ENERGY: (1, [(6, tariff) for tariff in range(5)]),
            CLOCK: day(1),
            NOTE: (9, bytes(range(256)) * 12),
        }
        super().__init__(ADDRESS, store, {DAILY: daily()}, {TRIP: Meter.trip}, [CLOCK, NOTE], **more)
        self.acts = []  # what its relay was told

    def trip(self, parameter) -> tuple:
        self.acts.append(parameter)
        return 0, (axdr.U16, len(self.acts))


class Lock:
    """Stands for an ESAM: the MAC is the sum of the bytes; `cipher` hides them too."""

    def __init__(self, cipher=False, lie=0) -> None:
        self.cipher, self.lie = cipher, lie

    def _mac(self, data) -> bytes:
        return (sum(data) + self.lie).to_bytes(4, "big")

    def _hidden(self, data) -> bytes:
        return bytes([byte ^ 0x5A for byte in data]) if self.cipher else data

    def _unlocked(self, payload, mac) -> bytes:
        data = self._hidden(payload)
        if mac != self._mac(data):
            raise Refused("bad_mac")
        return data


class MasterLock(Lock):
    def seal(self, apdu):
        """Reads go in plain."""
        return None if apdu[0] == 5 else self.sealed(apdu)

    def sealed(self, apdu) -> tuple:
        return int(self.cipher), self._hidden(apdu), (0, ((1, b""), self._mac(apdu)))

    def open(self, _kind, payload, verification):
        return self._unlocked(payload, verification[1] if verification[0] == 0 else None)


class MeterLock(Lock):
    def open(self, _kind, payload, verification):
        return self._unlocked(payload, verification[1][1] if verification[0] == 0 else None)

    def seal(self, apdu):
        return int(self.cipher), self._hidden(apdu), (0, self._mac(apdu))


class Saying:
    """A meter that says given bytes, well framed, to everything."""

    def __init__(self, says, control=0xC3) -> None:
        self.says, self.control = says, control

    def feed(self, data):
        (frame,) = link.Framer().feed(data)
        return link.encode(frame._replace(control=self.control, data=self.says[: link.MAX_FRAME - 40]))


def talk(reader, server, generator, fault=None):
    return drive.drive(generator, reader, server, fault)


def read(request, options=None, server=None, fault=None, address=ADDRESS):
    reader = Reader(address, options or {})
    return talk(reader, server or Meter(), reader.read(request), fault)


def refusal(generator, reader, server, fault=None):
    with pytest.raises(Refused) as caught:
        talk(reader, server, generator, fault)
    return caught.value.reason, caught.value.detail
