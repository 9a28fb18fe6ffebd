"""Records of the archives, their changes and links. Rules: station/archives.

Every list goes on behind a key; nothing is counted or skipped over.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)

from station.store.archives_schema import archive_changes as changes_table
from station.store.archives_schema import archive_links as links
from station.store.archives_schema import archive_records as records
from station.store.archives_schema import archive_swaps as swaps
from station.store.archives_schema import archive_words as words
from station.store.db import row, rows
from station.store.org_schema import org_units
from station.store.schema import devices
from station.store.scope import Scope

Row = dict[str, Any]
HITS_FEW = 5000  # of a search: up to here each is looked up
METERS_MOST = 200  # whose customers are looked for
HANGING_MOST = 100  # of one record on its page
LAST = "\U0010ffff"  # behind every word that begins alike


class Wanted(NamedTuple):
    kind: str
    q: str = ""
    unit: int = 0  # it and those below; 0: all of the scope
    state: str = ""
    complete: str = ""  # yes, no
    worst: bool = False  # the least complete first
    after: tuple[int, str] = (-1, "")  # (score, number) of the last one seen; the score only with `worst`


# ---- records


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(records).values(version=1, **facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def change(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when it is no more of `version`: nothing is changed."""
    here = (records.c.id == number) & (records.c.version == version)
    return c.execute(update(records).where(here).values(version=version + 1, **facts)).rowcount == 1


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    """With unit_name."""
    query = select(records, org_units.c.name.label("unit_name")).join(org_units)
    return row(c.execute(query.where(records.c.id == number, scope.over(records.c.unit))))


def named(c: Connection, kind: str, number: str, scope: Scope) -> Row | None:
    here = (records.c.kind == kind) & (records.c.number == number)
    return row(c.execute(select(records).where(here, scope.over(records.c.unit))))


def taken(c: Connection, kind: str, number: str) -> bool:
    here = (records.c.kind == kind) & (records.c.number == number)
    return c.execute(select(records.c.id).where(here)).first() is not None


def by_token(c: Connection, token: str, scope: Scope) -> int | None:
    here = (records.c.token == token) & scope.over(records.c.unit)
    return c.execute(select(records.c.id).where(here)).scalar()


def device_in(c: Connection, device: str, area: bool, scope: Scope) -> bool:
    """Whether it is there: a concentrator with `area`, else a terminal."""
    kind = devices.c.area.is_not(None) if area else devices.c.area.is_(None)
    here = (devices.c.device == device) & scope.over(devices.c.unit) & kind
    return c.execute(select(devices.c.device).where(here)).first() is not None


def page(c: Connection, wanted: Wanted, scope: Scope, limit: int) -> list[Row]:
    """By number, or the least complete first; with unit_name."""
    r = records
    query = select(r, org_units.c.name.label("unit_name")).join(org_units)
    query = query.where(scope.over(r.c.unit), *_narrowed(wanted), _sought(c, wanted))
    score, number = wanted.after
    if wanted.worst:
        query = query.where(or_(r.c.score > score, and_(r.c.score == score, r.c.number > number)))
        query = query.order_by(r.c.score, r.c.number)
    else:
        query = query.where(r.c.number > number).order_by(r.c.number)
    return rows(c.execute(query.limit(limit)))


def _narrowed(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.unit:
        yield Scope((wanted.unit,)).over(records.c.unit)
    if wanted.state:
        yield records.c.state == wanted.state
    if wanted.complete or wanted.worst:
        yield records.c.score == 100 if wanted.complete == "yes" else records.c.score < 100


def _sought(c: Connection, wanted: Wanted) -> ColumnElement[bool]:
    """Of the kind, and found. Few hits are looked up one by one; of many the list soon meets some."""
    of_kind = records.c.kind == wanted.kind
    if not wanted.q:
        return of_kind
    q = wanted.q.lower()
    own = select(words.c.record).where(words.c.kind == wanted.kind, *_begins(q))
    few = list(c.execute(union_all(own, *_by_meter(q)).limit(HITS_FEW + 1)).scalars())
    if len(few) > HITS_FEW:
        here = own.where(words.c.record == records.c.id).correlate(records).exists()
        return and_(of_kind, or_(here, records.c.id.in_(union_all(*_by_meter(q)))))
    return and_(records.c.id.in_(few), records.c.kind.concat("") == wanted.kind)  # no walk along the kind


def _by_meter(q: str) -> tuple[Any, ...]:
    """Ids of what belongs to a meter whose number or address begins so."""
    meters = select(words.c.record).where(words.c.kind == "meter", *_begins(q)).limit(METERS_MOST)
    now = links.c.until_day.is_(None)
    above = select(links.c.target).where(links.c.record.in_(meters), now)
    higher = select(links.c.target).where(links.c.record.in_(above), now)
    below = select(links.c.record).where(links.c.target.in_(meters), now)
    beside = select(links.c.target).where(links.c.record.in_(below), now)
    return above, higher, below, beside


def _begins(q: str) -> tuple[ColumnElement[bool], ...]:
    return words.c.word >= q, words.c.word < q + LAST


def uncovered(
    c: Connection, scope: Scope, from_kva: int, ended: Sequence[str], after: int, limit: int
) -> list[Row]:
    """Customers of at least `from_kva` that are not `ended` and have no terminal; by id."""
    r, terminal = records, records.alias("terminal")
    has = exists().where(
        links.c.target == r.c.id,
        links.c.role == "customer",
        links.c.until_day.is_(None),
        terminal.c.id == links.c.record,
        terminal.c.kind == "terminal",
        terminal.c.state == "running",
    )
    query = select(r, org_units.c.name.label("unit_name")).join(org_units)
    query = query.where(r.c.kind == "customer", r.c.capacity_kva >= from_kva, r.c.state.not_in(ended), ~has)
    query = query.where(scope.over(r.c.unit), r.c.id > after)
    return rows(c.execute(query.order_by(r.c.id).limit(limit)))


# ---- changes


def add_change(c: Connection, **facts: Any) -> None:
    c.execute(insert(changes_table).values(**facts))


def changes(c: Connection, number: int) -> list[Row]:
    """Of a record, as they were recorded."""
    query = select(changes_table).where(changes_table.c.record == number)
    return rows(c.execute(query.order_by(changes_table.c.id)))


def _late() -> Any:
    r, t = records, changes_table
    found = select(t, r.c.kind, r.c.number, r.c.name, r.c.unit).join_from(t, r, t.c.record == r.c.id)
    return found.where(t.c.late == 1, t.c.settled_s.is_(None))


def late(c: Connection, scope: Scope, after: int, limit: int) -> list[Row]:
    """Changes recorded after they took effect, for which nothing was computed again yet; by id."""
    query = _late().where(scope.over(records.c.unit), changes_table.c.id > after)
    return rows(c.execute(query.order_by(changes_table.c.id).limit(limit)))


def late_waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """How many late changes recorded until `t_s` are not settled."""
    t = changes_table
    query = select(func.count()).select_from(t.join(records, records.c.id == t.c.record))
    query = query.where(t.c.late == 1, t.c.settled_s.is_(None), t.c.recorded_s <= t_s)
    return c.execute(query.where(scope.over(records.c.unit))).scalar_one()


def has_change(c: Connection, change_id: int, scope: Scope) -> bool:
    """Whether there is such a change, settled or not, of a record in `scope`."""
    query = select(changes_table.c.id).join(records, records.c.id == changes_table.c.record)
    here = (changes_table.c.id == change_id, scope.over(records.c.unit))
    return c.execute(query.where(*here)).first() is not None


def settle(c: Connection, change_id: int, scope: Scope, author: str, t_s: int) -> Row | None:
    """The change that is settled by this; None when there is none, or it was settled before."""
    found = row(c.execute(_late().where(changes_table.c.id == change_id, scope.over(records.c.unit))))
    if found:
        here = changes_table.c.id == change_id
        c.execute(update(changes_table).where(here).values(settled_s=t_s, settled_by=author))
    return found


# ---- links


def put_spans(c: Connection, number: int, role: str, held: Iterable[tuple[int, int | None, int]]) -> None:
    """Whom a record hangs on by `role`: (from day, until day, target)."""
    c.execute(delete(links).where(links.c.record == number, links.c.role == role))
    for from_day, until_day, target in held:
        there = {"from_day": from_day, "until_day": until_day, "target": target}
        c.execute(insert(links).values(record=number, role=role, **there))


def _on(day: int | None) -> ColumnElement[bool]:
    if day is None:
        return links.c.until_day.is_(None)
    return and_(links.c.from_day <= day, or_(links.c.until_day.is_(None), links.c.until_day > day))


def above(c: Connection, number: int, scope: Scope, day: int | None = None) -> list[Row]:
    """Records that it hangs on, with `role`; today's without `day`."""
    query = select(records, links.c.role).join(links, links.c.target == records.c.id)
    query = query.where(links.c.record == number, _on(day), scope.over(records.c.unit))
    return rows(c.execute(query.order_by(links.c.role)))


def below(c: Connection, numbers: Sequence[int], scope: Scope, day: int | None = None) -> list[Row]:
    """Records that hang on one of `numbers`, with `role` and `target`; HANGING_MOST at most."""
    query = select(records, links.c.role, links.c.target).join(links, links.c.record == records.c.id)
    query = query.where(links.c.target.in_(numbers), _on(day), scope.over(records.c.unit))
    return rows(c.execute(query.order_by(links.c.target, records.c.id).limit(HANGING_MOST)))


def hanging(c: Connection, number: int, day: int) -> list[Row]:
    """All that hang on a record on a day, whosever they are: {record, role}."""
    query = select(links.c.record, links.c.role).where(links.c.target == number, _on(day))
    return rows(c.execute(query.order_by(links.c.record)))


def put_words(c: Connection, number: int, kind: str, found: Iterable[str]) -> None:
    c.execute(delete(words).where(words.c.record == number))
    many = [{"kind": kind, "word": word, "record": number} for word in found]
    if many:
        c.execute(insert(words), many)


# ---- swaps


def add_swap(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(swaps).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def swap(c: Connection, number: int, scope: Scope) -> Row | None:
    return row(c.execute(select(swaps).where(swaps.c.id == number, scope.over(swaps.c.unit))))


def swap_by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(swaps.c.id).where(swaps.c.token == token)).scalar()


def swaps_of(c: Connection, number: int) -> list[Row]:
    """In which a record came or went."""
    query = select(swaps).where(or_(swaps.c.old == number, swaps.c.new == number))
    return rows(c.execute(query.order_by(swaps.c.id)))


def running_on(c: Connection, target: int, kinds: Sequence[str], day: int) -> list[Row]:
    """Records of `kinds` that stood at `target` on a day."""
    query = select(records).join(links, links.c.record == records.c.id)
    query = query.where(links.c.target == target, _on(day), records.c.kind.in_(kinds))
    return rows(c.execute(query.order_by(records.c.id)))


def collected_by(c: Connection, meter: int, scope: Scope) -> Mapping[str, Any] | None:
    """{device, row}: where the station collects a meter, if its measuring point says so."""
    m, d = records.alias("m"), records.alias("d")
    to_meter, to_device = links.alias("to_meter"), links.alias("to_device")
    query = (
        select(d.c.device, m.c.facts)
        .join_from(to_meter, m, m.c.id == to_meter.c.record)
        .join(to_device, to_device.c.record == m.c.id)
        .join(d, d.c.id == to_device.c.target)
        .where(to_meter.c.target == meter, to_meter.c.role == "meter", to_meter.c.until_day.is_(None))
        .where(to_device.c.role == "collector", to_device.c.until_day.is_(None), d.c.device.is_not(None))
        .where(scope.over(d.c.unit))
    )
    found = row(c.execute(query.limit(1)))
    return {"device": found["device"], "row": found["facts"].get("row")} if found else None
