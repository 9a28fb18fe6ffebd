"""A simulated meter of a profile: the protocol's own Server, filled with what the profile's points show."""

from collections.abc import Iterable
from typing import Any

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret, types, types_write
from protocols.meters.dlt645_types import DAY_S, DIGITS
from protocols.meters.points import BY_NO
from station.profiles.stores import SERVERS

# What a point shows when nobody says: by its kind, at its scale; a text of as many digits as its field has
EARLIER = 100000  # less than now were energies and volumes at the last freeze
CLOCK_S = 1789999980  # 2026-09-21 14:13:00 of the meter's clock
_DEFAULTS = {
    "energy": 1234560, "demand": 12340, "power": 15000, "voltage": 2301, "current": 5020, "factor": 987,
    "angle": 1200, "percent": 210, "frequency": 4998, "temperature": 2350, "count": 3, "duration": 42,
    "money": 880000, "ratio": 1, "bits": 0, "state": 1, "setting": 5, "time": CLOCK_S, "volume": 1234500,
    "flow": 1250,
}  # fmt: skip
_STEPS = {"energy": 10, "demand": 10, "power": 10, "voltage": 10, "current": 10, "factor": 10, "volume": 1000}
_COARSE = {
    "temperature_ddegc": 235,
    "heat_energy_wh": 1234000,
    "cold_energy_wh": 1234000,
    "heat_power_dw": 150000,
}


class SimulationError(ValueError):
    """A value that the meter cannot show; args[0] says which and why."""


class Meter:
    """`profile` as people write it; `values` {point: canonical} where not the default; `server` answers.

    `frozen`: the same of the last daily freeze, whose values are its own.
    """

    def __init__(
        self,
        profile: dict[str, Any],
        values: dict[int, Any] | None = None,
        address: str = "",
        frozen: dict[int, Any] | None = None,
    ) -> None:
        self.document = profile
        self.profile = interpret.Profile(cbor.decode(compiling.encoded(profile)))
        self.address = address or profile["address"]
        freeze = {*self.profile.freeze}
        present = [n for n in range(self.profile.size) if n not in freeze]
        self.values = {no: _default(no, field) for no, field in self._fields(present)} | (values or {})
        self.frozen = {no: _earlier(no, field) for no, field in self._fields(freeze)}
        only = {*self.frozen} - {no for no, _field in self._fields(present)}
        self.frozen |= {no: self.values[no] for no in only & {*self.values}} | (frozen or {})
        try:
            self.server = SERVERS[profile["link"]](self)
        except SimulationError:
            raise
        except (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
            raise SimulationError(f"no meter of {profile['link']} can be made of it: {why}") from error

    def _fields(self, indexes: Iterable[int]) -> Iterable[tuple[int, tuple[Any, ...]]]:
        for index in indexes:
            for field in self.profile.fields(index):
                yield field[0], field

    def answers(self) -> dict[str, Any]:
        """{request: bytes or {key: value}} as the Reader should give them."""
        return {self.profile.request(i): self._answer(i) for i in range(self.profile.size)}

    def _answer(self, index: int) -> Any:
        fields = self.profile.fields(index)
        values = self.frozen if index in self.profile.freeze else self.values
        if isinstance(fields[0][1], str):
            return {field[1]: _given(field, values[field[0]]) for field in fields}
        out = bytearray(max(at + width for _no, at, _kind, width, _shift, _extra in fields))
        for field in fields:
            for n, byte in enumerate(_bytes(field, values[field[0]])):
                out[field[1] + n] |= byte  # bits of several points share bytes
        return bytes(out)

    def wires(self, request: str | None = None) -> dict[str, str]:
        """{key: how it stands on the line} of parts, of one read or of all, that say so."""
        return {
            part["key"]: part["wire"]
            for read in self.document["reads"]
            if request in (None, read["req"])
            for part in compiling.fields(read, self.document["link"])
            if "wire" in part
        }


def _default(no: int, field: tuple[Any, ...]) -> Any:
    row = BY_NO[no]
    _no, _at, kind, width, shift, extra = field
    if row[5] == "text":
        digits = 2 * (width or 8) if kind in (DIGITS, types.HEX) else width or 8
        return "".join(str((n + 1) % 10) for n in range(digits))
    if extra[3]:
        return extra[3][1]
    value = _DEFAULTS[row[5]]
    if row[2] == "clock_date":
        return value - value % DAY_S
    if row[2] in _COARSE:
        return _COARSE[row[2]]
    step = 1 if kind in types.DECODED else 10 ** max(shift, 0)
    value -= no % 9 * _STEPS.get(row[5], 0) * step  # so that no two phases show the same
    return value - value % step


def _earlier(no: int, field: tuple[Any, ...]) -> Any:
    """What stood there at the last midnight."""
    value = _default(no, field)
    if BY_NO[no][5] == "time":
        return value - value % DAY_S
    return value - EARLIER if BY_NO[no][5] in ("energy", "volume") else value


def _raw(field: tuple[Any, ...], value: Any) -> Any:
    """What the field holds: a state before it was mapped, bits at their place."""
    _fills, first, bits, table, _order = field[5]
    if table:
        held = [old for old, new in zip(table[::2], table[1::2], strict=True) if new == value]
        if not held:
            raise types_write.FieldError(f"{value} is no state that the meter has")
        value = held[0]
    return value << first if bits else value


def _bytes(field: tuple[Any, ...], value: Any) -> bytes:
    no, _at, kind, width, shift, extra = field
    try:
        absent = next((fill for fill in extra[0] if len(fill) in (1, width)), b"")
        if value is None:
            return types_write.write(kind, width, None, absent=absent)
        return types_write.write(kind, width, _raw(field, value), shift, extra[4])
    except (types_write.FieldError, OverflowError, TypeError, ValueError) as error:
        raise SimulationError(f"{BY_NO[no][2]} cannot show {value}: {error}") from None


def _given(field: tuple[Any, ...], value: Any) -> Any:
    no, _key, kind, width, shift, extra = field
    try:
        return None if value is None else types_write.give(kind, width, _raw(field, value), shift, extra[4])
    except (types_write.FieldError, OverflowError, TypeError, ValueError) as error:
        raise SimulationError(f"{BY_NO[no][2]} cannot show {value}: {error}") from None


# ---- a line in memory -----------------------------------------------------------------------------


class Line:
    """A port with a simulated meter at its end. Its clock jumps over the time-outs: `clock` for a Session.

    `heard` keeps [request, answer] of each exchange.
    """

    def __init__(self, server: Any, baud: int = 9600) -> None:
        self.baud = baud
        self.heard: list[tuple[bytes, bytes]] = []
        self._server = server
        self._waiting = b""
        self._now_s = 0.0
        self._listening = True

    def clock(self) -> float:
        return self._now_s

    def write(self, data: bytes) -> None:
        self._waiting = self._server.feed(data)
        self._listening = False
        self.heard.append((data, self._waiting))

    def read(self, timeout_s: float) -> bytes:
        if self._listening:  # a meter that pushes
            self._waiting = self._server.feed(b"")
            self.heard.append((b"", self._waiting))
        data, self._waiting = self._waiting, b""
        self._listening = not data
        self._now_s += 0.001 if data else max(timeout_s, 0.001)
        return data

    def drop_input(self) -> None:
        self._waiting = b""

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def close(self) -> None:
        return
