"""What is odd about a SIM card (domain.md R88, R97): nightly, by the last month that its operator told."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from station.store import archive_checks, sims
from station.store import sim_checks as store
from station.store.archive_checks import Found, Question
from station.store.sim_checks import Months

ICCID_DIGITS = (19, 20)  # ITU-T E.118: 89, country, operator, card, check digit
_CHINA_S = 8 * 3600  # months of the operators


def luhn(number: str) -> bool:
    """Whether the last digit fits the others (ISO/IEC 7812-1, annex B)."""
    if not (number.isascii() and number.isdecimal()):
        return False
    doubled = [int(each) * (1 + n % 2) for n, each in enumerate(reversed(number))]
    return sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def good_iccid(number: str) -> bool:
    """Many cards of 20 digits carry no check digit, or stand in lists without it: they pass unproved."""
    return len(number) == max(ICCID_DIGITS) or (len(number) == min(ICCID_DIGITS) and luhn(number))


def months(last: int) -> Months:
    year, month = divmod(last, 100)
    before = last - 1 if month > 1 else (year - 1) * 100 + 12
    return Months(last, before, int(datetime(year, month, 1, tzinfo=UTC).timestamp()) - _CHINA_S)


def _numbers_wrong(c: Connection) -> Iterable[Found]:
    return [
        Found(card, unit, "")
        for card, unit, number in store.numbers(c)
        if not (number.isdecimal() and good_iccid(number))
    ]


def _asked(question: Callable[[Months], Question], c: Connection) -> Iterable[Found]:
    last = sims.last_month(c)
    return archive_checks.ask(c, question(months(last))) if last is not None else []


RULES: Mapping[str, Callable[[Connection], Iterable[Found]]] = {
    "sim_no_traffic": partial(_asked, store.no_traffic),
    "sim_over_quota": partial(_asked, store.over_quota),
    "sim_stopped": partial(_asked, store.stopped),
    "sim_ip_changed": partial(_asked, store.ip_changed),
    "sim_roaming": partial(_asked, store.roaming),
    "sim_not_in_use": partial(_asked, store.not_in_use),
    "sim_device_silent": partial(_asked, store.device_silent),
    "sim_other_card": partial(_asked, store.other_card),
    "sim_cost": partial(_asked, store.cost),
    "sim_not_told": partial(_asked, store.not_told),
    "sim_number": _numbers_wrong,
}
