"""What a house demands of passwords and sessions (domain section 7). A change stands in the audit.

A number can be chosen within bounds only, so that nobody sets a station open by a slip.
"""

import hashlib
import json
import secrets
import string
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station import checks
from station.access.roles import FUNCTIONS
from station.errors import FieldError, Invalid
from station.store import audit, settings

KEY = "accounts"  # of settings
MAX_LENGTH = 128  # argon2 takes any; a bound keeps a login cheap
REASON_CHARS = 200
DAY_S = 86_400
# name -> (default, least, most)
NUMBERS: Mapping[str, tuple[int, int, int]] = {
    "length": (12, 12, 64),
    "classes": (3, 3, 4),  # of lower case, upper case, digits, others
    "history": (5, 0, 24),  # a new password is none of so many before it
    "change_days": (0, 0, 730),  # it is changed after so long; 0: never
    "failures": (5, 3, 10),  # lock the account ...
    "lock_min": (30, 5, 1440),  # ... for so long
    "idle_min": (15, 5, 120),  # a session without a sign of life ends
    "longest_h": (12, 1, 24),  # and any session after so long
    "single": (0, 0, 1),  # 1: a log-in ends the older sessions of its person
}
ADVISED = tuple(  # functions that should need a second factor
    each
    for each in FUNCTIONS
    if each.startswith("approve_") or each in ("control", "prepaid", "parameters", "accounts", "policy")
)
_KINDS = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())


class Policy(NamedTuple):
    length: int = NUMBERS["length"][0]
    classes: int = NUMBERS["classes"][0]
    history: int = NUMBERS["history"][0]
    change_days: int = NUMBERS["change_days"][0]
    failures: int = NUMBERS["failures"][0]
    lock_min: int = NUMBERS["lock_min"][0]
    idle_min: int = NUMBERS["idle_min"][0]
    longest_h: int = NUMBERS["longest_h"][0]
    single: int = NUMBERS["single"][0]
    factor: tuple[
        str, ...
    ] = ()  # functions that nobody has without a second factor, in the order of FUNCTIONS


DEFAULT = Policy()


def policy(c: Connection) -> Policy:
    """As it is now."""
    held = settings.get(c, KEY, {})
    return Policy(**{**held, "factor": tuple(held.get("factor", ()))})


def version(held: Policy) -> str:
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()[:16]


def change(c: Connection, author: str, wanted: Mapping[str, Any], seen: str, reason: str) -> None:
    """`wanted`: the fields of Policy; `seen`: the version that the author saw. Invalid says why not."""
    now, problems = policy(c), list[FieldError]()
    numbers = {
        name: checks.whole(wanted.get(name), name, least, most, problems)
        for name, (_default, least, most) in NUMBERS.items()
    }
    chosen = set(wanted.get("factor", ()))
    if not chosen <= set(FUNCTIONS):
        problems.append(FieldError("factor", "needed"))
    if not reason.strip() or len(reason) > REASON_CHARS:
        problems.append(FieldError("reason", "needed"))
    checks.refuse(problems)
    if seen != version(now):
        raise Invalid(FieldError("", "changed_meanwhile"))
    new = Policy(**numbers, factor=tuple(each for each in FUNCTIONS if each in chosen))
    settings.put(c, KEY, new._asdict())
    changed = {
        name: [old, value] for name, old, value in zip(Policy._fields, now, new, strict=True) if old != value
    }
    audit.add(c, author, "account_policy_changed", "accounts", reason=reason.strip(), changed=changed)


# ---- what follows from it


def check_policy(password: str, name: str, held: Policy = DEFAULT) -> list[FieldError]:
    """Problems of a new password, [] when it is good."""
    problems: list[FieldError] = []
    if len(password) < held.length:
        problems.append(FieldError("password", "password_short", {"least": held.length}))
    if len(password) > MAX_LENGTH:
        problems.append(FieldError("password", "too_long", {"most": MAX_LENGTH}))
    if sum(any(kind(c) for c in password) for kind in _KINDS) < held.classes:
        problems.append(FieldError("password", "password_simple", {"least": held.classes}))
    if name and name.lower() in password.lower():
        problems.append(FieldError("password", "password_has_name"))
    return problems


def too_old(held: Policy, since_s: int, t_s: int) -> bool:
    """Whether a password that was set then is to be changed now."""
    return held.change_days > 0 and t_s - since_s >= held.change_days * DAY_S


def one_time() -> str:
    """A password that meets the policy of a new station, to be changed at first login."""
    letters = string.ascii_letters + string.digits
    while True:
        text = "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
        if not check_policy(text, ""):
            return text
