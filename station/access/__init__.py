"""Who may come in: password policy, hashing, login with lockout, first administrator."""

from station.access import accounts, factor, units
from station.access.people import (
    change_password,
    confirm,
    first_admin,
    login,
    login_code,
    reset,
    user_for_session,
)
from station.access.policy import check_policy
from station.access.rights import rights_of

__all__ = [
    "accounts",
    "change_password",
    "check_policy",
    "confirm",
    "factor",
    "first_admin",
    "login",
    "login_code",
    "reset",
    "rights_of",
    "units",
    "user_for_session",
]
