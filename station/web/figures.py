"""Figures for people: integers with units become text at the last step, exactly, without binary fractions."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from flask import Flask
from flask_babel import gettext as _

NOTHING = "–"


def fixed(value: int | None, scale: int, digits: int | None = None) -> str:
    """Return value x 10^scale as text, rounded to `digits` if given; `–` for None."""
    if value is None:
        return NOTHING
    number = Decimal(value).scaleb(scale)
    if digits is not None:
        number = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{number:,f}"


def kw(watts: int | None, digits: int = 1) -> str:
    return fixed(watts, -3, digits)


def kwh(watt_hours: int | None, digits: int = 2) -> str:
    return fixed(watt_hours, -3, digits)


def rounds(mask: int | None) -> list[int]:
    """Return the numbers of the rounds whose bits stand in the mask, from 1."""
    return [n + 1 for n in range(32) if (mask or 0) >> n & 1]


def local(t_s: int | None, offset_s: int, form: str = "%m-%d %H:%M:%S") -> str:
    """Return the local wall time `offset_s` east of UTC; `–` for no time or one beyond the calendar."""
    if t_s is None or not 0 <= t_s < 1 << 36:
        return NOTHING
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=t_s + offset_s)).strftime(form)


def iso(t_s: int | None) -> str:
    return local(t_s, 0, "%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: int | None) -> str:
    """Return a length of time in words: the two biggest units that count."""
    if seconds is None:
        return NOTHING
    parts = []
    for size, text in ((86400, _("%(n)s d")), (3600, _("%(n)s h")), (60, _("%(n)s min")), (1, _("%(n)s s"))):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(text % {"n": count})
    return " ".join(parts[:2]) or _("%(n)s s", n=0)


def share(part: int | None, whole: int | None) -> int:
    """Return part of whole in percent, 0..100, for the length of a bar."""
    if not part or not whole or part < 0 or whole <= 0:
        return 0
    return min(100, part * 100 // whole)


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        kw=kw, kwh=kwh, rounds=rounds, local=local, iso=iso, duration=duration, fixed=fixed, share=share
    )
