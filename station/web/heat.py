"""Completeness of daily freezes as a picture: days down, meters across in blocks, height is the share."""

from collections.abc import Mapping, Sequence
from typing import Any

from station.web.figures import local, share

LEFT, TOP, WIDTH, HEIGHT = 44, 18, 900, 17  # HEIGHT of a day
MOST_BLOCKS = 50


def draw(
    meters: Sequence[int], labels: Sequence[int], frozen: set[tuple[int, int]], offset_s: int
) -> dict[str, Any]:
    """Coordinates for panels/area_heat.html. A block is 20 rows of the archive, or fewer if they are few."""
    size = max(1, -(-len(meters) // MOST_BLOCKS))
    blocks = [meters[at : at + size] for at in range(0, len(meters), size)]
    width = WIDTH / max(1, len(blocks))
    days = []
    for n, label in enumerate(labels):
        here = sum((meter, label) in frozen for meter in meters)
        y = TOP + n * HEIGHT
        cells = [_cell(block, label, frozen, LEFT + i * width, y, width) for i, block in enumerate(blocks)]
        text = local(label, offset_s, "%m-%d")
        days.append({"y": y, "text": text, "cells": cells, "here": here, "percent": share(here, len(meters))})
    every = max(1, len(blocks) // 10)
    return {
        "days": days,
        "height": TOP + len(labels) * HEIGHT + 4,
        "wanted": len(meters),
        "marks": [(round(LEFT + i * width, 1), blocks[i][0]) for i in range(0, len(blocks), every)],
    }


def _cell(
    block: Sequence[int], label: int, frozen: set[tuple[int, int]], x: float, y: int, width: float
) -> dict[str, Any]:
    here = sum((meter, label) in frozen for meter in block)
    full = HEIGHT - 3
    high = round(full * here / len(block), 1)
    return {
        "x": round(x, 1),
        "width": round(max(width - 1, 1), 1),
        "y": y,
        "full": full,
        "top": round(y + full - high, 1),
        "high": high,
        "tone": "full" if here == len(block) else "part" if here else "none",
        "title": f"{block[0]}–{block[-1]}: {here}/{len(block)}",
    }


NAMED, ROW = 190, 20  # room for the name of a row, and its height
DAYS_WIDTH = 800


def draw_days(
    names: Sequence[str], days: Sequence[int], torn: Mapping[tuple[str, int], tuple[int, int]]
) -> dict[str, Any]:
    """Coordinates for collection/days.html: a row for each name, a column for each day, rising.

    `torn`: {(name, day): (came, expected)} of what is not whole; a cell that is not in it is full."""
    width = DAYS_WIDTH / max(1, len(days))
    rows = []
    for n, name in enumerate(names):
        y = TOP + n * ROW
        cells = [
            _day_cell(torn.get((name, day)), day, NAMED + i * width, y, width) for i, day in enumerate(days)
        ]
        rows.append({"name": name, "y": y, "cells": cells})
    every = max(1, -(-len(days) // 10))
    marks = [(round(NAMED + i * width, 1), days[i]) for i in range(0, len(days), every)]
    return {"rows": rows, "marks": marks, "height": TOP + len(names) * ROW + 4}


def _day_cell(here: tuple[int, int] | None, day: int, x: float, y: int, width: float) -> dict[str, Any]:
    came, expected = here or (1, 1)
    full = ROW - 3
    high = round(full * came / expected, 1)
    return {
        "x": round(x, 1),
        "width": round(width - 1.5, 1),
        "y": y,
        "full": full,
        "top": round(y + full - high, 1),
        "high": high,
        "tone": "full" if came == expected else "part" if came else "none",
        "day": day,
        "came": came,
        "expected": expected,
        "torn": here is not None and came < expected,
    }
