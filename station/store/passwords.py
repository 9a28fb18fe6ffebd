"""Passwords that people chose, as hashes. Rules: station/access/policy.py."""

from sqlalchemy import Connection, delete, insert, select

from station.store.people_schema import passwords

KEPT = 24  # the most that a policy can ask for


def add(c: Connection, user: str, password_hash: str, t_s: int) -> None:
    """Note a password that its person chose; of the older ones the newest stay."""
    c.execute(insert(passwords).values(user=user, hash=password_hash, at_s=t_s))
    kept = select(passwords.c.id).where(passwords.c.user == user).order_by(passwords.c.id.desc()).limit(KEPT)
    c.execute(delete(passwords).where(passwords.c.user == user, passwords.c.id.not_in(kept)))


def newest(c: Connection, user: str, n: int) -> list[str]:
    """Hashes, newest first; the present one is the first."""
    mine = select(passwords.c.hash).where(passwords.c.user == user)
    return list(c.execute(mine.order_by(passwords.c.id.desc()).limit(n)).scalars())


def since(c: Connection, user: str) -> int | None:
    """When the person chose the present password; None: not since this is noted."""
    mine = select(passwords.c.at_s).where(passwords.c.user == user)
    return c.execute(mine.order_by(passwords.c.id.desc()).limit(1)).scalar()
