"""The single-line picture of a feeder: pure layout, from its transformers to symbols with whole coordinates.

busbar ====          the spine goes down on the left, a strip of taps hangs on each line across
        |
        +----+-----+-----   line
        |    O     O        transformer, two circles that cross
        |    /     |        switch of the customer; a public transformer has none that is told
        |    V     V        customers
        +----+-----         the next strip
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from unicodedata import east_asian_width

from station.store.network import Feeder, Transformer
from station.web import device_model

WIDTH, HEIGHT = 1320, 200  # of a strip
COLUMNS, CELL = 10, 128
SPINE, FIRST = 16, 36  # x of the spine, and where the first cell begins
LINE, COIL, SWITCH, CUSTOMER = 28, 46, 88, 116  # y of the line across, and of the tops of what hangs on it
COIL_HIGH, SWITCH_HIGH = 38, 20
ICON = 46  # left of the tap's middle
NAME, STATE, LOAD = 154, 172, 190  # y of the texts
NAME_COLUMNS = 18  # a Chinese character takes two

STATES = {  # key -> (tone, icon), from what is looked at first
    "never": ("idle", "gap"),
    "offline": ("trip", "offline"),
    "unknown": ("unknown", "unknown"),
    "tripped": ("trip", "trip"),
    "open": ("idle", "hand"),
    "over": ("warn", "warn"),
    "closed": ("ok", "closed"),
    "running": ("ok", "ok"),  # a public transformer: nobody told of a switch
}
SWITCHES = {"tripped": "open", "open": "open", "over": "closed", "closed": "closed"}


class Line(NamedTuple):
    x: int
    y: int
    to_x: int
    to_y: int


class Symbol(NamedTuple):
    kind: str  # busbar, dot, transformer, switch_closed, switch_open, switch_unknown, customer
    x: int
    y: int


class Tap(NamedTuple):
    """A transformer with what hangs on it; texts stand below its middle."""

    x: int
    transformer: Transformer
    state: str  # a key of STATES
    opened: tuple[int, int] | None  # (rounds that are open, rounds); None unless some are
    power_w: int | None  # None: not known now
    percent: int | None  # of the setpoint, else of the capacity
    limit: str  # "setpoint", "capacity" or ""
    label: str  # the name, cut to the cell
    lines: tuple[Line, ...]
    symbols: tuple[Symbol, ...]


class Strip(NamedTuple):
    lines: tuple[Line, ...]
    symbols: tuple[Symbol, ...]
    taps: tuple[Tap, ...]


def draw(feeder: Feeder) -> list[Strip]:
    """The feeder's strips from the busbar down; [] without a transformer."""
    many = feeder.transformers
    rows = [many[at : at + COLUMNS] for at in range(0, len(many), COLUMNS)]
    return [_strip(row, n == 0, n == len(rows) - 1) for n, row in enumerate(rows)]


def _strip(row: Sequence[Transformer], first: bool, last: bool) -> Strip:
    taps = tuple(_tap(each, FIRST + CELL // 2 + n * CELL) for n, each in enumerate(row))
    spine = Line(SPINE, 8 if first else 0, SPINE, LINE if last else HEIGHT)
    across = Line(SPINE, LINE, taps[-1].x, LINE)
    return Strip((spine, across), (Symbol("busbar", SPINE, 8),) if first else (), taps)


def _tap(each: Transformer, x: int) -> Tap:
    state, opened = state_of(each.device)
    power_w = each.device["power_w"] if each.device["online"] else None
    percent, limit = share(power_w, each.device["setpoint_w"], each.kva)
    symbols = [Symbol("dot", x, LINE), Symbol("transformer", x, COIL), Symbol("customer", x, CUSTOMER)]
    lines = [Line(x, LINE, x, COIL)]
    below = COIL + COIL_HIGH
    if each.device["area"] is None:
        symbols.append(Symbol(f"switch_{SWITCHES.get(state, 'unknown')}", x, SWITCH))
        lines += [Line(x, below, x, SWITCH), Line(x, SWITCH + SWITCH_HIGH, x, CUSTOMER)]
    else:
        lines.append(Line(x, below, x, CUSTOMER))
    return Tap(x, each, state, opened, power_w, percent, limit, cut(each.name), tuple(lines), tuple(symbols))


def state_of(device: Mapping[str, Any]) -> tuple[str, tuple[int, int] | None]:
    """(key of STATES, (rounds open, rounds) where some are). Silence is not knowledge: it hides the rest."""
    if not device["online"]:
        return ("never" if device["last_seen_s"] is None else "offline"), None
    if device["area"] is not None:
        return "running", None
    if device["tripped"] is None or device_model.has_mismatch(device):
        return "unknown", None
    every = (1 << device["rounds"]) - 1
    opened = (device["open"] & every).bit_count(), device["rounds"]
    if device["open"] & device["tripped"] & every:
        return "tripped", opened
    if opened[0]:
        return "open", opened
    setpoint_w, power_w = device["setpoint_w"], device["power_w"]
    over = setpoint_w is not None and power_w is not None and power_w >= setpoint_w
    return ("over" if over else "closed"), None


def share(power_w: int | None, setpoint_w: int | None, kva: int | None) -> tuple[int | None, str]:
    """(percent of the setpoint that acts, else of the capacity at power factor 1; which of the two)."""
    whole_w, limit = (setpoint_w, "setpoint") if setpoint_w else ((kva or 0) * 1000, "capacity")
    if power_w is None or power_w < 0 or not whole_w:
        return None, ""
    return power_w * 100 // whole_w, limit


def cut(text: str) -> str:
    """As much of a name as fits below its symbol."""
    if _columns(text) <= NAME_COLUMNS:
        return text
    kept = text
    while _columns(kept) > NAME_COLUMNS - 1:
        kept = kept[:-1]
    return kept + "…"


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
