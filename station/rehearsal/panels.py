"""The curves of the picture: power with its setpoints, and what remains, each in a panel of its own."""

from collections.abc import Callable
from math import floor, log10

from station.rehearsal.svg import Point, Svg
from station.rehearsal.trace import Steps, Trace

LEFT, RIGHT = 176, 24
CURVES = {  # name -> stroke, dashes, words
    "safety_w": ("#a86a00", "2 4", "保安定值 Safety setpoint"),
    "setpoint_w": ("#c0261c", "8 4", "功率定值 Setpoint"),
    "power_w": ("#1f5a94", "", "负荷 Load"),
    "alarm": ("#a86a00", "5 3", "告警门限 Alarm threshold"),
    "trip": ("#c0261c", "5 3", "跳闸门限 Trip threshold"),
    "left": ("#5b4a9b", "", "电量或金额 Energy or balance"),
}
_POWER = {name: name for name in ("safety_w", "setpoint_w", "power_w")}  # the later lie over the earlier
_ACCOUNTS = (  # curve, words, divisor to the unit shown, unit
    ("remaining_wh", "剩余电量 Remaining energy", 1000, "kWh"),
    ("remaining_yuan_e4", "剩余金额 Balance", 10000, "元 yuan"),
    ("month_wh", "月电量 Month energy", 1000, "kWh"),
)
_BANDS = (("guarantee", "#e4f2e6"), ("power", "#ececec"))


class Panels:
    """`x` places a second since the start."""

    def __init__(self, svg: Svg, trace: Trace, x: Callable[[float], float], duration_s: int) -> None:
        self._svg = svg
        self._trace = trace
        self._x = x
        self._duration_s = duration_s
        self._plot = x(duration_s) - LEFT
        self._groups = sorted({group for _name, group in trace.curves})

    def draw(self, y: float) -> float:
        """From `y` down; returns where they end."""
        height = 250 if len(self._groups) == 1 else 170
        for group in self._groups:
            of_group = f" · 总加组 group {group}" if len(self._groups) > 1 else ""
            y = self._panel(y, f"功率 Power{of_group} (kW)", 1000, group, _POWER, height)
            for name, words, divisor, unit in _ACCOUNTS:
                if (name, group) in self._trace.curves:
                    curves = {"alarm": f"{name} alarm", "trip": f"{name} trip", "left": name}
                    y = self._panel(y, f"{words}{of_group} ({unit})", divisor, group, curves, 110)
        return y

    def _panel(
        self, y: float, title: str, divisor: int, group: int, curves: dict[str, str], height: int
    ) -> float:
        """Frame, grid, numbers and `curves` {name in CURVES: name in the trace}; returns where it ends."""
        steps = {name: self._trace.curves.get((traced, group), []) for name, traced in curves.items()}
        values = [0.0, *(v / divisor for each in steps.values() for _t_s, v in each if v is not None)]
        step = _nice((max(values) - min(values)) / (5 if height > 150 else 3))
        low = floor(min(values) / step)
        high = max(low + 1, -floor(-max(values) * 1.02 / step))
        top, svg = y + 20, self._svg

        def at(value: float) -> float:
            return top + height - (value / divisor / step - low) / (high - low) * height

        svg.text(LEFT, y + 13, title, 12, font_weight="bold")
        self._bands(top, height)
        for index in range(low, high + 1):
            line_y = at(index * step * divisor)
            svg.line(LEFT, line_y, LEFT + self._plot, line_y, stroke="#e3e3e3" if index else "#9a9a9a")
            svg.text(
                LEFT - 8, line_y + 4, f"{round(index * step, 6):g}", 11, text_anchor="end", fill="#444444"
            )
        svg.rect(LEFT, top, self._plot, height, fill="none", stroke="#8a8a8a")
        for name in curves:
            colour, dashes, _words = CURVES[name]
            style = {"stroke_dasharray": dashes} if dashes else {}
            self._curve(steps[name], at, stroke=colour, stroke_width="1.8", **style)
        return top + height + 14

    def _bands(self, top: float, height: float) -> None:
        """Faint behind the curves: when nothing may trip, and when there is no terminal to decide."""
        for lane, colour in _BANDS:
            for from_s, until_s, _state in self._trace.spans.get(lane, ()):
                x = self._x(from_s)
                self._svg.rect(x, top, max(1.0, self._x(until_s) - x), height, fill=colour)

    def _curve(self, steps: Steps, at: Callable[[float], float], **style: str) -> None:
        """Square corners: a value holds until the next; broken where there is none."""
        points: list[Point] = []
        ends = [*(t_s for t_s, _value in steps[1:]), self._duration_s]
        for (from_s, value), until_s in zip(steps, ends, strict=True):
            if value is not None:
                points += [(self._x(from_s), at(value)), (self._x(until_s), at(value))]
            elif points:
                self._svg.path(_thinned(points), **style)
                points = []
        if points:
            self._svg.path(_thinned(points), **style)


def _nice(raw: float) -> float:
    """The next of 1, 2, 5 x 10^n."""
    power = 10.0 ** floor(log10(raw)) if raw > 0 else 1.0
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)


def _thinned(points: list[Point]) -> list[Point]:
    """At most four points in half a pixel: first, highest, lowest, last. A day of seconds stays small."""
    out: list[Point] = []
    column: list[Point] = []
    for point in points:
        if column and int(point[0] * 2) != int(column[0][0] * 2):
            out += _extremes(column)
            column = []
        column.append(point)
    return out + _extremes(column)


def _extremes(column: list[Point]) -> list[Point]:
    if len(column) <= 4:
        return column
    inner = sorted(column[1:-1], key=lambda point: point[1])
    return [column[0], inner[0], inner[-1], column[-1]]
