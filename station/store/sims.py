"""SIM cards with what their operators say of them, for pages and imports. Rules: station/archives/sims.py."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.archives_schema import archive_findings as findings
from station.store.archives_schema import archive_links as links
from station.store.archives_schema import archive_records as records
from station.store.db import row, rows
from station.store.org_schema import org_units
from station.store.scope import Scope
from station.store.sim_schema import sim_months as months

KIND = "sim"
CHUNK, PAGE = 500, 1000
FACTS = ("traffic_bytes", "quota_bytes", "cost_yuan_e4", "ip", "roaming", "state")
Row = dict[str, Any]


# ---- months, for imports


def _told(scope: Scope) -> Select[*tuple[Any, ...]]:
    query = select(records.c.number.label("iccid"), months.c.month, *[months.c[name] for name in FACTS])
    query = query.join_from(months, records, records.c.id == months.c.record)
    return query.where(records.c.kind == KIND, scope.over(records.c.unit))


def of_months(c: Connection, scope: Scope, keys: Sequence[tuple[str, int]]) -> list[Row]:
    """iccid, month and FACTS, by (iccid, month)."""
    found: list[Row] = []
    place = tuple_(records.c.number, months.c.month)
    for at in range(0, len(keys), CHUNK):
        found += rows(c.execute(_told(scope).where(place.in_(keys[at : at + CHUNK]))))
    return found


def every_month(c: Connection, scope: Scope, q: str) -> Iterator[Row]:
    """By card and month, of cards whose number holds `q`."""
    query = _told(scope).where(records.c.number.contains(q, autoescape=True))
    query, after = query.order_by(records.c.number, months.c.month).limit(PAGE), ("", 0)
    while found := rows(c.execute(query.where(tuple_(records.c.number, months.c.month) > after))):
        yield from found
        after = (found[-1]["iccid"], found[-1]["month"])


def numbered(c: Connection, scope: Scope, iccids: Sequence[str]) -> dict[str, int]:
    """{iccid: id} of the cards of the scope."""
    found: dict[str, int] = {}
    for at in range(0, len(iccids), CHUNK):
        here = (records.c.kind == KIND) & records.c.number.in_(iccids[at : at + CHUNK])
        query = select(records.c.number, records.c.id).where(here, scope.over(records.c.unit))
        found |= {number: record for number, record in c.execute(query)}
    return found


def put_months(c: Connection, many: Sequence[Mapping[str, Any]]) -> None:
    """`many`: record, month and FACTS."""
    for at in range(0, len(many), CHUNK):
        made = upsert(months).values(list(many[at : at + CHUNK]))
        facts = {name: made.excluded[name] for name in FACTS}
        c.execute(made.on_conflict_do_update(index_elements=["record", "month"], set_=facts))


def drop_months(c: Connection, keys: Sequence[tuple[int, int]]) -> None:
    place = tuple_(months.c.record, months.c.month)
    for at in range(0, len(keys), CHUNK):
        c.execute(delete(months).where(place.in_(keys[at : at + CHUNK])))


# ---- cards, for pages


def last_month(c: Connection) -> int | None:
    """The newest that anybody was told of."""
    return c.execute(select(func.max(months.c.month))).scalar()


def _cards(month: int | None) -> Select[*tuple[Any, ...]]:
    """Records with unit_name, `in_device` of their collector, and FACTS of the month as month_NAME."""
    box = records.alias("box")
    hung = and_(links.c.record == records.c.id, links.c.role == "collector", links.c.until_day.is_(None))
    told = [months.c[name].label(f"month_{name}") for name in FACTS]
    return (
        select(records, org_units.c.name.label("unit_name"), box.c.device.label("in_device"), *told)
        .join(org_units, org_units.c.id == records.c.unit)
        .outerjoin(links, hung)
        .outerjoin(box, box.c.id == links.c.target)
        .outerjoin(months, and_(months.c.record == records.c.id, months.c.month == (month or 0)))
        .where(records.c.kind == KIND)
    )


def _has_finding(rule: str, among: Sequence[str]) -> ColumnElement[bool]:
    here = [findings.c.gone_s.is_(None), findings.c.rule.in_([rule] if rule in among else among)]
    return records.c.id.in_(select(findings.c.record).where(*here))


def page(
    c: Connection, scope: Scope, limit: int, after: str, *, rule: str, among: Sequence[str], q: str
) -> list[Row]:
    """Cards by number; `rule`: with this open finding, "any": with one of `among`, "": all."""
    query = _cards(last_month(c)).where(scope.over(records.c.unit), records.c.number > after)
    if rule:
        query = query.where(_has_finding(rule, among))
    if q:
        box = records.alias("named")
        there = select(links.c.record).join(box, box.c.id == links.c.target)
        there = there.where(box.c.device.contains(q, autoescape=True), links.c.until_day.is_(None))
        query = query.where(or_(records.c.number.contains(q, autoescape=True), records.c.id.in_(there)))
    return rows(c.execute(query.order_by(records.c.number).limit(limit)))


def card(c: Connection, scope: Scope, number: int) -> Row | None:
    query = _cards(last_month(c)).where(records.c.id == number, scope.over(records.c.unit))
    return row(c.execute(query))


def told_of(c: Connection, number: int, limit: int) -> list[Row]:
    """Months of a card, newest first."""
    query = select(months).where(months.c.record == number)
    return rows(c.execute(query.order_by(months.c.month.desc()).limit(limit)))


def open_rules(c: Connection, numbers: Sequence[int], among: Sequence[str]) -> dict[int, list[str]]:
    """{card: its open findings of `among`, those that nobody knows first}"""
    query = select(findings.c.record, findings.c.rule).where(
        findings.c.record.in_(numbers), findings.c.rule.in_(among), findings.c.gone_s.is_(None)
    )
    out: dict[int, list[str]] = {}
    for record, rule in c.execute(query.order_by(findings.c.known_s.is_not(None), findings.c.id)):
        out.setdefault(record, []).append(rule)
    return out


def counted(c: Connection, scope: Scope, among: Sequence[str]) -> dict[str, int]:
    """{rule: cards of the scope with this open finding}"""
    query = select(findings.c.rule, func.count()).join(records, records.c.id == findings.c.record)
    here = [findings.c.gone_s.is_(None), findings.c.rule.in_(among), scope.over(records.c.unit)]
    return {rule: n for rule, n in c.execute(query.where(*here).group_by(findings.c.rule))}
