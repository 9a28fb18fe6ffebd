"""What the marketing system says and how it stands to the archives. Rules: station/marketing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, or_, select, update

from station.store.archives_schema import archive_links as links
from station.store.archives_schema import archive_records as archive
from station.store.db import row, rows
from station.store.marketing_schema import marketing_files as files
from station.store.marketing_schema import marketing_looks as looks
from station.store.marketing_schema import marketing_records as records
from station.store.org_schema import org_units
from station.store.scope import Scope

Row = dict[str, Any]
FILES_SHOWN = 20


class Wanted(NamedTuple):
    kind: str = ""
    state: str = ""  # differ, theirs, ours; "" all
    show: str = "open"  # open; later: put off; kept: settled as they are
    number: str = ""  # begins so
    after: int = 0  # id


# ---- records


def ours(c: Connection, kind: str, numbers: Sequence[str]) -> dict[str, Row]:
    """{number: record of the archive with `links` {role: number}}, wherever it stands."""
    found = rows(c.execute(select(archive).where(archive.c.kind == kind, archive.c.number.in_(numbers))))
    of: dict[int, Row] = {each["id"]: each | {"links": {}} for each in found}
    target = archive.alias("target")
    query = select(links.c.record, links.c.role, target.c.number).join(target, target.c.id == links.c.target)
    for record, role, number in c.execute(query.where(links.c.record.in_(of), links.c.until_day.is_(None))):
        of[record]["links"][role] = number
    return {each["number"]: each for each in of.values()}


def known(c: Connection, kind: str, numbers: Sequence[str]) -> dict[str, Row]:
    """{number: what is known of it here}."""
    here = (records.c.kind == kind) & records.c.number.in_(numbers)
    return {each["number"]: each for each in rows(c.execute(select(records).where(here)))}


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(records).values(version=1, **facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def put(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when it is no more of `version`: nothing is changed."""
    here = (records.c.id == number) & (records.c.version == version)
    return c.execute(update(records).where(here).values(version=version + 1, **facts)).rowcount == 1


def saw(c: Connection, numbers: Sequence[int], t_s: int) -> None:
    """They said it again, as it was."""
    c.execute(update(records).where(records.c.id.in_(numbers)).values(seen_s=t_s))


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    """With unit_name."""
    query = select(records, org_units.c.name.label("unit_name")).join(org_units)
    return row(c.execute(query.where(records.c.id == number, scope.over(records.c.unit))))


def page(c: Connection, wanted: Wanted, scope: Scope, t_s: int, limit: int) -> list[Row]:
    """By id, with unit_name."""
    query = select(records, org_units.c.name.label("unit_name")).join(org_units)
    query = query.where(scope.over(records.c.unit), records.c.id > wanted.after, _shown(wanted.show, t_s))
    if wanted.kind:
        query = query.where(records.c.kind == wanted.kind)
    if wanted.state:
        query = query.where(records.c.state == wanted.state)
    if wanted.number:
        query = query.where(records.c.number.startswith(wanted.number, autoescape=True))
    return rows(c.execute(query.order_by(records.c.id).limit(limit)))


def _shown(show: str, t_s: int) -> ColumnElement[bool]:
    if show == "kept":
        return (records.c.open == 0) & (records.c.state != "agree")
    put_off = records.c.later_s > t_s
    return (records.c.open == 1) & (
        put_off if show == "later" else or_(records.c.later_s.is_(None), ~put_off)
    )


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """How many conflicts wait for a person, without those put off."""
    query = select(func.count()).select_from(records).where(_shown("open", t_s), scope.over(records.c.unit))
    return c.execute(query).scalar_one()


def picture(c: Connection, scope: Scope) -> dict[str, Row]:
    """{kind: how many of each state, `open` of them, fields `same` of `compared`}."""
    states = [
        func.sum(case((records.c.state == s, 1), else_=0)).label(s)
        for s in ("agree", "differ", "theirs", "ours")
    ]
    sums = [func.sum(records.c[name]).label(name) for name in ("open", "same", "compared")]
    query = select(records.c.kind, *states, *sums).where(scope.over(records.c.unit)).group_by(records.c.kind)
    return {each["kind"]: each for each in rows(c.execute(query))}


def stale(c: Connection, limit: int) -> list[Row]:
    """Records whose archive was changed since they were compared: {kind, number}."""
    join = and_(archive.c.kind == records.c.kind, archive.c.number == records.c.number)
    changed = func.coalesce(records.c.ours_version, 0) != archive.c.version
    query = select(records.c.kind, records.c.number).join(archive, join).where(changed)
    return rows(c.execute(query.limit(limit)))


def silent(c: Connection, kind: str, scope: Scope, before_s: int, limit: int) -> list[str]:
    """Numbers of records that were not said since `before_s`, though they are said to be theirs."""
    here = (records.c.kind == kind) & (records.c.seen_s < before_s) & records.c.theirs.is_not(None)
    query = select(records.c.number).where(here, scope.over(records.c.unit))
    return list(c.execute(query.order_by(records.c.number).limit(limit)).scalars())


def unsaid(c: Connection, kind: str, scope: Scope, ended: Sequence[str], after: str, limit: int) -> list[str]:
    """Numbers, behind `after`, of live records of the archive of which nothing is known here."""
    there = and_(records.c.kind == archive.c.kind, records.c.number == archive.c.number)
    query = select(archive.c.number).outerjoin(records, there).where(records.c.id.is_(None))
    query = query.where(archive.c.kind == kind, archive.c.number > after, archive.c.state.not_in(ended))
    query = query.where(scope.over(archive.c.unit)).order_by(archive.c.number).limit(limit)
    return list(c.execute(query).scalars())


# ---- files


def begin(c: Connection, digest: str, **facts: Any) -> Row:
    """The row of a file: a new one, or the one of the same content, wherever it came from."""
    found = row(c.execute(select(files).where(files.c.digest == digest)))
    if found is None:
        c.execute(insert(files).values(digest=digest, state="reading", **facts))
        return begin(c, digest)
    return found


def change_file(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(files).where(files.c.id == number).values(**facts))


def file(c: Connection, number: int, scope: Scope) -> Row | None:
    """With unit_name."""
    query = select(files, org_units.c.name.label("unit_name")).join(org_units)
    return row(c.execute(query.where(files.c.id == number, scope.over(files.c.unit))))


def listed(c: Connection, scope: Scope) -> list[Row]:
    """The newest files, with unit_name."""
    query = select(files, org_units.c.name.label("unit_name")).join(org_units).where(scope.over(files.c.unit))
    return rows(c.execute(query.order_by(files.c.id.desc()).limit(FILES_SHOWN)))


def last_files(c: Connection, scope: Scope) -> dict[str, int]:
    """{kind: when the last file was taken}."""
    query = select(files.c.kind, func.max(files.c.ended_s)).where(files.c.state == "done")
    found = c.execute(query.where(scope.over(files.c.unit)).group_by(files.c.kind))
    return {kind: at for kind, at in found}


def look(c: Connection, lying: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """Names that lie as they did at the last look: {name: (bytes, changed_ns)}; this look is kept."""
    before = {each.name: (each.bytes, each.changed_ns) for each in c.execute(select(looks))}
    c.execute(delete(looks))
    if lying:
        told = [{"name": name, "bytes": each[0], "changed_ns": each[1]} for name, each in lying.items()]
        c.execute(insert(looks), told)
    return (name for name, each in lying.items() if before.get(name) == each)
