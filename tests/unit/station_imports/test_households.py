"""The file of 33,427 households of domain.md R91: exactly the planted errors are found, the rest is taken."""

from typing import Any

from sqlalchemy import Engine

from station.imports.life import act
from station.store import imports as store
from station.store.scope import EVERYWHERE
from tests.bench import imports as bench


def test_exactly_the_planted_errors_are_found(engine: Engine, writing: Any) -> None:
    with writing() as c:
        bench.house(c)
    data, faults = bench.planted()
    number = bench.look(writing, data)
    with writing() as c:
        assert bench.found(c, number) == faults
        row = store.get(c, EVERYWHERE, number)
        assert row
        assert (row["fresh"], row["wrong"], len(faults)) == (bench.HOUSEHOLDS - len(faults), len(faults), 84)
        act(c, row, "drop", "clerk", row["hash"])
