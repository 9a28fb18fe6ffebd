"""The picture of one item over points, drawn by the server. Pure: coordinates only, words are the template's.

A hole ends a line and nothing is drawn over it. Of more values than the picture has places for the lowest and
the highest of each place are kept, never a mean. A value that was not plainly measured has a mark of its own.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from station.web.figures import fixed

WIDTH, HEIGHT = 1000, 260
LEFT, RIGHT, TOP, BOTTOM = 76, 26, 10, 22
PLACES = 400  # a line has at most two values in each
STYLES = 10  # of the style sheet: colour and dashes
MOST_MARKS = 400  # of a line
TICKS = 5
STEPS = (1, 2, 5)
RING, SQUARE, TRIANGLE, CROSS = (
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    "m-3-3h6v6h-6z",
    "m0-4 4 7h-8z",
    "m-3-3 6 6m0-6-6 6",
)
GLYPHS = {1: RING, 2: SQUARE, 3: TRIANGLE, 4: CROSS}  # by number of protocols.meters.points.QUALITIES

Value = tuple[int, int, int]  # t_s, value, quality


class Line(NamedTuple):
    name: str
    slots: Sequence[int]
    values: Sequence[tuple[int, int] | None]  # (value, quality) of each slot


def draw(many: Sequence[Line], from_s: int, until_s: int, scale: int) -> dict[str, Any] | None:
    """Coordinates for query/_chart.html; None when no line has a value."""
    there = [value for line in many for value in line.values if value is not None]
    if not there or until_s <= from_s:
        return None
    low, high = min(value for value, _q in there), max(value for value, _q in there)
    ticks = _ticks(low, high)
    frame = _Frame(from_s, until_s, ticks[0], ticks[-1])
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "bottom": HEIGHT - BOTTOM,
        "ticks": [(frame.y(each), fixed(each, scale)) for each in ticks],
        "times": [(frame.x(at), at) for at in _times(from_s, until_s)],
        "lines": [_line(n, line, frame) for n, line in enumerate(many)],
    }


class _Frame(NamedTuple):
    from_s: int
    until_s: int
    low: int
    high: int

    def x(self, t_s: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (t_s - self.from_s) / (self.until_s - self.from_s), 1)

    def y(self, value: int) -> float:
        part = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part, 1)


def _ticks(low: int, high: int) -> list[int]:
    """Round integers from below `low` to above `high`, at least two."""
    step, k = 1, 0
    while (high - low) // step > TICKS:
        k += 1
        step = STEPS[k % 3] * 10 ** (k // 3)
    first, last = low // step * step, -(-high // step) * step
    return list(range(first, max(last, first + step) + 1, step))


def _times(from_s: int, until_s: int) -> list[int]:
    """Instants for the lower edge: at most eight, whole hours or days apart, from the first on."""
    unit = 86_400 if until_s - from_s > 3 * 86_400 else 3600
    step = -(-(until_s - from_s) // 8 // unit) * unit
    return list(range(from_s, until_s, step))


def _line(n: int, line: Line, frame: _Frame) -> dict[str, Any]:
    runs = _runs(line)
    kept = [_thinned(run, -(-len(line.slots) // PLACES)) for run in runs]
    marks: dict[int, list[str]] = {}
    for t_s, value, quality in _doubtful(kept):
        glyph = GLYPHS.get(quality, CROSS)
        marks.setdefault(quality, []).append(f"M{frame.x(t_s)} {frame.y(value)}{glyph}")
    last = kept[-1][-1] if kept else None
    return {
        "no": n + 1,
        "name": line.name,
        "style": n % STYLES,
        "path": "".join(_path(run, frame) for run in kept),
        "marks": {quality: "".join(paths) for quality, paths in marks.items()},
        "end": (min(frame.x(last[0]) + 4, WIDTH - 18), frame.y(last[1])) if last else None,
    }


def _doubtful(kept: Sequence[list[Value]]) -> list[Value]:
    return [each for run in kept for each in run if each[2]][:MOST_MARKS]


def _runs(line: Line) -> list[list[Value]]:
    """Slots that follow one another without a hole."""
    out: list[list[Value]] = [[]]
    for slot_s, found in zip(line.slots, line.values, strict=True):
        if found is None:
            if out[-1]:
                out.append([])
        else:
            out[-1].append((slot_s, *found))
    return [run for run in out if run]


def _thinned(run: list[Value], many: int) -> list[Value]:
    """The lowest and the highest of each `many`, in their order; all of them when few are."""
    if many <= 2:
        return run
    out: list[Value] = []
    for at in range(0, len(run), many):
        part = run[at : at + many]
        out += sorted({min(part, key=lambda each: each[1]), max(part, key=lambda each: each[1])})
    return out


def _path(run: Sequence[Value], frame: _Frame) -> str:
    """A value alone between holes is a dot: round ends make it one."""
    points = [f"{frame.x(t_s)} {frame.y(value)}" for t_s, value, _quality in run]
    return f"M{points[0]}L{' '.join(points[1:])}" if len(points) > 1 else f"M{points[0]}h0"
