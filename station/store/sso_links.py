"""Who of the provider of single sign-on is who here. Rules: station/access/sso.py."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from station.store.db import row
from station.store.people_schema import sso_links as links


def of(c: Connection, user: str) -> dict[str, Any] | None:
    """user, issuer, sub, name_there, since_s; None: the person is linked to nobody."""
    return row(c.execute(select(links).where(links.c.user == user)))


def meant(c: Connection, issuer: str, sub: str) -> dict[str, Any] | None:
    """The link of somebody of the provider."""
    return row(c.execute(select(links).where(links.c.issuer == issuer, links.c.sub == sub)))


def put(c: Connection, user: str, **facts: Any) -> None:
    """Link a person, in the place of an older link."""
    off(c, user)
    c.execute(insert(links).values(user=user, **facts))


def off(c: Connection, user: str) -> bool:
    """False: there was none."""
    return c.execute(delete(links).where(links.c.user == user)).rowcount == 1
