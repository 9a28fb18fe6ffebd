"""Nightly: what in the archive contradicts itself. A finding goes by itself once it is no more so."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from sqlalchemy import Connection, Engine

from station.archives import sims
from station.archives.records import REASON_CHARS, Desk
from station.archives.shapes import good_phone
from station.errors import FieldError, Invalid
from station.store import archive_checks as store
from station.store import audit, db
from station.store.archive_checks import Found


def _phones_wrong(c: Connection) -> list[Found]:
    return [Found(record, unit, "") for record, unit, phone in store.phones(c) if not good_phone(phone)]


RULES: Mapping[str, Callable[[Connection], Iterable[Found]]] = {
    "meter_twice": partial(store.ask, question=store.meters_twice()),
    "meter_nowhere": partial(store.ask, question=store.meters_nowhere()),
    "point_of_nobody": partial(store.ask, question=store.points_of_nobody()),
    "area_differs": partial(store.ask, question=store.areas_differ()),
    "ratio_missing": partial(store.ask, question=store.ratios_missing()),
    "vendors_mixed": partial(store.ask, question=store.vendors_mixed()),
    "closed_but_metered": partial(store.ask, question=store.closed_but_metered()),
    "phone_wrong": _phones_wrong,
    **sims.RULES,
}


def work(engine: Engine, t_s: int) -> int:
    """Check all; how many findings opened or went. Read apart from writing: nobody waits for the search."""
    moved = 0
    for rule, ask in RULES.items():
        with db.reading(engine) as c:
            found = {each.record: each for each in ask(c)}
        with db.writing(engine) as c:
            before = store.still_open(c, rule)
            new = [each for record, each in found.items() if record not in before]
            gone = [each["id"] for record, each in before.items() if record not in found]
            store.open_all(c, rule, new, t_s)
            store.end_all(c, gone, t_s)
        moved += len(new) + len(gone)
    return moved


def know(c: Connection, desk: Desk, number: int, version: int | None, why: str) -> None:
    """A person says why it is so; it leaves the list of those to look at. Invalid."""
    found, why = store.finding(c, number, desk.scope), why.strip()
    if found is None or found["gone_s"] is not None:
        raise Invalid(FieldError("", "no_such_finding"))
    if not why:
        raise Invalid(FieldError("why", "needed"))
    if len(why) > REASON_CHARS:
        raise Invalid(FieldError("why", "too_long", {"most": REASON_CHARS}))
    facts = {"known_s": db.now_s(), "known_by": desk.author, "why": why}
    if not store.know(c, number, version or 0, **facts):
        raise Invalid(FieldError("", "changed_meanwhile"))
    subject = f"{found['kind']} {found['number']}"
    audit.add(c, desk.author, "archive_finding_known", subject, rule=found["rule"], why=why)
