"""What terminals counted over a day or a month: extremes, qualification, sections, minutes."""

from collections.abc import Mapping, Sequence
from typing import Any

import cbor2
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.db import rows
from station.store.readings import unpacked
from station.store.schema import statistics


def put(c: Connection, many: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the table with `values` {number: value} for `points`.

    Told again for the same period (a terminal made it twice after a cut), the later one stands.
    """
    if not many:
        return
    packed = [
        {**{name: row[name] for name in row if name != "values"}, "points": _packed(row["values"])}
        for row in many
    ]
    query = upsert(statistics)
    news = {name: query.excluded[name] for name in ("quality", "t_ok", "points")}
    c.execute(query.on_conflict_do_update(index_elements=statistics.primary_key.columns, set_=news), packed)


def of_device(c: Connection, device: str, period: int, first_s: int, before_s: int) -> list[dict[str, Any]]:
    """Rows that began in first_s <= from_s < before_s, oldest first, with `values` {number: value}."""
    query = (
        select(statistics)
        .where(statistics.c.device == device, statistics.c.period == period)
        .where(statistics.c.from_s >= first_s, statistics.c.from_s < before_s)
        .order_by(statistics.c.from_s, statistics.c.metering_point, statistics.c.summation_group)
    )
    return [found | {"values": unpacked(found.pop("points"))} for found in rows(c.execute(query))]


def _packed(values: Mapping[int, int]) -> bytes:
    return cbor2.dumps(dict(sorted(values.items())))
