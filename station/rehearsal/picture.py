"""A rehearsal as a picture for light print: curves over lanes over a list of what happened; Chinese first."""

from collections.abc import Callable, Iterator
from typing import Any

from station.rehearsal import units
from station.rehearsal.panels import CURVES, LEFT, RIGHT, Panels
from station.rehearsal.svg import Svg, hint
from station.rehearsal.trace import Steps, Trace

Words = Callable[[str, str], tuple[str, str]]  # (space, name) -> (Chinese, English)

WIDTH = 1120
PLOT = WIDTH - LEFT - RIGHT
LANE = 22
FLAG = 34  # numbers closer than this would run into each other
COLUMN = 540  # of the list below
MAX_LISTED = 40  # marks that are written out in it

_STATES = {  # state of a lane -> fill, words; a fill with | is hatched: line|back
    "alarm": ("#f2b705", "告警 Alarm"),
    "tripped": ("#c0261c", "跳闸 Tripped"),
    "permitted": ("#3f9b5b", "允许合闸 Close permitted"),
    "waits": ("#b9b9b9|#f4f4f4", "断开待合 Open, waits for the customer"),
    "on": ("#5aa469", "保电 Guaranteed"),
    "unreadable": ("#5aa469|#ffffff", "保电状态不可读 Guarantee unreadable"),
    "lost_link": ("#7cc08b", "断线自动保电 Automatic: lost link"),
    "power_up": ("#7cc08b", "上电自动保电 Automatic: power-up"),
    "hours": ("#7cc08b", "时段自动保电 Automatic: hours"),
    "excluded": ("#7d7dbf", "剔除 Excluded"),
    "cut": ("#6b6b6b|#dcdcdc", "通信中断 Link cut"),
    "off": ("#333333", "终端停电 No power"),
    "untrusted": ("#8e6bb0|#ffffff", "时钟不可信 Clock not trusted"),
}
_LANES = {
    "guarantee": "保电 Guarantee",
    "excluded": "剔除 Exclusion",
    "link": "通信 Link",
    "power": "终端电源 Power",
    "clock": "时钟 Clock",
}
_TICKS_S = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def draw(name: str, plain: dict[str, Any], trace: Trace, words: Words) -> str:
    """The SVG text. `words` gives the names of commands, events and reasons in both languages."""
    return _Picture(name, plain, trace, words).draw()


class _Picture:
    def __init__(self, name: str, plain: dict[str, Any], trace: Trace, words: Words) -> None:
        self._name = name
        self._local_s = plain["start_s"] + plain["offset_s"]
        self._zone = plain["offset_s"]
        self._duration_s = plain["duration_s"]
        self._trace = trace
        self._words = words
        self._svg = Svg(WIDTH)
        self._fills = {state: self._fill(state, colour) for state, (colour, _words) in _STATES.items()}
        self._y = 0.0

    def _fill(self, state: str, colour: str) -> str:
        line, bar, back = colour.partition("|")
        return self._svg.hatch(state, line, back) if bar else line

    def draw(self) -> str:
        self._head()
        top = self._y
        self._y = Panels(self._svg, self._trace, self._x, self._duration_s).draw(self._y)
        for lane, title in self._lanes():
            self._lane(lane, title)
        self._mark_lane()
        self._time_axis(top)
        self._list()
        return self._svg.finish(self._y + 16)

    # ---- head and legend ---------------------------------------------------------------------------

    def _head(self) -> None:
        svg = self._svg
        svg.title(self._name)
        svg.text(24, 34, self._name, 18, font_weight="bold")
        span = f"{units.shown(self._local_s)[:16]} – {units.shown(self._local_s + self._duration_s)[:16]}"
        sign = "-" if self._zone < 0 else "+"
        zone = f"UTC{sign}{abs(self._zone) // 3600:02d}:{abs(self._zone) // 60 % 60:02d}"
        svg.text(24, 54, f"预演 Rehearsal · {span} · 当地时间 local time {zone}", 12, fill="#555555")
        self._y = 76
        x = 24.0
        for width, put in self._legend():
            if x + width > WIDTH - RIGHT:
                x, self._y = 24.0, self._y + 20
            put(x, self._y)
            x += width
        self._y += 24

    def _legend(self) -> Iterator[tuple[float, Callable[[float, float], None]]]:
        """(width, how to draw it at x, y) of each curve and state that the picture has."""
        drawn = {name for (name, _group), steps in self._trace.curves.items() if _has_values(steps)}
        seen_curves = {name.rpartition(" ")[2] for name in drawn}  # "remaining_wh alarm" is an alarm line
        seen_curves |= {"left"} if "trip" in seen_curves else set()
        for name, (colour, dashes, words) in CURVES.items():
            if name in seen_curves:
                yield (
                    _text_width(words) + 54,
                    lambda x, y, c=colour, d=dashes, w=words: self._key(x, y, c, d, w),
                )
        seen = {state for spans in self._trace.spans.values() for _from, _until, state in spans}
        for state, (_colour, words) in _STATES.items():
            if state in seen:
                yield _text_width(words) + 44, lambda x, y, s=state, w=words: self._swatch(x, y, s, w)

    def _key(self, x: float, y: float, colour: str, dashes: str, words: str) -> None:
        self._svg.line(
            x, y - 4, x + 26, y - 4, stroke=colour, stroke_width="2", stroke_dasharray=dashes or "none"
        )
        self._svg.text(x + 32, y, words)

    def _swatch(self, x: float, y: float, state: str, words: str) -> None:
        self._svg.rect(x, y - 11, 18, 12, fill=self._fills[state], stroke="#555555", stroke_width="0.6")
        self._svg.text(x + 24, y, words)

    # ---- lanes and time ----------------------------------------------------------------------------

    def _x(self, t_s: float) -> float:
        return LEFT + t_s / self._duration_s * PLOT

    def _lanes(self) -> Iterator[tuple[str, str]]:
        for number in range(1, self._trace.rounds + 1):
            yield f"round {number}", f"轮次 Round {number}"
        yield from ((lane, title) for lane, title in _LANES.items() if lane in self._trace.spans)

    def _lane(self, lane: str, title: str) -> None:
        svg, y = self._svg, self._y
        svg.text(LEFT - 8, y + 15, title, 12, text_anchor="end")
        svg.rect(LEFT, y + 2, PLOT, LANE - 4, fill="#fafafa", stroke="#dddddd", stroke_width="0.8")
        for from_s, until_s, state in self._trace.spans.get(lane, ()):
            x = self._x(from_s)
            fill = self._fills[state]
            bar = svg.rect(
                x,
                y + 3,
                max(1.5, self._x(until_s) - x),
                LANE - 6,
                fill=fill,
                stroke="#555555",
                stroke_width="0.5",
            )
            hint(bar, f"{_STATES[state][1]} {self._clock(from_s)} – {self._clock(until_s)}")
        self._y += LANE

    def _mark_lane(self) -> None:
        """Numbered flags of what the list below tells; marks too close to tell apart share one."""
        svg, y = self._svg, self._y
        svg.text(LEFT - 26, y + 15, "命令与事件 Events", 12, text_anchor="end")
        flags: list[tuple[float, int, int]] = []  # x, first and last number
        for number, (t_s, row) in enumerate(self._trace.marks[:MAX_LISTED], 1):
            x = self._x(t_s)
            svg.line(x, y + 1, x, y + 6, stroke=_colour(row), stroke_width="1.5")
            if flags and x - flags[-1][0] < FLAG:
                flags[-1] = (*flags[-1][:2], number)
            else:
                flags.append((x, number, number))
        for x, first, last in flags:
            svg.text(x, y + 16, str(first) if first == last else f"{first}–{last}", 10, text_anchor="middle")
        self._y += LANE

    def _time_axis(self, top: float) -> None:
        svg, y = self._svg, self._y + 2
        step = next((s for s in _TICKS_S if self._duration_s / s <= 12), 0)
        step = step or -(-self._duration_s // 86400 // 12) * 86400
        svg.line(LEFT, y, LEFT + PLOT, y, stroke="#444444", stroke_width="1")
        before = ""
        first = -self._local_s % step
        for t_s in range(first, self._duration_s + 1, step):
            x = self._x(t_s)
            svg.line(x, top + 20, x, y, stroke="#d0d0d0", stroke_width="0.6", stroke_dasharray="1 3")
            svg.line(x, y, x, y + 5, stroke="#444444", stroke_width="1")
            day, clock = units.shown(self._local_s + t_s).split(" ")
            svg.text(x, y + 18, clock if step < 60 else clock[:5], 11, text_anchor="middle")
            if day != before:
                svg.text(x, y + 32, day, 11, text_anchor="middle", fill="#555555")
                before = day
        svg.text(LEFT - 26, y + 18, "时间 Time", 12, text_anchor="end")
        self._y = y + 48

    def _clock(self, t_s: int) -> str:
        return units.shown(self._local_s + t_s)[11 if self._duration_s <= 86400 else 5 :]

    # ---- what happened -----------------------------------------------------------------------------

    def _list(self) -> None:
        """In two columns, filled downwards."""
        svg, marks = self._svg, self._trace.marks
        listed = marks[:MAX_LISTED]
        rows = -(-len(listed) // 2)
        for at, (t_s, row) in enumerate(listed):
            x, y = 24 + at // rows * COLUMN, self._y + at % rows * 19
            svg.text(x + 16, y, str(at + 1), 11, text_anchor="end", fill=_colour(row))
            svg.text(x + 24, y, self._clock(t_s), 11, fill="#555555")
            told_x = x + 24 + 6.6 * len(self._clock(t_s))
            svg.text(told_x, y, _fitted(self._told(row), x + COLUMN - 12 - told_x), 11)
        self._y += rows * 19
        if len(marks) > MAX_LISTED:
            svg.text(
                48, self._y, f"另有 {len(marks) - MAX_LISTED} 条 · and {len(marks) - MAX_LISTED} more", 11
            )
            self._y += 19

    def _told(self, row: dict[str, Any]) -> str:
        kind = "command" if "command" in row else "event"
        parts = [" ".join(dict.fromkeys(self._words(kind, row[kind])))]
        if kind == "command" and row["answer"] != "executed":
            parts.append(" ".join(dict.fromkeys(self._words("state", row["answer"]))))
        if row.get("reason", "none") != "none":
            parts.append(" ".join(dict.fromkeys(self._words("reason", row["reason"]))))
        if row.get("group", 1) != 1:
            parts.append(f"总加组 group {row['group']}")
        if row.get("rounds"):
            parts.append("".join(f"R{number}" for number in row["rounds"]))
        if row.get("power_before_w") is not None and row.get("power_after_w") is not None:
            parts.append(f"{row['power_before_w'] / 1000:g} → {row['power_after_w'] / 1000:g} kW")
        return " · ".join(parts)


def _colour(row: dict[str, Any]) -> str:
    """Blue is what the station said, red what the terminal told."""
    return "#1f5a94" if "command" in row else "#c0261c"


def _has_values(steps: Steps) -> bool:
    return any(value is not None for _t_s, value in steps)


def _text_width(words: str, size: int = 12) -> float:
    """Estimated: the viewer's font is not known."""
    return sum(size if ord(c) > 0x2E80 else size * 0.54 for c in words)


def _fitted(words: str, width: float) -> str:
    if _text_width(words, 11) <= width:
        return words
    while words and _text_width(words + "…", 11) > width:
        words = words[:-1]
    return words.rstrip() + "…"
