"""Values of points as people read them: with decimal point and unit, names in their language."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

from protocols.meters.points import BY_NO

ABSENT = "-"
LANGUAGES = {"zh": 6, "en": 7}  # column of a point's row


def value_text(no: int, value: Any) -> str:
    """'1234.560 kWh', '2026-09-21 14:13:00', '-' for what the meter does not have."""
    _no, _obis, alias, unit, scale, kind, _zh, _en = BY_NO[no]
    if value is None:
        return ABSENT
    if kind == "text":
        return escaped(str(value))
    if kind == "time":
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if kind == "duration" and alias == "clock_time":
        return datetime.fromtimestamp(value, UTC).strftime("%H:%M:%S")
    if kind == "bits":
        return f"0x{value:04X}"
    return f"{decimal(value, scale)} {unit}".strip()


def spans(numbers: list[int]) -> str:
    """'1-3, 7' of rising numbers: a slot of a concentrator may have a thousand."""
    out: list[list[int]] = []
    for number in numbers:
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in out)


def escaped(text: str) -> str:
    """A text of others for a terminal: what would steer it stands as \\x1b, \\u202e."""
    return "".join(c if unicodedata.category(c)[0] != "C" else ascii(c)[1:-1] for c in text)


def decimal(value: int, scale: int) -> str:
    """value * 10**scale with as many places as it has."""
    if scale >= 0:
        return str(value * 10**scale)
    whole, part = divmod(abs(value), 10**-scale)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{-scale}d}"


def value_of(no: int, text: str) -> Any:
    """What a person writes for a point: '230.1' is 2301 of a voltage; '-' or '' is absent. ValueError."""
    _no, _obis, alias, _unit, scale, kind, _zh, _en = BY_NO[no]
    text = text.strip()
    if text in ("", ABSENT):
        return None
    if kind == "text":
        return text
    if kind == "time" and not text.lstrip("-").isdigit():
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    whole, _, part = digits.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit():
        number = int(text, 0) if kind == "bits" else None
        if number is None:
            raise ValueError(f"{text} is no number")
        return number
    if len(part) > -scale:
        raise ValueError(f"{alias} has {-scale} decimal places, {text} has more")
    return sign * int(whole + part.ljust(-scale, "0"))


def width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: list[tuple[str, ...]], right: tuple[int, ...] = ()) -> list[str]:
    """Lines with the columns under one another; those in `right` end together."""
    widths = [max(width(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        cells = []
        for n, cell in enumerate(row):
            blank = " " * (widths[n] - width(cell))
            cells.append(blank + cell if n in right else cell + blank)
        lines.append("  ".join(cells).rstrip())
    return lines


def readings(values: dict[int, Any], language: str) -> list[str]:
    """One line a point: alias, value with unit, name."""
    rows = [(BY_NO[no][2], value_text(no, values[no]), BY_NO[no][LANGUAGES[language]]) for no in values]
    return table(rows, (1,))
