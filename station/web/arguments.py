"""Arguments of an address, read strictly: a slip of the hand is said, not passed over."""

from datetime import date

from station.web.errors import Refused

MOST = 2**63 - 1  # the largest integer of SQLite; a larger one cannot be asked for
FIRST_DAY = date(2000, 1, 1)


def whole(name: str, text: str | None) -> int | None:
    """Return 0..MOST, or None when nothing is given; Refused names the argument otherwise."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST)) and int(text) <= MOST):
        raise Refused(400, "bad_argument", argument=name)
    return int(text)


def past_day(name: str, text: str | None, today: date) -> date:
    """Return a day from FIRST_DAY to `today`, `today` when nothing is given; else Refused."""
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(400, "bad_argument", argument=name) from None
    if not FIRST_DAY <= day <= today:
        raise Refused(400, "bad_argument", argument=name)
    return day
