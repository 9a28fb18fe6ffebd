"""What collection does by itself, every few minutes."""

from sqlalchemy import Engine

from station.collection import counts, patrols, supplement, traces


def work(engine: Engine, t_s: int, offset_s: int) -> int:
    """Count the days that are closed and what came late, and want what is missing. Returns what was done.

    `offset_s`: local time of the station minus UTC, by which days are closed."""
    done = counts.close(engine, t_s, offset_s) + counts.recount(engine, t_s)
    done += supplement.scan(engine, t_s)
    counts.forget(engine, t_s)
    supplement.forget(engine, t_s)
    patrols.forget(engine, t_s)
    traces.forget(engine, t_s)
    return done
