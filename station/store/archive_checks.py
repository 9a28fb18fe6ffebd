"""What the nightly checks of the archives ask, and what they found. Rules: station/archives/checks.py.

Each question is one statement over the whole house, by indexes: a million meters take seconds.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    and_,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from station.store.archives_schema import archive_findings as findings
from station.store.archives_schema import archive_links as links
from station.store.archives_schema import archive_records as records
from station.store.db import row, rows
from station.store.org_schema import org_units
from station.store.scope import Scope

Row = dict[str, Any]
Question = Select[*tuple[Any, ...]]  # (record, unit, detail)
CHUNK = 500
PEOPLE_ROWS = 5000  # read at a time


class Found(NamedTuple):
    record: int
    unit: int
    detail: str


def _link(name: str, record: Any, role: str) -> tuple[Any, Any]:
    """(links under a name, that it is the link of `record` by `role` today)."""
    link = links.alias(name)
    return link, and_(link.c.record == record, link.c.role == role, link.c.until_day.is_(None))


def _running(name: str, kind: str, state: str) -> tuple[Any, Any]:
    thing = records.alias(name)
    return thing, and_(thing.c.kind == kind, thing.c.state == state)


def meters_twice() -> Question:
    """Meters of one address that are neither scrapped nor in different areas."""
    one, other = records.alias("one"), records.alias("other")
    point, at_point = _link("point", one.c.id, "point")
    area, at_area = _link("area", point.c.target, "area")
    point2, at_point2 = _link("point2", other.c.id, "point")
    area2, at_area2 = _link("area2", point2.c.target, "area")
    return (
        select(one.c.id, one.c.unit, func.min(other.c.number))
        .join_from(one, other, and_(other.c.kind == "meter", other.c.address == one.c.address))
        .outerjoin(point, at_point)
        .outerjoin(area, at_area)
        .outerjoin(point2, at_point2)
        .outerjoin(area2, at_area2)
        .where(one.c.kind == "meter", one.c.address.is_not(None), other.c.id != one.c.id)
        .where(one.c.state != "scrapped", other.c.state != "scrapped")
        .where(or_(area.c.target.is_(None), area2.c.target.is_(None), area.c.target == area2.c.target))
        .group_by(one.c.id, one.c.unit)
    )


def _unlinked(kind: str, state: str, role: str) -> Question:
    thing, lives = _running("thing", kind, state)
    _, at = _link("link", thing.c.id, role)
    return select(thing.c.id, thing.c.unit, literal("")).where(lives, ~exists().where(at))


def meters_nowhere() -> Question:
    return _unlinked("meter", "running", "point")


def points_of_nobody() -> Question:
    return _unlinked("point", "open", "customer")


def areas_differ() -> Question:
    """Meters whose point lies in another area than the concentrator that reads them."""
    meter, lives = _running("meter", "meter", "running")
    point, at_point = _link("point", meter.c.id, "point")
    area, at_area = _link("area", point.c.target, "area")
    read = links.alias("read")
    collector, at_collector = _link("collector", read.c.record, "collector")
    where, at_where = _link("place", collector.c.target, "area")
    theirs = records.alias("theirs")
    return (
        select(meter.c.id, meter.c.unit, func.min(theirs.c.number))
        .join(point, at_point)
        .join(area, at_area)
        .join(read, and_(read.c.target == meter.c.id, read.c.role == "meter", read.c.until_day.is_(None)))
        .join(collector, at_collector)
        .join(where, at_where)
        .join(theirs, theirs.c.id == where.c.target)
        .where(lives, where.c.target != area.c.target)
        .group_by(meter.c.id, meter.c.unit)
    )


def ratios_missing() -> Question:
    """Meters through CTs whose point has no CT with a ratio."""
    meter, lives = _running("meter", "meter", "running")
    point, at_point = _link("point", meter.c.id, "point")
    ct, runs = _running("ct", "ct", "running")
    hung, at_hung = _link("hung", ct.c.id, "point")
    has = exists().where(
        hung.c.target == point.c.target, at_hung, runs, cast(ct.c.facts["primary"].as_string(), Integer) > 0
    )
    through = meter.c.facts["connection"].as_string() == "through_ct"
    return select(meter.c.id, meter.c.unit, literal("")).join(point, at_point).where(lives, through, ~has)


def vendors_mixed() -> Question:
    """Concentrators whose own module and those of their meters are of several vendors or chips."""
    module, lives = _running("module", "module", "running")
    host, at_host = _link("host", module.c.id, "host")
    read = links.alias("read")
    collector, at_collector = _link("collector", read.c.record, "collector")
    to_meter = and_(read.c.target == host.c.target, read.c.role == "meter", read.c.until_day.is_(None))
    chip = module.c.facts["vendor"].as_string() + " " + func.coalesce(module.c.facts["chip"].as_string(), "")
    of = func.coalesce(collector.c.target, host.c.target)
    box = records.alias("box")
    return (
        select(box.c.id, box.c.unit, func.min(chip) + " / " + func.max(chip))
        .select_from(module)
        .join(host, at_host)
        .outerjoin(read, to_meter)
        .outerjoin(collector, at_collector)
        .join(box, box.c.id == of)
        .where(lives, box.c.kind == "concentrator")
        .group_by(box.c.id, box.c.unit)
        .having(func.count(func.distinct(chip)) > 1)
    )


def closed_but_metered() -> Question:
    """Closed customers at whose point a meter runs."""
    customer, gone = _running("customer", "customer", "closed")
    point, meter = links.alias("point"), links.alias("meter")
    thing, lives = _running("thing", "meter", "running")
    theirs = and_(point.c.target == customer.c.id, point.c.role == "customer", point.c.until_day.is_(None))
    there = and_(meter.c.target == point.c.record, meter.c.role == "point", meter.c.until_day.is_(None))
    return (
        select(customer.c.id, customer.c.unit, func.min(thing.c.number))
        .join(point, theirs)
        .join(meter, there)
        .join(thing, thing.c.id == meter.c.record)
        .where(gone, lives)
        .group_by(customer.c.id, customer.c.unit)
    )


def ask(c: Connection, question: Question) -> list[Found]:
    return [Found(*found) for found in c.execute(question)]


def phones(c: Connection) -> Iterator[tuple[int, int, str]]:
    """(record, unit, phone) of customers that are not closed and have one."""
    after = ""
    r = records
    phone = r.c.facts["phone"].as_string()
    while True:
        query = select(r.c.id, r.c.unit, phone, r.c.state, r.c.number).where(r.c.kind == "customer")
        found = c.execute(query.where(r.c.number > after).order_by(r.c.number).limit(PEOPLE_ROWS)).all()
        yield from (each[:3] for each in found if each[2] and each[3] != "closed")
        if len(found) < PEOPLE_ROWS:
            return
        after = found[-1][4]


# ---- findings


def still_open(c: Connection, rule: str) -> dict[int, Row]:
    """{record: its open finding}."""
    query = select(findings).where(findings.c.rule == rule, findings.c.gone_s.is_(None))
    return {each["record"]: each for each in rows(c.execute(query))}


def open_all(c: Connection, rule: str, found: Iterable[Found], t_s: int) -> None:
    many = [{"rule": rule, "opened_s": t_s, **each._asdict()} for each in found]
    for at in range(0, len(many), CHUNK):
        c.execute(insert(findings), many[at : at + CHUNK])


def end_all(c: Connection, numbers: list[int], t_s: int) -> None:
    for at in range(0, len(numbers), CHUNK):
        here = findings.c.id.in_(numbers[at : at + CHUNK])
        c.execute(update(findings).where(here).values(gone_s=t_s))


def _with_record() -> Any:
    r, f = records, findings
    return (
        select(f, r.c.kind, r.c.number, r.c.name, org_units.c.name.label("unit_name"))
        .join_from(f, r, r.c.id == f.c.record)
        .join(org_units, org_units.c.id == r.c.unit)
    )


def listed(c: Connection, scope: Scope, rule: str, known: bool, after: int, limit: int) -> list[Row]:
    """Open findings by id, of records of `scope`: those that a person knows, or the others."""
    f = findings
    query = _with_record().where(f.c.gone_s.is_(None), scope.over(records.c.unit), f.c.id > after)
    query = query.where(f.c.known_s.is_not(None) if known else f.c.known_s.is_(None))
    if rule:
        query = query.where(f.c.rule == rule)
    return rows(c.execute(query.order_by(f.c.id).limit(limit)))


def of_record(c: Connection, number: int) -> list[Row]:
    query = select(findings).where(findings.c.record == number, findings.c.gone_s.is_(None))
    return rows(c.execute(query.order_by(findings.c.id)))


def finding(c: Connection, number: int, scope: Scope) -> Row | None:
    here = (findings.c.id == number) & scope.over(records.c.unit)
    return row(c.execute(_with_record().where(here)))


def know(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when it is gone, or no more of `version`."""
    f = findings
    here = (f.c.id == number) & (f.c.version == version) & f.c.gone_s.is_(None)
    return c.execute(update(f).where(here).values(version=version + 1, **facts)).rowcount == 1


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """How many open findings nobody has looked at."""
    f = findings
    query = select(func.count()).select_from(f.join(records, records.c.id == f.c.record))
    query = query.where(f.c.gone_s.is_(None), f.c.known_s.is_(None), f.c.opened_s <= t_s)
    return c.execute(query.where(scope.over(records.c.unit))).scalar_one()
