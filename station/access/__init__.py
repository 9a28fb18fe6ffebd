"""Who may come in: password policy, hashing, login with lockout, first administrator."""

from station.access.people import (
    change_password,
    first_admin,
    login,
    reset,
    user_for_session,
)
from station.access.policy import check_policy

__all__ = ["change_password", "check_policy", "first_admin", "login", "reset", "user_for_session"]
