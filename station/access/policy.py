"""What a password must be (domain section 7: length, three kinds of characters)."""

import secrets
import string

from station.errors import FieldError

LENGTH = 12
MAX_LENGTH = 128  # argon2 takes any; a bound keeps a login cheap
CLASSES = 3
_KINDS = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())


def check_policy(password: str, name: str) -> list[FieldError]:
    """Problems of a new password, [] when it is good."""
    problems: list[FieldError] = []
    if len(password) < LENGTH:
        problems.append(FieldError("password", "password_short", {"least": LENGTH}))
    if len(password) > MAX_LENGTH:
        problems.append(FieldError("password", "too_long", {"most": MAX_LENGTH}))
    if sum(any(kind(c) for c in password) for kind in _KINDS) < CLASSES:
        problems.append(FieldError("password", "password_simple", {"least": CLASSES}))
    if name and name.lower() in password.lower():
        problems.append(FieldError("password", "password_has_name"))
    return problems


def one_time() -> str:
    """A password that meets the policy, to be changed at first login."""
    letters = string.ascii_letters + string.digits
    while True:
        text = "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
        if not check_policy(text, ""):
            return text
