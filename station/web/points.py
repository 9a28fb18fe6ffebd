"""Names of points in the page's language; the table in protocols owns them."""

from typing import Any

from protocols.meters import points
from station.web import i18n
from station.web.figures import fixed

_ZH, _EN = 6, 7  # columns of a row of POINTS


def point_name(row: tuple[Any, ...]) -> str:
    return row[_EN] if i18n.shown() == "en" else row[_ZH]


def by_alias(values: dict[int, Any], alias: str) -> Any:
    """The canonical value of a point in {point number: value}, or None."""
    return values.get(points.BY_ALIAS[alias][0])


def text(values: dict[int, Any], alias: str, factor: int = 1) -> str:
    """The value with its scale, times `factor` (the multiplier gives the primary side)."""
    value = by_alias(values, alias)
    return fixed(value * factor if isinstance(value, int) else None, points.BY_ALIAS[alias][4])
