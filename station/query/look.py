"""Look through all devices for parameters that differ; periodic work."""

from sqlalchemy import Engine

from station.query import parameters
from station.store import db
from station.store import parameters as store

BATCH = 500  # devices of a read, and of a short write: nobody waits for the whole house


def work(engine: Engine, t_s: int) -> int:
    """Keep the list of differences up to date; returns how many there are now."""
    after, there = "", 0
    while True:
        with db.reading(engine) as c:
            names = store.reporting(c, after, BATCH)
            found, held = _found(store.told(c, names)), store.held(c, names)
        there += len(found)
        new, old = found - held, {each[:2] for each in held - found}
        if new or old:
            with db.writing(engine) as c:
                store.replace(c, old - {each[:2] for each in new}, new, t_s)
        if len(names) < BATCH:
            return there
        after = names[-1]


def _found(told: dict[str, store.Told]) -> set[tuple[str, int, int, int]]:
    return {
        (device, each.section, each.wanted, each.reported)
        for device, mine in told.items()
        if mine.reported is not None
        for each in parameters.differences(mine.wanted(), mine.reported, mine.sending())
    }
