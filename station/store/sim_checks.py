"""What the nightly checks ask of SIM cards: the last month that operators told, beside archive and link.

Each question is one statement; `Months` says which months are meant. Rules: station/archives/sims.py.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, String, and_, cast, exists, func, literal, select

from station.store.archive_checks import Question
from station.store.archives_schema import archive_links, archive_records
from station.store.schema import links as device_links
from station.store.sim_schema import sim_months

KIND, RUNNING, COST_MONTHS = "sim", "running", 3
cards = archive_records.alias("card")
now = sim_months.alias("now")
_RUNS = cards.c.state == RUNNING


class Months(NamedTuple):
    last: int  # 202610, the newest that was told
    before: int
    start_s: int  # when the last one began


def _told(months: Months, detail: Any, *where: ColumnElement[bool]) -> Question:
    """Cards of which the last month was told, and for which this holds."""
    query = select(cards.c.id, cards.c.unit, cast(detail, String))
    query = query.join(now, and_(now.c.record == cards.c.id, now.c.month == months.last))
    return query.where(cards.c.kind == KIND, *where)


def no_traffic(months: Months) -> Question:
    return _told(months, literal(""), _RUNS, now.c.traffic_bytes == 0)


def over_quota(months: Months) -> Question:
    percent = 100 * now.c.traffic_bytes / func.max(now.c.quota_bytes, 1)
    over = now.c.traffic_bytes > now.c.quota_bytes
    return _told(months, cast(percent, String) + "%", now.c.quota_bytes > 0, over)


def stopped(months: Months) -> Question:
    return _told(months, now.c.state, _RUNS, now.c.state.in_(("stopped", "expired")))


def roaming(months: Months) -> Question:
    return _told(months, literal(""), now.c.roaming == 1)


def not_in_use(months: Months) -> Question:
    """Cards in store, or taken out, with traffic."""
    return _told(months, cards.c.state, ~_RUNS, now.c.traffic_bytes > 0)


def ip_changed(months: Months) -> Question:
    old = sim_months.alias("old")
    query = _told(months, old.c.ip + " → " + now.c.ip, now.c.ip != "", old.c.ip != "", old.c.ip != now.c.ip)
    return query.join(old, and_(old.c.record == cards.c.id, old.c.month == months.before))


def cost(months: Months) -> Question:
    """Three times what the card cost on average in three or more months before."""
    old = sim_months.alias("old")
    mean, told = func.avg(old.c.cost_yuan_e4), func.count()
    mine = (old.c.record == cards.c.id) & (old.c.month < months.last)
    usual = select(mean).where(mine).having(told >= COST_MONTHS).correlate(cards).scalar_subquery()
    yuan = func.printf("%.2f", now.c.cost_yuan_e4 / 10_000.0)
    return _told(months, yuan, now.c.cost_yuan_e4 > 3 * usual, now.c.cost_yuan_e4 > 0)


def not_told(months: Months) -> Question:
    """Running cards of which the operator says nothing."""
    there = exists().where(sim_months.c.record == cards.c.id, sim_months.c.month == months.last)
    old = cards.c.created_s < months.start_s
    return select(cards.c.id, cards.c.unit, literal("")).where(cards.c.kind == KIND, _RUNS, old, ~there)


def _seen(months: Months, traffic: ColumnElement[bool], seen: Any) -> Question:
    """Of running cards in a device: its last sign of life against the month."""
    hung, box = archive_links.alias("hung"), archive_records.alias("box")
    at = and_(hung.c.record == cards.c.id, hung.c.role == "collector", hung.c.until_day.is_(None))
    query = _told(months, box.c.device, _RUNS, traffic, seen).join(hung, at)
    query = query.join(box, box.c.id == hung.c.target)
    return query.join(device_links, device_links.c.device == box.c.device)


def device_silent(months: Months) -> Question:
    """The card has traffic, but its device was not heard of since the month began."""
    return _seen(months, now.c.traffic_bytes > 0, device_links.c.last_seen_s < months.start_s)


def other_card(months: Months) -> Question:
    """The device was heard of, but not by this card."""
    return _seen(months, now.c.traffic_bytes == 0, device_links.c.last_seen_s >= months.start_s)


def numbers(c: Connection) -> Iterator[tuple[int, int, str]]:
    """(card, unit, ICCID) of all that are not scrapped."""
    query = select(cards.c.id, cards.c.unit, cards.c.number)
    found = c.execute(query.where(cards.c.kind == KIND, cards.c.state != "scrapped"))
    return ((card, unit, number) for card, unit, number in found)
