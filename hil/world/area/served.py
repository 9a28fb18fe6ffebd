"""The area's meters as they answer on a line: Servers of `protocols.lines` over what a Counter shows. Pure.

A Rack is all meters of one line. It finds requests in the bytes of the line and says who answers what, and
how long after the request; who waits and who talks at once is for the caller (hil.world.area.live).
"""

import json
from collections import namedtuple
from math import isqrt
from pathlib import Path

import protocols.meters
from hil.world import registers
from hil.world.factory import Flow
from hil.world.meter import Display
from protocols.lines import dlt645, dlt645_97_meter, dlt645_server, modbus
from protocols.meters import dlt645_items, dlt645_types, dlt645_write
from protocols.meters.dlt645_loads import CLASSES, RECORDS_MAX
from protocols.meters.points import BY_ALIAS
from station.profiles.simulated import Meter as ProfileMeter
from station.profiles.stores import SERVERS

PROFILES = {"dlt645-2007": "dlt645-2007-1p", "dlt645-1997": "dlt645-1997", "modbus": "chint-dtsu666"}
THREE_PHASE = "dlt645-2007-3p"
CATALOGUE = Path(protocols.meters.__file__).with_name("catalogue")
CLOCK_97 = {"C010": registers.SET_DATE, "C011": registers.SET_TIME}
_WRITABLE = {f"{di:08X}": di for di in (registers.SET_DATE, registers.SET_TIME, registers.SET_CLOCK)}
FRAMES_GAP_MS, UNITS_GAP_MS = 500, 20  # longest silence inside a frame of DL/T 645, of Modbus
INSTANT = "0501"  # freezes that the Server makes and keeps
_FIRST, _SINCE, _LAST = range(3)  # DI0 of a load record
_RECORDED = CLASSES[:4]  # quadrants and demand this meter does not record

# delay_ms after the end of the request; address of who talks
Reply = namedtuple("Reply", "address delay_ms data")


# ---- DL/T 645 --------------------------------------------------------------------------------------


class _Store:
    """What a meter shows, in the form of the Servers' store; only its clock can be written.

    Instant freezes are kept here as the Server makes them.
    """

    def __init__(self, meter, clock, value_of):
        self._meter, self._clock, self._value_of = meter, clock, value_of
        self._kept = {}

    def get(self, text):
        if text in self._kept:
            return self._kept[text]
        if text[:2] == "06" and len(text) > 4:
            return load_records(self._meter, text)
        return self._value_of(self._meter.counter, int(text, 16)) if text and "/" not in text else None

    def __contains__(self, text):
        return text in self._clock

    def __getitem__(self, text):
        data = self.get(text)
        if data is None:
            raise KeyError(text)
        return data

    def __setitem__(self, text, data):
        if text[:4] == INSTANT:
            self._kept[text] = data
            return
        if text not in self._clock:
            raise dlt645_server.Refusal("no_such_data")
        try:
            registers.write(self._meter.counter, self._clock[text], data)
        except dlt645_write.FieldError:
            raise dlt645_server.Refusal("other") from None


class _Store97(_Store):
    def __contains__(self, text):
        return text in self._clock or self.get(text) is not None


def _of_counter(name):
    def read(self):
        return getattr(self.meter, name, None)

    def write(self, value):
        if self.meter:  # the Server's own first values say nothing
            setattr(self.meter, name, value)

    return property(read, write)


_CLEARS = ("_clear_demand", "_clear_meter", "_clear_events")  # not simulated: refused


class _Bound:
    """A Server whose state is that of a Counter."""

    meter = None
    now, relay_open, close_permitted = (
        _of_counter(name) for name in ("now", "relay_open", "close_permitted")
    )
    alarm, guaranteed = _of_counter("alarm"), _of_counter("guaranteed")


def _without_clears(actions) -> dict:
    return {code: name for code, name in actions.items() if name not in _CLEARS}


class Server2007(_Bound, dlt645_server.Server):
    ACTIONS = _without_clears(dlt645_server.Server.ACTIONS)


class Server1997(_Bound, dlt645_97_meter.Server):
    ACTIONS = _without_clears(dlt645_97_meter.Server.ACTIONS)


def _dlt645(meter):
    server = Server2007(meter.counter.address, _Store(meter, _WRITABLE, registers.value_of))
    server.meter = meter.counter
    return server


def _dlt645_97(meter):
    server = Server1997(meter.counter.address, _Store97(meter, CLOCK_97, registers.value_of_97))
    server.meter = meter.counter
    return server


# ---- load records of DL/T 645-2007: 06 class 00 which [/blocks [/since]] ---------------------------


def load_records(meter, text) -> bytes | None:
    """Records oldest first, each A0 A0 L time classes CS E5; None when there is none, or no such class."""
    di, blocks, since = (*text.split("/"), "", "")[:3]
    kind, which = int(di[2:4], 16), int(di[6:], 16)
    if kind > len(_RECORDED) or di[4:6] != "00" or which > _LAST or not (blocks or "1").isdigit():
        return None
    rows = meter.counter.curve()
    count = min(int(blocks or "1"), RECORDS_MAX)
    if which == _SINCE:
        asked = dlt645_types.read(dlt645_types.MINUTE, bytes.fromhex(since)[::-1]) if since else None
        rows = [row for row in rows if asked is not None and row[0] >= asked]
    rows = rows[-count:] if which == _LAST else rows[:count]
    return b"".join(_record(meter, kind, row) for row in rows) or None


def _record(meter, kind, row) -> bytes:
    local_s, _t_s, _import_wh, _export_wh = row
    shown = _at(meter, row)
    body = dlt645_write.write(dlt645_types.MINUTE, 5, local_s)
    for number, items in enumerate(_RECORDED, 1):
        if kind in (0, number):
            body += b"".join(_field(shown, *item) for item in items)
        if kind == 0:
            body += b"\xaa"
    head = b"\xa0\xa0" + bytes([len(body)]) + body
    return head + bytes([sum(head) & 0xFF, 0xE5])


def _at(meter, row) -> dict:
    """{alias: canonical value} of the moment of a record."""
    _local_s, t_s, import_wh, export_wh = row
    display = Display()
    display.flow, display.multiplier = meter.flow_at(t_s), meter.counter.multiplier
    shown = {"energy_import_wh": import_wh, "energy_export_wh": export_wh, "energy_reactive2_varh": 0}
    shown["energy_reactive1_varh"] = import_wh * meter.counter.tan_e3 // 1000
    shown["frequency_chz"] = display.frequency_chz()
    shown.update(registers.electrical(display))
    return shown


def _field(shown, di, size) -> bytes:
    """The item's data, filled up with FF where a phase is missing."""
    item = dlt645_items.ITEMS.get(di)
    return dlt645_items.encode(di, registers.at_scale_of(item, shown)).ljust(size, b"\xff")


# ---- Modbus: a meter of the catalogue, filled anew for each request ---------------------------------


class _Modbus:
    def __init__(self, meter):
        self._meter = meter
        document = json.loads(CATALOGUE.joinpath(PROFILES["modbus"] + ".json").read_text(encoding="utf-8"))
        self._shown = ProfileMeter(document, address=str(int(meter.counter.address)))

    def feed(self, data) -> bytes:
        counter = self._meter.counter
        values = registers.electrical(counter) | {"frequency_chz": counter.frequency_chz()}
        values["energy_import_wh"], values["energy_export_wh"] = (
            counter.energy_wh()[0],
            counter.export_wh()[0],
        )
        for i, dv in enumerate(_between_phases(counter.volts_dv()), 1):
            values[f"voltage_line_{i}_dv"] = dv
        self._shown.values.update((BY_ALIAS[alias][0], value) for alias, value in values.items())
        return SERVERS["modbus"](self._shown).feed(data)


def _between_phases(volts_dv) -> list:
    """A-B, B-C, C-A of three that stand 120 degrees apart."""
    pairs = zip(volts_dv, volts_dv[1:] + volts_dv[:1], strict=True)
    return [isqrt(u * u + v * v + u * v) for u, v in pairs]


_SERVERS = {"dlt645-2007": _dlt645, "dlt645-1997": _dlt645_97, "modbus": _Modbus}


# ---- a line ----------------------------------------------------------------------------------------


class Served:
    """One counter on a line: of a home or, without one, the gate's."""

    def __init__(self, area, counter, home=None):
        self._area, self.counter, self._home = area, counter, home
        self.address = counter.address
        self.server = _SERVERS[counter.protocol](self)

    def refresh(self):
        if self._home:
            self._home.advance(self._area.t_s)
        else:
            self._area.gate_now()

    def flow_at(self, t_s) -> Flow:
        return self._area.flow_of(self._home, t_s) if self._home else self._area.gate_flow(t_s)

    def answer(self, request) -> bytes:
        self.refresh()
        return b"" if self.counter.mute else self.server.feed(request)


class Rack:
    """All meters of line `line` (1..); the gate's is on the first. Counters `heard`, `answered`."""

    def __init__(self, area, line):
        self._area = area
        homes = [home for home in area.homes if home.on_line and home.line == line]
        self.meters = [Served(area, counter, home) for home in homes for counter in home.counters]
        if line == 1:
            self.meters.append(Served(area, area.gate))
        self.heard = self.answered = 0
        self._frames, self._units = dlt645.Framer(), modbus.Framer(modbus.request_sizes)
        self._has_units = any(meter.counter.protocol == "modbus" for meter in self.meters)

    def meter(self, address) -> Served:
        """KeyError when it is not on this line."""
        found = next((meter for meter in self.meters if meter.address == address), None)
        if found is None:
            raise KeyError(address)
        return found

    def move(self, address, to):
        """The meter now answers at another address, perhaps one that another has as well."""
        meter = self.meter(address)
        meter.address = to
        if meter.counter.protocol != "modbus":
            meter.server.address = to

    def feed(self, data) -> list:
        """Replies to the requests that `data` completes, in the order in which they begin."""
        return self._replies(self._frames.feed(data), self._units.feed(data) if self._has_units else [])

    def quiet(self, gap_ms) -> list:
        """The line was silent so long: an unfinished frame was noise, and may hide good ones."""
        units = self._units.quiet() if gap_ms > UNITS_GAP_MS else []
        return self._replies(self._frames.quiet() if gap_ms > FRAMES_GAP_MS else [], units)

    def _replies(self, frames, units) -> list:
        replies = []
        for frame in frames:
            if not frame.control & dlt645.FROM_METER:
                request = dlt645.encode(frame.address, frame.control, frame.data, 0)
                replies += self._ask(request, lambda meter, to=frame.address: _hears(meter, to))
        for frame in units:
            request = modbus.encode(frame.unit, frame.function, frame.data)
            replies += self._ask(request, lambda meter, to=frame.unit: _is_unit(meter, to))
        return sorted(replies, key=lambda reply: reply.delay_ms)

    def _ask(self, request, hears) -> list:
        self.heard += 1
        replies = []
        for meter in self.meters:
            data = meter.answer(request) if hears(meter) else b""
            if data:
                counter = meter.counter
                replies.append(Reply(counter.address, counter.delay_ms + counter.late_ms, data))
        self.answered += len(replies)
        return replies


def _hears(meter, address) -> bool:
    if meter.counter.protocol == "modbus":
        return False
    if address in (meter.address, dlt645.BROADCAST):
        return True
    return "A" in address and dlt645.fits_address(address, meter.address)


def _is_unit(meter, unit) -> bool:
    return meter.counter.protocol == "modbus" and unit in (modbus.BROADCAST, int(meter.address))
