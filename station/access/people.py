"""Login. Failures are counted in the database: neither a restart nor a second web process lifts a lock."""

from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from station.access import factor
from station.access.policy import Policy, check_policy, one_time, policy, too_old
from station.access.roles import CHIEF
from station.access.sessions import TAKEN
from station.errors import FieldError, Invalid
from station.settings import Settings
from station.store import audit, org, passwords, users, web_sessions
from station.store.db import now_s
from station.store.scope import ROOT

ADMIN = "admin"
GIVEN, OLD = 1, 2  # `must_change`: for one use; the policy wants it changed after so many days

_hasher = PasswordHasher()  # argon2id, library defaults (RFC 9106 low-memory profile)
_NOBODY = _hasher.hash("nobody")  # so that an unknown name takes as long as a wrong password


def login(c: Connection, name: str, password: str, t_s: int | None = None) -> dict[str, Any] | FieldError:
    """Return the user row, or why not (login_failed, login_locked, login_disabled).

    `code_needed` at `code`: the password is right, and `login_code` comes next. Call inside db.writing and
    commit either way: a failure is counted.
    """
    at = now_s() if t_s is None else t_s
    user = users.get(c, name)
    if user and user["locked_until_s"] > at:
        return locked(user, at)
    fits = _verify(user["password_hash"] if user else _NOBODY, password)
    if user is None:
        return FieldError("", "login_failed")
    if not fits:
        return _failed(c, user, at)
    if user["disabled_s"] is not None:  # told only to who knows the password
        audit.add(c, name, "login_disabled", name)
        return FieldError("", "login_disabled")
    if _hasher.check_needs_rehash(user["password_hash"]):
        users.change(c, name, password_hash=_hasher.hash(password))
    if factor.has(c, name):
        return FieldError("code", "code_needed")  # failures stay: a password does not buy new guesses
    return entered(c, name, at)


def login_code(
    c: Connection,
    settings: Settings,
    name: str,
    session: int,
    code: str,
    t_s: int | None = None,
    road: str = "",
) -> dict[str, Any] | FieldError:
    """After `code_needed`: the user row, or why not. `session`: of the row when the password was right,
    or the word of the provider (`road`, station.access.sso).

    Call inside db.writing and commit either way."""
    at = now_s() if t_s is None else t_s
    user = user_for_session(c, name, session)
    if user is None:
        return FieldError("", "login_failed")
    if user["locked_until_s"] > at:
        return locked(user, at)
    if not factor.passes(c, settings, name, code, at):
        counted = _failed(c, user, at)
        return counted if counted.key == "login_locked" else FieldError("code", "code_wrong")
    return entered(c, name, at, road)


def entered(c: Connection, name: str, at: int, road: str = "") -> dict[str, Any]:
    """All was proved: the user row. `road`: how, when not by the password, whose age does not count then."""
    found = users.get(c, name)
    assert found is not None
    since_s = passwords.since(c, name) or found["created_s"]
    old = OLD if not road and too_old(policy(c), since_s, at) else 0  # found anew each time: policies change
    facts = {
        "failures": 0,
        "locked_until_s": 0,
        "last_login_s": at,
        "must_change": GIVEN if found["must_change"] == GIVEN else old,
    }
    users.change(c, name, **facts)
    audit.add(c, name, "login", name, **({"road": road} if road else {}))
    return found | facts


def locked(user: dict[str, Any], at: int) -> FieldError:
    return FieldError("", "login_locked", {"minutes": (user["locked_until_s"] - at + 59) // 60})


def confirm(
    c: Connection, settings: Settings, name: str, password: str, code: str, t_s: int | None = None
) -> FieldError | None:
    """Whether this is still the person who logged in: None, or why not. Counts failures as `login` does.

    `code`: of the second factor, passed over for who has none."""
    at = now_s() if t_s is None else t_s
    user = users.get(c, name)
    if user is None:
        return FieldError("password", "login_failed")
    if user["locked_until_s"] > at:
        return locked(user, at)._replace(field="password")
    if not _verify(user["password_hash"], password):
        return _not_yours(_failed(c, user, at), "password", "password_not_yours")
    if not factor.passes(c, settings, name, code, at):
        return _not_yours(_failed(c, user, at), "code", "code_wrong")
    users.change(c, name, failures=0)
    return None


def _not_yours(counted: FieldError, field: str, key: str) -> FieldError:
    return FieldError(field, key if counted.key == "login_failed" else counted.key, counted.args)


def _failed(c: Connection, user: dict[str, Any], at: int) -> FieldError:
    held, failures = policy(c), user["failures"] + 1
    locks = failures >= held.failures
    until_s = at + held.lock_min * 60 if locks else 0
    users.change(c, user["name"], failures=0 if locks else failures, locked_until_s=until_s)
    audit.add(c, user["name"], "login_locked" if locks else "login_failed", user["name"])
    if locks:
        return FieldError("", "login_locked", {"minutes": held.lock_min})
    return FieldError("", "login_failed")


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def change_password(c: Connection, name: str, old: str, new: str) -> dict[str, Any]:
    """Set a new password and end older sessions; returns the user row. Invalid says what is wrong."""
    user = users.get(c, name)
    if user is None:
        raise Invalid(FieldError("name", "no_such_user"))
    if not _verify(user["password_hash"], old):
        raise Invalid(FieldError("old", "password_wrong"))
    held = policy(c)
    problems = check_policy(new, name, held)
    if _verify(user["password_hash"], new):
        problems.append(FieldError("password", "password_same"))
    elif not problems and _was_used(c, name, new, held):
        problems.append(FieldError("password", "password_used", {"n": held.history}))
    if problems:
        raise Invalid(*problems)
    made = _hasher.hash(new)
    if passwords.since(c, name) is None:  # the first one that was chosen since this is noted
        passwords.add(c, name, user["password_hash"], user["created_s"])
    passwords.add(c, name, made, now_s())
    users.change(c, name, password_hash=made, must_change=0, session=user["session"] + 1)
    web_sessions.end(c, name, TAKEN, now_s())
    audit.add(c, name, "password_changed", name)
    return users.get(c, name) or user


def _was_used(c: Connection, name: str, new: str, held: Policy) -> bool:
    return any(_verify(each, new) for each in passwords.newest(c, name, held.history))


def first_admin(c: Connection) -> str | None:
    """Make the administrator if there is no user yet; returns the one-time password, to be shown once."""
    if users.number(c):
        return None
    password = one_time()
    users.add(c, ADMIN, _hasher.hash(password), must_change=True, t_s=now_s())
    org.grant(c, ADMIN, CHIEF, ROOT, "station", from_s=0)
    audit.add(c, "station", "user_added", ADMIN)
    return password


def add(c: Connection, name: str, unit: int, author: str) -> str:
    """Make a user without rights; returns the one-time password. Rules: access.accounts."""
    password = one_time()
    users.add(c, name, _hasher.hash(password), must_change=True, t_s=now_s(), unit=unit)
    audit.add(c, author, "user_added", name, unit=unit)
    return password


def reset(c: Connection, name: str, author: str) -> str:
    """Give a user a one-time password, lift a lock, end the sessions; returns it. Invalid: no such user."""
    user = users.get(c, name)
    if user is None:
        raise Invalid(FieldError("name", "no_such_user"))
    password = one_time()
    users.change(
        c,
        name,
        password_hash=_hasher.hash(password),
        must_change=GIVEN,
        failures=0,
        locked_until_s=0,
        session=user["session"] + 1,
    )
    web_sessions.end(c, name, TAKEN, now_s())
    audit.add(c, author, "password_reset", name)
    return password


def user_for_session(c: Connection, name: str, session: int) -> dict[str, Any] | None:
    """The user of a web session, or None when a password change or a disabling ended the session."""
    user = users.get(c, name)
    return user if user and user["session"] == session and user["disabled_s"] is None else None
