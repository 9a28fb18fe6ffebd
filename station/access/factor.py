"""A second factor: digits that change every 30 s (TOTP, RFC 6238), and recovery codes for a lost telephone.

A code is taken once: none of its step or an earlier one is taken again. The clock of the telephone may be a
step off. Who has failed is counted where a wrong password is (access.people).
"""

import base64
import hashlib
import hmac
import secrets
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import Connection

from station.errors import FieldError, Invalid
from station.seal import FACTORS, seal, unseal
from station.settings import Settings
from station.store import audit, users
from station.store import factors as store

STEP_S, DIGITS, KEY_BYTES, OFF_STEPS = 30, 6, 20, 1  # what telephones' programs expect
CODES, CODE_CHARS = 10, 10  # recovery codes; 50 bits each
ISSUER = "Loadkeeper"


def offered() -> str:
    """A new secret, base32."""
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()


def usable(secret: str) -> bool:
    try:
        return len(_key(secret)) == KEY_BYTES
    except ValueError:
        return False


def address(user: str, secret: str) -> str:
    """The otpauth address of a secret, for a QR picture."""
    return TOTP(_key(secret), DIGITS, SHA1(), STEP_S).get_provisioning_uri(user, ISSUER)


def step_of(secret: str, code: str, t_s: int, after: int) -> int | None:
    """The step above `after`, now or one beside now, of which this is the code; None: it is of none."""
    made = HOTP(_key(secret), DIGITS, SHA1())
    now = t_s // STEP_S
    for step in range(max(now - OFF_STEPS, after + 1, 0), now + OFF_STEPS + 1):
        if hmac.compare_digest(made.generate(step), code.encode()):
            return step
    return None


def turn_on(c: Connection, settings: Settings, user: str, secret: str, code: str, t_s: int) -> list[str]:
    """Recovery codes, to be shown once. Invalid: the code does not fit, or no secret was offered."""
    if store.get(c, user) is not None:
        raise Invalid(FieldError("code", "factor_there"))
    step = step_of(secret, code.strip(), t_s, 0) if usable(secret) else None
    if step is None:
        raise Invalid(FieldError("code", "code_wrong"))
    store.put(c, user, secret=seal(settings, FACTORS, secret), since_s=t_s, step=step)
    audit.add(c, user, "factor_on", user)
    return new_codes(c, user)


def new_codes(c: Connection, user: str) -> list[str]:
    """Ten new recovery codes, to be shown once; older ones are none any more."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    made = ["".join(secrets.choice(alphabet) for _ in range(CODE_CHARS)) for _ in range(CODES)]
    store.set_codes(c, user, [_hash(each) for each in made])
    audit.add(c, user, "recovery_codes", user)
    return [f"{each[:5]}-{each[5:]}" for each in made]


def turn_off(c: Connection, by: str, user: str) -> None:
    """Invalid: no such user. Without a factor nothing is changed."""
    if users.get(c, user) is None:
        raise Invalid(FieldError("name", "no_such_user"))
    if store.get(c, user) is not None:
        store.off(c, user)
        audit.add(c, by, "factor_off", user)


def passes(c: Connection, settings: Settings, user: str, code: str, t_s: int) -> bool:
    """Whether this is the person's code now; it is used up by this. True for who has no factor."""
    held = store.get(c, user)
    return held is None or _takes(c, settings, held, code.strip(), t_s)


def _takes(c: Connection, settings: Settings, held: dict[str, Any], code: str, t_s: int) -> bool:
    if len(code) == DIGITS and code.isascii() and code.isdecimal():
        secret = unseal(settings, FACTORS, held["secret"])
        step = step_of(secret, code, t_s, held["step"]) if secret else None
        if step is not None:
            store.took(c, held["user"], step)
        return step is not None
    used = store.use_code(c, held["user"], _hash(code), t_s)
    if used:
        audit.add(c, held["user"], "recovery_code_used", held["user"], left=store.codes_left(c, held["user"]))
    return used


def has(c: Connection, user: str) -> bool:
    return store.get(c, user) is not None


def since(c: Connection, user: str) -> tuple[int, int] | None:
    """(since when, recovery codes left); None without a factor."""
    held = store.get(c, user)
    return (held["since_s"], store.codes_left(c, user)) if held else None


def _key(secret: str) -> bytes:
    """ValueError: it is no base32."""
    return base64.b32decode(secret.encode())


def _hash(code: str) -> str:
    return hashlib.sha256(code.replace("-", "").upper().encode()).hexdigest()
